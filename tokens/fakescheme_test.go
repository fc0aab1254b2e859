package tokens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// fakeScheme is a scheme and the line to it. It keeps the truth of its tokens.
type fakeScheme struct {
	lock     sync.Mutex
	tokens   map[string]*fakeToken
	commands []string // that came here, as "suspend REF"
	asked    int
	answers  time.Duration // how long a command takes
	now      func() time.Time

	// trouble is what happens to a call on its way; nil is nothing.
	trouble func(call string) trouble
}

type fakeToken struct {
	Status  walletport.TokenStatus
	Holders []walletport.Holder
	History []scheme.TokenEvent
}

// trouble is what can happen to a call.
type trouble struct {
	before    func() // the scheme is reached
	after     func() // the scheme has done it
	lost      bool   // the request never comes to the scheme, and nobody knows
	noAnswer  bool   // the answer never comes to us
	isRefused error  // the scheme says no
}

func newFakeScheme() *fakeScheme { return &fakeScheme{tokens: map[string]*fakeToken{}, now: time.Now} }

// put makes a token at the scheme.
func (s *fakeScheme) put(reference string, status walletport.TokenStatus, holders ...walletport.Holder) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.tokens[reference] = &fakeToken{Status: status, Holders: holders}
}

// truth is what the scheme knows of a token: its status and who holds it.
func (s *fakeScheme) truth(reference string) string {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, ok := s.tokens[reference]
	if !ok {
		return ""
	}
	return describe(t.Status, t.Holders)
}

func describe(status walletport.TokenStatus, holders []walletport.Holder) string {
	names := slices.Clone(holders)
	slices.Sort(names)
	return strings.TrimSpace(fmt.Sprint(status, " ", names))
}

// sent counts the commands that came for a token.
func (s *fakeScheme) sent(reference string) int {
	s.lock.Lock()
	defer s.lock.Unlock()
	n := 0
	for _, c := range s.commands {
		if strings.HasSuffix(c, " "+reference) {
			n++
		}
	}
	return n
}

func (s *fakeScheme) troubleOf(call string) trouble {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.trouble == nil {
		return trouble{}
	}
	return s.trouble(call)
}

func (s *fakeScheme) setTrouble(f func(call string) trouble) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.trouble = f
}

// Ask implements scheme.Line.
func (s *fakeScheme) Ask(ctx context.Context, q scheme.Question) error {
	how := s.troubleOf(q.Name)
	if how.before != nil {
		how.before()
	}
	if how.lost || how.noAnswer || ctx.Err() != nil {
		return scheme.ErrUnavailable()
	}
	if how.isRefused != nil {
		return how.isRefused
	}
	request, err := q.Request(time.Now(), nil)
	if err != nil {
		return err
	}
	s.lock.Lock()
	s.asked++
	t, ok := s.tokens[string(request.Body)]
	status, body := 200, []byte(nil)
	if ok {
		body, err = json.Marshal(t)
	} else {
		status = 404
	}
	s.lock.Unlock()
	if err != nil {
		return err
	}
	_, err = q.Read(scheme.Answer{Status: status, Body: body})
	return err
}

// Send implements scheme.Line.
func (s *fakeScheme) Send(ctx context.Context, c scheme.Command) scheme.Outcome {
	how := s.troubleOf(c.Name)
	if how.before != nil {
		how.before()
	}
	switch {
	case how.isRefused != nil:
		return scheme.Outcome{Effect: scheme.Refused, Err: how.isRefused}
	case how.lost:
		return scheme.Outcome{Err: scheme.ErrUnavailable()}
	}
	request, err := c.Request(time.Now(), nil)
	if err != nil {
		return scheme.Outcome{Effect: scheme.Refused, Err: err}
	}
	select {
	case <-time.After(s.answers):
	case <-ctx.Done():
	}
	answer := s.change(c.Name, string(request.Body))
	if how.after != nil {
		how.after()
	}
	if how.noAnswer {
		return scheme.Outcome{Err: scheme.ErrUnavailable()}
	}
	return c.Read(answer)
}

