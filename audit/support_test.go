package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

func TestMain(m *testing.M) {
	// In FIPS mode the first random bytes gather entropy with goroutines of their
	// own, which a synctest bubble would not let run.
	_, _ = rand.Read(make([]byte, 1))
	if mode := os.Getenv(childMode); mode != "" {
		if err := runChild(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(storagetest.Main(m))
}

// start is a time with a fraction of a millisecond, which the trail drops.
var start = time.Date(2026, 11, 24, 10, 0, 0, 123_456_789, time.UTC)

// record makes the record number i. Every fourth one, from 3, has a StepUp, and every
// fifth one, from 2, has details.
func record(i int) walletport.AuditRecord {
	stepUp := ""
	if i%4 == 3 {
		stepUp = "eba-sca/fido"
	}
	var details walletport.AuditDetails
	if i%5 == 2 {
		details = details.With(walletport.DetailHost, "zürich").With(walletport.DetailChange, "generate")
	}
	return walletport.AuditRecord{
		Time:          start.Add(time.Duration(i) * time.Second),
		RequestID:     fmt.Sprintf("req-%d", i),
		ClientID:      "bank-app",
		AuditUser:     "zoë@example.com",
		Action:        walletport.ActionProvision(walletport.IssuerWallet),
		Issuer:        "acme",
		CardID:        walletport.CardID(1000 + i),
		Wallet:        "acme-wallet",
		Scheme:        walletport.Mastercard,
		Outcome:       walletport.OutcomeOK,
		KeyVersions:   []string{"mdes-encryption-v1", "tav-signing-v3"},
		StepUp:        stepUp,
		RemoteAddress: "192.0.2.7",
		Details:       details,
	}
}

// checkpointRing returns a catalogue with one active audit-checkpoint key.
func checkpointRing(t testing.TB) *keys.Ring {
	t.Helper()
	return keystest.Ring(t, keys.Meta{Purpose: keys.AuditCheckpoint})
}

// publicOf returns the ring's keys as PEM files hold them, without an id.
func publicOf(t testing.TB, ring *keys.Ring) []audit.TrustedKey {
	t.Helper()
	var all []audit.TrustedKey
	for _, k := range ring.All() {
		all = append(all, audit.TrustedKey{Public: k.Public.(ed25519.PublicKey)})
	}
	return all
}

// observed notes what a Log tells.
type observed struct {
	lock    sync.Mutex
	commits []int
	failed  int
	signed  []int64
	unsaved []error
	lost    []int64
	early   []int64
	noted   []int64
	unnoted []error
}

func (o *observed) Committed(records int, _ time.Duration, err error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if err != nil {
		o.failed++
		return
	}
	o.commits = append(o.commits, records)
}

func (o *observed) Checkpointed(seq int64, err error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if err != nil {
		o.unsaved = append(o.unsaved, err)
		return
	}
	o.signed = append(o.signed, seq)
}

func (o *observed) Noted(size int64, err error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if err != nil {
		o.unnoted = append(o.unnoted, err)
		return
	}
	o.noted = append(o.noted, size)
}

// notes returns over how many records notes were made, and why others were not.
func (o *observed) notes() (noted []int64, refused []error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return slices.Clone(o.noted), slices.Clone(o.unnoted)
}

func (o *observed) Lost(seq int64) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.lost = append(o.lost, seq)
}

func (o *observed) EndsEarly(seq int64) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.early = append(o.early, seq)
}

// mustRun starts a Log and returns it and what stops it and waits for its end.
func mustRun(t testing.TB, c audit.Config) (*audit.Log, func()) {
	t.Helper()
	if c.Clock == nil {
		c.Clock = func() time.Time { return start.Add(time.Hour) }
	}
	if c.Keys == nil {
		c.Keys = keystest.NewSource(checkpointRing(t))
	}
	l, err := audit.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return l, stop
}

// logged is a Log over a trail in memory, and what it told.
type logged struct {
	*audit.Log
	m    *memory
	ring *keys.Ring
	seen *observed
	stop func()
}

// mustLog returns a Log that has recorded n records, in a synctest.
func mustLog(t *testing.T, n int) *logged {
	t.Helper()
	l := &logged{m: newMemory(), ring: checkpointRing(t), seen: &observed{}}
	l.Log, l.stop = mustRun(t, audit.Config{Store: l.m, Keys: keystest.NewSource(l.ring), Observer: l.seen})
	mustRecord(t, l.Log, n)
	return l
}

// wantLost checks of which records the Log told that they are lost.
func (l *logged) wantLost(t *testing.T, want ...int64) {
	t.Helper()
	l.seen.lock.Lock()
	defer l.seen.lock.Unlock()
	if !slices.Equal(l.seen.lost, want) {
		t.Errorf("observed losses %v, want %v", l.seen.lost, want)
	}
}

// wantBroken checks that Verify names the break at seq.
func (l *logged) wantBroken(t *testing.T, kind audit.Kind, seq int64) {
	t.Helper()
	_, err := audit.Verify(t.Context(), l.m, audit.TrustedKeys(l.ring))
	wantBreak(t, err, kind, seq)
}

// mustRecordAll records n records from as many callers as given and waits for all.
func mustRecordAll(t testing.TB, l *audit.Log, n, callers int) {
	t.Helper()
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := caller; i < n; i += callers {
				if err := l.Record(t.Context(), record(i)); err != nil {
					t.Errorf("Record %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
}

// mustChain returns a memory with n records and checkpoints at every third one, or
// every hundredth one of many.
func mustChain(t testing.TB, ring *keys.Ring, n int) *memory {
	t.Helper()
	m, every := newMemory(), 3
	if n > 100 {
		every = 100
	}
	for done := 0; done < n; {
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
		step := min(every, n-done)
		for i := range step {
			if err := l.Record(t.Context(), record(done+i)); err != nil {
				t.Fatalf("Record: %v", err)
			}
		}
		stop()
		done += step
	}
	return m
}

func mustVerify(t testing.TB, source audit.TrailSource, ring *keys.Ring) audit.Summary {
	t.Helper()
	summary, err := audit.Verify(t.Context(), source, audit.TrustedKeys(ring))
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return summary
}

func mustExport(t testing.TB, source audit.Source, o audit.ExportOptions) []string {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = start.Add(2 * time.Hour)
	}
	var out bytes.Buffer
	if _, err := audit.Export(t.Context(), source, &out, o); err != nil {
		t.Fatalf("Export: %v", err)
	}
	lines := strings.SplitAfter(out.String(), "\n")
	return lines[:len(lines)-1]
}

// wantBreak checks that err is a Break of the kind at seq; seq 0 is any.
func wantBreak(t testing.TB, err error, kind audit.Kind, seq int64) {
	t.Helper()
	broken, ok := errors.AsType[*audit.Break](err)
	if !ok {
		t.Fatalf("got error %v, want a break of kind %s", err, kind)
	}
	if broken.Kind != kind || seq != 0 && broken.Seq != seq {
		t.Errorf("got %v, want kind %s at record %d", broken, kind, seq)
	}
}

func wantUnavailable(t testing.TB, what string, err error) {
	t.Helper()
	if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "audit_unavailable" {
		t.Errorf("%s: got error %v, want unavailable, audit_unavailable", what, err)
	}
}

var _ storage.Audit = (*memory)(nil)
