package tokenapi

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// request makes the maker of a request's signed form; body is nil of a GET.
func (m *Messages) request(secret scheme.SharedSecret, method, path string, body any) (func(time.Time, io.Reader) (scheme.Request, error), error) {
	signature := m.profile.signature()
	if rule := signature.SecretRule(secret); rule != "" {
		return nil, errKey(rule)
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
	return func(now time.Time, random io.Reader) (scheme.Request, error) {
		id, err := newRequestID(random)
		if err != nil {
			return scheme.Request{}, err
		}
		query, token := signature.Sign(secret, now, path, text)
		signed := map[string]string{"x-request-id": id, vts.PayTokenHeader: token}
		for name, value := range header {
			signed[name] = value
		}
		return scheme.Request{Method: method, URL: m.base + "/" + path + "?" + query, Header: signed, Body: text}, nil
	}, nil
}

func (p Profile) signature() vts.PaySignature {
	return vts.PaySignature{ResourcePath: p.ResourcePath, APIKeyName: p.APIKeyName}
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
