package audit_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// pass lets time go by in a bubble, until everybody in it waits again.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// looks notes what became of each look after a witness.
type looks struct {
	lock     sync.Mutex
	sizes    []int64
	faults   []string
	faultsAt []time.Time
	told     chan int64 // each size, unless nil
	empty    int        // looks at a trail without a record
}

func (l *looks) NothingToConfirm(*note.Witness) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.empty++
}

func (l *looks) Cosigned(_ *note.Witness, size int64, _ time.Time) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.sizes = append(l.sizes, size)
	if l.told != nil {
		l.told <- size
	}
}

func (l *looks) NotCosigned(_ *note.Witness, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.faults, l.faultsAt = append(l.faults, audit.WitnessFault(err)), append(l.faultsAt, time.Now())
}

// pauses returns the times between faults, in the time of a synctest.
func (l *looks) pauses() (list []time.Duration) {
	l.lock.Lock()
	defer l.lock.Unlock()
	for i := range l.faultsAt[:max(len(l.faultsAt)-1, 0)] {
		list = append(list, l.faultsAt[i+1].Sub(l.faultsAt[i]))
	}
	return list
}

// sofar returns what was noted.
func (l *looks) sofar() (sizes []int64, faults []string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return slices.Clone(l.sizes), slices.Clone(l.faults)
}

// mustAsk has witnesses confirm the trail of a store until stop.
func mustAsk(t *testing.T, store audit.WitnessStore, ring *keys.Ring, seen *looks, w audit.Witnessing, asked ...audit.AskedWitness) (stop func()) {
	t.Helper()
	w.Store, w.Keys, w.Observer, w.Witnesses = store, keystest.NewSource(ring), seen, asked
	if w.Clock == nil {
		w.Clock = time.Now
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestAWitnessThatConfirmsNothingHoldsNothingUp has records written beside a witness that does
// not confirm them for two hours, and then does.
func TestAWitnessThatConfirmsNothingHoldsNothingUp(t *testing.T) {
	answer := func(status int, body string) audit.Submit {
		return func(context.Context, string) (int, string, error) { return status, body, nil }
	}
	for _, c := range []struct {
		name   string
		submit audit.Submit
		fault  string
	}{
		{"it refuses", answer(http.StatusUnprocessableEntity, ""), "witness_refused"},
		{"it lies", answer(http.StatusOK, "no signature\n"), "witness_lied"},
		{"it is away", func(context.Context, string) (int, string, error) { return 0, "", errors.New("no route") }, "witness_away"},
		{"it is slow", func(ctx context.Context, _ string) (int, string, error) {
			<-ctx.Done()
			return 0, "", ctx.Err()
		}, "witness_away"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ring := checkpointRing(t)
				m := mustChain(t, ring, 3)
				w := mustWitness(t, m, ring)
				var good atomic.Bool
				seen := &looks{}
				stop := mustAsk(t, m, ring, seen, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: func(ctx context.Context, request string) (int, string, error) {
					if !good.Load() {
						return c.submit(ctx, request)
					}
					w.now = time.Now()
					return w.submit(ctx, request)
				}})
				l, stopLog := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
				mustRecordAll(t, l, 5, 1)
				pass(2 * time.Hour)
				sizes, faults := seen.sofar()
				if n := len(faults); n < 3 || n > 14 || faults[0] != c.fault || faults[n-1] != c.fault || len(sizes) > 0 {
					t.Errorf("confirmed %v, faults %v", sizes, faults)
				}
				good.Store(true)
				pass(time.Hour)
				if sizes, _ := seen.sofar(); len(sizes) < 40 || sizes[0] != 8 { // at each interval again
					t.Errorf("confirmed %v", sizes)
				}
				stopLog()
				stop()
			})
		})
	}
	t.Run("the database is away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ring := checkpointRing(t)
			m := mustChain(t, ring, 3)
			w := mustWitness(t, m, ring)
			m.readFail = func(string) error { return errors.New("away") }
			seen := &looks{}
			stop := mustAsk(t, m, ring, seen, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: w.submit})
			pass(time.Second)
			if _, faults := seen.sofar(); len(faults) != 1 || faults[0] != "internal" {
				t.Errorf("faults %v", faults)
			}
			stop()
		})
	})
}

