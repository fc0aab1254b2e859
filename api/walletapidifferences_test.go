package api_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

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
	list := func(s *openapi3.T) *openapi3.Schema {
		return s.Paths.Value("/v1/card/{cardId}/tokens").Get.Responses.Value("200").Value.Content["application/json"].Schema.Value
	}
	change := func(s *openapi3.T) *openapi3.Operation { return s.Paths.Value("/v1/tokens/{tokenId}/{action}").Put }
	const enrol, read = "/v1/click2pay/VISA/enroll/customer/{customerId}", "/v1/click2pay/VISA/customer/{customerId}"
	status := func(s *openapi3.T) *openapi3.Schema {
		return s.Paths.Value("/v1/click2pay/VISA/status/{traceId}").Get.Responses.Value("200").Value.Content["application/json"].Schema.Value
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
		{name: "a list in an object", mutate: func(s *openapi3.T) { list(s).Type = &openapi3.Types{"object"} }},
		{name: "a list of nothing", mutate: func(s *openapi3.T) { list(s).Items = nil }},
		{name: "a listed member gone", mutate: func(s *openapi3.T) { delete(list(s).Items.Value.Properties, "tokenNumber") }},
		{name: "a listed id that is a number", mutate: func(s *openapi3.T) { list(s).Items.Value.Properties["tokenId"].Value.Type = number }},
		{name: "a listed id of another format", mutate: func(s *openapi3.T) { list(s).Items.Value.Properties["tokenId"].Value.Format = "int64" }},
		{name: "a token status gone", mutate: func(s *openapi3.T) {
			status := list(s).Items.Value.Properties["status"].Value
			status.Enum = status.Enum[1:]
		}},
		{name: "any token status", mutate: func(s *openapi3.T) { list(s).Items.Value.Properties["status"].Value.Enum = nil }},
		{name: "another operationId of the list", mutate: func(s *openapi3.T) { s.Paths.Value("/v1/card/{cardId}/tokens").Get.OperationID = "listTokens" }},
		{name: "an action gone", mutate: func(s *openapi3.T) {
			action := change(s).Parameters.GetByInAndName("path", "action").Schema.Value
			action.Enum = action.Enum[:3]
		}},
		{name: "a reason that is required", mutate: func(s *openapi3.T) { change(s).Parameters.GetByInAndName("header", "X-Reason").Required = true }},
		{name: "accepted by another status", mutate: func(s *openapi3.T) {
			r := op(s, enrol).Responses
			r.Set("200", r.Value("202"))
			r.Delete("202")
		}},
		{name: "lists of five cards", mutate: func(s *openapi3.T) { request(s, enrol).Properties["cardId"].Value.MaxItems = &few }},
		{name: "lists of no card", mutate: func(s *openapi3.T) { request(s, enrol).Properties["cardId"].Value.MinItems = 0 }},
		{name: "cards that are numbers", mutate: func(s *openapi3.T) { request(s, enrol).Properties["cardId"].Value.Items.Value.Type = number }},
		{name: "a member of a member gone", mutate: func(s *openapi3.T) { delete(request(s, enrol).Properties["overrides"].Value.Properties, "phones") }},
		{name: "a member of a member that is shorter", mutate: func(s *openapi3.T) {
			request(s, enrol).Properties["cardOverrides"].Value.Properties["city"].Value.MaxLength = &few
		}},
		{name: "a member of a member required", mutate: func(s *openapi3.T) {
			request(s, enrol).Properties["cardOverrides"].Value.Required = []string{"state"}
		}},
		{name: "an address that must have a city", mutate: func(s *openapi3.T) {
			request(s, enrol).Properties["cardOverrides"].Value.Required = []string{"city"}
		}},
		{name: "a read that needs a BID", mutate: func(s *openapi3.T) { request(s, read).Required = []string{"customerBID"} }},
		{name: "a read whose e-mails are plural", mutate: func(s *openapi3.T) {
			p := answer(s, read).Properties["customerInformation"].Value.Properties
			p["emails"] = p["email"]
			delete(p, "email")
		}},
		{name: "a token's id in other letters", mutate: func(s *openapi3.T) {
			p := answer(s, read).Properties["paymentInstruments"].Value.Items.Value.Properties["tokenDetails"].Value.Properties
			p["tokenReferenceId"] = p["tokenReferenceID"]
			delete(p, "tokenReferenceID")
		}},
		{name: "a third word for how far a request is", mutate: func(s *openapi3.T) {
			word := status(s).Properties["status"].Value
			word.Enum = append(word.Enum, "FAILED")
		}},
		{name: "details of the status in words of our own", mutate: func(s *openapi3.T) {
			status(s).Properties["details"].Value.Properties["status"].Value.Enum = []any{"SUCCESS"}
		}},
		{name: "faults that are texts", mutate: func(s *openapi3.T) {
			status(s).Properties["details"].Value.Properties["errorDetails"].Value.Items = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
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
