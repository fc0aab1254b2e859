package api_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// walletAPI is testdata/wallet-api.yaml: the public API, call by call.
type walletAPI struct {
	Calls    []publicCall
	Tags     []string
	Statuses []string
}

type publicCall struct {
	Number       int
	Method       string
	Path         string
	Summary      string
	Tag          string
	OperationID  string `yaml:"operationId"` // "" where the pages do not show it
	Deprecated   bool
	Built        bool
	Parameters   []publicParameter
	Request      map[string]publicMember // nil is a call without a body
	Answer       map[string]publicMember
	AnswerSchema string `yaml:"answerSchema"` // "" where the pages do not name it
}

type publicParameter struct{ In, Name, Type, Format string }

type publicMember struct {
	Type      string
	Format    string
	Items     string
	Default   string
	MaxLength uint64 `yaml:"maxLength"`
	Required  bool
}

const walletAPIFile = "testdata/wallet-api.yaml"

func mustWalletAPI(t testing.TB) walletAPI {
	t.Helper()
	file, err := os.Open(walletAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var public walletAPI
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&public); err != nil {
		t.Fatal(err)
	}
	return public
}

// TestSpecificationIsThePublicAPI lists the calls of the public API and compares
// ours with each that is built.
func TestSpecificationIsThePublicAPI(t *testing.T) {
	public, ours := mustWalletAPI(t), mustSpec(t, "openapi.yaml")
	if len(public.Calls) != 18 {
		t.Fatalf("%s has %d calls, the public API has 18", walletAPIFile, len(public.Calls))
	}
	for i, call := range public.Calls {
		t.Run(fmt.Sprintf("%d %s %s", call.Number, call.Method, call.Path), func(t *testing.T) {
			if call.Number != i+1 {
				t.Errorf("it stands at place %d", i+1)
			}
			if !call.Built {
				if ours.Paths.Value(call.Path) != nil {
					t.Errorf("it is built, and not compared: write its parameters and members down")
				}
				return
			}
			for _, difference := range call.differences(ours, public.Statuses) {
				t.Error(difference)
			}
		})
	}
	t.Run("tags stand in the order of the pages", func(t *testing.T) {
		for i, tag := range ours.Tags {
			if tag.Name != public.Tags[i] {
				t.Errorf("tag %d is %q, want %q", i, tag.Name, public.Tags[i])
			}
		}
	})
	t.Run("there are no calls beside it", func(t *testing.T) {
		for path, item := range ours.Paths.Map() {
			for method := range item.Operations() {
				if !slices.ContainsFunc(public.Calls, func(c publicCall) bool { return c.Path == path && c.Method == method }) {
					t.Errorf("%s %s is not of the public API", method, path)
				}
			}
		}
	})
}

// differences lists what a client of the public call could not rely on in ours.
// Additions are no difference as long as nobody has to know of them: headers,
// optional parameters and members, statuses.
func (c publicCall) differences(ours *openapi3.T, statuses []string) []string {
	var d differences
	item := ours.Paths.Value(c.Path)
	if item == nil || item.GetOperation(c.Method) == nil {
		return []string{"it is gone"}
	}
	op := item.GetOperation(c.Method)
	d.equal("summary", c.Summary, op.Summary)
	d.equal("tags", []string{c.Tag}, op.Tags)
	d.equal("deprecated", c.Deprecated, op.Deprecated)
	if c.OperationID != "" {
		d.equal("operationId", c.OperationID, op.OperationID)
	}
	c.compareParameters(&d, op)
	c.compareRequest(&d, op)
	c.compareAnswer(&d, op, statuses)
	return d
}

func (c publicCall) compareParameters(d *differences, op *openapi3.Operation) {
	for _, p := range c.Parameters {
		mine := op.Parameters.GetByInAndName(p.In, p.Name)
		if mine == nil {
			d.add("%s parameter %s is gone", p.In, p.Name)
			continue
		}
		d.equal("parameter "+p.Name+" required", true, mine.Required)
		d.member("parameter "+p.Name, publicMember{Type: p.Type, Format: p.Format}, mine.Schema)
	}
	for _, p := range op.Parameters {
		known := slices.ContainsFunc(c.Parameters, func(k publicParameter) bool { return k.In == p.Value.In && k.Name == p.Value.Name })
		if p.Value.Required && !known {
			d.add("parameter %s is new and required", p.Value.Name)
		}
	}
}

func (c publicCall) compareRequest(d *differences, op *openapi3.Operation) {
	if op.RequestBody == nil {
		if c.Request != nil {
			d.add("the body is gone")
		}
		return
	}
	mustSend := false
	for _, m := range c.Request {
		mustSend = mustSend || m.Required
	}
	if op.RequestBody.Value.Required && !mustSend {
		d.add("a body is required, though nothing in it is")
	}
	schema := jsonOf(d, "the body", op.RequestBody.Value.Content)
	if schema == nil {
		return
	}
	d.members("request", c.Request, schema)
	for _, name := range schema.Required {
		if !c.Request[name].Required {
			d.add("request member %s is required", name)
		}
	}
	if schema.AdditionalProperties.Has != nil && !*schema.AdditionalProperties.Has {
		d.add("the body takes no unknown members")
	}
}

