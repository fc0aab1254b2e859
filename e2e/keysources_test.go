package e2e_test

import (
	"net/http"
	"path/filepath"
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
