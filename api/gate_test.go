package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
)

// TestTheLogSaysWhatATokenLacks: a bearer without scopes is refused as anybody else,
// and the operator reads which claim was missing.
func TestTheLogSaysWhatATokenLacks(t *testing.T) {
	for _, c := range []struct {
		name, scope string
		flow        error
		code, says  string
		status      int
	}{
		{name: "a token without a scope of ours", scope: "openid", status: http.StatusForbidden, code: "scope_missing", says: "claim scope, scp has no scope of walletport's"},
		{name: "a token with the scope, refused for another reason", scope: "provision", flow: walletport.ErrWalletProviderNotFound(), status: http.StatusNotFound, code: "wallet_provider_not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mustHouse(t, nil)
			h.flow.err = c.flow
			r := h.mustRequest(t, http.MethodPost, goodTarget, nil)
			r.Header.Set("Authorization", "Bearer "+h.mustToken(t, time.Now().Add(time.Hour), c.scope))
			wantProblem(t, r, h.do(r), c.status, c.code)
			if c.says != "" && !strings.Contains(h.logs.String(), c.says) {
				t.Errorf("the log does not say %q:\n%s", c.says, h.logs)
			}
			if c.says == "" && strings.Contains(h.logs.String(), `"err"`) {
				t.Errorf("the log names a lack where there is none:\n%s", h.logs)
			}
		})
	}
}
