// Package acttest is what tests of acts on cards share: the parts of a call on a real
// database with vault, audit trail and guard of nonces, and doubles of the parts that
// a test wants to see or to break.
package acttest

import (
	"context"
	"crypto/rand"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
	"github.com/walletport/walletport/vault"
)

// House is the rooms that a call asks, on SQLite.
type House struct {
	DB    *sqlite.Store
	Cards *vault.Vault
	Ring  *keystest.Source
	Gate  Gate

	now  time.Time
	seen int64 // audit records that the test has looked at
}

// Open returns a House with an empty database, where it is always the same time.
func Open(t testing.TB, now time.Time, ring *keys.Ring) *House {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: Database(t)})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	h := &House{DB: db, Ring: keystest.NewSource(ring), now: now}
	h.Cards, err = vault.New(vault.Vault{Cards: db, Tokens: db, Customers: db, Requests: db, Imports: db, Keys: h.Ring, Clock: Fixed(now)})
	must(t, err)
	return h
}

// Database returns the path of an empty SQLite database with its tables, which exists until the
// test ends: see storagetest.MigratedFile.
func Database(t testing.TB) string {
	t.Helper()
	return storagetest.MigratedFile(t, func(ctx context.Context, path string) (storagetest.Migrating, error) {
		return sqlite.Open(ctx, sqlite.Config{Path: path})
	})
}

// Parts starts the audit trail and the guard of nonces, which run until the test ends,
// before the database closes, and returns the parts of a flow.
func (h *House) Parts(t testing.TB) act.Parts {
	t.Helper()
	log, err := audit.New(audit.Config{Store: h.DB, Keys: h.Ring, Clock: Fixed(h.now)})
	must(t, err)
	guard := replay.New(h.DB, replay.Config{})
	run(t, log.Run)
	run(t, guard.Run)
	return act.Parts{
		Vault: h.Cards, Keys: h.Ring, Nonces: guard, Audit: log, StepUp: &h.Gate, Rand: rand.Reader, Clock: Fixed(h.now),
	}
}

func run(t testing.TB, work func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
}

// Put seals and stores cards.
func (h *House) Put(t testing.TB, cards ...walletport.Card) {
	t.Helper()
	_, err := h.Cards.Put(t.Context(), cards...)
	must(t, err)
}

// ChangeKeys changes the keys of a purpose, or drops them where change is nil.
func (h *House) ChangeKeys(p keys.Purpose, change func(*keys.Meta)) {
	var kept []*keys.Key
	for _, k := range h.Ring.Current().All() {
		changed := *k
		if k.Purpose == p && change == nil {
			continue
		}
		if k.Purpose == p {
			change(&changed.Meta)
		}
		kept = append(kept, &changed)
	}
	h.Ring.Replace(keys.NewRing(kept))
}

// MustRecord returns the one audit record that came since the last look.
func (h *House) MustRecord(t testing.TB) walletport.AuditRecord {
	t.Helper()
	entries, err := h.DB.AuditAfter(context.WithoutCancel(t.Context()), h.seen, 10)
	must(t, err)
	if len(entries) != 1 {
		t.Fatalf("%d audit records, want 1", len(entries))
	}
	h.seen = entries[0].Seq
	return entries[0].Record
}

// MustSecondRecord returns the second of the two records that came since the last look: that
// of a fault which came when the first was handed in, which says that all is well.
func (h *House) MustSecondRecord(t testing.TB) walletport.AuditRecord {
	t.Helper()
	entries, err := h.DB.AuditAfter(context.WithoutCancel(t.Context()), h.seen, 10)
	must(t, err)
	if len(entries) != 2 {
		t.Fatalf("%d audit records, want 2", len(entries))
	}
	h.seen = entries[1].Seq
	first, second := entries[0].Record, entries[1].Record
	handedIn := second
	handedIn.Outcome = walletport.OutcomeOK
	if !reflect.DeepEqual(first, handedIn) {
		t.Errorf("the first record is %+v, and the second %+v", first, second)
	}
	return second
}

// NewCard returns a good card of acme, but for change.
func NewCard(t testing.TB, id walletport.CardID, digits string, change ...func(*walletport.Card)) walletport.Card {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	must(t, err)
	schemeID, err := pan.Scheme()
	must(t, err)
	card := walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: id, Issuer: "acme", CustomerID: "5001", Scheme: schemeID, Product: "mc-debit", Status: walletport.CardOK,
			Expiry: walletport.Expiry{Year: 2031, Month: time.December}, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN: pan, CardholderName: walletport.NewPrivate("ADA LOVELACE"),
	}
	for _, c := range change {
		c(&card)
	}
	return card
}

// HiddenNumbers are ways to write the card's number that free text is not searched for, since
// the same digits of a stranger would be an identifier.
func HiddenNumbers(digits string) []string {
	return []string{
		"user" + digits, "a" + digits + "f", "0000" + digits + "00", strings.Join(strings.SplitAfter(digits, "7"), " and "),
		digits[:8] + "-" + digits[8:12] + "-" + digits[12:] + "-8000-000000000000",
	}
}

// AsBank is a call of acme's client.
func AsBank(ctx context.Context) context.Context { return AsClientOf(ctx, "acme") }

// AsClientOf is a call of the client bank-app of these issuers, under the id req-7.
func AsClientOf(ctx context.Context, issuers ...walletport.IssuerID) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: "bank-app", Issuers: issuers})
	return walletport.WithRequest(ctx, walletport.Request{ID: "req-7", RemoteAddr: "192.0.2.7"})
}

// Gate is a step-up gate of which a test sets the answer and sees the question.
type Gate struct {
	Proof walletport.StepUp
	Err   error
	Asked []walletport.StepUpSubject

	lock sync.Mutex
}

// CheckStepUp notes the question.
func (g *Gate) CheckStepUp(_ context.Context, s walletport.StepUpSubject) (walletport.StepUp, error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.Asked = append(g.Asked, s)
	return g.Proof, g.Err
}

// Fixed is a clock that stands still.
func Fixed(at time.Time) func() time.Time { return func() time.Time { return at } }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
