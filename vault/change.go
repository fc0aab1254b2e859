package vault

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Admit is told of the card that is about to be changed, before it is opened. Its error
// ends the change and is returned as it is. It may be called again for one change, as
// storage.Updater says.
type Admit func(walletport.CardSummary) error

// Changes are what Change gives a card. What is nil stays as it is, and an empty text
// empties the field.
type Changes struct {
	CustomerID, Product *string
	CardholderName      *walletport.Private // the caller wipes it
}

// ChangeStatus gives a card another status, in a transaction of the caller's, who has the
// record of it in the same one. The card is opened and sealed again: so a row that was
// not as it was stored is not made good by it. A Changer does that before the transaction,
// for custody may take its time. One that has the status already stays as
// it is, and the answer names no fields.
//
// Errors: CodeNotFound, card_not_found, also of a forgotten card; CodeInvalid,
// card_invalid, with the fields; CodeInternal, card_damaged; CodeUnavailable,
// key_unavailable; those of admit and of tx.
func (v *Vault) ChangeStatus(tx storage.CardsTx, id walletport.CardID, to walletport.CardStatus, admit Admit) (ChangedCard, error) {
	return update(tx, id, admit, v.withStatus(to))
}

func (v *Vault) withStatus(to walletport.CardStatus) rewriting {
	var p patch
	p.card.Status = to
	p.says[walletport.CardFieldStatus] = true
	return v.patched(&p)
}

// Change gives a card another name, customer or product, as ChangeStatus does.
func (v *Vault) Change(tx storage.CardsTx, id walletport.CardID, c Changes, admit Admit) (ChangedCard, error) {
	return update(tx, id, admit, v.with(c))
}

func (v *Vault) with(c Changes) rewriting {
	var p patch
	if c.CustomerID != nil {
		p.card.CustomerID, p.says[walletport.CardFieldCustomerID] = *c.CustomerID, true
	}
	if c.Product != nil {
		p.card.Product, p.says[walletport.CardFieldProduct] = *c.Product, true
	}
	if c.CardholderName != nil {
		p.card.CardholderName, p.says[walletport.CardFieldName] = *c.CardholderName, true
	}
	return v.patched(&p)
}

// update stores what rewrite makes of a stored card.
func update(tx storage.CardsTx, id walletport.CardID, admit Admit, rewrite rewriting) (ChangedCard, error) {
	var what ChangedCard
	err := tx.UpdateCard(id, func(old storage.Card) (storage.Card, error) {
		if admit != nil {
			if err := admit(old.CardSummary); err != nil {
				return storage.Card{}, err
			}
		}
		var err error
		old, what, err = rewrite(old)
		return old, err
	})
	if err != nil {
		return ChangedCard{}, err
	}
	return what, nil
}

// rewriting makes a row of the one that is stored, and says what it changes.
type rewriting func(storage.Card) (storage.Card, ChangedCard, error)

// patched is a rewriting that gives the card what a patch says, as a row of a file does.
func (v *Vault) patched(p *patch) rewriting {
	return func(stored storage.Card) (storage.Card, ChangedCard, error) {
		was, err := v.openWhole(&stored)
		if err != nil {
			return storage.Card{}, ChangedCard{}, err
		}
		defer wipeCard(was)
		card, changed := p.onto(was)
		if faults := p.check(&card, false); len(faults) > 0 {
			return storage.Card{}, ChangedCard{}, errCardInvalid(faults)
		}
		what := ChangedCard{ID: card.ID, Issuer: card.Issuer, From: was.Status, To: card.Status, Fields: changed}
		if len(changed) == 0 {
			return stored, what, nil
		}
		s := newSealer(v.newestRing(), v.Clock())
		defer s.wipe()
		row, err := s.seal(&card)
		return row, what, err
	}
}
