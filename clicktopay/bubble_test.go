package clicktopay_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// inBubble runs a story whose time goes on when everybody in it waits, the database's time too:
// what is measured there is the same on every machine. A PostgreSQL has a clock of its own, so
// such a story is of SQLite.
func inBubble(t *testing.T, story func(t *testing.T)) {
	t.Helper()
	begun := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(begun)) // keys are of our time, and a bubble begins in 2000
		story(t)
	})
}

// moments keeps when something happened.
type moments struct {
	lock sync.Mutex
	all  []time.Time
}

func (m *moments) note() {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.all = append(m.all, time.Now())
}

// gaps returns the times between one and the next.
func (m *moments) gaps() (all []time.Duration) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for i := 1; i < len(m.all); i++ {
		all = append(all, m.all[i].Sub(m.all[i-1]))
	}
	return all
}

// TestAComparisonKeepsItsRate: Visa is asked for one customer after the other, as far apart as
// the rate says, however long its answers take.
func TestAComparisonKeepsItsRate(t *testing.T) {
	for name, c := range map[string]struct {
		rate    float64
		answers time.Duration
		want    time.Duration
	}{
		"five a second":                         {5, 0, 200 * time.Millisecond},
		"five a second, and Visa takes a while": {5, 150 * time.Millisecond, 200 * time.Millisecond},
		"one each two seconds":                  {0.5, 0, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				const customers = 12
				b := newBank(t, sqliteDatabase(t), newPlayed(t))
				b.enrol(t, customers)
				var asked moments
				b.visa.setScript(func(call string, _ int) play {
					if call != "getData" {
						t.Errorf("Visa is called for %s", call)
					}
					asked.note()
					return play{before: func() { time.Sleep(c.answers) }}
				})
				report, _, err := b.compare(t.Context(), clicktopay.RepairNothing, func(r *clicktopay.ReconcileRequest) { r.Rate = c.rate })
				must(t, err)
				if want := slices.Repeat([]time.Duration{c.want}, customers-1); report.Compared != customers || !slices.Equal(asked.gaps(), want) {
					t.Errorf("%+v, and Visa was asked %s apart, want %s each", report, asked.gaps(), c.want)
				}
			})
		})
	}
}

// TestAPortfolioKeepsItsRate over a thousand cards, with commits that take their time and some
// that take long.
func TestAPortfolioKeepsItsRate(t *testing.T) {
	const cards, perSecond = 1000, 20
	for name, commitTakes := range map[string]func(nth int) time.Duration{
		"commits take 30 ms": func(int) time.Duration { return 30 * time.Millisecond },
		"each fiftieth takes 800 ms": func(nth int) time.Duration {
			if nth%50 == 0 {
				return 800 * time.Millisecond
			}
			return time.Millisecond
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				b := newBank(t, sqliteDatabase(t), newPlayed(t), func(p *clicktopay.Parts) {
					p.Settings.Portfolio.Rate, p.Settings.Portfolio.MaxOpen = perSecond, 2*cards // nobody does them
				})
				b.fill(t, cards)
				b.trail.before = func(nth int) error { time.Sleep(commitTakes(nth)); return nil }
				var accepted moments
				report, _, err := b.run(t.Context(), func(r *clicktopay.PortfolioRequest) {
					r.Tell = func(clicktopay.PortfolioCard) error { accepted.note(); return nil }
				})
				must(t, err)
				var took time.Duration
				for _, gap := range accepted.gaps() {
					took += gap
				}
				rate := float64(cards-1) / took.Seconds()
				if report.Accepted != cards || rate < 0.95*perSecond || rate > 1.05*perSecond {
					t.Errorf("%+v at %.2f a second, want %d", report, rate, perSecond)
				}
			})
		})
	}
}

