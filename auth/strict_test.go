package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

// mustSignText signs claims as they are spelled, with further headers.
func mustSignText(t testing.TB, key *ecdsa.PrivateKey, payload string, headers map[jose.HeaderKey]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, &jose.SignerOptions{ExtraHeaders: headers})
	if err != nil {
		t.Fatal(err)
	}
	return mustCompact(t, signer, []byte(payload))
}

// claimsText spells claims as JSON, with further members behind them.
func claimsText(t testing.TB, c tokenClaims, more string) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "}") + more + "}"
}

// TestClaimsAreReadAsTheyAreSpelled: two readers of one token must not take it for
// different ones. Each token here is signed by the issuer.
func TestClaimsAreReadAsTheyAreSpelled(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	jwks := mustJWKS(t, &key.PublicKey)
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(jwks)}})
	gate := mustGate(t, stepUpRule("eba-sca", jwks))
	bearer := func(t *testing.T, payload string) (walletport.Actor, error) {
		return a.AuthenticateBearer(t.Context(), mustSignText(t, key, payload, nil), nil)
	}
	for _, name := range []string{"iss", "aud", "exp"} {
		for _, spelled := range []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			t.Run("a Bearer's "+spelled+" is no "+name, func(t *testing.T) {
				claims := goodClaims().with(name, nil).with(spelled, goodClaims()[name])
				_, err := bearer(t, claimsText(t, claims, ""))
				wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
			})
		}
	}
	for name, value := range map[string]string{"CLIENT_ID": `"another"`, "Scope": `"cards audit:read"`, "\u017fcope": `"audit:read"`, "Cnf": `{"x5t#S256":"x"}`, "Card_Issuers": `["third"]`, "NBF": `9999999999`} {
		t.Run("a second claim "+name+" changes nothing", func(t *testing.T) {
			actor, err := bearer(t, claimsText(t, goodClaims(), fmt.Sprintf(`,%q:%s`, name, value)))
			want := []walletport.Scope{walletport.ScopeProvision, walletport.ScopeCards}
			if err != nil || actor.ClientID != "mobile-back-end@"+tokenIssuer || !slices.Equal(actor.Scopes, want) || !slices.Equal(actor.Issuers, []walletport.IssuerID{"acme"}) {
				t.Errorf("actor %+v, %v", actor, err)
			}
		})
	}
	for name, more := range map[string]string{
		"iss": `,"iss":"` + tokenIssuer + `"`, "aud": `,"aud":"walletport"`, "scope in escapes": `,"\u0073cope":"audit:read"`,
		"something else": `,"x":1,"x":1`, "a member deep inside": `,"act":{"a":[{"sub":"a","sub":"b"}]}`,
	} {
		t.Run("a token with "+name+" twice is refused", func(t *testing.T) {
			_, err := bearer(t, claimsText(t, goodClaims(), more))
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
		})
	}
	for name, payload := range map[string]string{"claims and more": claimsText(t, goodClaims(), "") + "{}", "a list": "[" + claimsText(t, goodClaims(), "") + "]", "null": "null", "nothing": ""} {
		t.Run(name+" for a payload is refused", func(t *testing.T) {
			_, err := bearer(t, payload)
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
		})
	}
	proof := func(t *testing.T, payload string) error {
		_, err := gate.CheckStepUp(withProof(t.Context(), mustSignText(t, key, payload, nil)), subject())
		return err
	}
	for name, reason := range map[string]string{
		"iss": auth.ReasonStepUpInvalid, "aud": auth.ReasonStepUpInvalid, "exp": auth.ReasonStepUpInvalid, "auth_time": auth.ReasonStepUpInvalid, "iat": auth.ReasonStepUpInvalid,
		"sub": auth.ReasonStepUpSubject, "card": auth.ReasonStepUpBinding, "wallet": auth.ReasonStepUpBinding, "amr": auth.ReasonStepUpRequired,
	} {
		t.Run("a proof's "+strings.ToUpper(name)+" is no "+name, func(t *testing.T) {
			wantReason(t, proof(t, claimsText(t, goodProof().with(name, nil).with(strings.ToUpper(name), goodProof()[name]), "")), walletport.CodeForbidden, reason)
		})
		t.Run("a proof with "+name+" twice is refused", func(t *testing.T) {
			value, err := json.Marshal(goodProof()[name])
			if err != nil {
				t.Fatal(err)
			}
			wantReason(t, proof(t, claimsText(t, goodProof(), fmt.Sprintf(`,%q:%s`, name, value))), walletport.CodeForbidden, auth.ReasonStepUpInvalid)
		})
	}
}

