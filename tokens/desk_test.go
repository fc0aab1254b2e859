package tokens_test

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
	"github.com/walletport/walletport/tokens"
	"github.com/walletport/walletport/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

const (
	deskCard walletport.CardID = 4711
	deskPAN                    = "5555555555554444"
	// hangs is when a test gives up on what never comes.
	hangs = time.Minute
)

// desk is a replica: the flow on a real database with vault and audit trail. Only the
// scheme is a fake.
type desk struct {
	*tokens.Flow
	store  storage.Store
	trail  *stoppableTrail
	clock  *deskClock
	scheme *fakeScheme
	seen   *outcomes
}

// deskClock is a database whose clock a test sets ahead.
type deskClock struct {
	storage.Store
	ahead atomic.Int64
	reads atomic.Int64
	read  func(n int64) // before a row is read for the nth time; nil is nothing
}

func (c *deskClock) Token(ctx context.Context, id walletport.TokenID) (storage.Token, error) {
	if n := c.reads.Add(1); c.read != nil {
		c.read(n)
	}
	return c.Store.Token(ctx, id)
}

func (c *deskClock) Now(ctx context.Context) (time.Time, error) {
	now, err := c.Store.Now(ctx)
	return now.Add(time.Duration(c.ahead.Load())), err
}

// stoppableTrail is the trail, which a test can stop before and after a commit: as when the
// process is killed there, or the database goes away.
type stoppableTrail struct {
	*audit.Log
	before, after func(commit int) error
	commits       int
	lock          sync.Mutex
}

func (s *stoppableTrail) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	s.lock.Lock()
	s.commits++
	n, before, after := s.commits, s.before, s.after
	s.lock.Unlock()
	if before != nil {
		if err := before(n); err != nil {
			return err
		}
	}
	err := s.Log.RecordChange(ctx, change)
	if err == nil && after != nil {
		return after(n)
	}
	return err
}

// outcomes is an Observer that keeps what became of changes.
type outcomes struct {
	lock    sync.Mutex
	changed []string
	then    func() // after an outcome; nil is nothing
}

func (o *outcomes) Listed(walletport.SchemeID, string)     {}
func (o *outcomes) Unanswered(walletport.SchemeID, string) {}
func (o *outcomes) Changed(_ walletport.SchemeID, action walletport.TokenAction, outcome string) {
	o.lock.Lock()
	o.changed = append(o.changed, string(action)+" "+outcome)
	then := o.then
	o.lock.Unlock()
	if then != nil {
		then()
	}
}
func (o *outcomes) Odd(walletport.IssuerID, walletport.TokenRef, string) {}
func (o *outcomes) SweepFailed(error)                                    {}
func (o *outcomes) AskingFailed(error)                                   {}

func (o *outcomes) all() []string {
	o.lock.Lock()
	defer o.lock.Unlock()
	return slices.Clone(o.changed)
}

// onEach runs a story on both engines, side by side: stories wait more than they work.
func onEach(t *testing.T, story func(t *testing.T, database string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		story(t, acttest.Database(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		story(t, storagetest.MigratedPostgres(t, openDatabase))
	})
}

func openStore(t testing.TB, database string) storage.Store {
	t.Helper()
	store, err := openDatabase(t.Context(), database)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store
}

// openDatabase opens a PostgreSQL URL or a SQLite path.
func openDatabase(ctx context.Context, database string) (storagetest.Migrating, error) {
	if strings.HasPrefix(database, "postgres:") {
		return postgres.Open(ctx, postgres.Config{URL: database})
	}
	return sqlite.Open(ctx, sqlite.Config{Path: database})
}

// newDesk opens a replica on a database. Several share it, and the scheme.
func newDesk(t testing.TB, database string, s *fakeScheme, change ...func(*tokens.Parts)) *desk {
	t.Helper()
	d := &desk{store: openStore(t, database), scheme: s, seen: &outcomes{}}
	d.clock = &deskClock{Store: d.store}
	ring := keystest.NewSource(deskRing(t))
	cards, err := vault.New(vault.Vault{Cards: d.store, Tokens: d.store, Customers: d.store, Requests: d.store, Imports: d.store, Keys: ring, Clock: time.Now})
	must(t, err)
	if _, err := d.store.Card(t.Context(), deskCard); walletport.CodeOf(err) == walletport.CodeNotFound {
		_, err = cards.Put(t.Context(), acttest.NewCard(t, deskCard, deskPAN))
		must(t, err)
	}
	log, err := audit.New(audit.Config{Store: d.store, Keys: ring, Clock: time.Now})
	must(t, err)
	runUntilEnd(t, log.Run)
	d.trail = &stoppableTrail{Log: log}
	parts := tokens.Parts{
		Store: d.clock, Vault: cards, Numbers: cards, Keys: ring, Audit: d.trail, Observer: d.seen, Rand: rand.Reader, Clock: time.Now,
		Schemes: map[walletport.SchemeID]tokens.Scheme{walletport.Mastercard: {
			Manager: fakeManager{id: walletport.Mastercard}, Line: s, Keys: access.Keys{Signing: keys.MDESOAuth},
		}},
		Requestors: map[string]string{"50110030273": "Apple Pay"},
		Settings:   tokens.Settings{ChangeTimeout: 2 * time.Second},
	}
	for _, c := range change {
		c(&parts)
	}
	d.Flow, err = tokens.New(parts)
	must(t, err)
	return d
}

// deskRing is made once: its keys are the same for all replicas.
var deskRing = func() func(testing.TB) *keys.Ring {
	var once sync.Once
	var ring *keys.Ring
	return func(t testing.TB) *keys.Ring {
		once.Do(func() {
			ring = keystest.Ring(t, keys.Meta{Purpose: keys.MDESOAuth}, keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex},
				keys.Meta{Purpose: keys.AuditCheckpoint})
		})
		return ring
	}
}()

