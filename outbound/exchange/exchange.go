// Package exchange brings the requests of schemes to them and their answers back: its Line
// is scheme.Line over outbound. It knows the form of requests and answers and no scheme,
// signs nothing and reads no body.
//
// What a scheme is asked may be asked again, each time with a request that is made and
// signed anew. What changes something is sent once, and whether it was carried out is
// unknown without an answer, unless the scheme has surely read nothing of it.
package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/scheme"
)

// Config is what a Line is made of.
type Config struct {
	Client *outbound.Client // of the scheme's interface; required
	Clock  func() time.Time // as of which requests are signed; required
	Rand   io.Reader        // crypto/rand.Reader outside of tests; safe for concurrent use; required
	// RequestIDHeader is the header in which a request's id is sent, "X-Request-Id". Where
	// the scheme's own requests have it, their id is taken. Empty sends none: the id is in
	// spans and in the causes of errors only.
	RequestIDHeader string
	Retries         Retries
}

// Retries say how often a question is asked that gets no answer. A zero is the default
// that its comment names.
type Retries struct {
	Attempts int           `setting:"attempts"` // at a question, the first one among them; 0 is 3, at most 10
	Pause    time.Duration `setting:"pause"`    // before the second attempt, twice as long before each one more, with up to a half taken off at random; 0 is 100ms, 1ms to 5s
}

const (
	defaultAttempts = 3
	defaultPause    = 100 * time.Millisecond
	maxAttempts     = 10
	maxPause        = 5 * time.Second // also where the scheme asks for more
)

// Validate reports everything that is wrong with r, each with the setting's name.
func (r Retries) Validate() error {
	var problems []error
	if r.Attempts < 0 || r.Attempts > maxAttempts {
		problems = append(problems, errors.New("attempts: 1 to 10, or 0, which is 3"))
	}
	if r.Pause != 0 && (r.Pause < time.Millisecond || r.Pause > maxPause) {
		problems = append(problems, errors.New("pause: 1ms to 5s, or 0, which is 100ms"))
	}
	return errors.Join(problems...)
}

// WithDefaults returns r with what is in force for fields that are zero.
func (r Retries) WithDefaults() Retries {
	return Retries{Attempts: cmp.Or(r.Attempts, defaultAttempts), Pause: cmp.Or(r.Pause, defaultPause)}
}

// Line is the way to one interface of a scheme. It is safe for concurrent use.
type Line struct {
	c      Config
	signed signedSeconds
}

var _ scheme.Line = (*Line)(nil)

// New checks the configuration.
func New(c Config) (*Line, error) {
	switch {
	case c.Client == nil || c.Clock == nil || c.Rand == nil:
		return nil, errors.New("exchange: client, clock and rand are required")
	case !walletport.IsAlnum(c.RequestIDHeader, "-"):
		return nil, errors.New("exchange: the header of request ids is letters, digits and '-'")
	}
	if err := c.Retries.Validate(); err != nil {
		return nil, fmt.Errorf("exchange: retries: %w", err)
	}
	c.Retries = c.Retries.WithDefaults()
	return &Line{c: c}, nil
}

// makeRequest is the maker of a scheme.Query's or scheme.Command's requests.
type makeRequest = func(now time.Time, random io.Reader) (scheme.Request, error)

// sending is a request that is made and sent once.
type sending struct {
	name     string
	form     makeRequest
	refusals int  // for the second that the request was signed as of, before
	yields   bool // it is a question, which leaves turns to commands
}

// call makes one request, sends it once and returns the answer. id names the request. The
// error is a walletport.Error; unsent says that the scheme has read nothing of it.
func (l *Line) call(ctx context.Context, s sending) (a scheme.Answer, id string, unsent bool, err error) {
	request, err := l.signed.sign(s.form, l.c.Clock(), l.c.Rand, s.refusals)
	if err != nil {
		return scheme.Answer{}, "", true, errUnmade(err)
	}
	header := make(http.Header, len(request.Header)+1)
	for key, value := range request.Header {
		header.Set(key, value)
	}
	if id, err = l.identify(header); err != nil {
		return scheme.Answer{}, "", true, errUnmade(err)
	}
	got, err := l.c.Client.Do(ctx, outbound.Request{
		Method: request.Method, URL: request.URL, Header: header, Body: request.Body, Call: s.name, ID: id, Once: true, Yields: s.yields,
	})
	if err != nil {
		return scheme.Answer{}, id, outbound.IsUnsent(err), errOf(err)
	}
	return scheme.Answer{
		Status: got.Status, ContentType: got.Header.Get("Content-Type"), RetryAfter: retryAfter(got, l.c.Clock()), Body: got.Body,
	}, id, false, nil
}

// identify returns the id of a request, and puts it into the header that is for it.
func (l *Line) identify(header http.Header) (string, error) {
	if l.c.RequestIDHeader != "" {
		if id := header.Get(l.c.RequestIDHeader); id != "" {
			return id, nil
		}
	}
	id, err := uuid.NewRandomFromReader(l.c.Rand)
	if err != nil {
		return "", fmt.Errorf("draw a request id: %w", err)
	}
	if l.c.RequestIDHeader != "" {
		header.Set(l.c.RequestIDHeader, id.String())
	}
	return id.String(), nil
}

// errUnmade is about a request that could not be made. Errors of the vocabulary, such as
// those about keys, say more than any other would.
func errUnmade(err error) error {
	if _, ok := errors.AsType[*walletport.Error](err); ok {
		return err
	}
	return scheme.ErrUnavailable().WithCause(fmt.Errorf("the request could not be made: %w", err))
}

// errOf says in the words of schemes why outbound has no answer.
func errOf(err error) error {
	switch outcome := outbound.OutcomeOf(err); {
	case outcome == outbound.OutcomeNoTurn:
		return scheme.ErrRateLimited().WithCause(err)
	case outcome == outbound.OutcomeTooBig:
		return scheme.ErrUnreadable().WithCause(err)
	case outbound.IsUnsent(err):
		return scheme.ErrUnavailable().WithCause(err)
	}
	return scheme.ErrNoAnswer().WithCause(err)
}

// named adds to the cause of an error which call and which request it is about.
func named(err error, name, id string) error {
	if err == nil {
		return nil
	}
	about := name
	if id != "" {
		about += ", request " + id
	}
	e, ok := err.(*walletport.Error) //nolint:errorlint // one that is wrapped keeps its wrapping
	switch {
	case !ok:
		return fmt.Errorf("%s: %w", about, err)
	case e.Err == nil:
		return e.WithCause(errors.New(about))
	}
	return e.WithCause(fmt.Errorf("%s: %w", about, e.Err))
}
