package api_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/walletport/walletport"
	visa "github.com/walletport/walletport/scheme/vts/clicktopay"
)

const (
	seedSpec = "testdata/seed-issuerwallet.openapi.yaml"
	callPath = "/v1/{cardId}/provision/issuerwallet/{walletProvider}"
)

func mustSpec(t testing.TB, path string) *openapi3.T {
	t.Helper()
	document, err := readSpec(path)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestCallIsTheSeedPages compares our call with the one that the public page of
// this API family prints.
func TestCallIsTheSeedPages(t *testing.T) {
	if breaks := breakingDifferences(mustSpec(t, seedSpec), mustSpec(t, "openapi.yaml")); len(breaks) != 0 {
		t.Errorf("our specification breaks the seed page's:\n%s", strings.Join(breaks, "\n"))
	}
}

// breakingDifferences lists what a client of base could not rely on in ours.
// Additions are no difference: statuses, response media types, headers, optional
// parameters, properties.
func breakingDifferences(base, ours *openapi3.T) []string {
	var d differences
	d.equal("title", base.Info.Title, ours.Info.Title)
	d.equal("version", base.Info.Version, ours.Info.Version)
	d.equal("openapi", base.OpenAPI, ours.OpenAPI)
	for path, item := range base.Paths.Map() {
		other := ours.Paths.Value(path)
		if other == nil {
			d.add("path %s is gone", path)
			continue
		}
		for method, op := range item.Operations() {
			if other.GetOperation(method) == nil {
				d.add("%s %s is gone", method, path)
				continue
			}
			d.operation(op, other.GetOperation(method))
		}
	}
	for name, schema := range base.Components.Schemas {
		if ours.Components.Schemas[name] == nil {
			d.add("schema %s is gone", name)
			continue
		}
		d.schema("schema "+name, schema, ours.Components.Schemas[name])
	}
	return d
}

type differences []string

func (d *differences) add(format string, args ...any) { *d = append(*d, fmt.Sprintf(format, args...)) }

func (d *differences) equal(what string, base, ours any) {
	if fmt.Sprint(base) != fmt.Sprint(ours) {
		d.add("%s: %v, must be %v", what, ours, base)
	}
}

func (d *differences) operation(base, ours *openapi3.Operation) {
	d.equal("operationId", base.OperationID, ours.OperationID)
	d.equal("tags", base.Tags, ours.Tags)
	d.equal("summary", base.Summary, ours.Summary)
	d.equal("description", base.Description, ours.Description)
	d.equal("deprecated", base.Deprecated, ours.Deprecated)
	for _, p := range base.Parameters {
		d.parameter(p.Value, ours.Parameters)
	}
	for _, p := range ours.Parameters {
		if p.Value.Required && base.Parameters.GetByInAndName(p.Value.In, p.Value.Name) == nil {
			d.add("parameter %s is new and required", p.Value.Name)
		}
	}
	if base.RequestBody == nil && ours.RequestBody != nil && ours.RequestBody.Value.Required {
		d.add("a body is new and required")
	}
	for status, response := range base.Responses.Map() {
		other := ours.Responses.Value(status)
		if other == nil {
			d.add("status %s is gone", status)
			continue
		}
		d.equal("description of "+status, *response.Value.Description, *other.Value.Description)
		for media, content := range response.Value.Content {
			if other.Value.Content[media] == nil {
				d.add("%s of %s is gone", media, status)
				continue
			}
			d.schema("answer "+status, content.Schema, other.Value.Content[media].Schema)
		}
	}
}

func (d *differences) parameter(base *openapi3.Parameter, all openapi3.Parameters) {
	ours := all.GetByInAndName(base.In, base.Name)
	if ours == nil {
		d.add("%s parameter %s is gone", base.In, base.Name)
		return
	}
	d.equal("parameter "+base.Name+" required", base.Required, ours.Required)
	d.equal("parameter "+base.Name+" description", base.Description, ours.Description)
	d.schema("parameter "+base.Name, base.Schema, ours.Schema)
	b, o := base.Schema.Value, ours.Schema.Value
	if len(o.Enum) != len(b.Enum) || o.Pattern != b.Pattern || o.MinLength != b.MinLength || o.MaxLength != nil && b.MaxLength == nil ||
		o.Min != nil && b.Min == nil || o.Max != nil && b.Max == nil {
		d.add("parameter %s takes less", base.Name)
	}
}

func (d *differences) schema(what string, base, ours *openapi3.SchemaRef) {
	d.equal(what+" $ref", base.Ref, ours.Ref)
	d.equal(what+" type", *base.Value.Type, *ours.Value.Type)
	d.equal(what+" format", base.Value.Format, ours.Value.Format)
	d.equal(what+" title", base.Value.Title, ours.Value.Title)
	d.equal(what+" description", base.Value.Description, ours.Value.Description)
	d.equal(what+" nullable", base.Value.Nullable, ours.Value.Nullable)
	d.equal(what+" required", base.Value.Required, ours.Value.Required)
	for name, property := range base.Value.Properties {
		if ours.Value.Properties[name] == nil {
			d.add("%s: property %s is gone", what, name)
			continue
		}
		d.schema(what+"."+name, property, ours.Value.Properties[name])
	}
}

// TestDifferencesAreNoticed breaks our specification in every way that matters,
// and expects the comparison to say so.
func TestDifferencesAreNoticed(t *testing.T) {
	call := func(s *openapi3.T) *openapi3.Operation { return s.Paths.Value(callPath).Post }
	parameter := func(s *openapi3.T, name string) *openapi3.Parameter {
		for _, p := range call(s).Parameters {
			if p.Value.Name == name {
				return p.Value
			}
		}
		t.Fatalf("no parameter %s", name)
		return nil
	}
	data := func(s *openapi3.T) *openapi3.Schema {
		return s.Components.Schemas["externalResponseIssuerInitiatedDigitizationData"].Value
	}
	short, text, number := uint64(36), &openapi3.Types{"string"}, &openapi3.Types{"number"}
	for _, c := range []struct {
		name     string
		mutate   func(*openapi3.T)
		harmless bool
	}{
		{name: "another path", mutate: func(s *openapi3.T) {
			item := s.Paths.Value(callPath)
			s.Paths.Delete(callPath)
			s.Paths.Set("/v2/{cardId}/provision/issuerwallet/{walletProvider}", item)
		}},
		{name: "another method", mutate: func(s *openapi3.T) { i := s.Paths.Value(callPath); i.Put, i.Post = i.Post, nil }},
		{name: "another operationId", mutate: func(s *openapi3.T) { call(s).OperationID = "provision" }},
		{name: "another tag", mutate: func(s *openapi3.T) { call(s).Tags = []string{"Provision"} }},
		{name: "another summary", mutate: func(s *openapi3.T) { call(s).Summary = "x" }},
		{name: "another description", mutate: func(s *openapi3.T) { call(s).Description = "x" }},
		{name: "deprecation", mutate: func(s *openapi3.T) { call(s).Deprecated = true }},
		{name: "a renamed parameter", mutate: func(s *openapi3.T) { parameter(s, "auditUser").Name = "audit_user" }},
		{name: "a moved parameter", mutate: func(s *openapi3.T) { parameter(s, "auditUser").In = "header" }},
		{name: "an optional auditUser", mutate: func(s *openapi3.T) { parameter(s, "auditUser").Required = false }},
		{name: "a cardId of type string", mutate: func(s *openapi3.T) { parameter(s, "cardId").Schema.Value.Type = text }},
		{name: "a cardId of 32 bits", mutate: func(s *openapi3.T) { parameter(s, "cardId").Schema.Value.Format = "int32" }},
		{name: "a shorter auditUser", mutate: func(s *openapi3.T) { parameter(s, "auditUser").Schema.Value.MaxLength = &short }},
		{name: "a pattern of walletProvider", mutate: func(s *openapi3.T) { parameter(s, "walletProvider").Schema.Value.Pattern = "^a$" }},
		{name: "an enum of walletProvider", mutate: func(s *openapi3.T) { parameter(s, "walletProvider").Schema.Value.Enum = []any{"a"} }},
		{name: "a new required parameter", mutate: func(s *openapi3.T) {
			p := openapi3.NewQueryParameter("tenant").WithSchema(openapi3.NewStringSchema())
			p.Required = true
			call(s).AddParameter(p)
		}},
		{name: "a new required body", mutate: func(s *openapi3.T) {
			call(s).RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithRequired(true)}
		}},
		{name: "a status gone", mutate: func(s *openapi3.T) { call(s).Responses.Delete("404") }},
		{name: "a status with another text", mutate: func(s *openapi3.T) { no := "No"; call(s).Responses.Value("401").Value.Description = &no }},
		{name: "another media type", mutate: func(s *openapi3.T) {
			content := call(s).Responses.Value("200").Value.Content
			content["application/xml"] = content["application/json"]
			delete(content, "application/json")
		}},
		{name: "another schema of the answer", mutate: func(s *openapi3.T) {
			call(s).Responses.Value("200").Value.Content["application/json"].Schema.Ref = "#/components/schemas/other"
		}},
		{name: "a renamed schema", mutate: func(s *openapi3.T) { delete(s.Components.Schemas, "googleOpaquePaymentCard") }},
		{name: "a property gone", mutate: func(s *openapi3.T) { delete(data(s).Properties, "googleOpaquePaymentCard") }},
		{name: "a property of another type", mutate: func(s *openapi3.T) { data(s).Properties["digitizationData"].Value.Type = number }},
		{name: "a property that may be null", mutate: func(s *openapi3.T) { data(s).Properties["digitizationData"].Value.Nullable = true }},
		{name: "another title", mutate: func(s *openapi3.T) { s.Info.Title = "Wallets" }},
		{name: "a new optional parameter", harmless: true, mutate: func(s *openapi3.T) {
			call(s).AddParameter(openapi3.NewQueryParameter("trace").WithSchema(openapi3.NewStringSchema()))
		}},
		{name: "a new status", harmless: true, mutate: func(s *openapi3.T) {
			call(s).AddResponse(418, openapi3.NewResponse().WithDescription("no"))
		}},
		{name: "a new property", harmless: true, mutate: func(s *openapi3.T) {
			data(s).Properties["extra"] = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours := mustSpec(t, "openapi.yaml")
			c.mutate(ours)
			if got := breakingDifferences(mustSpec(t, seedSpec), ours); (len(got) == 0) != c.harmless {
				t.Errorf("differences %q, harmless is %v", got, c.harmless)
			}
		})
	}
}

