package clicktopay_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// shakyStore is a database whose reads of a run fail as often as a test says.
type shakyStore struct {
	clicktopay.Store
	reads, each atomic.Int64 // of each so many reads the others fail; 0 is none
}

func (s *shakyStore) shake(ctx context.Context) error {
	if each := s.each.Load(); each > 0 && s.reads.Add(1)%each != 0 {
		return storage.ErrUnavailable(ctx, errors.New("the database is away"))
	}
	return nil
}

func (s *shakyStore) CardsAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CardID, limit int) ([]storage.Card, error) {
	if err := s.shake(ctx); err != nil {
		return nil, err
	}
	return s.Store.CardsAfter(ctx, issuer, after, limit)
}

func (s *shakyStore) CustomersByKey(ctx context.Context, keys []walletport.CustomerKey) ([]storage.Customer, error) {
	if err := s.shake(ctx); err != nil {
		return nil, err
	}
	return s.Store.CustomersByKey(ctx, keys)
}

func (s *shakyStore) JobDepth(ctx context.Context, kind jobs.Kind) (jobs.Depth, error) {
	if err := s.shake(ctx); err != nil {
		return jobs.Depth{}, err
	}
	return s.Store.JobDepth(ctx, kind)
}

var errTrailAway = walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the audit trail is away")

// TestARunOutlastsWhatIsAwayForAMoment in its midst, and asks for no card a second time.
func TestARunOutlastsWhatIsAwayForAMoment(t *testing.T) {
	for name, c := range map[string]struct {
		shake func(b *bank, store *shakyStore)
		asked int // cards whose commit was made, and not answered
	}{
		"the database, to each read": {func(_ *bank, store *shakyStore) { store.each.Store(3) }, 0},
		"the trail, before commits":  {func(b *bank, _ *shakyStore) { b.trail.before = failsFor(2, 3) }, 0},
		"the trail, after a commit":  {func(b *bank, _ *shakyStore) { b.trail.after = failsFor(2, 2) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, database string) {
				store := &shakyStore{}
				b := newBank(t, database, newPlayed(t), func(p *clicktopay.Parts) { store.Store = p.Store; p.Store = store })
				b.fill(t, 6)
				c.shake(b, store)
				report, told, err := b.run(t.Context())
				must(t, err)
				if report.Accepted != 6-c.asked || report.LeftOut[clicktopay.LeftOutAlreadyAsked] != c.asked || len(told) != 6 {
					t.Errorf("%+v, %q", report, told)
				}
				b.mustHaveEach(t, 6)
			})
		})
	}
}

// failsFor lets the commits first to last fail.
func failsFor(first, last int) func(int) error {
	return func(commit int) error {
		if commit >= first && commit <= last {
			return errTrailAway
		}
		return nil
	}
}

// TestARunEndsWhenItLasts: it says so, and the next one goes on.
func TestARunEndsWhenItLasts(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		var ahead atomic.Int64
		b := newBank(t, database, newPlayed(t), func(p *clicktopay.Parts) {
			p.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		})
		b.fill(t, 4)
		b.trail.before = func(commit int) error {
			if commit < 3 {
				return nil
			}
			ahead.Add(int64(time.Minute))
			return errTrailAway
		}
		report, _, err := b.run(t.Context())
		mustReason(t, err, "audit_unavailable")
		if report.Accepted != 2 || !strings.Contains(err.Error(), "run it again") {
			t.Errorf("%+v, %v", report, err)
		}
		ctx, stop := context.WithCancel(t.Context())
		b.trail.before = func(int) error { stop(); return errTrailAway }
		if _, _, err := b.run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a run that is stopped while it waits: %v", err)
		}
		b.trail.before = nil
		report, told, err := b.run(t.Context())
		must(t, err)
		if report.Accepted != 2 || report.LeftOut[clicktopay.LeftOutAlreadyAsked] != 2 {
			t.Errorf("%+v, %q", report, told)
		}
		b.mustHaveEach(t, 4)
	})
}
