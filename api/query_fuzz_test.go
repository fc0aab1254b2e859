package api_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/walletport/walletport/provisioning"
)

// FuzzQuery: what a query says is read in one way or not at all. Whatever is taken is
// what Go's own reader finds, alone, and no pair was dropped on the way.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"auditUser=ada", "auditUser=a&%zz&auditUser=b", "auditUser=a;b", "audit%55ser=a+b%20c", "auditUser=a&auditUser=b",
		"&&auditUser=a&", "auditUser", "auditUser=%", "x=1&x=2&auditUser=a", "auditUser=a=b", "AuditUser=a", "auditUser=\u0665",
	} {
		f.Add(seed)
	}
	h := mustHouse(f, nil)
	f.Fuzz(func(t *testing.T, raw string) {
		r := h.mustRequest(t, http.MethodPost, goodPath, nil)
		r.URL.RawQuery = raw
		h.flow.calls = nil
		w := h.do(r)
		if w.Code != http.StatusOK {
			wantProblem(t, r, w, http.StatusBadRequest, problemCode(w.Body.Bytes()))
			return
		}
		values, err := url.ParseQuery(raw)
		if err != nil || len(values["auditUser"]) != 1 {
			t.Fatalf("%q is taken: %v, %d values", raw, err, len(values["auditUser"]))
		}
		call, ok := h.flow.calls[0].(provisioning.PushRequest)
		if !ok || string(call.AuditUser) != values.Get("auditUser") {
			t.Errorf("%q gave another user", raw)
		}
	})
}
