package activation

import (
	"context"

	"github.com/walletport/walletport"
)

// StepUpWallet stands for the wallet in a proof of strong authentication: these
// calls name none, and a proof for a push into one wallet must not activate a card
// that somebody typed into another.
const StepUpWallet = "activation"

// Activate makes activation data of a card. A nonce is used up when whoever
// may refuse the call has not, before the data are made; after CodeUnavailable it may be. Errors:
//
//   - CodeInvalid: nonce_malformed, nonce_too_long, token_unique_reference_malformed,
//     token_unique_reference_contains_pan
//   - CodeNotFound: card_not_found, also for a card of an issuer that the actor is
//     not bound to
//   - CodeForbidden: activation_not_offered, activation_needs_nonce,
//     card_not_eligible, and the reasons of walletport.StepUpGate
//   - CodeConflict: nonce_reused
//   - CodeUnavailable: key_unavailable, store_unavailable, audit_unavailable
//
// and what the scheme's activator refuses.
func (f *Flow) Activate(ctx context.Context, req Request) (Result, error) {
	return f.answer(ctx, walletport.ActionActivate, req, func(id walletport.SchemeID) (*Offer, error) {
		if o, ok := f.Offers[id]; ok {
			return o, nil
		}
		return nil, errNotOffered(id)
	})
}

// ActivateTAV2 makes a Mastercard TAV of version 2, for the deprecated calls. Its
// errors are those of Activate, and CodeForbidden, reason scheme_mismatch, for a
// card of another scheme.
func (f *Flow) ActivateTAV2(ctx context.Context, req Request) (Result, error) {
	return f.answer(ctx, walletport.ActionActivateTAV2, req, func(id walletport.SchemeID) (*Offer, error) {
		switch {
		case id != walletport.Mastercard:
			return nil, walletport.Errorf(walletport.CodeForbidden, "scheme_mismatch",
				"this call activates %s cards; the card belongs to another scheme", walletport.Mastercard)
		case f.TAV2 == nil:
			return nil, errNotOffered(id)
		}
		return f.TAV2, nil
	})
}

func errNotOffered(id walletport.SchemeID) error {
	return walletport.Errorf(walletport.CodeForbidden, "activation_not_offered", "activation of %s cards is not set up on this server", id)
}

func errNeedsNonce(id walletport.SchemeID) error {
	return walletport.Errorf(walletport.CodeForbidden, "activation_needs_nonce",
		"activation data of %s answer a nonce of the wallet, and the request has none: "+
			"send the nonce, push the card from the app instead, or activate the token at the scheme", id)
}