func TestCriticalHeadersAreRefused(t *testing.T) {
	key := mustECKey(t)
	b := newBench(t)
	jwks := mustJWKS(t, &key.PublicKey)
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(jwks)}})
	for name, headers := range map[string]map[jose.HeaderKey]any{
		"a critical header":          {"crit": []string{"exp"}, "exp": 1},
		"b64, which is critical":     {"crit": []string{"b64"}, "b64": true},
		"an empty crit":              {"crit": []string{}},
		"a crit that is null":        {"crit": []string{"x"}, "x": nil},
		"b64 that is not critical":   {"b64": true},
		"a crit that is of no list":  {"crit": "b64"},
		"a crit with a known header": {"crit": []string{"alg"}},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := a.AuthenticateBearer(t.Context(), mustSignText(t, key, claimsText(t, goodClaims(), ""), headers), nil)
			wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
		})
	}
	t.Run("a type and a key in the header change nothing", func(t *testing.T) {
		stranger := mustECKey(t)
		headers := map[jose.HeaderKey]any{"typ": "at+jwt", "jku": "https://evil.example/jwks", "jwk": json.RawMessage(jwkText(t, &stranger.PublicKey))}
		if _, err := a.AuthenticateBearer(t.Context(), mustSignText(t, key, claimsText(t, goodClaims(), ""), headers), nil); err != nil {
			t.Error(err)
		}
		_, err := a.AuthenticateBearer(t.Context(), mustSignText(t, stranger, claimsText(t, goodClaims(), ""), headers), nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
	})
}

