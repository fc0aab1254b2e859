package tokens

import (
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// rehearsing is on whose behalf a request is made that is never sent.
const rehearsing walletport.AuditUser = "walletport"

// Rehearse tries, for each issuer of the list and each scheme in a fixed order, whether a
// card's tokens can be asked for: it goes through the keys and messages of a list with a
// made-up card. Nothing is sent, looked up or recorded.
func (f *Flow) Rehearse(issuers []walletport.IssuerID) []walletport.Rehearsal {
	var all []walletport.Rehearsal
	for _, id := range slices.Sorted(maps.Keys(f.Schemes)) {
		s := f.Schemes[id]
		for _, issuer := range issuers {
			err := keys.Rehearse(f.Keys.Current(), s.Keys.Purposes(), issuer, id, f.Clock(), func(card *walletport.Card) error {
				return f.tryAsking(s, card)
			})
			all = append(all, walletport.Rehearsal{Offer: "tokens of " + string(id) + " cards", Issuer: issuer, Err: err})
		}
	}
	return all
}

func (f *Flow) tryAsking(s Scheme, card *walletport.Card) error {
	access, _, err := s.Keys.Select(f.Keys.Current(), card.Issuer, card.BIN, f.Clock())
	if err != nil {
		return err
	}
	now := f.Clock()
	query, err := s.Manager.CardTokens(scheme.CardTokensInput{Access: access, By: rehearsing, PAN: card.PAN, Now: now, Rand: f.Rand})
	if err != nil {
		return err
	}
	_, err = query.Request(now, f.Rand)
	return err
}
