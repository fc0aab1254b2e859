package tokens_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/tokens"
)

// Published test numbers.
const (
	cardNumber   = "5204247750001471" // of bankCard
	otherNumber  = "5555555555554444" // of rivalCard
	tokenNumber1 = "5413330089604111"
)

const (
	bankCard  walletport.CardID = 1001
	rivalCard walletport.CardID = 2001 // of globex, an issuer that bank-app is not bound to
)

const user walletport.AuditUser = "ada@bank.example"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// bank is a flow over a real database, a vault and an audit trail, beside a scheme that a
// test plays. All clocks are one, which goes on by a millisecond each time it is read.
type bank struct {
	*acttest.House
	*book
	*tokens.Flow
	seen  sightings
	parts tokens.Parts

	lock sync.Mutex
	at   time.Time
}

func openBank(t testing.TB, change ...func(*tokens.Parts)) *bank {
	t.Helper()
	ring := keystest.Ring(t, keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex},
		keys.Meta{Purpose: keys.AuditCheckpoint}, keys.Meta{Purpose: keys.MDESOAuth})
	b := &bank{House: acttest.Open(t, noon, ring), book: &book{page: 20}, at: noon}
	b.Put(t, acttest.NewCard(t, bankCard, cardNumber),
		acttest.NewCard(t, rivalCard, otherNumber, func(c *walletport.Card) { c.Issuer = "globex" }))
	p := b.House.Parts(t)
	b.parts = tokens.Parts{
		Store: clocked{b.DB, b}, Vault: p.Vault, Numbers: b.Cards, Keys: p.Keys, Audit: p.Audit.(tokens.Trail),
		Schemes:    map[walletport.SchemeID]tokens.Scheme{walletport.Mastercard: {Manager: b.book, Line: b.book, Keys: access.Keys{Signing: keys.MDESOAuth}}},
		Requestors: map[string]string{googlePay: "Google Pay"},
		Observer:   &b.seen, Rand: rand.Reader, Clock: b.tick,
	}
	for _, c := range change {
		c(&b.parts)
	}
	flow, err := tokens.New(b.parts)
	must(t, err)
	b.Flow = flow
	return b
}

// clocked is a database on the test's clock.
type clocked struct {
	*sqlite.Store
	bank *bank
}

func (c clocked) Now(context.Context) (time.Time, error) { return c.bank.tick(), nil }

func (b *bank) tick() time.Time {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.at = b.at.Add(time.Millisecond)
	return b.at
}

// later lets time pass.
func (b *bank) later(d time.Duration) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.at = b.at.Add(d)
}

// list is a call of the bank's client.
func (b *bank) list(t testing.TB, card walletport.CardID) (tokens.List, error) {
	t.Helper()
	return b.List(acttest.AsBank(t.Context()), tokens.ListRequest{CardID: card, AuditUser: user, Channel: storage.ChannelAPI})
}

func (b *bank) mustList(t testing.TB) tokens.List {
	t.Helper()
	list, err := b.list(t, bankCard)
	must(t, err)
	return list
}

// row returns what is stored of a token.
func (b *bank) row(t testing.TB, reference string) storage.Token {
	t.Helper()
	row, err := b.DB.TokenByRef(t.Context(), ref(reference))
	must(t, err)
	return row
}

// story lists what is in a token's history, oldest first.
func (b *bank) story(t testing.TB, reference string) []string {
	t.Helper()
	entries, err := b.DB.TokenHistory(t.Context(), b.row(t, reference).ID, 0, 100)
	must(t, err)
	slices.Reverse(entries)
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = fmt.Sprintf("%s %s>%s %s", e.What, e.From, e.To, e.Channel)
	}
	return lines
}

// book is a scheme: what it has of a card, and how it answers. It is its own Line.
type book struct {
	lock     sync.Mutex
	tokens   []scheme.Token // as a list has them
	details  map[string]scheme.Token
	noSuch   []string // references that it does not know alone
	page     int
	err      error
	aloneErr error
	fault    bool // panics
	// aloneFault has it panic at a token that is asked for alone.
	aloneFault bool

	gate  chan struct{} // holds answers back
	sent  chan struct{} // gets one of each question, once it is under way
	asked []string      // names, and references of those that were asked for alone
	// canceled counts the questions that ended while they were held.
	canceled atomic.Int32
	open     bool // a card was open while the scheme was asked
	pan      walletport.PAN
	users    []walletport.AuditUser
}

func (b *book) Scheme() walletport.SchemeID { return walletport.Mastercard }