// TestAPublicKeyIsNoSharedSecret: HMAC with the issuer's public RSA key, the oldest
// of the confusions (RFC 8725 section 2.1), and alg none in all spellings.
func TestAPublicKeyIsNoSharedSecret(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(t, &rsaKey.PublicKey))}})
	for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), rsaKey.N.Bytes()} {
		for _, alg := range []string{"HS256", "hs256", "none", "None", "NONE", "", "RS256"} {
			signed := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"kid":"k1"}`, alg)) + "." +
				base64.RawURLEncoding.EncodeToString([]byte(claimsText(t, goodClaims(), "")))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			for _, signature := range []string{base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), ""} {
				_, err := a.AuthenticateBearer(t.Context(), signed+"."+signature, nil)
				wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
			}
		}
	}
}

// TestKeysForOtherUsesDoNotVerify: neither from a URL nor from a file, and the good
// ones beside them do.
func TestKeysForOtherUsesDoNotVerify(t *testing.T) {
	key, good := mustECKey(t), mustECKey(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	with := func(public any, more map[string]any) map[string]any {
		var jwk map[string]any
		if err := json.Unmarshal([]byte(jwkText(t, public)), &jwk); err != nil {
			t.Fatal(err)
		}
		maps.Copy(jwk, more)
		return jwk
	}
	set := func(keys ...any) []byte {
		text, err := json.Marshal(map[string]any{"keys": keys})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	beside := with(&good.PublicKey, map[string]any{"kid": "good"})
	token := mustSign(t, jose.ES256, key, goodClaims())
	for _, c := range []struct {
		name string
		jwk  any
		ok   bool
	}{
		{"no use", with(&key.PublicKey, nil), true},
		{"use sig", with(&key.PublicKey, map[string]any{"use": "sig"}), true},
		{"key_ops verify", with(&key.PublicKey, map[string]any{"key_ops": []string{"verify"}}), true},
		{"alg ES256", with(&key.PublicKey, map[string]any{"alg": "ES256", "kid": "k1"}), true},
		{"names that only look alike", with(&key.PublicKey, map[string]any{"Use": "enc", "ALG": "RS256"}), true},
		{"use enc", with(&key.PublicKey, map[string]any{"use": "enc"}), false},
		{"an empty use", with(&key.PublicKey, map[string]any{"use": ""}), false},
		{"use SIG", with(&key.PublicKey, map[string]any{"use": "SIG"}), false},
		{"a use that is a list", with(&key.PublicKey, map[string]any{"use": []string{"sig"}}), false},
		{"key_ops without verify", with(&key.PublicKey, map[string]any{"key_ops": []string{"sign", "deriveKey"}}), false},
		{"no key_ops at all", with(&key.PublicKey, map[string]any{"key_ops": []string{}}), false},
		{"alg of another family", with(&key.PublicKey, map[string]any{"alg": "RS256"}), false},
		{"alg for encryption", with(&key.PublicKey, map[string]any{"alg": "ECDH-ES"}), false},
		{"alg none", with(&key.PublicKey, map[string]any{"alg": "none"}), false},
		{"another key id", with(&key.PublicKey, map[string]any{"kid": "k2"}), false},
		{"a key id that is a number", with(&key.PublicKey, map[string]any{"kid": 1}), false},
		{"a private half", with(key, nil), false},
		{"an RSA modulus that takes minutes to try", map[string]any{"kty": "RSA", "e": "AQAB", "n": strings.Repeat("w", 99_999) + "B"}, false},
		{"another curve", with(&p384.PublicKey, nil), false},
		{"an unknown kind", map[string]any{"kty": "OKP", "crv": "X25519", "x": "AAAA"}, false},
		{"a shared secret", map[string]any{"kty": "oct", "k": "AAAA"}, false},
		{"nothing", nil, false},
		{"a number", 7, false},
	} {
		t.Run("a key with "+c.name, func(t *testing.T) {
			b := newBench(t)
			a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(set(c.jwk, beside))}})
			gate := mustGate(t, stepUpRule("eba-sca", set(c.jwk, beside)))
			_, err := a.AuthenticateBearer(t.Context(), token, nil)
			_, stepUpErr := gate.CheckStepUp(withProof(t.Context(), mustSign(t, jose.ES256, key, goodProof())), subject())
			if c.ok && (err != nil || stepUpErr != nil) {
				t.Errorf("errors %v, %v", err, stepUpErr)
			}
			if !c.ok {
				wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
				wantReason(t, stepUpErr, walletport.CodeForbidden, auth.ReasonStepUpInvalid)
			}
			if _, err := a.AuthenticateBearer(t.Context(), mustSignAs(t, namedKey{"good", good}, goodClaims()), nil); err != nil {
				t.Errorf("the good key beside it: %v", err)
			}
		})
	}
	t.Run("a key for one algorithm verifies no other", func(t *testing.T) {
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t)
		a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(set(with(&rsaKey.PublicKey, map[string]any{"alg": "PS256"})))}})
		if _, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.PS256, rsaKey, goodClaims()), nil); err != nil {
			t.Error(err)
		}
		_, err = a.AuthenticateBearer(t.Context(), mustSign(t, jose.RS256, rsaKey, goodClaims()), nil)
		wantReason(t, err, walletport.CodeUnauthenticated, auth.ReasonInvalid)
	})
	t.Run("of two keys with one id each verifies its own", func(t *testing.T) {
		b := newBench(t)
		a := b.mustAuthenticator(t, auth.Config{TokenIssuers: []auth.TokenIssuer{issuerConfig(mustJWKS(t, &good.PublicKey, &key.PublicKey))}})
		for _, k := range []*ecdsa.PrivateKey{key, good} {
			if _, err := a.AuthenticateBearer(t.Context(), mustSign(t, jose.ES256, k, goodClaims()), nil); err != nil {
				t.Error(err)
			}
		}
	})
}
