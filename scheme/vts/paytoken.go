package vts

import (
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// PathRule says which part of a path x-pay-token signs.
type PathRule string

// The rules. Neither has the leading slash.
const (
	FullPath       PathRule = "full"            // vtis/v1/pan/retrieveTokenInfo
	WithoutContext PathRule = "without_context" // v1/pan/retrieveTokenInfo
)

// PayTokenHeader is the header that signs a request to one of Visa's APIs.
const PayTokenHeader = "x-pay-token"

// The codes by which Visa refuses a signature, with HTTP 401 [XPT].
const (
	PayTokenSpent    = "9121" // it expired, or was used before
	PayTokenMismatch = "9159" // its digest does not match
	PayTokenUnknown  = "9201" // the API key is of another environment
)

// PaySignature is how one of Visa's APIs wants its requests signed: their choice differs.
type PaySignature struct {
	ResourcePath PathRule
	APIKeyName   string // the query parameter of the API key; its case counts
}

// SecretRule returns why a secret cannot sign, for a message; "" if it can.
func (PaySignature) SecretRule(secret scheme.SharedSecret) string {
	switch {
	case secret.MAC == nil:
		return "there is no shared secret"
	case secret.KeyID == "" || !walletport.IsAlnum(secret.KeyID, "-._~"):
		return "the API key is letters, digits and the characters - . _ ~"
	}
	return ""
}

// Sign returns the query string of a request, which has the API key, and its x-pay-token.
// path has no leading slash; path and body are as they are sent.
func (s PaySignature) Sign(secret scheme.SharedSecret, now time.Time, path string, body []byte) (query, token string) {
	query = url.Values{s.APIKeyName: {secret.KeyID}}.Encode()
	if s.ResourcePath == WithoutContext {
		_, path, _ = strings.Cut(path, "/")
	}
	return query, payToken(secret.MAC, now, path, query, body)
}

// payToken is "xv2:", Unix seconds, and the lower-case hex of an HMAC-SHA-256 under the
// shared secret over seconds, resource path, query and body, one after the other without
// separators [XP1, VMCP]. All three are as they are sent; the path has no leading slash and
// the query no question mark.
func payToken(secret scheme.MAC, now time.Time, resourcePath, query string, body []byte) string {
	seconds := strconv.FormatInt(now.Unix(), 10)
	signed := append([]byte(seconds+resourcePath+query), body...)
	return "xv2:" + seconds + ":" + hex.EncodeToString(secret.Sum(signed))
}