func TestServedSpecification(t *testing.T) {
	for _, c := range []struct {
		name          string
		servers, want []string
	}{
		{"the base path on this server", nil, []string{"/wallet"}},
		{"the servers of the configuration", []string{"https://a.example/wallet", "https://b.example/wallet"}, []string{"https://a.example/wallet", "https://b.example/wallet"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, func(p *parts) { p.ServerURLs = c.servers })
			w := h.do(h.mustRequest(t, http.MethodGet, "/openapi.json", nil))
			served, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
			if err != nil || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("status %d, %v", w.Code, err)
			}
			if err := served.Validate(t.Context()); err != nil {
				t.Error(err)
			}
			if breaks := breakingDifferences(mustSpec(t, "openapi.yaml"), served); len(breaks) != 0 {
				t.Errorf("it differs from the file: %q", breaks)
			}
			var urls []string
			for _, s := range served.Servers {
				urls = append(urls, s.URL)
			}
			if !slices.Equal(urls, c.want) {
				t.Errorf("servers %q, want %q", urls, c.want)
			}
		})
	}
}

// TestForbiddenCharactersAreTheSpecifications: it names each character that a server with the
// default profile refuses in an address, and no other.
func TestForbiddenCharactersAreTheSpecifications(t *testing.T) {
	_, list, _ := strings.Cut(mustSpec(t, "openapi.yaml").Components.Schemas["clickToPayCardOverrides"].Value.Description, "None of the characters `")
	list, rest, _ := strings.Cut(list, "`")
	named := strings.Fields(list)
	if rest == " and no backtick may stand in one." { // which no span of code within backticks can have
		named = append(named, "`")
	}
	slices.Sort(named)
	refused := strings.Split(visa.DefaultProfile().AddressForbids, "")
	slices.Sort(refused)
	if !slices.Equal(named, refused) {
		t.Errorf("the specification names %q, and refused are %q", named, refused)
	}
}

