package door

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/walletport/walletport"
)

// refusals are failed authentications that got no record of their own: a flood must
// neither fill the disk nor leave no trace. The zero value is empty.
type refusals struct {
	mu   sync.Mutex
	sums map[refused]sum
}

// refused is what is summed up.
type refused struct {
	site    string // of the caller: see addressKey; "" when there are too many
	outcome string
}

// sum is how many calls were refused, and one address that they came from. One host
// may have all addresses of an IPv6 site: with a sum for each it would leave
// the others no room in the trail.
type sum struct {
	address string
	calls   uint64
}

// maxSums bounds the records of one minute, and the memory.
const maxSums = 100

// sumEvery is how often the sums are recorded.
const sumEvery = time.Minute

func (f *refusals) count(r walletport.AuditRecord) {
	f.add(refused{addressKey(r.RemoteAddress), r.Outcome}, sum{r.RemoteAddress, 1})
}

func (f *refusals) add(key refused, more sum) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.sums[key]; !known && len(f.sums) >= maxSums {
		key.site, more.address = "", ""
	}
	if f.sums == nil {
		f.sums = make(map[refused]sum)
	}
	if before, known := f.sums[key]; known {
		more = sum{before.address, before.calls + more.calls}
	}
	f.sums[key] = more
}

func (f *refusals) take() map[refused]sum {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.sums
	f.sums = nil
	return taken
}

// Run records, every minute and at its end, how many failed authentications got no
// record of their own. It returns nil when ctx ends; the audit trail must end later.
func (d *Door) Run(ctx context.Context) error {
	tick := time.NewTicker(sumEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.recordSums(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			d.recordSums(ctx)
		}
	}
}

// recordSums writes the sums to the trail and the log. What the trail does not take
// is kept for the next time.
func (d *Door) recordSums(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	var errs []error
	sums := d.refusals.take()
	for key, sum := range sums {
		record := walletport.AuditRecord{
			Time: d.Clock(), RequestID: newRequestID(d.Rand), Action: walletport.ActionCallsRefused, Outcome: key.outcome, RemoteAddress: sum.address,
		}
		record.SetDetail(walletport.DetailCalls, strconv.FormatUint(sum.calls, 10))
		if err := d.Audit.Record(ctx, record); err != nil {
			errs = append(errs, err)
			continue
		}
		d.Log.Warn("callers were refused more often than is recorded one by one", remoteAttr(sum.address), "code", key.outcome, "calls", sum.calls)
		delete(sums, key)
	}
	for key, sum := range sums {
		d.refusals.add(key, sum)
	}
	if err := errors.Join(errs...); err != nil {
		d.Log.Error("sums of refused calls not recorded", "err", err)
	}
}
