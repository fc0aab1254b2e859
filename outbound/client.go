package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxRedirects is how many redirects of one call are followed.
const maxRedirects = 5

// Client calls one target. It is safe for concurrent use.
type Client struct {
	target    Target
	at        *url.URL
	here      http.RoundTripper // to the target
	elsewhere http.RoundTripper // to where its redirects lead
	guard     *guard            // of both; nil with a transport that was handed in
	clock     func() time.Time
	observer  Observer
	breaker   *breaker
	turns     *turns
}

// Request is one call.
type Request struct {
	Method string
	URL    string      // at the target's scheme, host and port
	Header http.Header // nil is none; Do does not change it
	Body   []byte      // nil is none
	// Call and ID are for metrics and spans and are not sent: the target's own word for
	// what is asked, one of a few, and what names this request alone. Both may be empty.
	Call, ID string
	// Once has a read sent once, as a write is: its redirects are the caller's, and when a
	// kept connection breaks it is not repeated. It is for what is signed for one use.
	Once bool
	// Yields has a call leave turns to those that do not yield, which so get theirs also
	// while too many come of those that do: an eighth of the places is kept for them, and
	// they wait twice as long.
	Yields bool
}

// mayRepeat reports whether redirects are followed, which make another request, and
// whether net/http may send it again over another connection.
func (r Request) mayRepeat() bool {
	return !r.Once && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// Answer is what the target answered, whatever its status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // decompressed
}

// Do makes a call and returns the answer. An answer of any status is none of its
// errors; those that it has mean that there is no answer, and their text is for
// operators: it has addresses and host names, but no URL and nothing of the request.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	began := c.clock()
	ctx, ended := c.observer.CallBegan(ctx, c.target.Name, r.Method, r.Call, r.ID)
	answer, err := c.admitted(ctx, r)
	took := c.clock().Sub(began)
	if err != nil {
		ended(outcomeOfError(err), 0, took)
		return nil, err
	}
	ended(outcomeOfStatus(answer.Status), answer.Status, took)
	return answer, nil
}

// admitted asks the breaker first, waits for the call's turn, and tells the breaker what
// came of it. The breaker is asked again after the wait, in which others may have failed;
// before it only looks, so that the one call of a pause is none that gets no turn.
func (c *Client) admitted(ctx context.Context, r Request) (*Answer, error) {
	at, err := url.Parse(r.URL)
	if err != nil || !isSamePlace(at, c.at) {
		return nil, &fault{outcome: OutcomeMisuse, unsent: true, err: fmt.Errorf("the URL is not at the place of target %s", c.target.Name)}
	}
	if err := c.breaker.look(c.clock()); err != nil {
		return nil, err
	}
	done, err := c.turns.take(ctx, r.Yields)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := c.breaker.admit(c.clock()); err != nil {
		return nil, err
	}
	isHurried := c.isHurried(ctx)
	bounded, cancel := context.WithTimeout(ctx, c.target.Limits.Whole)
	defer cancel()
	answer, err := c.follow(bounded, r, at)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled): // says nothing of the target
	case err != nil && isHurried && isOver(ctx): // nor does this
	case err != nil:
		c.breaker.failed(c.clock(), err)
	case answer.Status >= http.StatusInternalServerError:
		c.breaker.failed(c.clock(), fmt.Errorf("status %d", answer.Status))
	default:
		c.breaker.answered()
	}
	return answer, err
}

// isHurried reports whether the caller's deadline leaves a target less time than a tenth of
// what it may take for its headers, and less than half a second. That such a call has no
// answer in time is the caller's doing: after a slow database many have such a deadline, and
// they would close the target for everybody. A longer deadline than that counts although the
// target's own limits are longer still: else one that hangs would not be left alone where no
// caller waits as long as these.
func (c *Client) isHurried(ctx context.Context) bool {
	until, ok := ctx.Deadline()
	return ok && time.Until(until) < min(time.Second/2, c.target.Limits.Headers/10)
}

// isOver reports whether the deadline of ctx has passed. A dialer may notice that before
// ctx does.
func isOver(ctx context.Context) bool {
	until, ok := ctx.Deadline()
	return ok && time.Until(until) <= 0
}

// follow sends a request, and again to where redirects lead.
func (c *Client) follow(ctx context.Context, r Request, at *url.URL) (*Answer, error) {
	var way transit
	ctx = way.watch(ctx)
	for redirects := 0; ; redirects++ {
		answer, err := c.send(ctx, r, at)
		if err != nil {
			return nil, faultOf(err, c.guard != nil && way.isUnread(err))
		}
		next, err := c.redirected(r, at, answer)
		switch {
		case err != nil:
			return nil, &fault{outcome: OutcomeRedirect, err: err}
		case next == nil:
			return answer, nil
		case redirects == maxRedirects:
			return nil, &fault{outcome: OutcomeRedirect, err: errors.New("too many redirects")}
		}
		at = next
	}
}

// redirected returns where a redirect leads, or nil when the answer is none that is
// followed.
func (c *Client) redirected(r Request, from *url.URL, answer *Answer) (*url.URL, error) {
	location := answer.Header.Get("Location")
	switch answer.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil //nolint:nilnil // no redirect
	}
	if location == "" || !r.mayRepeat() {
		return nil, nil //nolint:nilnil // the answer is for the caller
	}
	to, err := from.Parse(location)
	switch {
	case err != nil:
		return nil, errors.New("a redirect leads to a malformed URL") // the library's words repeat it
	case isSamePlace(to, c.at):
		return to, nil
	case to.Scheme != "https" && (!isPlainLoopback(c.at) || !isPlainLoopback(to)):
		return nil, errors.New("a redirect leads to another place than https")
	case !c.target.FollowElsewhere:
		return nil, errors.New("a redirect leads to another place than the target")
	}
	return to, nil
}

// send makes one request. The headers of the call are for the target alone.
func (c *Client) send(ctx context.Context, r Request, at *url.URL) (*Answer, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, at.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, errors.New("the method is malformed")
	}
	to := c.here
	request.Header = make(http.Header)
	if isSamePlace(at, c.at) {
		maps.Copy(request.Header, r.Header)
	} else {
		to = c.elsewhere
		request.Header["Accept"] = r.Header.Values("Accept")
	}
	if user := at.User; user != nil && request.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	if !r.mayRepeat() {
		sendOnce(request)
	}
	answer, err := to.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := readBounded(answer.Body, c.target.Limits.AnswerBytes)
	return &Answer{Status: answer.StatusCode, Header: answer.Header, Body: body}, err
}

// sendOnce keeps net/http from sending a request again when a connection that was kept
// breaks before the answer. It would if it could read the body again, or if there is none
// and one of its names of an idempotency key is there: in other letters, which mean the
// same, it does not know them. A read without a body it would send again whatever the
// headers, but not one with a body that is empty.
func sendOnce(request *http.Request) {
	request.GetBody = nil
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		request.Body = io.NopCloser(request.Body)
	}
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := request.Header[name]; ok {
			delete(request.Header, name)
			request.Header[strings.ToLower(name)] = values
		}
	}
}

// readBounded reads what is decompressed already, so that an answer that grows when it
// is unpacked meets the same bound.
func readBounded(in io.Reader, bound int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, bound+1))
	if err == nil && int64(len(text)) > bound {
		err = &fault{outcome: OutcomeTooBig, err: fmt.Errorf("the answer has more than %d bytes", bound)}
	}
	return text, err
}
