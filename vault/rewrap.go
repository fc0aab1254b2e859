package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
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
	Moved    int64               // data keys now under their newest key-encryption key
	Failed   int64               // data keys that did not unwrap and stay as they are
	Failures []walletport.CardID // the first 100 of them
	// Left are the issuers whose cards stay where they are, for there is no key to move
	// them to, in the order of their names.
	Left []LeftCards
}

// LeftCards are the cards of one issuer that a re-wrap left.
type LeftCards struct {
	Issuer walletport.IssuerID
	Cards  int64
	Why    error // CodeUnavailable, reason key_unavailable
}

// Rewrap moves every data key to the key-encryption key that new cards get, batch
// by batch while servers run. It is idempotent, may be stopped and started again,
// and skips what is done already. progress (may be nil) is called after each batch.
//
// Nothing is lost on the way: a data key is replaced only after it was unwrapped
// and wrapped anew, and only if the stored one is still that which was read; the
// old key-encryption key opens in any state but destroyed. Cards that do not unwrap are counted,
// and then the error is CodeInternal, reason card_damaged. Cards of an issuer without
// a key to move to are counted too, hold up nobody else's, and then the error is
// CodeUnavailable, reason key_unavailable.
func (v *Vault) Rewrap(ctx context.Context, progress func(RewrapReport)) (report RewrapReport, err error) {
	r := rewrapper{vault: v, progress: progress, failed: map[walletport.CardID]bool{}}
	defer func() { report.Left = r.listLeft() }()
	for {
		// Another round catches the cards that a server with the former catalogue
		// stored behind our back.
		before := r.report.Moved
		r.left = map[walletport.IssuerID]*LeftCards{}
		if err := r.round(ctx); err != nil {
			return r.report, err
		}
		if r.report.Moved == before {
			break
		}
	}
	switch {
	case r.report.Failed > 0:
		return r.report, walletport.Errorf(walletport.CodeInternal, reasonDamaged,
			"%d cards do not open and were not moved", r.report.Failed)
	case len(r.left) > 0:
		return r.report, walletport.Errorf(walletport.CodeUnavailable, reasonNoKey,
			"the cards of %d issuers stay under the key that they have, for there is no other for them", len(r.left))
	}
	return r.report, nil
}

type rewrapper struct {
	vault    *Vault
	progress func(RewrapReport)
	report   RewrapReport
	failed   map[walletport.CardID]bool         // so that a second round does not count them again
	left     map[walletport.IssuerID]*LeftCards // of this round
}

func (r *rewrapper) leave(issuer walletport.IssuerID, why error) {
	if r.left[issuer] == nil {
		r.left[issuer] = &LeftCards{Issuer: issuer, Why: why}
	}
	r.left[issuer].Cards++
}

func (r *rewrapper) listLeft() []LeftCards {
	var list []LeftCards
	for _, left := range r.left {
		list = append(list, *left)
	}
	slices.SortFunc(list, func(a, b LeftCards) int { return cmp.Compare(a.Issuer, b.Issuer) })
	return list
}

func (r *rewrapper) round(ctx context.Context) error {
	for _, k := range r.vault.Keys.Current().All() {
		if k.Purpose != keys.VaultKEK || r.isOnlyChoice(k) {
			continue
		}
		if err := r.moveFrom(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// isOnlyChoice reports whether no other key could be chosen for a card of k: then
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

func (r *rewrapper) moveFrom(ctx context.Context, old *keys.Key) error {
	for after := walletport.CardID(math.MinInt64); ; {
		cards, err := r.vault.Cards.CardsWrappedBy(ctx, string(old.ID), after, rewrapBatch)
		if err != nil || len(cards) == 0 {
			return err
		}
		after = cards[len(cards)-1].ID
		changes, err := r.changes(cards, old)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			moved, err := r.vault.Cards.Rewrap(ctx, changes)
			if err != nil {
				return err
			}
			r.report.Moved += int64(moved)
		}
		if r.progress != nil {
			r.progress(r.report)
		}
	}
}

func (r *rewrapper) changes(cards []storage.Card, old *keys.Key) ([]storage.Rewrapping, error) {
	ring, now := r.vault.newestRing(), r.vault.Clock()
	var changes []storage.Rewrapping
	for i := range cards {
		c := &cards[i]
		target, err := ring.Select(keys.VaultKEK, c.Issuer, c.BIN, now)
		if walletport.ReasonOf(err) == reasonNoKey {
			r.leave(c.Issuer, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if target.ID == old.ID {
			continue
		}
		wrapped, err := rewrap(c, old, target)
		if err != nil {
			r.fail(c.ID)
			continue
		}
		changes = append(changes, storage.Rewrapping{ID: c.ID, Old: c.WrappedKey, New: wrapped, KEK: string(target.ID)})
	}
	return changes, nil
}

func (r *rewrapper) fail(id walletport.CardID) {
	if r.failed[id] {
		return
	}
	r.failed[id] = true
	r.report.Failed++
	if len(r.report.Failures) < maxListedFailures {
		r.report.Failures = append(r.report.Failures, id)
	}
}

func rewrap(c *storage.Card, old, target *keys.Key) ([]byte, error) {
	if old.KEK == nil {
		return nil, errors.New("the key was destroyed")
	}
	dataKey, err := old.KEK.Unwrap(c.WrappedKey, appendKeyData(nil, &c.CardSummary, old.ID))
	if err != nil {
		return nil, fmt.Errorf("unwrap data key: %w", err)
	}
	defer clear(dataKey)
	return target.KEK.Wrap(dataKey, appendKeyData(nil, &c.CardSummary, target.ID))
}
