package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/walletport/walletport"
)

// The generated decoder stops at the first fault, names it with the caller's own
// words, and takes the last of two members of one name. So a body is checked here
// first: everything that is wrong is said at once, and nothing of it repeated.

// bodyShape is what a call's body looks like. Members that it does not name are
// passed over, so that a caller may be newer than this server.
type bodyShape struct {
	members  map[string]memberKind
	required []string // none also allows a call without a body
}

// memberKind is the JSON type of a member.
type memberKind int

const (
	text     memberKind = iota // a string
	textList                   // an array of strings
	truth                      // true or false
)

// rule says what a member of the kind must be.
func (k memberKind) rule() string {
	switch k {
	case text:
		return "must be a string"
	case textList:
		return "must be a list of strings"
	case truth:
		return "must be true or false"
	}
	return ""
}

// readBody reads the body of a call, checks it, and leaves it for the generated
// decoder as it came.
func readBody(r *http.Request, shape *bodyShape) error {
	if shape == nil {
		return refuseBody(r)
	}
	content, err := io.ReadAll(r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errBodyTooLarge()
	}
	if err != nil {
		return invalid("body_malformed", "the body ends before its end")
	}
	if len(content) == 0 {
		return shape.readNothing(r)
	}
	if !isJSON(r.Header) {
		return errMediaType()
	}
	if err := shape.check(content); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	return nil
}

// readNothing takes a call without a body, if the shape does. Its content type is
// of nothing then, and the decoder must not trip over it.
func (s *bodyShape) readNothing(r *http.Request) error {
	if len(s.required) > 0 {
		return invalid("body_missing", "the call takes a JSON object", s.missing(nil)...)
	}
	r.Header.Del("Content-Type")
	r.Body, r.ContentLength = http.NoBody, 0
	return nil
}

// isJSON reports whether the headers announce plain JSON in UTF-8 (RFC 8259
// section 8.1).
func isJSON(h http.Header) bool {
	if len(h["Content-Type"]) != 1 {
		return false
	}
	kind, parameters, err := mime.ParseMediaType(h["Content-Type"][0])
	if err != nil || kind != "application/json" {
		return false
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	for _, coding := range h["Content-Encoding"] {
		if !strings.EqualFold(coding, "identity") {
			return false
		}
	}
	return true
}

// check returns CodeInvalid unless content is one JSON object with the members of
// the shape, each at most once and of its kind.
func (s *bodyShape) check(content []byte) error {
	if !utf8.Valid(content) {
		return invalid("body_malformed", "the body is not UTF-8")
	}
	d := jx.DecodeBytes(content)
	if d.Next() != jx.Object {
		return invalid("body_malformed", "the body must be a JSON object")
	}
	seen := make(map[string]int, len(s.members))
	var wrong []walletport.Field
	err := d.Obj(func(d *jx.Decoder, name string) error {
		kind, known := s.members[name]
		if !known {
			return d.Skip()
		}
		seen[name]++
		switch seen[name] {
		case 1:
		case 2: // said once, or an answer could be many times as long as its request
			wrong = append(wrong, walletport.Field{Name: name, Reason: "must be given once"})
			return d.Skip()
		default:
			return d.Skip()
		}
		fits, err := kind.read(d)
		if err == nil && !fits {
			wrong = append(wrong, walletport.Field{Name: name, Reason: kind.rule()})
		}
		return err
	})
	if err != nil || !errors.Is(d.Skip(), io.EOF) {
		return invalid("body_malformed", "the body is not one whole JSON object")
	}
	missing := s.missing(seen)
	switch {
	case len(wrong) > 0:
		return invalid("body_malformed", "members of the body are not as the call takes them", append(wrong, missing...)...)
	case len(missing) > 0:
		return errMissing(missing)
	}
	return nil
}

func (s *bodyShape) missing(seen map[string]int) []walletport.Field {
	var missing []walletport.Field
	for _, name := range s.required {
		if seen[name] == 0 {
			missing = append(missing, walletport.Field{Name: name, Reason: "is missing"})
		}
	}
	return missing
}

// errMissing names required members that are missing: all of them, under the
// reason of the first, which is the encoder's for an empty one.
func errMissing(missing []walletport.Field) *walletport.Error {
	const message = "the body lacks what the call needs"
	switch missing[0].Name {
	case "certificates":
		return invalid("apple_certificates_missing", message, missing...)
	case "nonce":
		return invalid("apple_nonce_missing", message, missing...)
	case "nonceSignature":
		return invalid("apple_nonce_signature_missing", message, missing...)
	}
	return invalid("body_malformed", message, missing...)
}

// read reads the next value and reports whether it is of the kind.
func (k memberKind) read(d *jx.Decoder) (fits bool, err error) {
	next := d.Next()
	switch k {
	case text:
		return next == jx.String, d.Skip()
	case truth:
		return next == jx.Bool, d.Skip()
	case textList:
		if next != jx.Array {
			return false, d.Skip()
		}
		fits = true
		err = d.Arr(func(d *jx.Decoder) error {
			fits = d.Next() == jx.String && fits
			return d.Skip()
		})
		return fits, err
	}
	return false, d.Skip()
}

// refuseBody refuses a body where the call takes none: whoever sends one expects
// it to matter. Its content is not kept.
func refuseBody(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	n, err := io.Copy(io.Discard, r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errBodyTooLarge()
	}
	if err != nil || n > 0 {
		return invalid("body_unexpected", "the call takes no body")
	}
	return nil
}
