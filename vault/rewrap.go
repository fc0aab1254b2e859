package vault

import (
	"cmp"
	"context"
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
	Cards     Rewrapped[walletport.CardID]
	Tokens    Rewrapped[walletport.TokenID] // of their numbers
	Customers Rewrapped[walletport.CustomerID]
	// Left are the issuers whose cards, token numbers and customers stay where they are, for
	// there is no key to move them to, in the order of their names.
	Left []LeftSealed
}

// Rewrapped counts the data keys of cards, of token numbers, or of customers.
type Rewrapped[ID comparable] struct {
	Moved    int64 // data keys now under their newest key-encryption key
	Failed   int64 // data keys that did not unwrap and stay as they are
	Failures []ID  // the first 100 of them
}

// LeftSealed is what a re-wrap left of one issuer.
type LeftSealed struct {
	Issuer                   walletport.IssuerID
	Cards, Tokens, Customers int64
	Why                      error // CodeUnavailable, reason key_unavailable
}

// Rewrap moves every data key, of cards, token numbers and customers, to the key-encryption
// key that new ones get, batch by batch while servers run. It is idempotent, may be stopped
// and started again, and skips what is done already. progress (may be nil) is called after each batch.
//
// Nothing is lost on the way: a data key is replaced only after it was unwrapped
// and wrapped anew, and only if the stored one is still that which was read; the
// old key-encryption key opens in any state but destroyed. What does not unwrap is counted,
// and then the error is CodeInternal, reason card_damaged if there is a card among it, else
// token_damaged if there is a token, else customer_damaged. What is left of an issuer without a key to move to is counted too, holds
// up nobody else's, and then the error is CodeUnavailable, reason key_unavailable.
func (v *Vault) Rewrap(ctx context.Context, progress func(RewrapReport)) (report RewrapReport, err error) {
	r := newRewrapper(v)
	r.progress = progress
	defer func() { report.Left = r.listLeft() }()
	for {
		// Another round catches the cards that a server with the former catalogue
		// stored behind our back.
		before := r.moved()
		r.left = map[walletport.IssuerID]*LeftSealed{}
		if err := r.round(ctx); err != nil {
			return r.report, err
		}
		if r.moved() == before {
			break
		}
	}
	switch {
	case r.report.Cards.Failed > 0:
		return r.report, walletport.Errorf(walletport.CodeInternal, reasonDamaged,
			"%d cards do not open and were not moved", r.report.Cards.Failed)
	case r.report.Tokens.Failed > 0:
		return r.report, walletport.Errorf(walletport.CodeInternal, reasonTokenDamaged,
			"%d token numbers do not open and were not moved", r.report.Tokens.Failed)
	case r.report.Customers.Failed > 0:
		return r.report, walletport.Errorf(walletport.CodeInternal, reasonCustomerDamaged,
			"%d customers do not open and were not moved", r.report.Customers.Failed)
	case len(r.left) > 0:
		return r.report, walletport.Errorf(walletport.CodeUnavailable, reasonNoKey,
			"what %d issuers have stays under the key that it has, for there is no other for it", len(r.left))
	}
	return r.report, nil
}

type rewrapper struct {
	vault     *Vault
	progress  func(RewrapReport)
	report    RewrapReport
	cards     failed[walletport.CardID]
	tokens    failed[walletport.TokenID]
	customers failed[walletport.CustomerID]
	left      map[walletport.IssuerID]*LeftSealed // of this round
}

// failed are the rows that did not unwrap, so that a second round does not count them again.
type failed[ID comparable] map[ID]bool

func newRewrapper(v *Vault) rewrapper {
	return rewrapper{
		vault: v, cards: failed[walletport.CardID]{}, tokens: failed[walletport.TokenID]{},
		customers: failed[walletport.CustomerID]{}, left: map[walletport.IssuerID]*LeftSealed{},
	}
}

func (r *rewrapper) moved() int64 {
	return r.report.Cards.Moved + r.report.Tokens.Moved + r.report.Customers.Moved
}

// leftOf counts what is left of an issuer.
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
		if err := r.moveCards(ctx, k); err != nil {
			return err
		}
		if err := r.moveTokens(ctx, k); err != nil {
			return err
		}
		if err := r.moveCustomers(ctx, k); err != nil {
			return err
		}
	}
	return nil
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

func (r *rewrapper) moveCards(ctx context.Context, old *keys.Key) error {
	for after := walletport.CardID(math.MinInt64); ; {
		cards, err := r.vault.Cards.CardsWrappedBy(ctx, string(old.ID), after, rewrapBatch)
		if err != nil || len(cards) == 0 {
			return err
		}
		after = cards[len(cards)-1].ID
		changes, err := r.cardChanges(cards, old)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			moved, err := r.vault.Cards.Rewrap(ctx, changes)
			if err != nil {
				return err
			}
			r.report.Cards.Moved += int64(moved)
		}
		if r.progress != nil {
			r.progress(r.report)
		}
	}
}

func (r *rewrapper) cardChanges(cards []storage.Card, old *keys.Key) ([]storage.CardRewrapping, error) {
	ring, now := r.vault.newestRing(), r.vault.Clock()
	var changes []storage.CardRewrapping
	for i := range cards {
		c := &cards[i]
		target, err := ring.Select(keys.VaultKEK, c.Issuer, c.BIN, now)
		if walletport.ReasonOf(err) == reasonNoKey {
			r.leftOf(c.Issuer, err).Cards++
			continue
		}
		if err != nil {
			return nil, err
		}
		if target.ID == old.ID {
			continue
		}
		wrapped, err := bindCard(&c.CardSummary).rewrap(c.WrappedKey, old, target)
		if err != nil {
			r.cards.count(&r.report.Cards, c.ID)
			continue
		}
		changes = append(changes, storage.CardRewrapping{ID: c.ID, Old: c.WrappedKey, New: wrapped, KEK: string(target.ID)})
	}
	return changes, nil
}

func (f failed[ID]) count(in *Rewrapped[ID], id ID) {
	if f[id] {
		return
	}
	f[id] = true
	in.Failed++
	if len(in.Failures) < maxListedFailures {
		in.Failures = append(in.Failures, id)
	}
}
