package mdes_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

const testTokenRef = "DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45" // the example of Mastercard's OpenAPI documents

func testActivation(t testing.TB) scheme.ActivationInput {
	in := testInput(t)
	return scheme.ActivationInput{Card: in.Card, Signer: in.Signer, Now: in.Now, Rand: in.Rand}
}

func mustActivator(t testing.TB, p mdes.Profile) *mdes.Activator {
	t.Helper()
	a, err := mdes.NewActivator(p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustTAV2Activator(t testing.TB, p mdes.Profile) *mdes.Activator {
	t.Helper()
	a, err := mdes.NewTAV2Activator(p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustActivate(t testing.TB, a *mdes.Activator, in scheme.ActivationInput) []byte {
	t.Helper()
	data, err := a.ActivationData(in)
	if err != nil {
		t.Fatalf("ActivationData: %v", err)
	}
	return data
}

// openssl checks what was signed; the JSON says how to tell.
func TestOpenSSLVerifiesOurActivationData(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(&issuer().key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicKey := mustFile(t, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	const until = "2026-03-01T10:50:30Z"
	token := func(version int, order ...string) mdes.Profile {
		return profileWith(func(p *mdes.Profile) {
			p.TokenTAVVersion = version
			if order != nil {
				p.TAVFieldOrder = order
			}
		})
	}
	for _, c := range []struct {
		name      string
		activator *mdes.Activator
		tokenRef  string
		begins    string // the JSON up to the signature
		signed    string
	}{
		{
			"about a card", mustActivator(t, mdes.DefaultProfile()), "",
			`{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry","signature":"`,
			until + "|" + testPAN + "|1225",
		},
		{
			"about a token", mustActivator(t, mdes.DefaultProfile()), testTokenRef,
			`{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":"true","signatureAlgorithm":"RSA-SHA256","signature":"`,
			testPAN + "Y1225Y" + testTokenRef,
		},
		{
			"about a token by version 3", mustActivator(t, token(3)), testTokenRef,
			`{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry|tokenUniqueReference","signature":"`,
			until + "|" + testPAN + "|1225|" + testTokenRef,
		},
		{
			"about a token by version 4, in the profile's order",
			mustActivator(t, token(4, "tokenUniqueReference", "accountNumber", "dataValidUntilTimestamp")), testTokenRef,
			`{"version":"4","keyAlias":"U+002D","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"tokenUniqueReference|accountNumber|dataValidUntilTimestamp","signature":"`,
			testTokenRef + "|" + testPAN + "|" + until,
		},
		{
			"by the call of version 2", mustTAV2Activator(t, token(4)), "",
			`{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":"false","signatureAlgorithm":"RSA-SHA256","signature":"`,
			testPAN + "Y1225N",
		},
		{
			"about a token by the call of version 2", mustTAV2Activator(t, token(4)), testTokenRef,
			`{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":"true","signatureAlgorithm":"RSA-SHA256","signature":"`,
			testPAN + "Y1225Y" + testTokenRef,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testActivation(t)
			in.TokenUniqueReference = c.tokenRef
			data := mustActivate(t, c.activator, in)
			if !strings.HasPrefix(string(data), c.begins) {
				t.Errorf("the JSON is\n%s\nwant it to begin\n%s", data, c.begins)
			}
			var tav struct{ Signature []byte }
			if err := json.Unmarshal(data, &tav); err != nil {
				t.Fatal(err)
			}
			out := mustOpenSSL(t, []byte(c.signed), "dgst", "-sha256", "-verify", publicKey, "-signature", mustFile(t, tav.Signature))
			if string(out) != "Verified OK\n" {
				t.Errorf("openssl says %q", out)
			}
		})
	}
}

// PassKit puts base64 around the bytes; what comes out must be the TAV string.
func TestActivationDataInBase64IsTheTAV(t *testing.T) {
	data := mustActivate(t, mustActivator(t, mdes.DefaultProfile()), testActivation(t))
	if got, want := base64.StdEncoding.EncodeToString(data), mustSignTAV(t, mdes.DefaultProfile(), testInput(t)); got != want {
		t.Errorf("base64 of the activation data is %s, want %s", got, want)
	}
}

func TestActivationDataRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*scheme.ActivationInput)
		code   walletport.Code
		reason string
	}{
		{"a token reference of 47 characters", func(in *scheme.ActivationInput) { in.TokenUniqueReference = testTokenRef[:47] }, walletport.CodeInvalid, "token_unique_reference_malformed"},
		{"a token reference of 49 characters", func(in *scheme.ActivationInput) { in.TokenUniqueReference = testTokenRef + "0" }, walletport.CodeInvalid, "token_unique_reference_malformed"},
		{"a token reference with a hyphen", func(in *scheme.ActivationInput) { in.TokenUniqueReference = testTokenRef[:47] + "-" }, walletport.CodeInvalid, "token_unique_reference_malformed"},
		{"no card", func(in *scheme.ActivationInput) { in.Card = nil }, walletport.CodeForbidden, "card_data_unusable"},
		{"a signer that does not answer", func(in *scheme.ActivationInput) {
			in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return nil, errors.New("the HSM is away") }}
		}, walletport.CodeUnavailable, "signing_unavailable"},
		{"no signer", func(in *scheme.ActivationInput) { in.Signer = scheme.Signer{} }, walletport.CodeInternal, "internal"},
		{"no time", func(in *scheme.ActivationInput) { in.Now = time.Time{} }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testActivation(t)
			c.change(&in)
			data, err := mustActivator(t, mdes.DefaultProfile()).ActivationData(in)
			mustRefuse(t, err, c.code, c.reason)
			if data != nil {
				t.Errorf("and the data %s", data)
			}
		})
	}
}

func TestTheRefusalNamesTheTokenReference(t *testing.T) {
	in := testActivation(t)
	in.TokenUniqueReference = "DWSPMC"
	_, err := mustActivator(t, mdes.DefaultProfile()).ActivationData(in)
	fault, ok := errors.AsType[*walletport.Error](err)
	if !ok || len(fault.Fields) != 1 || fault.Fields[0].Name != "tokenUniqueReference" {
		t.Errorf("error %+v, want a fault of tokenUniqueReference", err)
	}
}

func TestAnActivatorNeedsAValidProfile(t *testing.T) {
	spoiled := profileWith(func(p *mdes.Profile) { p.TAVFlags = "" })
	if _, err := mdes.NewActivator(spoiled); err == nil {
		t.Error("NewActivator took it")
	}
	if _, err := mdes.NewTAV2Activator(spoiled); err == nil {
		t.Error("NewTAV2Activator took it")
	}
	if a := mustActivator(t, mdes.DefaultProfile()); a.Scheme() != walletport.Mastercard {
		t.Errorf("scheme %s", a.Scheme())
	}
}

// A later change of the caller's slice must not reach an activator in use, nor may
// the activator write into it.
func TestAnActivatorKeepsItsProfile(t *testing.T) {
	order := append(make([]string, 0, 8), "dataValidUntilTimestamp", "accountNumber")
	profile := profileWith(func(p *mdes.Profile) { p.TAVFieldOrder, p.TokenTAVVersion = order, 3 })
	activator := mustActivator(t, profile)
	if order[:3][2] != "" {
		t.Error("the activator wrote behind the caller's slice")
	}
	order[0] = "overwritten"
	in := testActivation(t)
	in.TokenUniqueReference = testTokenRef
	if data := mustActivate(t, activator, in); strings.Contains(string(data), "overwritten") {
		t.Error("a change of the caller's slice reached the activator")
	}
}
