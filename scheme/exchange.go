package scheme

import (
	"io"
	"mime"
	"strings"
	"time"
)

// Request is one HTTP request to a scheme, ready to be sent: whoever speaks HTTP sends
// these bytes, as they are signed, and adds nothing but what every client adds.
type Request struct {
	Method string
	URL    string // absolute, percent-encoded as it was signed
	Header map[string]string
	Body   []byte // nil is none
}

// Answer is what came back, whatever its status.
type Answer struct {
	Status      int
	ContentType string // as sent; may be empty
	RetryAfter  time.Duration
	Body        []byte
}

// Query is a question to a scheme that changes nothing there: it may be asked again, each
// time with a request of its own, because a request is signed with the time and a nonce.
type Query[T any] struct {
	// Name is the scheme's own word for the call ("search"), for metrics, traces and limits.
	Name string
	// Request makes a request, signed at now. random is crypto/rand.Reader outside of tests.
	Request func(now time.Time, random io.Reader) (Request, error)
	// Read reads an answer. Its errors are those of errors.go: the scheme said no, or gave no
	// answer that can be used.
	Read func(Answer) (T, error)
}

// Command changes something at a scheme: it is sent once and, without an answer, never
// sent again blindly.
type Command struct {
	Name    string // as of Query
	Request func(now time.Time, random io.Reader) (Request, error)
	// Read classifies an answer; there is none that it does not classify.
	Read func(Answer) Outcome
}

// IsJSON reports whether the answer says that it is JSON. An absent type is taken for it:
// not every gateway keeps it.
func (a Answer) IsJSON() bool {
	if a.ContentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(a.ContentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// Effect says what a command did at the scheme.
type Effect int

// The effects. The zero Effect is that nobody knows: so it is with a command that got no
// answer, and with an answer that does not tell.
const (
	Unknown Effect = iota
	Done           // the scheme did it
	Refused        // the scheme did nothing
)

// Outcome is what is known of a command.
type Outcome struct {
	Effect Effect
	// Reference is the scheme's own id of the change ("CommentId" of Mastercard); empty
	// where it gives none.
	Reference string
	// Err says why the scheme refused, or why nobody knows; nil if it was done. Refused
	// with CodeRateLimited or CodeUnavailable may be sent again later, after RetryAfter.
	Err        error
	RetryAfter time.Duration
}
