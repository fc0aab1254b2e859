package vault

import (
	"crypto/hmac"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// A forgotten card is a row with the id, the issuer, the scheme, the status
// CARD_FORGOTTEN and the time when it was forgotten. Everything else of it is empty: it
// has no PAN and no index of one, no name, no data key, no BIN, last four, expiry,
// customer or product. Its content MAC is over what is left, so that nobody makes a card
// forgotten by an UPDATE statement without that it shows.

// Forget erases what is known of a card and keeps that there was one, in a transaction
// of the caller's, as ChangeStatus does. It needs no key that opens the card, so it
// erases a damaged one too, and one whose key is lost; but the key of the index that
// new cards get. What is done cannot be undone, but by importing the card again. A card
// that was forgotten before stays as it is, and the answer names no fields.
//
// What the engine keeps of erased bytes outside of its tables is told by
// storage.Eraser.
func (v *Vault) Forget(tx storage.CardsTx, id walletport.CardID, admit Admit) (ChangedCard, error) {
	return update(tx, id, admit, v.withoutData())
}

func (v *Vault) withoutData() rewriting {
	return func(stored storage.Card) (storage.Card, ChangedCard, error) {
		what := ChangedCard{ID: stored.ID, Issuer: stored.Issuer, From: stored.Status, To: walletport.CardForgotten}
		if stored.Status == walletport.CardForgotten && v.Check(stored) == nil {
			return stored, what, nil
		}
		now := v.Clock()
		index, err := v.newestRing().Select(keys.VaultIndex, stored.Issuer, stored.BIN, now)
		if err != nil {
			return storage.Card{}, ChangedCard{}, err
		}
		row := forgotten(&stored.CardSummary, now)
		row.ContentMAC = index.MAC.Sum(appendForgotten(nil, &row))
		what.Fields = []string{fieldAll}
		return row, what, nil
	}
}

// fieldAll stands for all fields that a card has, where a change is named.
const fieldAll = "all"

// forgotten is the row of a card that was forgotten at t, without its content MAC.
func forgotten(c *walletport.CardSummary, t time.Time) storage.Card {
	return storage.Card{
		CardSummary: walletport.CardSummary{ID: c.ID, Issuer: c.Issuer, Scheme: c.Scheme, Status: walletport.CardForgotten},
		UpdatedAt:   time.UnixMilli(t.UnixMilli()).UTC(), // as it is stored
	}
}

// forgottenTag begins what the MAC of a forgotten card covers.
const forgottenTag = "walletport forgotten card v"

func appendForgotten(to []byte, row *storage.Card) []byte {
	const version = 1
	to = appendTag(to, forgottenTag, version)
	to = appendNumber(to, uint64(row.ID))
	for _, text := range [...]string{string(row.Issuer), string(row.Scheme), string(row.Status)} {
		to = appendField(to, text)
	}
	return appendNumber(to, uint64(row.UpdatedAt.UnixMilli()))
}

// checkForgotten returns nil for the row of a forgotten card as Forget wrote it, or
// CodeInternal, reason card_damaged.
func checkForgotten(ring *keys.Ring, row *storage.Card) error {
	isErased := len(row.PANIndex) == 0 && envelopeOf(row).isEmpty()
	if !isErased || row.CardSummary != forgotten(&row.CardSummary, row.UpdatedAt).CardSummary {
		return errDamaged(row, "the card is called forgotten, and there is more of it")
	}
	if !isMACOf(ring, row.ContentMAC, appendForgotten(nil, row)) {
		return errDamaged(row, "the card is called forgotten, and nobody has forgotten it")
	}
	return nil
}

// isMACOf reports whether a MAC is of content, under whichever index key was current when
// it was written.
func isMACOf(ring *keys.Ring, mac, content []byte) bool {
	for _, k := range ring.All() {
		if k.Purpose == keys.VaultIndex && k.MAC != nil && hmac.Equal(k.MAC.Sum(content), mac) {
			return true
		}
	}
	return false
}

// errForgotten is the answer for a card that was forgotten, wherever a card is needed.
// The reason is that of a card that never was.
func errForgotten() error {
	return walletport.Errorf(walletport.CodeNotFound, "card_not_found", "the card was forgotten: nothing of it is kept")
}

// existing returns the row of a card that is there, and card_not_found for one that was
// forgotten.
func existing(row storage.Card, err error) (storage.Card, error) {
	if err == nil && row.Status == walletport.CardForgotten {
		return storage.Card{}, walletport.ErrCardNotFound()
	}
	return row, err
}