// TestEachFaultDoublesThePause up to 15 minutes, and up to the interval where that is longer.
func TestEachFaultDoublesThePause(t *testing.T) {
	const m = time.Minute
	for interval, want := range map[time.Duration][]time.Duration{
		m:      {2 * m, 4 * m, 8 * m, 15 * m, 15 * m, 15 * m, 15 * m, 15 * m, 15 * m},
		20 * m: {20 * m, 20 * m, 20 * m, 20 * m, 20 * m},
	} {
		synctest.Test(t, func(t *testing.T) {
			ring := checkpointRing(t)
			store := mustChain(t, ring, 3)
			w := mustWitness(t, store, ring)
			seen := &looks{}
			stop := mustAsk(t, store, ring, seen, audit.Witnessing{Settings: audit.Settings{WitnessInterval: interval}}, audit.AskedWitness{
				Witness: w.Witness, Submit: func(context.Context, string) (int, string, error) { return 0, "", errors.New("no route") },
			})
			pass(118 * time.Minute)
			if got := seen.pauses(); !slices.Equal(got, want) {
				t.Errorf("with an interval of %s the pauses are %v", interval, got)
			}
			stop()
		})
	}
}

// TestATrailWithoutANoteIsNoFault of a witness, which is asked itself for the first one, though
// another replica has had it confirmed.
func TestATrailWithoutANoteIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := checkpointRing(t)
		m := mustChain(t, ring, 3)
		w := mustWitness(t, m, ring)
		w.now = time.Now()
		if _, err := w.cosign(t, m, ring); err != nil {
			t.Fatal(err)
		}
		noted, seen := m.clone(), &looks{}
		m.notes, m.entries = nil, nil
		var asked atomic.Int64
		stop := mustAsk(t, m, ring, seen, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: func(ctx context.Context, request string) (int, string, error) {
			asked.Add(1)
			return w.submit(ctx, request)
		}})
		pass(10*time.Minute + time.Second)
		if sizes, faults := seen.sofar(); len(sizes) > 0 || len(faults) > 0 || asked.Load() > 0 || seen.empty != 11 {
			t.Errorf("asked %d times; confirmed %v, faults %v; %d looks at a trail without a record", asked.Load(), sizes, faults, seen.empty)
		}
		withoutNote := noted.clone()
		withoutNote.notes = nil
		m.becomes(withoutNote)
		pass(10 * time.Minute)
		if sizes, faults := seen.sofar(); len(sizes) > 0 || len(faults) > 0 || asked.Load() > 0 || seen.empty != 11 {
			t.Errorf("with records and no note: asked %d times; confirmed %v, faults %v; %d looks at a trail without a record", asked.Load(), sizes, faults, seen.empty)
		}
		m.becomes(noted)
		pass(time.Minute)
		if sizes, faults := seen.sofar(); !slices.Equal(sizes, []int64{3}) || len(faults) > 0 || asked.Load() != 1 {
			t.Errorf("asked %d times; confirmed %v, faults %v", asked.Load(), sizes, faults)
		}
		stop()
	})
}

// TestAConfirmationOfTheFutureIsHadAgain, for the clock may be right now.
func TestAConfirmationOfTheFutureIsHadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := checkpointRing(t)
		m := mustChain(t, ring, 3)
		w := mustWitness(t, m, ring)
		w.now = time.Now().Add(1000 * time.Hour)
		var asked atomic.Int64
		stop := mustAsk(t, m, ring, &looks{}, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: func(ctx context.Context, request string) (int, string, error) {
			if asked.Add(1) > 1 {
				w.now = time.Now()
			}
			return w.submit(ctx, request)
		}})
		pass(10 * time.Minute)
		if asked.Load() != 2 {
			t.Errorf("it was asked %d times", asked.Load())
		}
		stop()
	})
}

