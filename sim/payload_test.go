package sim_test

import (
	"encoding/base64"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

func TestPayloadNetwork(t *testing.T) {
	const jwe = "eyJhbGciOiJBMjU2R0NNS1cifQ.a.b.c.d"
	for _, c := range []struct {
		name, text, inner string
		want              walletport.SchemeID
	}{
		{"a JWE", jwe, "", walletport.Visa},
		{"a JWE with a part lost", "eyJhbGciOiJBMjU2R0NNS1cifQ.a.b.c", "", walletport.Visa},
		{"base64 of a JWE", base64.StdEncoding.EncodeToString([]byte(jwe)), jwe, walletport.Visa},
		{"base64url of a JWE", base64.RawURLEncoding.EncodeToString([]byte(jwe)), jwe, walletport.Visa},
		{"base64 of JSON", "eyJjYXJkSW5mbyI6e319", "", walletport.Mastercard},
		{"nonsense", "§", "", walletport.Mastercard},
		{"nothing", "", "", walletport.Mastercard},
	} {
		if got, inner := sim.PayloadNetwork(c.text); got != c.want || inner != c.inner {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, got, inner, c.want, c.inner)
		}
	}
}
