package vts_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// textKey is an HMAC under a text.
type textKey string

func (k textKey) Sum(data []byte) []byte {
	h := hmac.New(sha256.New, []byte(k))
	h.Write(data)
	return h.Sum(nil)
}

// The secret and the API key of the published examples.
const (
	payTokenKey    = textKey("example-shared-secret-0123456789abcdefgh")
	payTokenAPIKey = "TESTAPIKEY0000000000000000000000000000000000000001"
)

// X1 to X3 of reference visa.md section 9.
func TestPayTokenMakesTheVectors(t *testing.T) {
	const query = "apiKey=" + payTokenAPIKey
	openssl := oracle.Need(t, "openssl")
	for _, c := range []struct{ name, path, body, want string }{
		{
			"X1", "vtis/v1/tokenRequestors/40010075001/tokens/DNITHE300000000000000001/lifecycle",
			`{"operatorID":"op1","operationType":"SUSPEND","operationReason":"Suspended due to lost device"}`, "b7395008d04a84f0783fa548073884bcc9b293a4b0a313dd6298a3513d101350",
		},
		{"X2", "vdp/helloworld", "", "d749ef6e2cedccfcc8390b77ee567dce570c5d51c0a96cb8009012f0f6722ad5"},
		{"X3", "helloworld", "", "4218f28b2452f6f64c1f26b5602a99f1be984a5c460a944aad2f4a8870b23ad0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := vts.PayToken(payTokenKey, time.Unix(1_700_000_000, 0), c.path, query, []byte(c.body))
			if got != "xv2:1700000000:"+c.want {
				t.Errorf("payToken = %s, want xv2:1700000000:%s", got, c.want)
			}
			printed := string(openssl.Run(t, []byte("1700000000"+c.path+query+c.body), "dgst", "-sha256", "-mac", "HMAC", "-macopt", "key:"+string(payTokenKey)))
			if !strings.Contains(printed, c.want) {
				t.Errorf("OpenSSL says %s", printed)
			}
		})
	}
}

func TestSignHasTheAPIKeyAndThePathAsTheProfileSays(t *testing.T) {
	secret := scheme.SharedSecret{MAC: payTokenKey, KeyID: payTokenAPIKey}
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		rule   vts.PathRule
		signed string
	}{{vts.FullPath, "vdp/helloworld"}, {vts.WithoutContext, "helloworld"}} {
		query, token := vts.PaySignature{ResourcePath: c.rule, APIKeyName: "apiKey"}.Sign(secret, now, "vdp/helloworld", nil)
		if query != "apiKey="+payTokenAPIKey || token != vts.PayToken(payTokenKey, now, c.signed, query, nil) {
			t.Errorf("%s: %s, %s", c.rule, query, token)
		}
	}
}

func TestSecretsThatCannotSign(t *testing.T) {
	for name, secret := range map[string]scheme.SharedSecret{
		"no secret": {KeyID: payTokenAPIKey}, "no API key": {MAC: payTokenKey}, "an API key that changes the query": {MAC: payTokenKey, KeyID: "a&b=c"},
	} {
		if (vts.PaySignature{}).SecretRule(secret) == "" {
			t.Errorf("%s is taken", name)
		}
	}
}
