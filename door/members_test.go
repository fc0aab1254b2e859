package door_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
)

// TestMembersOfMembers: what is wrong inside of an object is said by its path, null is
// absent there too, and a list of ids takes numbers.
func TestMembersOfMembers(t *testing.T) {
	body := &door.Body{Members: []door.Member{
		{Name: "ids", Kind: door.IDList, Missing: "ids_missing"},
		{Name: "place", Kind: door.Group, Members: []door.Member{
			{Name: "city"}, {Name: "names", Kind: door.TextList}, {Name: "inner", Kind: door.Group, Members: []door.Member{{Name: "on", Kind: door.Truth}}},
		}},
	}}
	for _, c := range []struct {
		name, sent string
		arrives    string   // "" is a refusal
		fields     []string // of a refusal
	}{
		{name: "as it is", sent: `{ "ids":["7"],"place":{"city":"Bern","inner":{"on":true}},"more":1}`, arrives: `{ "ids":["7"],"place":{"city":"Bern","inner":{"on":true}},"more":1}`},
		{name: "ids that are numbers", sent: `{"ids":[7, "8",9007199254740993, 1e3 ,-0]}`, arrives: `{"ids":["7","8","9007199254740993","1e3","-0"]}`},
		{name: "an id with escapes beside a number", sent: `{"ids":["\u0022\\", 1]}`, arrives: `{"ids":["\u0022\\","1"]}`},
		{name: "no ids", sent: `{"ids":[]}`, arrives: `{"ids":[]}`},
		{name: "null inside", sent: `{"ids":["7"],"place":{"city":null,"names":["a"],"more":{"a":[null]}}}`, arrives: `{"ids":["7"],"place":{"names":["a"]}}`},
		{name: "null for an object", sent: `{"ids":["7"],"place":null}`, arrives: `{"ids":["7"]}`},
		{name: "an empty object", sent: `{"ids":[7],"place":{}}`, arrives: `{"ids":["7"],"place":{}}`},

		{name: "one id that is no list", sent: `{"ids":7}`, fields: []string{"ids"}},
		{name: "an id that is an object", sent: `{"ids":[7,{"a":1}]}`, fields: []string{"ids"}},
		{name: "an id that is a list", sent: `{"ids":[[7]]}`, fields: []string{"ids"}},
		{name: "an id that is null", sent: `{"ids":[null]}`, fields: []string{"ids"}},
		{name: "an id that is true", sent: `{"ids":[true]}`, fields: []string{"ids"}},
		{name: "no ids at all", sent: `{"place":{}}`, fields: []string{"ids"}},
		{name: "a number in a list of strings", sent: `{"ids":["7"],"place":{"names":["a",7]}}`, fields: []string{"place.names"}},
		{name: "an object that is a list", sent: `{"ids":["7"],"place":[]}`, fields: []string{"place"}},
		{name: "an object that is a string", sent: `{"ids":["7"],"place":"Bern"}`, fields: []string{"place"}},
		{name: "everything inside", sent: `{"ids":["7"],"place":{"city":7,"names":"a","inner":{"on":"yes"}}}`, fields: []string{"place.city", "place.names", "place.inner.on"}},
		{name: "inside and outside", sent: `{"place":{"city":7}}`, fields: []string{"place.city", "ids"}},
		{name: "twice inside", sent: `{"ids":["7"],"place":{"city":"a","city":"b","city":"c"}}`, fields: []string{"place.city"}},
		{name: "twice, once escaped", sent: `{"ids":["7"],"place":{"city":"a","\u0063ity":"b"}}`, fields: []string{"place.city"}},
		{name: "the object twice", sent: `{"ids":["7"],"place":{},"place":{"city":7}}`, fields: []string{"place"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, func(p *door.Parts) {
				p.API.Match = func(*http.Request) (*door.Operation, []string) {
					return &door.Operation{Route: "/v1/things/{id}", Scope: walletport.ScopeProvision, Body: body}, []string{"42"}
				}
			})
			r := mustRequest(t, http.MethodPost, goodTarget, strings.NewReader(c.sent))
			r.Header.Set("Content-Type", "application/json")
			w := h.do(r)
			if c.arrives != "" {
				if w.Code != http.StatusOK || h.things.body != c.arrives {
					t.Errorf("answer %d %s, the call got %s", w.Code, w.Body, h.things.body)
				}
				return
			}
			code := "body_malformed"
			if c.name == "no ids at all" {
				code = "ids_missing"
			}
			var fields []string
			for _, e := range doortest.WantProblem(t, r, w, http.StatusBadRequest, code).Errors {
				fields = append(fields, e.Field)
			}
			if !slices.Equal(fields, c.fields) || h.things.calls != 0 {
				t.Errorf("errors[] names %q, want %q; the call was made %d times", fields, c.fields, h.things.calls)
			}
		})
	}
}
