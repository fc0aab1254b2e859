package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

const identityProvider = "https://id.bank.example"

// goodProof says that customer 5001 entered a PIN on a known device to put card
// 1001 into Apple Pay, a minute ago.
func goodProof() tokenClaims {
	return tokenClaims{
		"iss": identityProvider, "aud": "walletport-step-up", "sub": "5001",
		"exp": start.Add(time.Minute).Unix(), "iat": start.Unix(), "auth_time": start.Add(-time.Minute).Unix(),
		"card": "1001", "wallet": "applepay", "amr": []string{"pin", "hwk"},
	}
}

func subject() walletport.StepUpSubject {
	return walletport.StepUpSubject{Issuer: "acme", CustomerID: "5001", CardID: 1001, Wallet: "applepay", Now: start}
}

func stepUpRule(rule string, jwks []byte, change ...func(*auth.StepUpRule)) auth.StepUpRule {
	r := auth.StepUpRule{Issuers: []walletport.IssuerID{"acme"}, StepUpDemand: auth.StepUpDemand{
		Rule: rule, Issuer: identityProvider, Audience: "walletport-step-up", JWKS: jwks,
	}}
	for _, c := range change {
		c(&r)
	}
	return r
}

func mustGate(t testing.TB, rules ...auth.StepUpRule) *auth.StepUp {
	t.Helper()
	gate, err := newGate(auth.Config{StepUp: rules}, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

func withProof(ctx context.Context, jwt string) context.Context {
	return walletport.WithRequest(ctx, walletport.Request{StepUp: walletport.NewAssertion(jwt)})
}

// check asks gate about subject with a proof of those claims.
func check(t testing.TB, gate *auth.StepUp, key *ecdsa.PrivateKey, claims tokenClaims) (walletport.StepUp, error) {
	t.Helper()
	return gate.CheckStepUp(withProof(t.Context(), mustSign(t, jose.ES256, key, claims)), subject())
}

func TestStepUpIsOffByDefault(t *testing.T) {
	proof, err := mustGate(t).CheckStepUp(t.Context(), subject())
	if err != nil || proof != (walletport.StepUp{}) {
		t.Errorf("without a rule: %+v, %v", proof, err)
	}
	key := mustECKey(t)
	other := stepUpRule("eba-sca", mustJWKS(t, &key.PublicKey), func(r *auth.StepUpRule) { r.Issuers = []walletport.IssuerID{"globex"} })
	if _, err := mustGate(t, other).CheckStepUp(t.Context(), subject()); err != nil {
		t.Errorf("another issuer's rule asks: %v", err)
	}
}

func TestStepUpOfOthersIsAskedWhereNoRuleIs(t *testing.T) {
	key := mustECKey(t)
	asked := stepUpRule("eba-sca", mustJWKS(t, &key.PublicKey)).StepUpDemand
	none := auth.StepUpRule{Issuers: []walletport.IssuerID{"globex"}, StepUpDemand: auth.StepUpDemand{Rule: "none"}}
	gate, err := newGate(auth.Config{StepUp: []auth.StepUpRule{none}, StepUpOfOthers: asked}, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	_, err = gate.CheckStepUp(t.Context(), subject())
	wantReason(t, err, walletport.CodeForbidden, auth.ReasonStepUpRequired)
	if _, err := check(t, gate, key, goodProof()); err != nil {
		t.Errorf("a good proof: %v", err)
	}
	exempt := subject()
	exempt.Issuer = "globex"
	if _, err := gate.CheckStepUp(t.Context(), exempt); err != nil {
		t.Errorf("an issuer with the rule none is asked: %v", err)
	}
}

func TestStepUpTakesAGoodProof(t *testing.T) {
	ec := mustECKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	gate := mustGate(t, stepUpRule("eba-sca", mustJWKS(t, &ec.PublicKey, &rsaKey.PublicKey)))
	for _, c := range []struct {
		name   string
		alg    jose.SignatureAlgorithm
		key    any
		claims tokenClaims
		method string
	}{
		{"signed by ECDSA", jose.ES256, ec, goodProof(), "pin+hwk"},
		{"signed by RSA", jose.RS256, rsaKey, goodProof(), "pin+hwk"},
		{"signed by RSA-PSS", jose.PS256, rsaKey, goodProof(), "pin+hwk"},
		{"with a card id that is a number", jose.ES256, ec, goodProof().with("card", 1001), "pin+hwk"},
		{"with an authentication of just now", jose.ES256, ec, goodProof().with("auth_time", start.Unix()), "pin+hwk"},
		{"as old as allowed, and the leeway", jose.ES256, ec, goodProof().with("auth_time", start.Add(-5*time.Minute-30*time.Second).Unix()), "pin+hwk"},
		{"of a clock that is ahead by the leeway", jose.ES256, ec, goodProof().with("iat", start.Add(30*time.Second).Unix()).with("auth_time", start.Add(30*time.Second).Unix()), "pin+hwk"},
		{"with methods that are no factors", jose.ES256, ec, goodProof().with("amr", []string{"geo", "pwd", "mfa", "face", "pwd", "5204247750001471"}), "pwd+face"},
		{"by a text message as the second factor", jose.ES256, ec, goodProof().with("amr", []string{"pwd", "sms"}), "pwd+sms"},
		{"for several audiences", jose.ES256, ec, goodProof().with("aud", []string{"x", "walletport-step-up"}), "pin+hwk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := gate.CheckStepUp(withProof(t.Context(), mustSign(t, c.alg, c.key, c.claims)), subject())
			if want := (walletport.StepUp{Rule: "eba-sca", Method: c.method}); err != nil || got != want {
				t.Errorf("proof %+v, want %+v; %v", got, want, err)
			}
		})
	}
}

func TestStepUpRefuses(t *testing.T) {
	key, stranger := mustECKey(t), mustECKey(t)
	gate := mustGate(t, stepUpRule("eba-sca", mustJWKS(t, &key.PublicKey)))
	sign := func(claims tokenClaims) string { return mustSign(t, jose.ES256, key, claims) }
	good := sign(goodProof())
	parts := strings.Split(good, ".")
	late := start.Add(31 * time.Second).Unix()
	for _, c := range []struct{ name, proof, reason string }{
		{"no proof", "", auth.ReasonStepUpRequired},
		{"an expired proof", sign(goodProof().with("exp", start.Add(-31*time.Second).Unix())), auth.ReasonStepUpRequired},
		{"an old authentication in a fresh token", sign(goodProof().with("auth_time", start.Add(-5*time.Minute-31*time.Second).Unix())), auth.ReasonStepUpRequired},
		{"one factor", sign(goodProof().with("amr", []string{"pwd"})), auth.ReasonStepUpRequired},
		{"two factors of one kind", sign(goodProof().with("amr", []string{"pwd", "pin"})), auth.ReasonStepUpRequired},
		{"mfa that names no factors", sign(goodProof().with("amr", []string{"mfa"})), auth.ReasonStepUpRequired},
		{"mfa beside one factor", sign(goodProof().with("amr", []string{"pwd", "mfa"})), auth.ReasonStepUpRequired},
		{"no methods", sign(goodProof().with("amr", nil)), auth.ReasonStepUpRequired},
		{"no token at all", "abc", auth.ReasonStepUpInvalid},
		{"an endless text", strings.Repeat("a", 1<<20), auth.ReasonStepUpInvalid},
		{"another key", mustSign(t, jose.ES256, stranger, goodProof()), auth.ReasonStepUpInvalid},
		{"a shared-secret algorithm", mustSign(t, jose.HS256, []byte(strings.Repeat("k", 32)), goodProof()), auth.ReasonStepUpInvalid},
		{"an unsigned token", "eyJhbGciOiJub25lIn0." + parts[1] + ".", auth.ReasonStepUpInvalid},
		{"other claims under a good signature", parts[0] + "." + strings.Split(sign(goodProof().with("sub", "5002")), ".")[1] + "." + parts[2], auth.ReasonStepUpInvalid},
		{"another identity provider", sign(goodProof().with("iss", "https://evil.example")), auth.ReasonStepUpInvalid},
		{"another audience", sign(goodProof().with("aud", "walletport")), auth.ReasonStepUpInvalid},
		{"no audience", sign(goodProof().with("aud", nil)), auth.ReasonStepUpInvalid},
		{"no expiry", sign(goodProof().with("exp", nil)), auth.ReasonStepUpInvalid},
		{"no time of issue", sign(goodProof().with("iat", nil)), auth.ReasonStepUpInvalid},
		{"no time of authentication", sign(goodProof().with("auth_time", nil)), auth.ReasonStepUpInvalid},
		{"a time of issue in the future", sign(goodProof().with("iat", late)), auth.ReasonStepUpInvalid},
		{"an authentication in the future", sign(goodProof().with("auth_time", late)), auth.ReasonStepUpInvalid},
		{"a proof of tomorrow", sign(goodProof().with("nbf", late)), auth.ReasonStepUpInvalid},
		{"methods that are one text", sign(goodProof().with("amr", "pin hwk")), auth.ReasonStepUpInvalid},
		{"a wallet that is a number", sign(goodProof().with("wallet", 7)), auth.ReasonStepUpInvalid},
		{"a time of authentication that is text", sign(goodProof().with("auth_time", "now")), auth.ReasonStepUpInvalid},
		{"a start that is text", sign(goodProof().with("nbf", []string{"now"})), auth.ReasonStepUpInvalid},
		{"another customer", sign(goodProof().with("sub", "5002")), auth.ReasonStepUpSubject},
		{"no customer", sign(goodProof().with("sub", nil)), auth.ReasonStepUpSubject},
		{"another card", sign(goodProof().with("card", "1002")), auth.ReasonStepUpBinding},
		{"another card as a number", sign(goodProof().with("card", 1002)), auth.ReasonStepUpBinding},
		{"a card with a sign", sign(goodProof().with("card", "+1001")), auth.ReasonStepUpBinding},
		{"no card", sign(goodProof().with("card", nil)), auth.ReasonStepUpBinding},
		{"a list of cards", sign(goodProof().with("card", []int{1001})), auth.ReasonStepUpBinding},
		{"another wallet", sign(goodProof().with("wallet", "googlepay")), auth.ReasonStepUpBinding},
		{"no wallet", sign(goodProof().with("wallet", nil)), auth.ReasonStepUpBinding},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			got, err := gate.CheckStepUp(withProof(t.Context(), c.proof), subject())
			wantReason(t, err, walletport.CodeForbidden, c.reason)
			if got != (walletport.StepUp{}) {
				t.Errorf("a refusal gave %+v", got)
			}
			if c.proof != "" && strings.Contains(fmt.Sprint(err), c.proof) {
				t.Error("the error repeats the proof")
			}
		})
	}
	t.Run("a card without a customer has no proof", func(t *testing.T) {
		s := subject()
		s.CustomerID = ""
		_, err := gate.CheckStepUp(withProof(t.Context(), sign(goodProof().with("sub", ""))), s)
		wantReason(t, err, walletport.CodeForbidden, auth.ReasonStepUpSubject)
	})
}