func (b *book) CardTokens(in scheme.CardTokensInput) (scheme.Query[scheme.TokenPage], error) {
	if in.PAN.IsZero() || in.Access.Signer.Key == nil || in.Rand == nil {
		return scheme.Query[scheme.TokenPage]{}, errors.New("the question has no card, no key or no chance")
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.pan, b.users = in.PAN, append(b.users, in.By)
	return scheme.Query[scheme.TokenPage]{Name: "search", Request: noRequest, Read: func(scheme.Answer) (scheme.TokenPage, error) {
		first := 0
		if in.After != "" {
			var err error
			if first, err = strconv.Atoi(in.After); err != nil {
				return scheme.TokenPage{}, err
			}
		}
		last := min(first+b.page, len(b.tokens))
		page := scheme.TokenPage{Tokens: slices.Clone(b.tokens[first:last])}
		if last < len(b.tokens) || b.page == 0 {
			page.Next = strconv.Itoa(last)
		}
		return page, nil
	}}, nil
}

func noRequest(time.Time, io.Reader) (scheme.Request, error) { return scheme.Request{}, nil }

func (b *book) Token(in scheme.TokenInput) (scheme.Query[scheme.Token], error) {
	return scheme.Query[scheme.Token]{Name: "details", Request: func(time.Time, io.Reader) (scheme.Request, error) {
		return scheme.Request{URL: in.Ref.Reference}, nil
	}, Read: func(scheme.Answer) (scheme.Token, error) {
		if b.aloneFault {
			panic("the details broke the reader")
		}
		if b.aloneErr != nil {
			return scheme.Token{}, b.aloneErr
		}
		if token, ok := b.details[in.Ref.Reference]; ok {
			return token, nil
		}
		for _, token := range b.tokens {
			if token.Ref == in.Ref && !slices.Contains(b.noSuch, in.Ref.Reference) {
				return token, nil
			}
		}
		return scheme.Token{}, scheme.ErrTokenNotFound()
	}}, nil
}

func (b *book) ChangeToken(scheme.ChangeInput) (scheme.Command, error) { return scheme.Command{}, nil }

func (b *book) Judge(scheme.Evidence) scheme.Judgement { return scheme.Judgement{} }

func (b *book) Send(context.Context, scheme.Command) scheme.Outcome { return scheme.Outcome{} }

// Ask answers from the book, when the gate is open.
func (b *book) Ask(ctx context.Context, q scheme.Question) error {
	b.lock.Lock()
	gate, sent := b.gate, b.sent
	request, err := q.Request(time.Time{}, rand.Reader)
	b.asked = append(b.asked, q.Name+request.URL)
	b.open = b.open || !b.pan.IsZero()
	b.lock.Unlock()
	if err != nil {
		return err
	}
	if sent != nil {
		sent <- struct{}{}
	}
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			b.canceled.Add(1)
			return scheme.ErrUnavailable().WithCause(ctx.Err())
		}
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	switch {
	case b.fault:
		panic("the scheme's answer broke the reader")
	case b.err != nil:
		return b.err
	}
	_, err = q.Read(scheme.Answer{Status: 200})
	return err
}

// has sets what the scheme says from now on.
func (b *book) has(all ...scheme.Token) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.tokens = all
}

func (b *book) answers(err error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.err = err
}

// questions returns those since the last look.
func (b *book) questions() []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	asked := b.asked
	b.asked = nil
	return asked
}

func (b *book) hold() (release func()) {
	gate := make(chan struct{})
	b.lock.Lock()
	defer b.lock.Unlock()
	b.gate, b.sent = gate, make(chan struct{}, 1000)
	return sync.OnceFunc(func() { close(gate) })
}

// googlePay is the requestor of tokens that say nothing else.
const googlePay = "50120834693"

func ref(reference string) walletport.TokenRef {
	return walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: googlePay, Reference: reference}
}

func token(reference string, change ...func(*scheme.Token)) scheme.Token {
	t := scheme.Token{
		Ref: ref(reference), PANReference: "PUR-1", Status: walletport.TokenActive, LastFour: "4111", CardLastFour: "1471",
		Expiry: walletport.Expiry{Year: 2030, Month: time.May}, Requestor: "Google", Device: scheme.Device{Name: "Ada's phone", Type: "21"},
		RequestedAt: noon.Add(-time.Hour), StatusSince: noon.Add(-time.Hour),
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

// suspended is by whoever holds it.
func suspended(by ...walletport.Holder) func(*scheme.Token) {
	return func(t *scheme.Token) { t.Status, t.Holders = walletport.TokenSuspended, by }
}

// sightings is an Observer.
type sightings struct {
	tokens.Observer
	lock   sync.Mutex
	listed []string
	silent []string // why
	odd    []string
	failed chan error // gets what AskingFailed is told
}

func (s *sightings) AskingFailed(err error) { s.failed <- err }

func (s *sightings) Listed(_ walletport.SchemeID, source string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.listed = append(s.listed, source)
}

func (s *sightings) Unanswered(id walletport.SchemeID, reason string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.silent = append(s.silent, string(id)+" "+reason)
}

func (s *sightings) Odd(_ walletport.IssuerID, ref walletport.TokenRef, why string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.odd = append(s.odd, ref.Reference+" "+why)
}

// strict is a trail that takes no record.
type strict struct {
	acttest.BrokenAudit
	tokens.Trail
}

func (s strict) Record(ctx context.Context, r walletport.AuditRecord) error {
	return s.BrokenAudit.Record(ctx, r)
}

func (s strict) Submit(r walletport.AuditRecord) (walletport.Receipt, error) {
	return s.BrokenAudit.Submit(r)
}

var _ act.ChangeTrail = strict{}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
