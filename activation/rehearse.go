package activation

import (
	"context"
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// Rehearse tries the activation of each scheme for each issuer of the list, in a fixed
// order. It goes through the keys and activators of a call with a made-up card.
// Nothing is looked up, recorded, used up or handed out.
func (f *Flow) Rehearse(ctx context.Context, issuers []walletport.IssuerID) []walletport.Rehearsal {
	var all []walletport.Rehearsal
	for _, id := range slices.Sorted(maps.Keys(f.Schemes)) {
		all = append(all, f.rehearse(ctx, "activation of "+string(id)+" cards", issuers, id, f.Schemes[id])...)
	}
	if f.TAV2 != nil {
		all = append(all, f.rehearse(ctx, "activation of "+string(walletport.Mastercard)+" cards by TAV 2", issuers, walletport.Mastercard, f.TAV2)...)
	}
	return all
}

func (f *Flow) rehearse(ctx context.Context, offer string, issuers []walletport.IssuerID, id walletport.SchemeID, means *Means) []walletport.Rehearsal {
	all := make([]walletport.Rehearsal, len(issuers))
	purposes := []keys.Purpose{means.SigningKey, means.CipherKey}
	for i, issuer := range issuers {
		err := keys.Rehearse(f.Keys.Current(), purposes, issuer, id, f.Clock(), func(card *walletport.Card) error {
			_, err := f.rehearsal(card).makeData(ctx, means)
			return err
		})
		all[i] = walletport.Rehearsal{Offer: offer, Issuer: issuer, Err: err}
	}
	return all
}

// rehearsal is a call that lends the card and knows of no request but a nonce.
func (f *Flow) rehearsal(card *walletport.Card) *call {
	rehearsing := *f
	rehearsing.Vault = madeUp{card}
	return &call{
		Flow: &rehearsing, nonce: make([]byte, 4), now: f.Clock(), record: &walletport.Auditing{},
		card: storage.Card{CardSummary: card.CardSummary},
	}
}

// madeUp is a vault of one card that was never stored.
type madeUp struct{ card *walletport.Card }

func (v madeUp) Find(context.Context, walletport.CardID) (storage.Card, error) {
	return storage.Card{}, walletport.ErrCardNotFound()
}

func (v madeUp) Borrow(_ context.Context, _ storage.Card, use func(*walletport.Card) error) error {
	return use(v.card)
}