// TestARefusalHoldsUntilTheWitnessItselfConfirms: a cosignature in the database, of another
// replica or of a note that the trail was set back to, takes no refusal back.
func TestARefusalHoldsUntilTheWitnessItselfConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := checkpointRing(t)
		m := mustChain(t, ring, 3)
		w := mustWitness(t, m, ring)
		confirmForAnother := func() {
			w.now = time.Now()
			if _, err := w.cosign(t, m, ring); err != nil {
				t.Fatal(err)
			}
		}
		var good atomic.Bool
		seen := &looks{}
		confirmForAnother()
		stop := mustAsk(t, m, ring, seen, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: func(ctx context.Context, request string) (int, string, error) {
			if !good.Load() {
				return http.StatusUnprocessableEntity, "", nil
			}
			w.now = time.Now()
			return w.submit(ctx, request)
		}})
		for _, when := range []string{"at the start", "after it had confirmed"} {
			time.Sleep(time.Second)
			confirmForAnother()
			pass(40 * time.Minute)
			confirmForAnother()
			pass(20 * time.Minute)
			before, faults := seen.sofar()
			if len(faults) == 0 || slices.Contains(faults, "internal") {
				t.Fatalf("%s: faults %v", when, faults)
			}
			confirmForAnother()
			pass(20 * time.Minute)
			if sizes, again := seen.sofar(); len(sizes) != len(before) || len(again) <= len(faults) {
				t.Errorf("%s: what the database has is believed: %d looks are good, and then %d, of %d faults and then %d", when, len(before), len(sizes), len(faults), len(again))
			}
			good.Store(true)
			pass(20 * time.Minute)
			if sizes, _ := seen.sofar(); len(sizes) == len(before) {
				t.Errorf("%s: it confirms and is not heard", when)
			}
			good.Store(false)
		}
		stop()
	})
}

// TestANewNoteIsConfirmedAtTheNextLook, however young the confirmation of the one before is.
func TestANewNoteIsConfirmedAtTheNextLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := checkpointRing(t)
		whole := mustChain(t, ring, 6)
		m := whole.upTo(3)
		w := mustWitness(t, whole, ring)
		w.now = time.Now()
		seen := &looks{}
		stop := mustAsk(t, m, ring, seen, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: w.submit})
		pass(time.Second)
		m.becomes(whole)
		pass(time.Minute)
		if sizes, faults := seen.sofar(); !slices.Equal(sizes, []int64{3, 6}) || len(faults) > 0 {
			t.Errorf("confirmed %v, faults %v", sizes, faults)
		}
		stop()
	})
}

// TestAWitnessIsAskedAgainWhereNothingIsNew: half of the time in which a confirmation gets old.
func TestAWitnessIsAskedAgainWhereNothingIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := checkpointRing(t)
		m := mustChain(t, ring, 3)
		w := mustWitness(t, m, ring)
		var asked atomic.Int64
		seen := &looks{}
		stop := mustAsk(t, m, ring, seen, audit.Witnessing{}, audit.AskedWitness{Witness: w.Witness, Submit: func(ctx context.Context, request string) (int, string, error) {
			asked.Add(1)
			w.now = time.Now()
			return w.submit(ctx, request)
		}})
		pass(25 * time.Minute)
		first := asked.Load() // two, for the witness remembers no tree and says so, or one
		pass(10 * time.Minute)
		sizes, faults := seen.sofar()
		if first == 0 || first > 2 || asked.Load() != first+1 || len(faults) > 0 || len(sizes) < 30 {
			t.Errorf("asked %d times, and then %d; %d looks, faults %v", first, asked.Load(), len(sizes), faults)
		}
		stop()
	})
}

// TestAReplicaThatIsOvertakenAsksAgain: another replica had a newer note confirmed between the
// look at the notes and the question. That is no trail that was cut back.
func TestAReplicaThatIsOvertakenAsksAgain(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 500)
	w := mustWitness(t, whole, ring)
	if _, err := w.cosign(t, whole.clone(), ring); err != nil {
		t.Fatal(err)
	}
	m := whole.upTo(300)
	opened, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, func(ctx context.Context, request string) (int, string, error) {
		m.becomes(whole)
		return w.submit(ctx, request)
	})
	if err != nil || opened.Size != 500 {
		t.Errorf("Cosign: %+v, %v", opened, err)
	}
}

// TestAReplicaThatIsOvertakenTwiceAsksAgain: the witness remembers the very tree that is shown,
// for another replica had it confirmed, and a newer one when it is asked with that.
func TestAReplicaThatIsOvertakenTwiceAsksAgain(t *testing.T) {
	ring := checkpointRing(t)
	whole := mustChain(t, ring, 500)
	m := whole.upTo(300)
	w := mustWitness(t, whole, ring)
	if _, err := w.cosign(t, m.clone(), ring); err != nil {
		t.Fatal(err)
	}
	asked := 0
	opened, err := audit.Cosign(t.Context(), m, audit.TrustedKeys(ring), w.Witness, func(ctx context.Context, request string) (int, string, error) {
		if asked++; asked == 2 {
			if _, err := w.cosign(t, whole.clone(), ring); err != nil {
				t.Error(err)
			}
			m.becomes(whole)
		}
		return w.submit(ctx, request)
	})
	if err != nil || opened.Size != 500 {
		t.Errorf("Cosign: %+v, %v", opened, err)
	}
}

