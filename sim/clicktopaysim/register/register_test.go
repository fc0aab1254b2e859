package register_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

var testNow = time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)

const delay = time.Minute

// world is a register with a clock that a test sets.
type world struct {
	*register.Register
	dir   string
	now   time.Time
	cards []register.Card
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), now: testNow}
	w.open(t)
	for _, number := range []string{"4111111145551142", "4111111111111111"} {
		card, err := w.Describe(sim.NewCardNumber(number))
		if err != nil {
			t.Fatal(err)
		}
		card.Status = register.StatusActive
		w.cards = append(w.cards, card)
	}
	return w
}

func (w *world) open(t *testing.T) {
	t.Helper()
	r, err := register.Open(register.Config{
		Dir: w.dir, Rand: rand.Reader, Now: func() time.Time { return w.now }, Delay: func(register.Call) time.Duration { return delay },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // tests that reopen close it themselves
	w.Register = r
}

func (w *world) reopen(t *testing.T) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(t)
}

func name(id string) register.Name {
	return register.Name{ExternalConsumerID: id, OwnerBID: "123456"}
}

func person(first string) *register.Person {
	return &register.Person{FirstName: first, LastName: "Müllerine", Emails: []string{"canary@example.com"}, CountryCode: "USA", Status: register.StatusActive}
}

func (w *world) accept(t *testing.T, id string, call register.Call, change register.Change) string {
	t.Helper()
	trace, broken, err := w.Accept(name(id), call, change)
	if err != nil || len(broken) > 0 {
		t.Fatalf("%s: %v %v", call, broken, err)
	}
	return trace
}

func (w *world) truths(t *testing.T) []register.Truth {
	t.Helper()
	all, err := w.Truths()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Met = 0 // is of one process
	}
	return all
}

func TestARequestEndsByTheClock(t *testing.T) {
	w := newWorld(t)
	trace := w.accept(t, "c-1", register.Enrol, register.Change{Person: person("Ada"), Cards: w.cards[:1]})
	w.now = testNow.Add(delay - 1)
	o, err := w.Outcome(trace)
	if err != nil || o.HasEnd || o.Name != name("c-1") || o.Call != register.Enrol {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := w.Read(name("c-1")); walletport.ReasonOf(err) != register.ReasonBusy || walletport.CodeOf(err) != walletport.CodeConflict {
		t.Errorf("read: %v", err)
	}
	w.reopen(t)
	w.now = testNow.Add(delay)
	o, err = w.Outcome(trace)
	if diff := cmp.Diff([]register.Detail{{IsDone: true}}, o.Details); err != nil || !o.HasEnd || diff != "" {
		t.Errorf("%+v, %v %s", o, err, diff)
	}
	c, err := w.Read(name("c-1"))
	if diff := cmp.Diff(person("Ada"), c.Person); err != nil || diff != "" || len(c.Cards) != 1 || !cmp.Equal(c.Cards[0], w.cards[0]) {
		t.Errorf("%+v, %v %s", c, err, diff)
	}
	if err := w.Act(name("c-1"), register.AnotherWriter, register.Lock, ""); err != nil {
		t.Error(err)
	}
	w.reopen(t)
	for _, none := range []string{"other", ""} {
		if _, err := w.Outcome(none); walletport.CodeOf(err) != walletport.CodeNotFound {
			t.Errorf("no request %q: %v", none, err)
		}
	}
	if c, err := w.Read(name("c-2")); err != nil || c.Person != nil || c.Name != name("c-2") {
		t.Errorf("nobody: %+v, %v", c, err)
	}
}

// Writes that came while one ran are counted for good, and are no part of the history.
func TestOverlapsOutliveTheProcess(t *testing.T) {
	w := newWorld(t)
	trace := w.accept(t, "c-1", register.Enrol, register.Change{Person: person("Ada"), Cards: w.cards[:1]})
	overlap := func(call register.Call, change register.Change) {
		t.Helper()
		trace, broken, err := w.Accept(name("c-1"), call, change)
		if trace != "" || len(broken) == 0 && walletport.ReasonOf(err) != register.ReasonBusy {
			t.Errorf("%s while one runs: %q %v %v", call, trace, broken, err)
		}
	}
	overlap(register.Enrol, register.Change{Person: person("Bea")})
	overlap(register.DeleteConsumer, register.Change{})
	w.reopen(t)
	overlap(register.Replace, register.Change{Person: person("Bea")})
	w.reopen(t)
	w.now = testNow.Add(delay)
	all := w.truths(t)
	if len(all) != 1 || all[0].Overlaps != 3 || len(all[0].History) != 1 || !all[0].History[0].TookEffect || all[0].Consumer.Person.FirstName != "Ada" {
		t.Errorf("the truth is %+v", all)
	}
	if o, err := w.Outcome(trace); err != nil || !o.HasEnd {
		t.Errorf("%+v, %v", o, err)
	}
}

// A card has the same references for each consumer and over a restart, and no token twice.
func TestDescribe(t *testing.T) {
	w := newWorld(t)
	w.reopen(t)
	again, err := w.Describe(sim.NewCardNumber("4111111145551142"))
	first := w.cards[0]
	if err != nil || again.PANReferenceID != first.PANReferenceID || again.PaymentAccountReference != first.PaymentAccountReference || *again.TokenDetails == *first.TokenDetails {
		t.Errorf("%+v, before %+v, %v", again, first, err)
	}
	if first.PANReferenceID == w.cards[1].PANReferenceID || len(first.PaymentAccountReference) != 29 {
		t.Errorf("%+v", w.cards)
	}
}

// Random requests and acts of few consumers, with restarts: what is read again is what was;
// between its requests a consumer is as they left it; and none was done while another ran.
func TestRandomLives(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		w, random := newWorld(t), newRandom(seed)
		taken := map[string]int{}
		for range 300 {
			id := "c-" + string(rune('1'+random(3)))
			switch random(10) {
			case 0:
				before := w.truths(t)
				w.reopen(t)
				if diff := cmp.Diff(before, w.truths(t)); diff != "" {
					t.Fatalf("seed %d: read again (-before +after):\n%s", seed, diff)
				}
			case 1, 2, 3:
				w.now = w.now.Add(delay / 2)
			case 4:
				by := []register.Party{register.AnotherWriter, register.Cardholder, register.Visa}[random(3)]
				acts := register.Acts(by)
				if err := w.Act(name(id), by, acts[random(len(acts))], w.cards[random(2)].PANReferenceID); err != nil && walletport.CodeOf(err) != walletport.CodeConflict {
					t.Fatal(err)
				}
			default:
				calls := []register.Call{register.Enrol, register.AddCards, register.Replace, register.ReplaceCards, register.DeleteConsumer, register.DeleteCards}
				change := register.Change{Person: person("Ada"), Cards: w.cards[random(2):][:1]}
				trace, broken, err := w.Accept(name(id), calls[random(len(calls))], change)
				switch {
				case trace != "":
					taken[id]++
				case len(broken) == 0 && walletport.ReasonOf(err) != register.ReasonBusy:
					t.Fatal(err)
				}
			}
		}
		for _, truth := range w.truths(t) {
			checkHistory(t, truth, taken[truth.Consumer.ExternalConsumerID])
		}
	}
}