func TestStepUpRules(t *testing.T) {
	key := mustECKey(t)
	jwks := mustJWKS(t, &key.PublicKey)
	mfa := func(r *auth.StepUpRule) { r.MFASuffices = true }
	custom := func(factors int, methods ...string) func(*auth.StepUpRule) {
		return func(r *auth.StepUpRule) { r.Factors, r.Methods = factors, methods }
	}
	keep := func(*auth.StepUpRule) {}
	for _, c := range []struct {
		rule   string
		change func(*auth.StepUpRule)
		amr    string
		method string // "" is refused
	}{
		{"eba-sca", keep, "fpt hwk", "fpt+hwk"},
		{"eba-sca", keep, "fpt face", ""},
		{"eba-sca", mfa, "mfa", "mfa"},
		{"eba-sca", mfa, "pwd mfa", "pwd+mfa"},
		{"eba-sca", mfa, "pwd", ""},
		{"eba-sca", custom(0, "pin", "fpt"), "pin hwk", ""},
		{"eba-sca", custom(0, "pin", "fpt"), "pin hwk fpt", "pin+fpt"},
		{"sg-no-sms-otp", keep, "hwk", "hwk"},
		{"sg-no-sms-otp", keep, "otp", "otp"},
		{"sg-no-sms-otp", keep, "pwd face", "pwd+face"},
		{"sg-no-sms-otp", keep, "pwd", ""},
		{"sg-no-sms-otp", keep, "sms", ""},
		{"sg-no-sms-otp", keep, "otp sms", ""},
		{"sg-no-sms-otp", keep, "face sms", ""},
		{"sg-no-sms-otp", mfa, "pwd mfa", ""},
		{"hk-no-sms-otp", keep, "swk", "swk"},
		{"hk-no-sms-otp", keep, "swk sms", ""},
		{"hk-no-sms-otp", keep, "kba", ""},
		{"custom", keep, "pwd", "pwd"},
		{"custom", keep, "geo user rba", ""},
		{"custom", custom(2), "pwd sms", "pwd+sms"},
		{"custom", custom(3), "pwd sms", ""},
		{"custom", custom(3), "pwd sms iris", "pwd+sms+iris"},
	} {
		t.Run(fmt.Sprintf("%s %s", c.rule, c.amr), func(t *testing.T) {
			gate := mustGate(t, stepUpRule(c.rule, jwks, c.change))
			got, err := check(t, gate, key, goodProof().with("amr", strings.Fields(c.amr)))
			if c.method == "" {
				wantReason(t, err, walletport.CodeForbidden, auth.ReasonStepUpRequired)
			} else if want := c.rule + "/" + c.method; err != nil || got.String() != want {
				t.Errorf("proof %q, want %q; %v", got, want, err)
			}
		})
	}
}