func (c publicCall) compareAnswer(d *differences, op *openapi3.Operation, statuses []string) {
	for _, status := range statuses {
		if op.Responses.Value(status) == nil {
			d.add("status %s is gone", status)
			return
		}
	}
	content := op.Responses.Value("200").Value.Content
	schema := jsonOf(d, "the answer", content)
	if schema == nil {
		return
	}
	if c.AnswerSchema != "" {
		d.equal("schema of the answer", "#/components/schemas/"+c.AnswerSchema, content["application/json"].Schema.Ref)
	}
	d.members("answer", c.Answer, schema)
}

func jsonOf(d *differences, what string, content openapi3.Content) *openapi3.Schema {
	if content["application/json"] == nil {
		d.add("%s is no application/json", what)
		return nil
	}
	schema := content["application/json"].Schema.Value
	d.equal(what, openapi3.Types{"object"}, *schema.Type)
	return schema
}

// members compares the members of an object, and which of them must be there.
func (d *differences) members(what string, public map[string]publicMember, ours *openapi3.Schema) {
	for name, member := range public {
		mine := ours.Properties[name]
		if mine == nil {
			d.add("%s member %s is gone", what, name)
			continue
		}
		d.member(what+" member "+name, member, mine)
		d.equal(what+" member "+name+" required", member.Required, slices.Contains(ours.Required, name))
	}
}

func (d *differences) member(what string, public publicMember, ours *openapi3.SchemaRef) {
	mine := ours.Value
	d.equal(what+" type", openapi3.Types{public.Type}, *mine.Type)
	d.equal(what+" format", public.Format, mine.Format)
	d.equal(what+" nullable", false, mine.Nullable)
	if public.Items != "" {
		d.equal(what+" items", openapi3.Types{public.Items}, *mine.Items.Value.Type)
	}
	if given := ""; public.Default != "" || mine.Default != nil {
		if mine.Default != nil {
			given = fmt.Sprint(mine.Default)
		}
		d.equal(what+" default", public.Default, given)
	}
	var longest uint64
	if mine.MaxLength != nil {
		longest = *mine.MaxLength
	}
	d.equal(what+" maxLength", public.MaxLength, longest)
	if mine.Pattern != "" || len(mine.Enum) > 0 || mine.MinLength > 0 || mine.MinItems > 0 || mine.MaxItems != nil || mine.Min != nil || mine.Max != nil {
		d.add("%s takes less", what)
	}
}

