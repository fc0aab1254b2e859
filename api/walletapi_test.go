package api_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
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
	AnswerStatus string                  `yaml:"answerStatus"` // "" is 200
	Answer       map[string]publicMember
	AnswerSchema string `yaml:"answerSchema"` // "" where the pages do not name it
	AnswerList   bool   `yaml:"answerList"`   // the answer is an array of objects with these members
}

type publicParameter struct {
	In, Name, Type, Format string
	Enum                   []string
}

type publicMember struct {
	Type      string
	Format    string
	Items     string
	Default   string
	MinLength uint64 `yaml:"minLength"`
	MaxLength uint64 `yaml:"maxLength"`
	MinItems  uint64 `yaml:"minItems"`
	MaxItems  uint64 `yaml:"maxItems"`
	Required  bool
	Enum      []string                // all values; nil is any
	Members   map[string]publicMember // of an object, or of the objects of a list
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
	built := slices.DeleteFunc(slices.Clone(public.Calls), func(c publicCall) bool { return !c.Built })
	if len(built) != 18 {
		t.Errorf("%d calls are built, want 18", len(built))
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
		after := -1
		for _, tag := range ours.Tags {
			place := slices.Index(public.Tags, tag.Name)
			if place <= after {
				t.Errorf("the tag %q is at place %d of the pages, and stands behind the one at %d", tag.Name, place, after)
			}
			after = place
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
		d.member("parameter "+p.Name, publicMember{Type: p.Type, Format: p.Format, Enum: p.Enum}, mine.Schema)
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
	schema := jsonOf(d, "the body", "object", op.RequestBody.Value.Content)
	if schema == nil {
		return
	}
	d.members("request", c.Request, schema)
	d.demands("request", c.Request, schema)
	if schema.AdditionalProperties.Has != nil && !*schema.AdditionalProperties.Has {
		d.add("the body takes no unknown members")
	}
}

func (c publicCall) compareAnswer(d *differences, op *openapi3.Operation, statuses []string) {
	success := cmp.Or(c.AnswerStatus, "200")
	for _, status := range statuses {
		if status == "200" {
			status = success
		}
		if op.Responses.Value(status) == nil {
			d.add("status %s is gone", status)
			return
		}
	}
	content := op.Responses.Value(success).Value.Content
	kind := "object"
	if c.AnswerList {
		kind = "array"
	}
	schema := jsonOf(d, "the answer", kind, content)
	if schema == nil {
		return
	}
	if c.AnswerList {
		if schema.Items == nil {
			d.add("the answer is a list of nothing")
			return
		}
		schema = schema.Items.Value
	}
	if c.AnswerSchema != "" {
		d.equal("schema of the answer", "#/components/schemas/"+c.AnswerSchema, content["application/json"].Schema.Ref)
	}
	d.members("answer", c.Answer, schema)
}

func jsonOf(d *differences, what, kind string, content openapi3.Content) *openapi3.Schema {
	if content["application/json"] == nil {
		d.add("%s is no application/json", what)
		return nil
	}
	schema := content["application/json"].Schema.Value
	d.equal(what, openapi3.Types{kind}, *schema.Type)
	return schema
}

// demands lists the members that a caller must send though the pages do not say so.
func (d *differences) demands(what string, public map[string]publicMember, ours *openapi3.Schema) {
	for _, name := range ours.Required {
		if !public[name].Required {
			d.add("%s member %s is required", what, name)
		}
	}
	for name, member := range public {
		if mine := ours.Properties[name]; mine != nil && len(member.Members) > 0 {
			d.demands(what+" member "+name, member.Members, objectOf(mine.Value))
		}
	}
}

// objectOf returns the schema of an object, or of the objects of a list.
func objectOf(schema *openapi3.Schema) *openapi3.Schema {
	if schema.Items != nil {
		return schema.Items.Value
	}
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
		if member.Required && !slices.Contains(ours.Required, name) {
			d.add("%s member %s is not always there", what, name)
		}
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
	bound := func(n *uint64) uint64 {
		if n == nil {
			return 0
		}
		return *n
	}
	d.equal(what+" minLength", public.MinLength, mine.MinLength)
	d.equal(what+" maxLength", public.MaxLength, bound(mine.MaxLength))
	d.equal(what+" minItems", public.MinItems, mine.MinItems)
	d.equal(what+" maxItems", public.MaxItems, bound(mine.MaxItems))
	if len(public.Enum) > 0 || len(mine.Enum) > 0 {
		d.equal(what+" enum", fmt.Sprint(public.Enum), fmt.Sprint(mine.Enum))
	}
	if mine.Pattern != "" || mine.Min != nil || mine.Max != nil {
		d.add("%s takes less", what)
	}
	d.members(what, public.Members, objectOf(mine))
}
