package vault

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// rewrapBatch is how many data keys move in one transaction: the write lock is
// held for some milliseconds, and a server goes on in between.
const rewrapBatch = 1000

// maxListedFailures bounds what a report lists; it always counts all.
const maxListedFailures = 100

// RewrapReport says what a re-wrap did so far.
type RewrapReport struct {
	Of [KindCount]Rewrapped
	// Left are the issuers of which something stays where it is, for there is no key to move
	// it to, in the order of their names.
	Left []LeftSealed
}

// Rewrapped counts the data keys of a kind.
type Rewrapped struct {
	Moved    int64   // data keys now under their newest key-encryption key
	Failed   int64   // data keys that did not unwrap and stay as they are
	Failures []int64 // the ids of the first 100 of them
}

// LeftSealed is what a re-wrap left of one issuer.
type LeftSealed struct {
	Issuer walletport.IssuerID
	Of     [KindCount]int64
	Why    error // CodeUnavailable, reason key_unavailable
}

// Rewrap moves every data key, of whatever kind, to the key-encryption key that new ones
// get, batch by batch while servers run. It is idempotent, may be stopped and started again,
// and skips what is done already. progress (may be nil) is called after each batch.
//
// Nothing is lost on the way: a data key is replaced only after it was unwrapped
// and wrapped anew, and only if the stored one is still that which was read; the
// old key-encryption key opens in any state but destroyed. What does not unwrap is counted,
// and then the error is CodeInternal with the reason of the first kind that there is of it.
// What is left of an issuer without a key to move to is counted too, holds up nobody else's,
// and then the error is CodeUnavailable, reason key_unavailable.
func (v *Vault) Rewrap(ctx context.Context, progress func(RewrapReport)) (report RewrapReport, err error) {
	r := newRewrapper(v)
	r.progress = progress
	defer func() { report.Left = r.listLeft() }()
	for {
		// Another round catches what a server with the former catalogue stored behind our back.
		before := r.moved()
		r.left = map[walletport.IssuerID]*LeftSealed{}
		if err := r.round(ctx); err != nil {
			return r.report, err
		}
		if r.moved() == before {
			break
		}
	}
	for kind, of := range r.report.Of {
		if of.Failed > 0 {
			return r.report, sealedKinds[kind].notMoved(of.Failed)
		}
	}
	if len(r.left) > 0 {
		return r.report, walletport.Errorf(walletport.CodeUnavailable, reasonNoKey,
			"what %d issuers have stays under the key that it has, for there is no other for it", len(r.left))
	}
	return r.report, nil
}

type rewrapper struct {
	vault    *Vault
	progress func(RewrapReport)
	report   RewrapReport
	failed   [KindCount]map[int64]bool           // ids of rows that did not unwrap, so that a second round does not count them again
	left     map[walletport.IssuerID]*LeftSealed // of this round
}

func newRewrapper(v *Vault) *rewrapper {
	r := rewrapper{vault: v, left: map[walletport.IssuerID]*LeftSealed{}}
	for kind := range r.failed {
		r.failed[kind] = map[int64]bool{}
	}
	return &r
}

func (r *rewrapper) moved() (sum int64) {
	for _, of := range r.report.Of {
		sum += of.Moved
	}
	return sum
}

// leftOf returns the count of what is left of an issuer, from none on; why is kept of the
// first call.
func (r *rewrapper) leftOf(issuer walletport.IssuerID, why error) *LeftSealed {
	if r.left[issuer] == nil {
		r.left[issuer] = &LeftSealed{Issuer: issuer, Why: why}
	}
	return r.left[issuer]
}

func (r *rewrapper) listLeft() []LeftSealed {
	var list []LeftSealed
	for _, left := range r.left {
		list = append(list, *left)
	}
	slices.SortFunc(list, func(a, b LeftSealed) int { return cmp.Compare(a.Issuer, b.Issuer) })
	return list
}

func (r *rewrapper) round(ctx context.Context) error {
	for _, k := range r.vault.Keys.Current().All() {
		if k.Purpose != keys.VaultKEK || r.isOnlyChoice(k) {
			continue
		}
		if err := r.moveAll(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// moveAll moves what a key wraps, of every kind.
func (r *rewrapper) moveAll(ctx context.Context, old *keys.Key) error {
	for _, t := range r.vault.tables() {
		if err := t.move(ctx, r, old); err != nil {
			return err
		}
	}
	return nil
}

func (r *rewrapper) hasFailed() bool {
	return slices.ContainsFunc(r.report.Of[:], func(of Rewrapped) bool { return of.Failed > 0 })
}

// isOnlyChoice reports whether no other key could be chosen for what k wraps: then
// there is nothing to look for among what may be all cards. An older key of the
// same scope is no choice.
func (r *rewrapper) isOnlyChoice(k *keys.Key) bool {
	now := r.vault.Clock()
	servesAll := func(m *keys.Key) bool { return m.Issuer == "" && len(m.BINs) == 0 }
	for _, other := range r.vault.Keys.Current().All() {
		if other == k || other.Purpose != keys.VaultKEK || !other.ServesAt(now) {
			continue
		}
		if !servesAll(k) || !servesAll(other) || other.Version > k.Version {
			return false
		}
	}
	return k.ServesAt(now)
}

func (t *table[R, ID]) move(ctx context.Context, r *rewrapper, old *keys.Key) error {
	for rows, err := range t.wrapped(ctx, old.ID, rewrapBatch) {
		if err != nil {
			return err
		}
		changes, err := t.rewrappings(r, rows, old)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			moved, err := t.rewrap(ctx, changes)
			if err != nil {
				return err
			}
			r.report.Of[t.kind].Moved += int64(moved)
		}
		if r.progress != nil {
			r.progress(r.report)
		}
	}
	return nil
}

// rewrappings wraps the data keys of rows anew, and counts those that cannot be.
func (t *table[R, ID]) rewrappings(r *rewrapper, rows []R, old *keys.Key) ([]storage.Rewrapping[ID], error) {
	ring, now := r.vault.newestRing(), r.vault.Clock()
	var changes []storage.Rewrapping[ID]
	for i := range rows {
		row := t.row(&rows[i])
		target, err := ring.Select(keys.VaultKEK, row.issuer, row.bin, now)
		if walletport.ReasonOf(err) == reasonNoKey {
			r.leftOf(row.issuer, err).Of[t.kind]++
			continue
		}
		if err != nil {
			return nil, err
		}
		if target.ID == old.ID {
			continue
		}
		wrapped, err := row.rewrap(row.WrappedKey, old, target)
		if err != nil {
			r.countFailed(t.kind, int64(row.id))
			continue
		}
		changes = append(changes, storage.Rewrapping[ID]{ID: row.id, Old: row.WrappedKey, New: wrapped, KEK: string(target.ID)})
	}
	return changes, nil
}

func (r *rewrapper) countFailed(kind Kind, id int64) {
	if r.failed[kind][id] {
		return
	}
	r.failed[kind][id] = true
	of := &r.report.Of[kind]
	of.Failed++
	if len(of.Failures) < maxListedFailures {
		of.Failures = append(of.Failures, id)
	}
}

// notMoved is the error of a re-wrap that could not unwrap some data keys.
func (k *sealedKind) notMoved(count int64) error {
	fault := *k.fault
	fault.Message = fmt.Sprintf("%d %ss do not open and were not moved", count, k.name)
	return &fault
}
