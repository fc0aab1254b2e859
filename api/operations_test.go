package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/door"
)

// TestTheTableHasARowForEachCall holds the rows against the specification.
func TestTheTableHasARowForEachCall(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(specification)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for path, item := range document.Paths.Map() {
		for _, call := range item.Operations() {
			row, ok := operations[strings.ToUpper(call.OperationID[:1])+call.OperationID[1:]]
			if !ok {
				t.Errorf("%s has no row", call.OperationID)
				continue
			}
			found++
			if row.route != path || row.action == "" || row.deprecated != call.Deprecated || row.scope != scopeOf(call) {
				t.Errorf("the row of %s is %+v", call.OperationID, row)
			}
			if got, want := membersOf(row.body), propertiesOf(call); !slices.Equal(got, want) {
				t.Errorf("the body of %s has %q in its row, %q in the specification", call.OperationID, got, want)
			}
		}
	}
	if found != len(operations) {
		t.Errorf("%d rows for %d calls", len(operations), found)
	}
}

// membersOf returns the names of a body's members, with a star where they are required.
func membersOf(b *door.Body) []string {
	var names []string
	if b == nil {
		return nil
	}
	for _, m := range b.Members {
		if m.Missing != "" {
			m.Name += "*"
		}
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

func propertiesOf(call *openapi3.Operation) []string {
	var names []string
	if call.RequestBody == nil {
		return nil
	}
	schema := call.RequestBody.Value.Content["application/json"].Schema.Value
	for name := range schema.Properties {
		if slices.Contains(schema.Required, name) {
			name += "*"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestARowNamesArgumentsOfItsPath(t *testing.T) {
	for _, row := range []operation{
		{route: "/v1/{cardId}/x", card: "cardID"},
		{route: "/v1/{cardId}/x", card: "cardId", provider: "walletProvider"},
	} {
		if _, err := newTable(map[oas.OperationName]operation{"x": row}); err == nil {
			t.Errorf("%+v is taken", row)
		}
	}
	if _, err := newTable(map[oas.OperationName]operation{"x": {route: "/v1/status"}}); err != nil {
		t.Errorf("a call on no card: %v", err)
	}
}

// TestNobodyIsAdmittedWhomTheDoorDidNotLetIn: a call without a row would come past it.
func TestNobodyIsAdmittedWhomTheDoorDidNotLetIn(t *testing.T) {
	ctx := t.Context()
	_, basicErr := admitted{}.HandleBasicAuth(ctx, oas.ActivateOperation, oas.BasicAuth{Username: "a", Password: "b"})
	_, bearerErr := admitted{}.HandleBearerAuth(ctx, oas.ActivateOperation, oas.BearerAuth{Token: "a"})
	for _, err := range []error{basicErr, bearerErr} {
		if walletport.CodeOf(err) != walletport.CodeUnauthenticated {
			t.Errorf("a stranger is taken: %v", err)
		}
	}
	if _, err := (admitted{}).HandleBasicAuth(walletport.WithActor(ctx, walletport.Actor{ClientID: "a"}), oas.ActivateOperation, oas.BasicAuth{}); err != nil {
		t.Errorf("whom the door has let in is refused: %v", err)
	}
}

func scopeOf(call *openapi3.Operation) walletport.Scope {
	scope, _ := call.Extensions["x-required-scope"].(string)
	return walletport.Scope(scope)
}

// TestWhatChangesSomethingIsDoneOnceForAKey holds rows and specification to each other: a
// call by POST or PUT either takes an Idempotency-Key, or makes data for a wallet, or only
// reads.
func TestWhatChangesSomethingIsDoneOnceForAKey(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(specification)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range document.Paths.Map() {
		for method, call := range item.Operations() {
			row := operations[strings.ToUpper(call.OperationID[:1])+call.OperationID[1:]]
			isShown := call.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
			makesData := row.scope == walletport.ScopeProvision || row.scope == walletport.ScopeActivate
			if want := method != "GET" && !makesData && row.action != walletport.ActionClickToPayRead; want != isShown || want != (row.once != nil) {
				t.Errorf("%s is done once for a key: %v in its row, %v in the specification, want %v", call.OperationID, row.once != nil, isShown, want)
			}
			if row.once == nil {
				continue
			}
			for _, p := range call.Parameters {
				if name := p.Value.Name; p.Value.In == "header" && name != "Idempotency-Key" && !slices.Contains(row.once.Headers, name) {
					t.Errorf("%s: the header %s says what is asked for, and does not count", call.OperationID, name)
				}
			}
		}
	}
}
