package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tokenRule lets an identity provider's tokens in.
const tokenRule = `auth:
  token_issuers:
    - issuer: https://id.bank.example
      audience: walletport
      jwks_file: id.jwks
      issuers: [globex]
`

// TestAKeyThatIsTakenOutOfItsFileNoLongerVerifies, without a restart, while one that
// was put in does.
func TestAKeyThatIsTakenOutOfItsFileNoLongerVerifies(t *testing.T) {
	t.Parallel()
	old, next := mustECKey(t), mustECKey(t)
	p := mustWalletProduction(t, "", tokenRule, mustAuthority(t))
	path := filepath.Join(p.dir, "id.jwks")
	mustJWKS(t, path, old)
	s := p.mustServe(t)
	claims := members{"iss": "https://id.bank.example", "aud": "walletport", "client_id": "app", "scope": "provision", "exp": time.Now().Add(time.Hour).Unix()}
	oldToken, nextToken := mustProof(t, old, claims), mustProof(t, next, claims)
	call := func(token string) int {
		return s.post(provisionPath(steppedCard, "issuerwallet/"+wallet), nil, "", withHeader("Authorization", "Bearer "+token)).status
	}
	if got := [2]int{call(oldToken), call(nextToken)}; got != [2]int{http.StatusOK, http.StatusUnauthorized} {
		t.Fatalf("before the change: %v", got)
	}
	mustJWKS(t, path, next)
	eventually(t, "the key that is gone no longer verifies", func() bool { return call(oldToken) == http.StatusUnauthorized })
	if got := call(nextToken); got != http.StatusOK {
		t.Errorf("the new key's token answers %d", got)
	}
}

// TestKeysAreFetchedFromAProviderOnLoopback, counted by its host and by nothing else of
// the URL; and not at all where only public addresses may be called.
func TestKeysAreFetchedFromAProviderOnLoopback(t *testing.T) {
	t.Parallel()
	key := mustECKey(t)
	path := filepath.Join(t.TempDir(), "id.jwks")
	mustJWKS(t, path, key)
	keys, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(keys) }))
	defer provider.Close()
	host := strings.TrimPrefix(provider.URL, "http://")
	claims := members{"iss": "https://id.bank.example", "aud": "walletport", "client_id": "app", "scope": "provision", "exp": time.Now().Add(time.Hour).Unix()}
	for _, c := range []struct {
		name, setting, outcome string
		status                 int
	}{
		{"as configured", "", "ok", http.StatusOK},
		{"public addresses only", "  jwks_public_only: true\n", "address_refused", http.StatusServiceUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := strings.Replace(tokenRule, "jwks_file: id.jwks", "jwks_url: "+provider.URL+"/keys?tenant=s3cret", 1) + c.setting
			s := mustWalletProduction(t, "", rule, mustAuthority(t)).mustServe(t)
			got := s.post(provisionPath(steppedCard, "issuerwallet/"+wallet), nil, "", withHeader("Authorization", "Bearer "+mustProof(t, key, claims)))
			if got.status != c.status {
				t.Errorf("status %d, want %d", got.status, c.status)
			}
			page := s.get("/metrics").body
			if want := `walletport_outbound_calls_total{call="",outcome="` + c.outcome + `",target="` + host + `"}`; !strings.Contains(page, want) || strings.Contains(page, "s3cret") {
				t.Errorf("the page lacks %s, or has the URL", want)
			}
		})
	}
}
