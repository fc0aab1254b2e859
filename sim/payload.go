package sim

import (
	"encoding/base64"
	"strings"

	"github.com/walletport/walletport"
)

// LooksLikeJWE reports whether text has the shape of a compact JWE: five parts, the
// first of which is base64 of JSON.
func LooksLikeJWE(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 4
}

// PayloadNetwork tells by its shape for which scheme an opaque payload is: Visa takes
// a compact JWE, Mastercard base64 of JSON. What is neither goes to Mastercard, which
// names what is wrong with the base64. inner is the JWE of a text that is base64 of
// one, "" of all others.
func PayloadNetwork(text string) (id walletport.SchemeID, inner string) {
	if LooksLikeJWE(text) {
		return walletport.Visa, ""
	}
	data := DecodeOrNil(base64.StdEncoding, text)
	if data == nil {
		data = DecodeOrNil(base64.RawURLEncoding, strings.TrimRight(text, "="))
	}
	if LooksLikeJWE(string(data)) {
		return walletport.Visa, string(data)
	}
	if strings.HasPrefix(text, "eyJ") && strings.Contains(text, ".") {
		return walletport.Visa, "" // a JWE with parts too many or too few
	}
	return walletport.Mastercard, ""
}
