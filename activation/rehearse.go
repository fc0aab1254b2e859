package activation

import (
	"context"
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// Rehearse tries the activation of each scheme for each issuer of the list, in a fixed
// order. It goes through the keys and activators of a call with a made-up card.
// Nothing is looked up, recorded, used up or handed out.
func (f *Flow) Rehearse(ctx context.Context, issuers []walletport.IssuerID) []walletport.Rehearsal {
	var all []walletport.Rehearsal
	for _, id := range slices.Sorted(maps.Keys(f.Offers)) {
		all = append(all, f.rehearse(ctx, "activation of "+string(id)+" cards", issuers, id, f.Offers[id])...)
	}
	if f.TAV2 != nil {
		all = append(all, f.rehearse(ctx, "activation of "+string(walletport.Mastercard)+" cards by TAV 2", issuers, walletport.Mastercard, f.TAV2)...)
	}
	return all
}

func (f *Flow) rehearse(ctx context.Context, name string, issuers []walletport.IssuerID, id walletport.SchemeID, o *Offer) []walletport.Rehearsal {
	trial := act.Trial{Name: name, Wallet: StepUpWallet, Scheme: id, Purposes: []keys.Purpose{o.SigningKey, o.CipherKey}}
	return act.Rehearse(&f.Parts, trial, issuers, func(c *act.Call) error {
		_, err := o.makeData(ctx, c, scheme.ActivationInput{Nonce: make([]byte, 4)})
		return err
	})
}
