package door

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// A decoder that is generated from a specification stops at the first fault, names it
// with the caller's own words, and takes the last of two members of one name. So a body
// is checked here first: everything that is wrong is said at once, and nothing of it
// repeated.

// Body is what the body of a call looks like.
type Body struct {
	MaxBytes int64 // takes the place of Limits.BodyBytes; 0 does not
	// MediaType is "" for application/json: one object with Members, which may be absent
	// if all of them may. A body of another type is required, and nothing of its content
	// is checked.
	MediaType string
	Members   []Member
}

// byteOrderMark may precede a body; a reader may pass over it (RFC 8259 section 8.1).
var byteOrderMark = []byte("\ufeff")

// readBody reads the body of a call, checks it, and leaves it for the handler: as it
// came, but JSON without a byte order mark and members that are null, and with the numbers
// of an IDList as strings.
func (c *Call) readBody() error {
	if c.op.Body == nil {
		return refuseBody(c.r)
	}
	body := *c.op.Body
	if body.MaxBytes > 0 {
		c.limitBody(body.MaxBytes)
	}
	content, err := io.ReadAll(c.r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errBodyTooLarge()
	}
	if err != nil {
		return invalid("body_malformed", "the body ends before its end")
	}
	if body.isJSON() {
		content = bytes.TrimPrefix(content, byteOrderMark)
	}
	if len(content) == 0 {
		return body.readNothing(c.r)
	}
	if fault := body.mediaFault(c.r.Header); fault != "" {
		return errMediaType(fault, body.MediaType)
	}
	if body.isJSON() {
		if content, err = body.check(content); err != nil {
			return err
		}
	}
	c.setBody(content)
	return nil
}

func (c *Call) setBody(content []byte) {
	c.r.Body, c.r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
}

func (b Body) isJSON() bool { return b.MediaType == "" }

// readNothing takes a call without a body, if the call does. Its content type is
// of nothing then, and a decoder must not trip over it.
func (b Body) readNothing(r *http.Request) error {
	if !b.isJSON() {
		return invalid("body_missing", "the call takes a body of "+b.MediaType)
	}
	if missing, _ := newMembers(b.Members, "", nil).missing(); len(missing) > 0 {
		return invalid("body_missing", "the call takes a JSON object", missing...)
	}
	r.Header.Del("Content-Type")
	r.Body, r.ContentLength = http.NoBody, 0
	return nil
}

// mediaFault says why the headers do not announce the body as it must be, plain and, if
// it is JSON, in UTF-8 (RFC 8259 section 8.1); "" if they do.
func (b Body) mediaFault(h http.Header) string {
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
	case kind != cmp.Or(b.MediaType, mediaJSON):
		return "the Content-Type is another"
	}
	if charset, ok := parameters["charset"]; ok && b.isJSON() && !strings.EqualFold(charset, "utf-8") {
		return "the Content-Type names another charset"
	}
	for _, coding := range h["Content-Encoding"] {
		if !strings.EqualFold(coding, "identity") {
			return "the body is compressed"
		}
	}
	return ""
}

// mediaJSON is the media type of answers, and of bodies that name no other.
const mediaJSON = "application/json"

// check returns content as the handler gets it, or CodeInvalid unless it is one JSON object
// with the members of b, each at most once and of its kind.
func (b Body) check(content []byte) ([]byte, error) {
	if fault := textFault(content); fault != "" {
		return nil, invalid("body_malformed", fault)
	}
	d := jx.DecodeBytes(content)
	if d.Next() != jx.Object {
		return nil, invalid("body_malformed", "the body must be a JSON object")
	}
	var found findings
	m := newMembers(b.Members, "", &found)
	if d.Obj(m.read) != nil {
		return nil, ErrBodyMalformed()
	}
	if !errors.Is(d.Skip(), io.EOF) {
		return nil, invalid("body_malformed", "something follows the JSON object")
	}
	missing, first := m.missing()
	switch {
	case len(found.wrong) > 0:
		return nil, invalid("body_malformed", "members of the body are not as the call takes them", append(found.wrong, missing...)...)
	case len(missing) > 0: // all of them, under the code of the first, which is the flow's for an empty one
		return nil, invalid(first.Missing, "the body lacks what the call needs", missing...)
	case found.mustRewrite:
		return rewritten(b.Members, content)
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
	case hasHalfCharacter(content):
		return "the body has an escape that is half of a character"
	case len(bytes.TrimSpace(content)) == 0:
		return "the body is empty but for white space"
	}
	return ""
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