func TestStepUpAgeIsConfigured(t *testing.T) {
	key := mustECKey(t)
	gate := mustGate(t, stepUpRule("eba-sca", mustJWKS(t, &key.PublicKey), func(r *auth.StepUpRule) { r.MaxAge = time.Hour }))
	if _, err := check(t, gate, key, goodProof().with("auth_time", start.Add(-time.Hour).Unix())); err != nil {
		t.Errorf("an hour is too old: %v", err)
	}
	_, err := check(t, gate, key, goodProof().with("auth_time", start.Add(-time.Hour-31*time.Second).Unix()))
	wantReason(t, err, walletport.CodeForbidden, auth.ReasonStepUpRequired)
}

func TestStepUpKeysThatCannotBeFetched(t *testing.T) {
	key := mustECKey(t)
	jwks, down := mustJWKS(t, &key.PublicKey), true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write(jwks)
	}))
	defer server.Close()
	clock := start
	config := auth.Config{StepUp: []auth.StepUpRule{stepUpRule("eba-sca", nil, func(r *auth.StepUpRule) { r.JWKSURL = server.URL })}}
	gate, err := newGate(config, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	_, err = check(t, gate, key, goodProof())
	wantReason(t, err, walletport.CodeUnavailable, "token_keys_unavailable")
	down, clock = false, start.Add(time.Minute) // fetches have a pause between them
	if _, err := check(t, gate, key, goodProof()); err != nil {
		t.Errorf("with keys: %v", err)
	}
}