// TestReplicasHaveOneTrailConfirmed runs two servers with their logs on one database.
func TestReplicasHaveOneTrailConfirmed(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		ring, store := checkpointRing(t), mustOpen(t, database)
		_, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
		stop()
		first, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
		mustRecordAll(t, first, 3, 1)
		stop()
		notes, err := store.Notes(t.Context(), 0, 1)
		if err != nil || len(notes) != 1 {
			t.Fatalf("%d notes, %v", len(notes), err)
		}
		w := mustWitness(t, &memory{notes: notes}, ring)
		w.now = time.Now()
		var one sync.Mutex // the witness is asked by two
		submit := func(ctx context.Context, request string) (int, string, error) {
			one.Lock()
			defer one.Unlock()
			return w.submit(ctx, request)
		}
		seen := &looks{told: make(chan int64, 1000)}
		for range 2 {
			store := mustOpen(t, database)
			settings := audit.Settings{CheckpointEvery: 20, CheckpointInterval: 20 * time.Millisecond, WitnessInterval: 5 * time.Millisecond}
			l, _ := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring), Settings: settings})
			mustAsk(t, store, ring, seen, audit.Witnessing{Settings: settings}, audit.AskedWitness{Witness: w.Witness, Submit: submit})
			go mustRecordAll(t, l, 100, 4)
		}
		for size := range seen.told {
			if size == 203 {
				break
			}
		}
		if _, faults := seen.sofar(); len(faults) > 0 {
			t.Errorf("faults %v", faults)
		}
		if got, err := audit.CheckWitnessed(t.Context(), store, audit.TrustedKeys(ring), audit.Demand{Witness: w.Witness}); err != nil || got.Size != 203 {
			t.Errorf("CheckWitnessed: %+v, %v", got, err)
		}
	})
}

func TestSettingsNameWhatIsWrongWithAWitness(t *testing.T) {
	const key = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
	for _, c := range []struct {
		name      string
		witnesses []audit.WitnessSettings
		good      bool
	}{
		{"one", []audit.WitnessSettings{{Key: key}}, true},
		{"a key that is none", []audit.WitnessSettings{{Key: "x"}}, false},
		{"one twice", []audit.WitnessSettings{{Key: key}, {Key: key}}, false},
	} {
		if err := (audit.Settings{Witnesses: c.witnesses}).Validate(); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestAWitnessIsLookedAfterTwiceBeforeItsConfirmationIsTooOld: with rarer looks readiness would
// warn of a witness that is in order.
func TestAWitnessIsLookedAfterTwiceBeforeItsConfirmationIsTooOld(t *testing.T) {
	for _, c := range []struct {
		name             string
		interval, maxAge time.Duration
		want             time.Duration // the interval in force; 0 is refused
	}{
		{"nothing is set", 0, 0, time.Minute},
		{"the age alone", 0, time.Minute, 30 * time.Second},
		{"a long age alone", 0, 24 * time.Hour, time.Minute},
		{"half of the age", 5 * time.Minute, 10 * time.Minute, 5 * time.Minute},
		{"more than half of the age", 5*time.Minute + 1, 10 * time.Minute, 0},
		{"half of the default age", 30 * time.Minute, 0, 30 * time.Minute},
		{"more than half of the default age", 30*time.Minute + 1, 0, 0},
	} {
		s := audit.Settings{WitnessInterval: c.interval, WitnessMaxAge: c.maxAge}
		err := s.Validate()
		if (err == nil) != (c.want > 0) || err != nil && !strings.Contains(err.Error(), "witness_interval: at most half of witness_max_age") {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := s.WithDefaults().WitnessInterval; err == nil && got != c.want {
			t.Errorf("%s: the interval is %s, want %s", c.name, got, c.want)
		}
	}
}

var _ audit.WitnessStore = (storage.Store)(nil)
