// Package vault keeps cards sealed and lends them out. A card in clear exists only
// inside Borrow; the database sees sealed bytes, a keyed digest of the PAN, and
// what PCI DSS lets stand in clear (BIN and last four).
//
// Each card has a data key of its own, sealed by a key-encryption key of package
// keys (envelope.go says how), so that a rotation re-seals 32 bytes of a card and
// not the card. So has the number of each token (tokennumber.go), each customer (customer.go),
// of whom nothing that is personal stands in clear, and what a request of Click to Pay says
// (overrides.go). The vault does no audit: its callers know who asks and why, and a Changer
// is told by its.
package vault

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// Vault seals, finds and lends cards. Every field but TestNumbers is required. It is
// safe for concurrent use.
type Vault struct {
	Cards     storage.Cards
	Tokens    storage.TokenNumbers
	Customers storage.Customers
	Requests  storage.SealedRequests
	Imports   storage.Imports
	Keys      keys.Source // purposes vault-kek and vault-index
	Clock     func() time.Time
	// TestNumbers are PANs that everybody knows. An import takes none of them and no
	// card of them is lent: in production they are a mistake. A sandbox leaves this empty.
	TestNumbers []walletport.PAN
}

// New returns v, or an error that names each missing part.
func New(v Vault) (*Vault, error) {
	var missing []error
	if v.Cards == nil {
		missing = append(missing, errors.New("vault: Cards is missing"))
	}
	if v.Tokens == nil {
		missing = append(missing, errors.New("vault: Tokens is missing"))
	}
	if v.Customers == nil {
		missing = append(missing, errors.New("vault: Customers is missing"))
	}
	if v.Requests == nil {
		missing = append(missing, errors.New("vault: Requests is missing"))
	}
	if v.Imports == nil {
		missing = append(missing, errors.New("vault: Imports is missing"))
	}
	if v.Keys == nil {
		missing = append(missing, errors.New("vault: Keys is missing"))
	}
	if v.Clock == nil {
		missing = append(missing, errors.New("vault: Clock is missing"))
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	return &v, nil
}

// Find returns the sealed card, or CodeNotFound, reason card_not_found, also for one that
// was forgotten.
func (v *Vault) Find(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	return existing(v.Cards.Card(ctx, id))
}

// FindByPAN returns the cards of a PAN in id order, of every issuer. It asks once
// for each index key that there ever was: a card keeps the index it was stored with.
func (v *Vault) FindByPAN(ctx context.Context, pan walletport.PAN) ([]storage.Card, error) {
	if pan.IsZero() {
		return nil, nil
	}
	var found []storage.Card
	for _, k := range v.Keys.Current().All() {
		if k.MAC == nil || k.Purpose != keys.VaultIndex {
			continue
		}
		cards, err := v.Cards.CardsByPANIndex(ctx, k.MAC.Sum(pan.Reveal()))
		if err != nil {
			return nil, err
		}
		found = append(found, cards...)
	}
	slices.SortFunc(found, func(a, b storage.Card) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// Borrow opens a card for the time of use and wipes it afterwards, also when use
// panics. use must keep neither the card nor its PAN or name.
//
// A row that was not written as it stands does not open: sealed bytes of another
// card or issuer, another wrapped key, an edited status or expiry. That is
// CodeInternal, reason card_damaged. A key-encryption key that is not in the
// catalogue is CodeUnavailable, reason key_unavailable. A card with one of TestNumbers
// is CodeForbidden, reason card_not_eligible; a forgotten card is CodeNotFound, reason
// card_not_found. Errors of use are returned as they are.
func (v *Vault) Borrow(ctx context.Context, row storage.Card, use func(*walletport.Card) error) error {
	if err := ctx.Err(); err != nil {
		return storage.ErrUnavailable(ctx, err)
	}
	card, err := v.open(&row)
	if err != nil {
		return err
	}
	defer func() {
		wipeCard(card)
		*card = walletport.Card{}
	}()
	if v.isTestNumber(card.PAN) {
		return walletport.Errorf(walletport.CodeForbidden, "card_not_eligible", "the card has a test number, which works in a sandbox only")
	}
	return use(card)
}

// open opens a row, see openWith.
func (v *Vault) open(row *storage.Card) (*walletport.Card, error) {
	return openWith(v, func(ring *keys.Ring) (*walletport.Card, error) { return open(ring, row) })
}

// openWith opens what is sealed. What does not open may have been sealed with a key that
// another process made since this one last looked, so it looks again. What was forgotten,
// CodeNotFound, no key opens.
func openWith[T any](v *Vault, open func(*keys.Ring) (T, error)) (T, error) {
	ring := v.Keys.Current()
	opened, err := open(ring)
	if err == nil || walletport.CodeOf(err) == walletport.CodeNotFound {
		return opened, err
	}
	newer := v.newestRing()
	if newer == ring {
		return opened, err
	}
	return open(newer)
}

// newestRing returns the catalogue as it is now, also where another process has changed it
// since this one last looked.
func (v *Vault) newestRing() *keys.Ring {
	if source, ok := v.Keys.(keys.Refresher); ok {
		return source.Refresh()
	}
	return v.Keys.Current()
}

// Seal returns the row of a card. It derives scheme, BIN and last four from the
// PAN. A card that breaks a rule of the import is CodeInvalid, reason
// card_invalid, with the fields; a missing key is CodeUnavailable, reason
// key_unavailable. The caller keeps and wipes the PAN.
func (v *Vault) Seal(card walletport.Card) (storage.Card, error) {
	if faults := checkCard(&card); len(faults) > 0 {
		return storage.Card{}, errCardInvalid(faults)
	}
	s := newSealer(v.newestRing(), v.Clock())
	defer s.wipe()
	return s.seal(&card)
}

// Put seals cards and stores them in one transaction. See Seal and
// storage.Cards.PutCards.
func (v *Vault) Put(ctx context.Context, cards ...walletport.Card) (storage.PutResult, error) {
	rows := make([]storage.Card, 0, len(cards))
	for _, card := range cards {
		row, err := v.Seal(card)
		if err != nil {
			return storage.PutResult{}, err
		}
		rows = append(rows, row)
	}
	return v.Cards.PutCards(ctx, rows)
}