// change does a command, if the state of the token allows it.
func (s *fakeScheme) change(call, reference string) scheme.Answer {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.commands = append(s.commands, call+" "+reference)
	t, ok := s.tokens[reference]
	if !ok {
		return scheme.Answer{Status: 404}
	}
	next, err := t.Status.After(walletport.TokenAction(call))
	isHeld := slices.Contains(t.Holders, walletport.HolderIssuer)
	if err != nil || call == "resume" && !isHeld {
		return scheme.Answer{Status: 409}
	}
	switch call {
	case "suspend":
		t.Holders = append(t.Holders, walletport.HolderIssuer)
	case "resume":
		t.Holders = slices.DeleteFunc(t.Holders, func(h walletport.Holder) bool { return h == walletport.HolderIssuer })
		if len(t.Holders) > 0 {
			next = walletport.TokenSuspended
		}
	default:
		t.Holders = nil
	}
	t.Status = next
	id := fmt.Sprintf("C-%d", len(s.commands))
	t.History = append(t.History, scheme.TokenEvent{Status: next, At: s.now(), By: walletport.HolderIssuer, Reference: id})
	return scheme.Answer{Status: 200, Body: []byte(id)}
}

// fakeManager makes the messages to fakeScheme. Its scheme keeps a history.
type fakeManager struct {
	id     walletport.SchemeID
	settle time.Duration
	// byState: the token's state is enough to say that a change was done.
	byState bool
	// stateOnly: nothing else is, for there is no history.
	stateOnly bool
}

func (m fakeManager) Scheme() walletport.SchemeID { return m.id }

func (m fakeManager) CardTokens(scheme.CardTokensInput) (scheme.Query[scheme.TokenPage], error) {
	return scheme.Query[scheme.TokenPage]{}, walletport.Errorf(walletport.CodeUnsupported, "scheme_unsupported", "it has no lists")
}

// requestOf asks about a token.
func requestOf(call, reference string) func(time.Time, io.Reader) (scheme.Request, error) {
	return func(time.Time, io.Reader) (scheme.Request, error) {
		return scheme.Request{Method: "POST", URL: "https://scheme.example/" + call, Body: []byte(reference)}, nil
	}
}

func readToken(a scheme.Answer) (t fakeToken, err error) {
	if a.Status == 404 {
		return t, scheme.ErrTokenNotFound()
	}
	return t, json.Unmarshal(a.Body, &t)
}

func (m fakeManager) Token(in scheme.TokenInput) (scheme.Query[scheme.Token], error) {
	return scheme.Query[scheme.Token]{
		Name: "search", Request: requestOf("search", in.Ref.Reference),
		Read: func(a scheme.Answer) (scheme.Token, error) {
			t, err := readToken(a)
			return scheme.Token{Ref: in.Ref, Status: t.Status, Holders: t.Holders}, err
		},
	}, nil
}

func (m fakeManager) TokenHistory(in scheme.TokenInput) (scheme.Query[[]scheme.TokenEvent], error) {
	return scheme.Query[[]scheme.TokenEvent]{
		Name: "history", Request: requestOf("history", in.Ref.Reference),
		Read: func(a scheme.Answer) ([]scheme.TokenEvent, error) {
			t, err := readToken(a)
			return t.History, err
		},
	}, nil
}

func (m fakeManager) ChangeToken(in scheme.ChangeInput) (scheme.Command, error) {
	return scheme.Command{
		Name: string(in.Action), Request: requestOf(string(in.Action), in.Ref.Reference),
		Read: func(a scheme.Answer) scheme.Outcome {
			switch a.Status {
			case 200:
				return scheme.Outcome{Effect: scheme.Done, Reference: string(a.Body)}
			case 404:
				return scheme.Outcome{Effect: scheme.Refused, Err: scheme.ErrTokenNotFound()}
			}
			return scheme.Outcome{Effect: scheme.Refused, Err: scheme.ErrStatusRefused()}
		},
	}, nil
}

// Judge goes by the history: by an entry since, of no other change.
func (m fakeManager) Judge(e scheme.Evidence) scheme.Judgement {
	if e.Token == nil {
		return scheme.Judgement{Verdict: scheme.WasNotDone}
	}
	if isThere, err := e.Token.Status.After(e.Action); m.byState && !e.HasHistory && (err != nil || isThere == e.Token.Status) {
		return scheme.Judgement{Verdict: scheme.WasDone}
	}
	if !e.HasHistory && !m.stateOnly {
		return scheme.Judgement{Verdict: scheme.AskHistory}
	}
	for _, event := range e.History {
		isEarlier := slices.ContainsFunc(e.Earlier, func(c scheme.EarlierChange) bool {
			return c.Reference == event.Reference || c.Reference == "" && !event.At.After(c.EndedAt)
		})
		if !event.At.Before(e.SentAt.Add(-time.Second)) && !isEarlier {
			return scheme.Judgement{Verdict: scheme.WasDone, Reference: event.Reference}
		}
	}
	if e.Now.Sub(e.SentAt) < m.settle {
		return scheme.Judgement{Verdict: scheme.AskLater}
	}
	return scheme.Judgement{Verdict: scheme.WasNotDone}
}
