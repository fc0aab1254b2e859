package e2e_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// stepUpRule makes the second issuer ask for proof.
const stepUpRule = `auth:
  step_up:
    - issuers: [globex]
      rule: eba-sca
      issuer: https://id.bank.example
      audience: walletport-step-up
      jwks_file: id.jwks
`

// mustJWKS writes the public half of a key as RFC 7518 section 6.2 has it.
func mustJWKS(t *testing.T, path string, key *ecdsa.PrivateKey) {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	url := base64.RawURLEncoding.EncodeToString
	mustWrite(t, path, string(mustText(t, members{"keys": []members{{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "id-1", "x": url(point[1:33]), "y": url(point[33:]),
	}}})))
}

// mustProof signs claims as an identity provider does: a JWT by ES256, made of the
// standard library alone.
func mustProof(t *testing.T, key *ecdsa.PrivateKey, claims members) string {
	t.Helper()
	url := base64.RawURLEncoding.EncodeToString
	text := url([]byte(`{"alg":"ES256","kid":"id-1","typ":"JWT"}`)) + "." + url(mustText(t, claims))
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64) // RFC 7518 section 3.4
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + url(signature)
}

// proofFor says that customer 9 was strongly authenticated a moment ago, to put card
// 7101 into a wallet.
func proofFor(walletName string) members {
	now := time.Now()
	return members{
		"iss": "https://id.bank.example", "aud": "walletport-step-up", "sub": "9", "exp": now.Add(5 * time.Minute).Unix(),
		"iat": now.Unix(), "auth_time": now.Unix(), "amr": []string{"pin", "hwk"}, "card": "7101", "wallet": walletName,
	}
}

// TestStepUpGate asks for cards of an issuer that wants proof of strong authentication,
// and of one that does not.
func TestStepUpGate(t *testing.T) {
	t.Parallel()
	apple, key := mustAuthority(t), mustECKey(t)
	p := mustWalletProduction(t, "", stepUpRule, apple)
	mustJWKS(t, filepath.Join(p.dir, "id.jwks"), key)
	s := p.mustServe(t)
	request := appleRequest(apple.mustChain(t)) // one nonce: whoever is refused does not use it
	call := func(path, proof, requestID string) answer {
		return s.post(path, request, requestID, func(r *http.Request) {
			if proof != "" {
				r.Header.Set("Step-Up-Assertion", proof)
			}
		})
	}
	proof := proofFor("applepay")
	good := mustProof(t, key, proof)
	old := time.Now().Add(-time.Hour).Unix()
	refused := []answer{}
	for _, c := range []struct{ name, proof, code string }{
		{"no proof", "", "step_up_required"},
		{"stale proof", mustProof(t, key, proof.with(members{"exp": old})), "step_up_required"},
		{"stale authentication", mustProof(t, key, proof.with(members{"auth_time": old})), "step_up_required"},
		{"one factor", mustProof(t, key, proof.with(members{"amr": []string{"pwd"}})), "step_up_required"},
		{"another card", mustProof(t, key, proof.with(members{"card": "7102"})), "step_up_binding_mismatch"},
		{"another wallet", mustProof(t, key, proofFor("googlepay")), "step_up_binding_mismatch"},
		{"another customer", mustProof(t, key, proof.with(members{"sub": "1"})), "step_up_subject_mismatch"},
		{"signature of a stranger", mustProof(t, mustECKey(t), proof), "step_up_invalid"},
		{"no signature", strings.Join(strings.Split(good, ".")[:2], ".") + ".", "step_up_invalid"},
		{"another audience", mustProof(t, key, proof.with(members{"aud": "walletport"})), "step_up_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(provisionPath(steppedCard, "applepay"), c.proof, requestIDOf(c.name))
			wantRefused(t, a, badCall{status: http.StatusForbidden, code: c.code})
			refused = append(refused, a)
		})
	}
	answers := []answer{
		call(provisionPath(steppedCard, "applepay"), good, "good-proof"),
		s.post("/v3/7101/activate", nil, "good-activation", withHeader("Step-Up-Assertion", mustProof(t, key, proofFor("activation")))),
		s.post(provisionPath(steppedCard, "issuerwallet/"+wallet), nil, "good-issuerwallet", withHeader("Step-Up-Assertion", mustProof(t, key, proofFor(wallet)))),
	}
	free := s.provision(serveCardID, wallet, "nobody-asks")
	wantAllGood(t, append(answers, free))
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, slices.Concat(answers, refused, []answer{free}))
	for _, a := range answers {
		if got := tr.byID[a.requestID][0].StepUp; got != "eba-sca/pin+hwk" {
			t.Errorf("%s: recorded proof %q", a.requestID, got)
		}
	}
	if got := tr.byID["nobody-asks"][0].StepUp; got != "" {
		t.Errorf("an issuer that asks for nothing has the proof %q on record", got)
	}
	mustVerify(t, p.at(), tr)
}