// scopeAuth knows clients that are named after their only scope.
type scopeAuth struct{}

func (scopeAuth) AuthenticateBasic(_ context.Context, id, _ string, _ *x509.Certificate) (walletport.Actor, error) {
	return walletport.Actor{ClientID: id, Scopes: []walletport.Scope{walletport.Scope(id)}}, nil
}

func (a scopeAuth) AuthenticateBearer(ctx context.Context, token string, cert *x509.Certificate) (walletport.Actor, error) {
	return a.AuthenticateBasic(ctx, token, "", cert)
}

// TestScopesAreTheSpecifications calls each operation with a client of every
// other scope: the code must ask for the scope that the specification prints.
func TestScopesAreTheSpecifications(t *testing.T) {
	h := mustHouse(t, func(p *parts) { p.Verifier = scopeAuth{} })
	all := []walletport.Scope{
		walletport.ScopeProvision, walletport.ScopeActivate, walletport.ScopeTokensRead, walletport.ScopeTokensWrite, walletport.ScopeTokensNumber,
		walletport.ScopeClickToPay, walletport.ScopeCards, walletport.ScopeAuditRead,
	}
	for path, item := range mustSpec(t, "openapi.yaml").Paths.Map() {
		for method, op := range item.Operations() {
			want, _ := op.Extensions["x-required-scope"].(string)
			target := "/wallet" + strings.NewReplacer("{cardId}", "1", "{walletProvider}", "acme", "{tokenId}", "1", "{action}", "suspend", "{customerId}", "1", "{traceId}", "1").Replace(path) + "?auditUser=ada"
			for _, scope := range all {
				r := h.mustRequest(t, method, target, nil)
				r.Header.Set("Authorization", "Bearer "+string(scope)) // Basic ends an id at a colon
				if w := h.do(r); (w.Code != http.StatusForbidden) != (string(scope) == want) {
					t.Errorf("%s with scope %s answers %d, the specification asks for %q", op.OperationID, scope, w.Code, want)
				}
			}
		}
	}
}
