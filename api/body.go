package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
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

// byteOrderMark may precede a body; a reader may pass over it (RFC 8259 section 8.1).
var byteOrderMark = []byte("\ufeff")

// readBody reads the body of a call, checks it, and leaves it for the generated
// decoder: as it came, but without a byte order mark and members that are null.
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
	content = bytes.TrimPrefix(content, byteOrderMark)
	if len(content) == 0 {
		return shape.readNothing(r)
	}
	if fault := mediaFault(r.Header); fault != "" {
		return errMediaType(fault)
	}
	if content, err = shape.check(content); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	return nil
}

// readNothing takes a call without a body, if the shape does. Its content type is
// of nothing then, and the decoder must not trip over it.
func (s *bodyShape) readNothing(r *http.Request) error {
	if len(s.required) > 0 {
		return invalid("body_missing", "the call takes a JSON object", (&members{shape: s}).missing()...)
	}
	r.Header.Del("Content-Type")
	r.Body, r.ContentLength = http.NoBody, 0
	return nil
}

// mediaFault says why the headers do not announce plain JSON in UTF-8 (RFC 8259
// section 8.1); "" if they do.
func mediaFault(h http.Header) string {
	switch len(h["Content-Type"]) {
	case 0:
		return "there is no Content-Type"
	case 1:
	default:
		return "there are several Content-Type headers"
	}
	kind, parameters, err := mime.ParseMediaType(h["Content-Type"][0])
	switch {
	case err != nil:
		return "the Content-Type is malformed"
	case kind != "application/json":
		return "the Content-Type is another"
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "the Content-Type names another charset"
	}
	for _, coding := range h["Content-Encoding"] {
		if !strings.EqualFold(coding, "identity") {
			return "the body is compressed"
		}
	}
	return ""
}

// check returns content without the members that are null, or CodeInvalid unless it
// is one JSON object with the members of the shape, each at most once and of its kind.
func (s *bodyShape) check(content []byte) ([]byte, error) {
	if fault := textFault(content); fault != "" {
		return nil, invalid("body_malformed", fault)
	}
	d := jx.DecodeBytes(content)
	if d.Next() != jx.Object {
		return nil, invalid("body_malformed", "the body must be a JSON object")
	}
	m := members{shape: s, seen: make(map[string]int, len(s.members))}
	if d.Obj(m.read) != nil {
		return nil, invalid("body_malformed", "the body is not one whole JSON object")
	}
	if !errors.Is(d.Skip(), io.EOF) {
		return nil, invalid("body_malformed", "something follows the JSON object")
	}
	missing := m.missing()
	switch {
	case len(m.wrong) > 0:
		return nil, invalid("body_malformed", "members of the body are not as the call takes them", append(m.wrong, missing...)...)
	case len(missing) > 0:
		return nil, errMissing(missing)
	case m.nulls > 0:
		return s.withoutNulls(content)
	}
	return content, nil
}

// textFault names what is no JSON text at all.
func textFault(content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")), bytes.HasPrefix(content, []byte("{\x00")), bytes.HasPrefix(content, []byte("\x00{")):
		return "the body is UTF-16: send UTF-8"
	case bytes.HasPrefix(content, []byte("\x1f\x8b")):
		return "the body is compressed: send it plain"
	case !utf8.Valid(content):
		return "the body is not UTF-8"
	case len(bytes.TrimSpace(content)) == 0:
		return "the body is empty but for white space"
	}
	return ""
}

// members is what a body has of its shape.
type members struct {
	shape *bodyShape
	seen  map[string]int
	other []string // required members that are there in other letters
	nulls int
	wrong []walletport.Field
}

func (m *members) read(d *jx.Decoder, name string) error {
	kind, known := m.shape.members[name]
	if !known {
		m.noteNearby(name)
		return d.Skip()
	}
	m.seen[name]++
	switch m.seen[name] {
	case 1:
	case 2: // said once, or an answer could be many times as long as its request
		m.wrong = append(m.wrong, walletport.Field{Name: name, Reason: "must be given once"})
		return d.Skip()
	default:
		return d.Skip()
	}
	if d.Next() == jx.Null { // says of a member that it has no value
		m.nulls++
		if slices.Contains(m.shape.required, name) {
			m.wrong = append(m.wrong, walletport.Field{Name: name, Reason: kind.rule() + ", and is null"})
		}
		return d.Skip()
	}
	fits, err := kind.read(d)
	if err == nil && !fits {
		m.wrong = append(m.wrong, walletport.Field{Name: name, Reason: kind.rule()})
	}
	return err
}

// noteNearby looks for a required member that is there in other letters.
func (m *members) noteNearby(name string) {
	for _, required := range m.shape.required {
		if strings.EqualFold(name, required) && !slices.Contains(m.other, required) {
			m.other = append(m.other, required)
		}
	}
}

// missing names the required members that are not there.
func (m *members) missing() []walletport.Field {
	var missing []walletport.Field
	for _, name := range m.shape.required {
		switch {
		case m.seen[name] > 0:
		case slices.Contains(m.other, name):
			missing = append(missing, walletport.Field{Name: name, Reason: "is missing; a member of this name in other letters is there, and names are case-sensitive"})
		default:
			missing = append(missing, walletport.Field{Name: name, Reason: "is missing"})
		}
	}
	return missing
}

// withoutNulls writes the body again without what has no value, for the generated
// decoder knows no null. Members that the shape does not name are left out too.
func (s *bodyShape) withoutNulls(content []byte) ([]byte, error) {
	var e jx.Encoder
	e.ObjStart()
	err := jx.DecodeBytes(content).Obj(func(d *jx.Decoder, name string) error {
		if _, known := s.members[name]; !known || d.Next() == jx.Null {
			return d.Skip()
		}
		value, err := d.Raw()
		if err != nil {
			return err
		}
		e.FieldStart(name)
		e.Raw(value)
		return nil
	})
	e.ObjEnd()
	if err != nil { // check has read it whole
		return nil, invalid("body_malformed", "the body is not one whole JSON object")
	}
	return e.Bytes(), nil
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
