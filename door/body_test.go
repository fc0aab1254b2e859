package door_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/doortest"
)

// TestBodies: an operation says how large its body may be, of which media type it is, and
// which members it has.
func TestBodies(t *testing.T) {
	jose := &door.Body{MediaType: "application/jose", MaxBytes: 2 << 10}
	large := &door.Body{MaxBytes: 1 << 20, Members: []door.Member{{Name: "text", Missing: "text_missing"}, {Name: "list", Kind: door.TextList, Missing: "list_missing"}}}
	for _, c := range []struct {
		name        string
		body        *door.Body
		kind, sent  string
		status      int
		code        string
		arrives, in string // in is part of the detail
	}{
		{name: "another media type", body: jose, kind: "application/jose", sent: "\xffa.b.c", status: 200, arrives: "\xffa.b.c"},
		{name: "another media type, with a charset", body: jose, kind: "application/jose; charset=latin1", sent: "a.b.c", status: 200, arrives: "a.b.c"},
		{name: "another media type, too large", body: jose, kind: "application/jose", sent: strings.Repeat("a", 3<<10), status: 413, code: "body_too_large"},
		{name: "another media type, absent", body: jose, kind: "application/jose", status: 400, code: "body_missing", in: "application/jose"},
		{name: "JSON where another media type is due", body: jose, kind: "application/json", sent: `{}`, status: 415, code: "media_type_unsupported", in: "a body is application/jose, not compressed"},
		{name: "a body over the door's limit, within the operation's", body: large, kind: "application/json", sent: `{"text":"` + strings.Repeat("a", 100<<10) + `","list":[]}`, status: 200, arrives: "{"},
		{name: "a member that is missing", body: large, kind: "application/json", sent: `{"text":"a"}`, status: 400, code: "list_missing"},
		{name: "the first of two that are missing", body: large, kind: "application/json", sent: `{}`, status: 400, code: "text_missing"},
		{name: "a door's own limit", body: &door.Body{}, kind: "application/json", sent: `{"a":"` + strings.Repeat("a", 100<<10) + `"}`, status: 413, code: "body_too_large"},
		{name: "a body where none is due", kind: "application/json", sent: `{}`, status: 400, code: "body_unexpected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, func(p *door.Parts) {
				p.API.Match = func(*http.Request) (*door.Operation, []string) {
					return &door.Operation{Route: "/v1/things/{id}", Scope: walletport.ScopeProvision, Body: c.body}, []string{"42"}
				}
			})
			r := mustRequest(t, http.MethodPost, goodTarget, strings.NewReader(c.sent))
			r.Header.Set("Content-Type", c.kind)
			w := h.do(r)
			if c.status == http.StatusOK {
				if w.Code != c.status || !strings.HasPrefix(h.things.body, c.arrives) {
					t.Errorf("answer %d %s, the call got %.40q", w.Code, w.Body, h.things.body)
				}
				return
			}
			if p := doortest.WantProblem(t, r, w, c.status, c.code); !strings.Contains(p.Detail, c.in) {
				t.Errorf("detail %q, want %q in it", p.Detail, c.in)
			}
			if h.things.calls != 0 {
				t.Error("the call was made")
			}
		})
	}
}
