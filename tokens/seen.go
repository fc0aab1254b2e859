package tokens

import (
	"cmp"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// seen returns what a scheme said of a token as the store takes it. row is what is stored
// of it: of a token that is seen for the first time no more than Ref and Issuer. card is the
// token's; the zero one of a token that has none any more. The number of the token is wiped.
// The error is scheme_answer_unreadable where what was said cannot be stored.
func (f *Flow) seen(row storage.Token, card walletport.CardSummary, a answer) (storage.SeenToken, error) {
	seen := storage.SeenToken{Token: storage.Token{
		Ref: row.Ref, Issuer: row.Issuer, CardID: card.ID, Source: a.source, AsOf: a.askedAt,
	}}
	if a.token == nil {
		seen.Status = walletport.TokenDeactivated
		return seen, nil
	}
	said := a.token
	defer said.Number.Wipe()
	if rule := row.Ref.Rule(); rule != "" {
		return seen, scheme.ErrUnreadable().WithCause(errors.New(rule))
	}
	if said.Status == "" {
		f.Observer.Odd(row.Issuer, row.Ref, OddStatus)
	}
	clean := cleaner{card, said.Number}
	if clean.hasOwnNumber(row.Ref.Reference) { // other digits in it are its own
		return seen, scheme.ErrUnreadable().WithCause(errors.New("a token's reference has the number of the card or of the token in it"))
	}
	seen.Status = cmp.Or(said.Status, row.Status, statusOfUnknownWord)
	seen.Holders = said.Holders // none: the scheme does not say who
	if len(seen.Holders) == 0 {
		seen.Holders = nil
	}
	seen.PANReference = clean.reference(said.PANReference)
	seen.Wallet = clean.text(cmp.Or(f.Requestors[row.Ref.Requestor], said.Requestor)) // "" is not known: see view
	seen.StatusSince, seen.RequestedAt, seen.Expiry = said.StatusSince, said.RequestedAt, said.Expiry
	seen.DeviceName, seen.DeviceType = clean.text(said.Device.Name), clean.text(said.Device.Type)
	seen.Number = f.numberOf(row, card, said)
	return seen, nil
}

// statusOfUnknownWord is the status of a token that was never seen before and whose status
// the scheme has a word for that is not known here: it may be able to pay, and can be
// stopped.
const statusOfUnknownWord = walletport.TokenActive

// numberOf returns the number of a token for its row. A token has one number for its life,
// so one that is stored and begins and ends alike is the same and is not sealed again: that
// would ask the custodian of the key, and the store keeps what it has. Of one that cannot be
// sealed the last four digits are kept: no list and no change of a token waits for the key of
// numbers. It is tried again with the next look.
func (f *Flow) numberOf(row storage.Token, card walletport.CardSummary, said *scheme.Token) storage.TokenNumber {
	last := said.LastFour
	isStored := len(row.Number.Sealed) > 0 && row.Number.FirstSix == said.Number.FirstSix() && row.Number.LastFour == said.Number.LastFour()
	switch {
	case said.Number.IsZero() && (len(last) != 4 || !walletport.IsDigits(last)):
		return storage.TokenNumber{}
	case said.Number.IsZero(), card.ID == 0: // without a card nothing is kept of it
		return storage.TokenNumber{LastFour: last}
	case isStored:
		return storage.TokenNumber{LastFour: row.Number.LastFour}
	}
	sealed, err := f.Numbers.SealTokenNumber(row.Issuer, row.Ref, said.Number)
	if err != nil {
		f.Observer.Odd(row.Issuer, row.Ref, OddNumber)
		return storage.TokenNumber{LastFour: said.Number.LastFour()}
	}
	return sealed
}

// cleaner makes texts of a scheme fit for the store. People type numbers anywhere: what reads
// like a card number is replaced, and so is what has the card's or the token's own in it.
type cleaner struct {
	card   walletport.CardSummary
	number walletport.PAN // of the token; may be zero
}

// text returns what may be kept of a text. It is looked at before and after it is cut: a
// number must neither lose its end nor the letter that made it part of a word.
func (c cleaner) text(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
	if c.hasNumber(text) {
		return walletport.RedactedNumber
	}
	if text = cut(text, storage.MaxOutsideText); c.hasNumber(text) {
		return walletport.RedactedNumber
	}
	return text
}

func (c cleaner) hasNumber(text string) bool {
	return walletport.ContainsPAN(text) || c.hasOwnNumber(text)
}

func (c cleaner) hasOwnNumber(text string) bool { return c.card.NumberIn(text) || c.number.IsIn(text) }

// reference returns a reference as it is, or none: half a reference is another one.
func (c cleaner) reference(reference string) string {
	if c.text(reference) != reference {
		return ""
	}
	return reference
}

// cut returns at most limit bytes of a text, in whole characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
