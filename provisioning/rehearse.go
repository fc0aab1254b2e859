package provisioning

import (
	"context"
	"crypto/ecdh"
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/wallet"
)

// Rehearse tries each offer for each issuer that it serves, those of the list where it
// names none: those of the table in its order, then Apple Pay's by scheme. It goes
// through the keys, sealers and encoders of a call with a made-up card. Nothing is
// looked up, recorded, used up or handed out.
func (f *Flow) Rehearse(ctx context.Context, issuers []walletport.IssuerID) []walletport.Rehearsal {
	var all []walletport.Rehearsal
	for _, o := range f.Offers {
		all = append(all, act.Rehearse(&f.Parts, act.Trial{
			Name: o.name(), Wallet: target{o.Wallet, o.Provider}.name(), Scheme: o.Scheme, Issuers: o.Issuers, Purposes: []keys.Purpose{o.EncryptionKey, o.SigningKey},
		}, issuers, func(c *act.Call) error { return o.rehearse(ctx, c) })...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Apple.Schemes)) {
		p := f.Apple.Schemes[id]
		all = append(all, act.Rehearse(&f.Parts, act.Trial{
			Name: offerName(walletport.ApplePay, id), Wallet: string(walletport.ApplePay), Scheme: id, Issuers: p.Issuers, Purposes: []keys.Purpose{p.SigningKey, p.CipherKey},
		}, issuers, func(c *act.Call) error { return f.Apple.rehearse(ctx, c, p) })...)
	}
	return all
}

// rehearse makes an opaque payment card too where there are keys for it: the wallet
// works without.
func (o *Offer) rehearse(ctx context.Context, c *act.Call) error {
	_, noKeys := c.SelectKeys(opaqueCardKeys...)
	_, err := o.push(ctx, c, PushRequest{
		Client:                     Client{AppID: "walletport", DeviceID: "rehearsal", WalletAccountID: "rehearsal"}, // which every scheme takes
		OpaquePaymentCardRequested: noKeys == nil,
		ServerSessionID:            "00000000-0000-4000-8000-000000000000",
	})
	return err
}

func (a Apple) rehearse(ctx context.Context, c *act.Call, p *Pass) error {
	recipient, err := ecdh.P256().GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	_, err = a.makePass(ctx, c, p, wallet.PassInput{
		Recipient: wallet.PassRecipient{Public: recipient.PublicKey()},
		Nonce:     make([]byte, 4), NonceSignature: make([]byte, 4),
	})
	return err
}
