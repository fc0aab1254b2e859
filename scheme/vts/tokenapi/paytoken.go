package tokenapi

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// payToken is the header x-pay-token: "xv2:", Unix seconds, and the lower-case hex of an
// HMAC-SHA-256 under the shared secret over seconds, resource path, query and body, one
// after the other without separators [XP1, VMCP]. All three are as they are sent; the path
// has no leading slash and the query no question mark.
func payToken(secret scheme.MAC, now time.Time, resourcePath, query string, body []byte) string {
	seconds := strconv.FormatInt(now.Unix(), 10)
	signed := append([]byte(seconds+resourcePath+query), body...)
	return "xv2:" + seconds + ":" + hex.EncodeToString(secret.Sum(signed))
}

// resourcePath is the part of a path that is signed.
func (p Profile) resourcePath(path string) string {
	if p.ResourcePath == WithoutContext {
		_, path, _ = strings.Cut(path, "/")
	}
	return path
}

// request makes the maker of a request's signed form; body is nil of a GET.
func (m *Messages) request(secret scheme.SharedSecret, method, path string, body any) (func(time.Time, io.Reader) (scheme.Request, error), error) {
	switch {
	case secret.MAC == nil:
		return nil, errKey("there is no shared secret")
	case secret.KeyID == "" || !walletport.IsAlnum(secret.KeyID, "-._~"):
		return nil, errKey("the API key is letters, digits and the characters - . _ ~")
	}
	header := map[string]string{"Accept": "application/json"}
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("token API: %w", err)
		}
		header["Content-Type"] = "application/json"
	}
	query := url.Values{m.profile.APIKeyName: {secret.KeyID}}.Encode() // ordered by names, as it is signed
	return func(now time.Time, random io.Reader) (scheme.Request, error) {
		id, err := newRequestID(random)
		if err != nil {
			return scheme.Request{}, err
		}
		signed := map[string]string{
			"x-request-id": id,
			"x-pay-token":  payToken(secret.MAC, now, m.profile.resourcePath(path), query, text),
		}
		for name, value := range header {
			signed[name] = value
		}
		return scheme.Request{Method: method, URL: m.base + "/" + path + "?" + query, Header: signed, Body: text}, nil
	}, nil
}

// newRequestID draws a UUID of version 4 (RFC 9562 section 5.4).
func newRequestID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw a request id: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
