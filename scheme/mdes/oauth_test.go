package mdes_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

const testConsumerKey = "dfHKGJ7abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP!4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c"

type oauthVectors struct {
	BodyHashes  []struct{ Body, Hash string }
	BaseURLs    []struct{ URL, Base string }
	BaseStrings []struct {
		Name, Method, URL, Base string
		Parameters              [][2]string
	}
	Signature struct{ PublicKey, Message, Signature string }
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	at, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func testOAuth(body string) mdes.OAuthInput {
	return mdes.OAuthInput{
		Signer: scheme.Signer{Key: issuer().key, Alias: testConsumerKey},
		Method: "POST",
		URL:    "https://sandbox.api.mastercard.com/mdes/csapi/v2/search",
		Body:   []byte(body),
		Now:    testNow,
		Rand:   rand.Reader,
	}
}

func mustSignOAuth(t *testing.T, in mdes.OAuthInput) string {
	t.Helper()
	header, err := mdes.SignOAuth(in)
	if err != nil {
		t.Fatalf("SignOAuth: %v", err)
	}
	return header
}

// readOAuth takes a header apart as a stranger would.
func readOAuth(t *testing.T, header string) map[string]string {
	t.Helper()
	list, ok := strings.CutPrefix(header, "OAuth ")
	if !ok {
		t.Fatalf("the header begins with %.8q", header)
	}
	parameters := map[string]string{}
	for member := range strings.SplitSeq(list, ",") {
		m := regexp.MustCompile(`^(oauth_[a-z_]+)="([^"]*)"$`).FindStringSubmatch(member)
		if m == nil {
			t.Fatalf("a member of the header is %q", member)
		}
		parameters[m[1]] = m[2]
	}
	return parameters
}

func TestOAuthVectors(t *testing.T) {
	vectors := mustVector[oauthVectors](t, "oauth")
	for _, v := range vectors.BodyHashes {
		if got := readOAuth(t, mustSignOAuth(t, testOAuth(v.Body)))["oauth_body_hash"]; got != v.Hash {
			t.Errorf("hash of %.20q: %s, want %s", v.Body, got, v.Hash)
		}
	}
	for _, v := range vectors.BaseURLs {
		if got := mdes.OAuthBaseURL(mustURL(t, v.URL)); got != v.Base {
			t.Errorf("base of %s: %s, want %s", v.URL, got, v.Base)
		}
	}
	for _, v := range vectors.BaseStrings {
		t.Run(v.Name, func(t *testing.T) {
			if diff := cmp.Diff(v.Base, mdes.OAuthBaseString(v.Method, mustURL(t, v.URL), v.Parameters)); diff != "" {
				t.Errorf("base string (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTheVectorsSignatureIsOfOurAlgorithm: Mastercard's library signed the vector.
func TestTheVectorsSignatureIsOfOurAlgorithm(t *testing.T) {
	v := mustVector[oauthVectors](t, "oauth").Signature
	block, _ := pem.Decode([]byte(v.PublicKey))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	mustVerifySHA256(t, public.(*rsa.PublicKey), v.Message, v.Signature)
	in := testOAuth(`{}`)
	parameters := readOAuth(t, mustSignOAuth(t, in))
	mustVerifySHA256(t, &issuer().key.PublicKey, baseStringOf(parameters, "POST", "https%3A%2F%2Fsandbox.api.mastercard.com%2Fmdes%2Fcsapi%2Fv2%2Fsearch"), unescape(t, parameters["oauth_signature"]))
}

func mustVerifySHA256(t *testing.T, key *rsa.PublicKey, message, signature string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(message))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw); err != nil {
		t.Errorf("the signature does not verify over %.60q…", message)
	}
}

func unescape(t *testing.T, text string) string {
	t.Helper()
	plain, err := url.PathUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// baseStringOf rebuilds what was signed from the header, with the escapes of net/url.
func baseStringOf(parameters map[string]string, method, encodedURL string) string {
	var names []string
	for name := range parameters {
		if name != "oauth_signature" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = name + "=" + parameters[name]
	}
	return method + "&" + encodedURL + "&" + strings.ReplaceAll(url.QueryEscape(strings.Join(names, "&")), "+", "%20")
}

func TestOpenSSLVerifiesOurRequests(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(&issuer().key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicKey := mustFile(t, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	for _, body := range []string{"", `{"SearchRequest":{}}`, strings.Repeat("é", 5000)} {
		parameters := readOAuth(t, mustSignOAuth(t, testOAuth(body)))
		hash := mustOpenSSL(t, []byte(body), "dgst", "-sha256", "-binary")
		if want := base64.StdEncoding.EncodeToString(hash); parameters["oauth_body_hash"] != want {
			t.Errorf("oauth_body_hash %s, openssl says %s", parameters["oauth_body_hash"], want)
		}
		signature, err := base64.StdEncoding.DecodeString(unescape(t, parameters["oauth_signature"]))
		if err != nil {
			t.Fatal(err)
		}
		message := baseStringOf(parameters, "POST", "https%3A%2F%2Fsandbox.api.mastercard.com%2Fmdes%2Fcsapi%2Fv2%2Fsearch")
		if out := mustOpenSSL(t, []byte(message), "dgst", "-sha256", "-verify", publicKey, "-signature", mustFile(t, signature)); string(out) != "Verified OK\n" {
			t.Errorf("openssl says %q", out)
		}
	}
}

func TestOAuthHeader(t *testing.T) {
	in := testOAuth(`{"a":1}`)
	parameters := readOAuth(t, mustSignOAuth(t, in))
	for name, want := range map[string]string{
		"oauth_consumer_key": testConsumerKey, "oauth_signature_method": "RSA-SHA256", "oauth_timestamp": "1772360430", "oauth_version": "1.0",
	} {
		if parameters[name] != want {
			t.Errorf("%s is %q, want %q", name, parameters[name], want)
		}
	}
	seen := map[string]bool{}
	for range 50 {
		nonce := readOAuth(t, mustSignOAuth(t, in))["oauth_nonce"]
		if !regexp.MustCompile(`^[0-9A-Za-z]{16}$`).MatchString(nonce) || seen[nonce] {
			t.Errorf("nonce %q, want 16 letters and digits, and never the same", nonce)
		}
		seen[nonce] = true
	}
}

func TestOAuthRefuses(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	broken := stubSigner{func([]byte) ([]byte, error) { return nil, errors.New("the HSM is away") }}
	for _, c := range []struct {
		name   string
		change func(*mdes.OAuthInput)
		code   walletport.Code
		reason string
	}{
		{"no consumer key", func(in *mdes.OAuthInput) { in.Signer.Alias = "" }, walletport.CodeUnavailable, "key_unusable"},
		{"a consumer key that would end its quotes", func(in *mdes.OAuthInput) { in.Signer.Alias = `a",oauth_nonce="b` }, walletport.CodeUnavailable, "key_unusable"},
		{"a consumer key with a line break", func(in *mdes.OAuthInput) { in.Signer.Alias = "a\r\nX-Other: b" }, walletport.CodeUnavailable, "key_unusable"},
		{"a key that is no RSA", func(in *mdes.OAuthInput) { in.Signer.Key = ed }, walletport.CodeUnavailable, "key_unusable"},
		{"a custodian that does not sign", func(in *mdes.OAuthInput) { in.Signer.Key = broken }, walletport.CodeUnavailable, "signing_unavailable"},
		{"no key", func(in *mdes.OAuthInput) { in.Signer.Key = nil }, walletport.CodeInternal, "internal"},
		{"no time", func(in *mdes.OAuthInput) { in.Now = time.Time{} }, walletport.CodeInternal, "internal"},
		{"a relative URL", func(in *mdes.OAuthInput) { in.URL = "/v2/search" }, walletport.CodeInternal, "internal"},
		{"no URL", func(in *mdes.OAuthInput) { in.URL = "http://%zz" }, walletport.CodeInternal, "internal"},
		{"no randomness", func(in *mdes.OAuthInput) { in.Rand = iotest.ErrReader(errors.New("empty")) }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testOAuth(`{}`)
			c.change(&in)
			header, err := mdes.SignOAuth(in)
			mustRefuse(t, err, c.code, c.reason)
			if header != "" {
				t.Error("there is a header all the same")
			}
		})
	}
}