// runUntilEnd runs work until the test ends.
func runUntilEnd(t testing.TB, work func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
}

// add puts a token at the scheme, and in the store as the scheme showed it that long ago.
func (d *desk) add(t testing.TB, reference string, age time.Duration, status walletport.TokenStatus, holders ...walletport.Holder) walletport.TokenID {
	t.Helper()
	d.scheme.put(reference, status, holders...)
	return d.know(t, reference, age, status, holders...)
}

// know puts a token in the store only.
func (d *desk) know(t testing.TB, reference string, age time.Duration, status walletport.TokenStatus, holders ...walletport.Holder) (id walletport.TokenID) {
	t.Helper()
	now, err := d.clock.Now(t.Context())
	must(t, err)
	must(t, d.store.Update(t.Context(), func(tx storage.Tx) error {
		puts, err := tx.PutTokens([]storage.SeenToken{{Token: storage.Token{
			Ref:    walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: reference},
			Issuer: "acme", CardID: deskCard, Status: status, Holders: holders, Source: "search", AsOf: now.Add(-age),
			Wallet: "Apple Pay", Number: storage.TokenNumber{LastFour: "1471"},
		}}})
		if err == nil {
			id = puts[0].ID
		}
		return err
	}))
	return id
}

// ask is a request of a bank's client.
func ask(id walletport.TokenID, action walletport.TokenAction) tokens.ChangeRequest {
	return tokens.ChangeRequest{TokenID: id, Action: action, AuditUser: "ada@bank.example", Channel: storage.ChannelAPI}
}

func (d *desk) row(t testing.TB, id walletport.TokenID) storage.Token {
	t.Helper()
	row, err := d.store.Token(t.Context(), id)
	must(t, err)
	return row
}

// records lists the audit records about a token, as "tokens.suspend ok".
func (d *desk) records(t testing.TB, id walletport.TokenID) (all []walletport.AuditRecord) {
	t.Helper()
	entries, err := d.store.AuditAfter(t.Context(), 0, 1000)
	must(t, err)
	for _, e := range entries {
		if e.Record.Details.Get(walletport.DetailTokenID) == id.String() {
			all = append(all, e.Record)
		}
	}
	return all
}

func outcomesOf(records []walletport.AuditRecord) (all []string) {
	for _, r := range records {
		text := strings.TrimPrefix(string(r.Action), "tokens.") + " " + r.Outcome
		if by := r.Details.Get(walletport.DetailFoundBy); by != "" {
			text += " by " + by
		}
		all = append(all, text)
	}
	return all
}

// history lists what happened to a token, the oldest first, as "asked ACTIVE>SUSPENDED".
func (d *desk) history(t testing.TB, id walletport.TokenID) (all []string) {
	t.Helper()
	entries, err := d.store.TokenHistory(t.Context(), id, 0, 1000)
	must(t, err)
	slices.Reverse(entries)
	for _, e := range entries {
		all = append(all, strings.TrimSuffix(string(e.What)+" "+e.From+">"+e.To, " >"))
	}
	return all
}

// work runs the jobs until the test ends, and tells when attempts end.
func (d *desk) work(t testing.TB) *attempts {
	t.Helper()
	seen := &attempts{ends: make(chan attempt, 1000)}
	worker, err := jobs.NewWorker(jobs.Config{Queue: d.store, Works: d.Works(), Clock: time.Now, Observer: seen})
	must(t, err)
	runUntilEnd(t, worker.Run)
	return seen
}

type attempt struct {
	outcome jobs.Outcome
	err     error
}

type attempts struct{ ends chan attempt }

func (a *attempts) Began(jobs.Kind, int, time.Duration) {}
func (a *attempts) Ended(_ jobs.Job, o jobs.Outcome, _ time.Duration, err error) {
	a.ends <- attempt{o, err}
}
func (a *attempts) Depth(jobs.Kind, jobs.Depth) {}
func (a *attempts) Failed(error)                {}

func (a *attempts) next(t testing.TB) attempt {
	t.Helper()
	select {
	case e := <-a.ends:
		return e
	case <-time.After(hangs):
		t.Fatal("no job ends")
		return attempt{}
	}
}

// mustAgree fails unless nothing is open or left to do, and the row is as the scheme has the token.
func (d *desk) mustAgree(t testing.TB, id walletport.TokenID) {
	t.Helper()
	row := d.row(t, id)
	if row.Change.State.IsOpen() {
		t.Errorf("the change is %s", row.Change.State)
	}
	if got, want := describe(row.Status, row.Holders), d.scheme.truth(row.Ref.Reference); got != want {
		t.Errorf("the row is %s, the scheme has %s", got, want)
	}
	depth, err := d.store.JobDepth(t.Context(), tokens.ResolveKind)
	must(t, err)
	if depth.Waiting+depth.Parked != 0 {
		t.Errorf("jobs are left: %+v", depth)
	}
}

func mustReason(t testing.TB, err error, reason string) {
	t.Helper()
	if walletport.ReasonOf(err) != reason {
		t.Fatalf("the error is %v, want %q", err, reason)
	}
}

var _ act.ChangeTrail = (*stoppableTrail)(nil)