// TestAPortfolioKeepsUpWithItself: at the default rate requests do not pile up at a Visa that
// takes half a second for each answer.
func TestAPortfolioKeepsUpWithItself(t *testing.T) {
	const cards, perSecond, answer = 400, 20, 500 * time.Millisecond
	inBubble(t, func(t *testing.T) {
		b := newBank(t, sqliteDatabase(t), newPlayed(t), func(p *clicktopay.Parts) { p.Settings.Portfolio.Rate = perSecond })
		b.fill(t, cards)
		b.visa.setScript(func(string, int) play { return play{before: func() { time.Sleep(answer) }} })
		b.work(t)
		report, _, err := b.run(t.Context())
		must(t, err)
		open, err := b.store.OpenEnrolmentRequests(t.Context())
		must(t, err)
		count := 0
		for _, of := range open {
			count += of.Count
		}
		// A request is sent, asked for and looked after for a second and a half.
		if most := 2 * perSecond; report.Accepted != cards || count > most {
			t.Errorf("%+v, and %d are open when the last is accepted, want at most %d", report, count, most)
		}
		b.settle(t)
	})
}

// TestVisaIsAskedForAResultLessAndLessOften: first when it is mostly there, then with pauses that
// double up to half a minute.
func TestVisaIsAskedForAResultLessAndLessOften(t *testing.T) {
	const poll = 250 * time.Millisecond // of the worker, which sees then that a pause is over
	inBubble(t, func(t *testing.T) {
		s := newSite(t, sqliteDatabase(t), newPlayed(t))
		s.visa.takes = 2 * time.Minute
		var asked moments
		s.visa.setScript(func(call string, _ int) play {
			if isChange(call) {
				return play{after: asked.note}
			}
			return play{before: asked.note}
		})
		id := s.asks(t, s.wish(walletport.EnrolCustomer, s.first))
		b := bank{desk: s.desk, visa: s.visa}
		b.work(t)
		b.settle(t)
		s.mustEnd(t, id, "SUCCESS")
		since := time.Duration(0) // that Visa took it
		for i, gap := range asked.gaps() {
			want := min(max(since, clicktopay.MinQuestion), clicktopay.MaxQuestion)
			if i == 0 {
				want = clicktopay.FirstQuestion
			}
			if gap < want || gap > want+poll {
				t.Errorf("question %d came after %s, want %s", i+1, gap, want)
			}
			since += gap
		}
		if len(asked.gaps()) < 10 {
			t.Errorf("Visa was asked after %s", asked.gaps())
		}
	})
}

// askedConsumer is a database that notes when a consumer's row is read.
type askedConsumer struct {
	clicktopay.Store
	asked *moments
}

func (a askedConsumer) Consumer(ctx context.Context, key storage.ConsumerKey) (storage.Consumer, error) {
	a.asked.note()
	return a.Store.Consumer(ctx, key)
}

// TestAReadLooksLessAndLessOften: whether a change of ours has ended, and whether Visa is done with
// those of others. The last look is when the time is up.
func TestAReadLooksLessAndLessOften(t *testing.T) {
	want := []time.Duration{25, 50, 100, 200, 250, 250, 125}
	for i := range want {
		want[i] *= time.Millisecond
	}
	for name, isOurs := range map[string]bool{"a change of ours": true, "a change of others": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				var ours, others moments
				rules := newRulebook(t)
				rules.enrolled = func(int) (scheme.Enrolled, error) {
					others.note()
					return scheme.Enrolled{}, scheme.ErrBusy()
				}
				d := newDesk(t, sqliteDatabase(t), visaOf(rules, rules), func(p *clicktopay.Parts) {
					p.Settings.ReadWait, p.Store = time.Second, askedConsumer{p.Store, &ours}
				})
				looks := &others
				if isOurs {
					d.mustAccept(t, asked(walletport.EnrolCustomer))
					looks = &ours
				}
				_, err := d.read(acttest.AsBank(t.Context()), ownBID)
				mustReason(t, err, "clicktopay_busy")
				if got := looks.gaps(); !slices.Equal(got, want) {
					t.Errorf("it looked after %s, want %s", got, want)
				}
			})
		})
	}
}