func TestStepUpConfiguration(t *testing.T) {
	key := mustECKey(t)
	jwks := mustJWKS(t, &key.PublicKey)
	clock := func() time.Time { return start }
	for _, c := range []struct {
		name   string
		change func(*auth.StepUpRule)
		says   string
	}{
		{"no rule", func(r *auth.StepUpRule) { r.Rule = "" }, "rule is"},
		{"an unknown rule", func(r *auth.StepUpRule) { r.Rule = "mars" }, "rule is"},
		{"no card issuers", func(r *auth.StepUpRule) { r.Issuers = nil }, "issuers is required"},
		{"a malformed card issuer", func(r *auth.StepUpRule) { r.Issuers = []walletport.IssuerID{"a b"} }, "issuers[0]: letters"},
		{"no issuer", func(r *auth.StepUpRule) { r.Issuer = "" }, "issuer is required"},
		{"no audience", func(r *auth.StepUpRule) { r.Audience = "" }, "audience is required"},
		{"no keys", func(r *auth.StepUpRule) { r.JWKS = nil }, "jwks_url or jwks_file"},
		{"keys that are none", func(r *auth.StepUpRule) { r.JWKS = []byte("{}") }, "no member keys"},
		{"a file that is not there", func(r *auth.StepUpRule) { r.JWKS, r.JWKSFile = nil, "no-such-file" }, "read keys"},
		{"an age over an hour", func(r *auth.StepUpRule) { r.MaxAge = time.Hour + 1 }, "max_age"},
		{"a negative age", func(r *auth.StepUpRule) { r.MaxAge = -1 }, "max_age"},
		{"factors of a preset", func(r *auth.StepUpRule) { r.Factors = 1 }, "factors is for"},
		{"four factors", func(r *auth.StepUpRule) { r.Rule, r.Factors = "custom", 4 }, "1 to 3"},
		{"a method that is no factor", func(r *auth.StepUpRule) { r.Methods = []string{"pin", "mfa"} }, "methods are of face, fpt"},
		{"a shared-secret algorithm", func(r *auth.StepUpRule) { r.Algorithms = []string{"HS256"} }, "algorithms"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			config := auth.Config{StepUp: []auth.StepUpRule{stepUpRule("eba-sca", jwks, c.change)}}
			if _, err := newGate(config, clock); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
	t.Run("two rules for one card issuer are refused", func(t *testing.T) {
		config := auth.Config{StepUp: []auth.StepUpRule{stepUpRule("eba-sca", jwks), stepUpRule("custom", jwks)}}
		if _, err := newGate(config, clock); err == nil || !strings.Contains(err.Error(), "acme") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no trust is refused", func(t *testing.T) {
		if _, err := auth.NewStepUp(auth.Config{}, nil); err == nil {
			t.Error("it was taken")
		}
	})
}

func FuzzStepUpProof(f *testing.F) {
	key := mustECKey(f)
	gate := mustGate(f, stepUpRule("eba-sca", mustJWKS(f, &key.PublicKey)))
	f.Add(`{"iss":"https://id.bank.example"}`)
	f.Add(`{"iss":"https://id.bank.example","aud":"walletport-step-up","exp":9999999999,"iat":0,"auth_time":0,"sub":"5001","card":null,"amr":[null]}`)
	f.Fuzz(func(t *testing.T, claims string) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign([]byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		proof, err := gate.CheckStepUp(withProof(t.Context(), raw), subject())
		if code := walletport.CodeOf(err); err != nil && code != walletport.CodeForbidden {
			t.Errorf("class %s: %v", code, err)
		}
		if (err == nil) != (proof != walletport.StepUp{}) {
			t.Errorf("proof %+v with %v", proof, err)
		}
	})
}