// TestPublicAPIDifferencesAreNoticed breaks our specification in every way that
// matters, and expects the comparison to say so.
func TestPublicAPIDifferencesAreNoticed(t *testing.T) {
	const apple, google, samsung = "/v1/{cardId}/provision/applepay", "/v1/{cardId}/provision/googlepay", "/v1/{cardId}/provision/samsungpay"
	const activate, tav2 = "/v3/{cardId}/activate", "/v2/{cardId}/activate/mdes/tav2"
	op := func(s *openapi3.T, path string) *openapi3.Operation { return s.Paths.Value(path).Post }
	request := func(s *openapi3.T, path string) *openapi3.Schema {
		return op(s, path).RequestBody.Value.Content["application/json"].Schema.Value
	}
	answer := func(s *openapi3.T, path string) *openapi3.Schema {
		return op(s, path).Responses.Value("200").Value.Content["application/json"].Schema.Value
	}
	number, few, no := &openapi3.Types{"number"}, uint64(5), false
	for _, c := range []struct {
		name     string
		mutate   func(*openapi3.T)
		harmless bool
	}{
		{name: "another path", mutate: func(s *openapi3.T) {
			s.Paths.Set("/v2/{cardId}/activate", s.Paths.Value(activate))
			s.Paths.Delete(activate)
		}},
		{name: "another method", mutate: func(s *openapi3.T) { i := s.Paths.Value(samsung); i.Put, i.Post = i.Post, nil }},
		{name: "another tag", mutate: func(s *openapi3.T) { op(s, activate).Tags = []string{"Push Provision"} }},
		{name: "another summary", mutate: func(s *openapi3.T) { op(s, apple).Summary = "x" }},
		{name: "a deprecated call that is not marked", mutate: func(s *openapi3.T) { op(s, tav2).Deprecated = false }},
		{name: "a current call that is marked deprecated", mutate: func(s *openapi3.T) { op(s, activate).Deprecated = true }},
		{name: "a parameter gone", mutate: func(s *openapi3.T) { op(s, apple).Parameters = op(s, apple).Parameters[1:] }},
		{name: "a new required parameter", mutate: func(s *openapi3.T) {
			op(s, apple).AddParameter(openapi3.NewQueryParameter("trace").WithRequired(true).WithSchema(openapi3.NewStringSchema()))
		}},
		{name: "a step-up assertion that is required", mutate: func(s *openapi3.T) {
			op(s, google).Parameters.GetByInAndName("header", "Step-Up-Assertion").Required = true
		}},
		{name: "a cardId of type string", mutate: func(s *openapi3.T) {
			op(s, google).Parameters.GetByInAndName("path", "cardId").Schema.Value.Type = &openapi3.Types{"string"}
		}},
		{name: "a required body where none was", mutate: func(s *openapi3.T) { op(s, activate).RequestBody.Value.Required = true }},
		{name: "no body", mutate: func(s *openapi3.T) { op(s, google).RequestBody = nil }},
		{name: "a body of another type", mutate: func(s *openapi3.T) {
			content := op(s, google).RequestBody.Value.Content
			content["application/xml"] = content["application/json"]
			delete(content, "application/json")
		}},
		{name: "a body that takes no unknown members", mutate: func(s *openapi3.T) { request(s, google).AdditionalProperties.Has = &no }},
		{name: "a request member gone", mutate: func(s *openapi3.T) { delete(request(s, google).Properties, "clientDeviceID") }},
		{name: "a request member of another case", mutate: func(s *openapi3.T) {
			p := request(s, google).Properties
			p["clientAppId"] = p["clientAppID"]
			delete(p, "clientAppID")
		}},
		{name: "a request member of another type", mutate: func(s *openapi3.T) { request(s, google).Properties["clientDeviceID"].Value.Type = number }},
		{name: "certificates of numbers", mutate: func(s *openapi3.T) { request(s, apple).Properties["certificates"].Value.Items.Value.Type = number }},
		{name: "a session id that is no uuid", mutate: func(s *openapi3.T) { request(s, google).Properties["serverSessionId"].Value.Format = "" }},
		{name: "another default", mutate: func(s *openapi3.T) {
			request(s, google).Properties["googleOpaquePaymentCardRequested"].Value.Default = true
		}},
		{name: "a shorter clientAppID", mutate: func(s *openapi3.T) { request(s, google).Properties["clientAppID"].Value.MaxLength = &few }},
		{name: "an endless clientAppID", mutate: func(s *openapi3.T) { request(s, google).Properties["clientAppID"].Value.MaxLength = nil }},
		{name: "a pattern", mutate: func(s *openapi3.T) { request(s, apple).Properties["nonce"].Value.Pattern = "^a$" }},
		{name: "at most five certificates", mutate: func(s *openapi3.T) { request(s, apple).Properties["certificates"].Value.MaxItems = &few }},
		{name: "an optional member required", mutate: func(s *openapi3.T) { request(s, samsung).Required = []string{"clientAppID"} }},
		{name: "a new member required", mutate: func(s *openapi3.T) { request(s, activate).Required = []string{"nonce"} }},
		{name: "a required member optional", mutate: func(s *openapi3.T) { request(s, apple).Required = []string{"nonce", "certificates"} }},
		{name: "an answer's member gone", mutate: func(s *openapi3.T) { delete(answer(s, apple).Properties, "ephemeralPublicKey") }},
		{name: "an answer's member optional", mutate: func(s *openapi3.T) { answer(s, activate).Required = nil }},
		{name: "an answer's member of another type", mutate: func(s *openapi3.T) { answer(s, activate).Properties["activationData"].Value.Type = number }},
		{name: "an answer's member that may be null", mutate: func(s *openapi3.T) { answer(s, activate).Properties["activationData"].Value.Nullable = true }},
		{name: "another schema of the answer", mutate: func(s *openapi3.T) {
			op(s, google).Responses.Value("200").Value.Content["application/json"].Schema.Ref = "#/components/schemas/other"
		}},
		{name: "a status gone", mutate: func(s *openapi3.T) { op(s, apple).Responses.Delete("404") }},
		{name: "a new optional request member", harmless: true, mutate: func(s *openapi3.T) {
			request(s, apple).Properties["extra"] = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
		}},
		{name: "a new answer's member", harmless: true, mutate: func(s *openapi3.T) {
			answer(s, apple).Properties["extra"] = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
		}},
		{name: "no body where the pages have none", harmless: true, mutate: func(s *openapi3.T) { op(s, activate).RequestBody = nil }},
		{name: "a new status", harmless: true, mutate: func(s *openapi3.T) { op(s, apple).AddResponse(418, openapi3.NewResponse().WithDescription("no")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			public, ours := mustWalletAPI(t), mustSpec(t, "openapi.yaml")
			c.mutate(ours)
			var all []string
			for _, call := range public.Calls {
				if call.Built {
					all = append(all, call.differences(ours, public.Statuses)...)
				}
			}
			if (len(all) == 0) != c.harmless {
				t.Errorf("harmless is %v, differences:\n%s", c.harmless, strings.Join(all, "\n"))
			}
		})
	}
}