// checkHistory looks for each request once, and for none that began before the last had
// ended.
func checkHistory(t *testing.T, truth register.Truth, taken int) {
	t.Helper()
	seen, last := map[string]bool{}, time.Time{}
	for _, e := range truth.History {
		if e.TraceID == "" {
			continue
		}
		if seen[e.TraceID] || e.At.Before(last) {
			t.Errorf("request %+v begins before %s, or is there twice", e, last)
		}
		seen[e.TraceID] = true
		if last = e.At.Add(1000 * time.Hour); e.EndedAt != nil {
			last = *e.EndedAt
		}
	}
	if len(seen) != taken {
		t.Errorf("%d requests were accepted, and %d are told of", taken, len(seen))
	}
	if truth.Consumer.Person == nil && len(truth.Consumer.Cards) > 0 {
		t.Errorf("nobody has cards: %+v", truth.Consumer)
	}
}

// newRandom returns numbers below n by a linear congruential generator, the same for a seed.
func newRandom(seed uint64) func(n int) int {
	return func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(n))
	}
}

// Of many who write at once, one is let in.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	w.accept(t, "c-1", register.Enrol, register.Change{Person: person("Ada"), Cards: w.cards[:1]})
	w.now = w.now.Add(delay)
	var all sync.WaitGroup
	traces := make([]string, 20)
	for i := range traces {
		all.Go(func() {
			traces[i], _, _ = w.Accept(name("c-1"), register.Replace, register.Change{Person: person("Eve")})
		})
	}
	all.Wait()
	truth, ok, err := w.Truth(name("c-1"))
	if n := len(slices.DeleteFunc(traces, func(s string) bool { return s == "" })); err != nil || !ok || n != 1 || truth.Met != 19 || len(truth.History) != 2 {
		t.Errorf("%d were accepted: %+v, %v", n, truth, err)
	}
}

func TestWhatIsOnDisk(t *testing.T) {
	w := newWorld(t)
	w.accept(t, "customer-7", register.Enrol, register.Change{Person: person("Canaria"), Cards: w.cards})
	path := filepath.Join(w.dir, "tokens.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"customer-7", "Canaria", "canary", "Müllerine", "411111"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%q is in clear: %s", secret, data)
		}
	}
	// A line that something else wrote is noticed.
	broken := strings.Replace(string(data), `"sealed":"`, `"sealed":"AAAA`, 1)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	w.reopen(t)
	if _, err := w.Read(name("customer-7")); walletport.ReasonOf(err) != "sim_state_corrupt" {
		t.Errorf("read: %v", err)
	}
	if _, err := w.Truths(); walletport.ReasonOf(err) != "sim_state_corrupt" {
		t.Errorf("truths: %v", err)
	}
}
