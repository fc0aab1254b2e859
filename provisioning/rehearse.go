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
// names none, in a fixed order. It goes through the keys, sealers and encoders of a
// call with a made-up card. Nothing is looked up, recorded, used up or handed out.
func (f *Flow) Rehearse(ctx context.Context, issuers []walletport.IssuerID) []walletport.Rehearsal {
	var all []walletport.Rehearsal
	for _, id := range slices.Sorted(maps.Keys(f.Providers)) {
		p := f.Providers[id]
		all = append(all, f.rehearsePush(ctx, p.Push.trial("issuerwallet "+string(id), p.Sealer.Scheme()), issuers, &p.Push, nil)...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Apple.Schemes)) {
		p := f.Apple.Schemes[id]
		all = append(all, f.rehearsePass(ctx, id, issuers, p)...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Google.Schemes)) {
		p := f.Google.Schemes[id]
		all = append(all, f.rehearsePush(ctx, p.trial(offerName(walletport.GooglePay, id), id), issuers, p, f.Google.rehearseOpaqueCard)...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Samsung.Schemes)) {
		p := f.Samsung.Schemes[id]
		all = append(all, f.rehearsePush(ctx, p.trial(offerName(walletport.SamsungPay, id), id), issuers, p, nil)...)
	}
	return all
}

func offerName(w walletport.Wallet, id walletport.SchemeID) string {
	return string(w) + " for " + string(id) + " cards"
}

func (p *Push) trial(name string, id walletport.SchemeID) act.Trial {
	return act.Trial{Name: name, Scheme: id, Issuers: p.Issuers, Purposes: []keys.Purpose{p.EncryptionKey, p.SigningKey}}
}

// rehearsalClient is a wallet that every scheme takes.
var rehearsalClient = Client{AppID: "walletport", DeviceID: "rehearsal", WalletAccountID: "rehearsal"}

func (f *Flow) rehearsePush(ctx context.Context, t act.Trial, issuers []walletport.IssuerID, p *Push, beside func(*act.Call) extra) []walletport.Rehearsal {
	return act.Rehearse(&f.Parts, t, issuers, func(c *act.Call) error {
		more := extra{}
		if beside != nil {
			more = beside(c)
		}
		_, err := makePush(ctx, c, p, rehearsalClient, more)
		return err
	})
}

// rehearseOpaqueCard is Google's card where there are keys for it: the wallet works
// without.
func (g Google) rehearseOpaqueCard(c *act.Call) extra {
	var place string
	more := g.opaqueCard(c, "00000000-0000-4000-8000-000000000000", &place)
	if _, err := c.SelectKeys(more.keys...); err != nil {
		return extra{}
	}
	return more
}

func (f *Flow) rehearsePass(ctx context.Context, id walletport.SchemeID, issuers []walletport.IssuerID, p *Pass) []walletport.Rehearsal {
	t := act.Trial{
		Name: offerName(walletport.ApplePay, id), Scheme: id, Issuers: p.Issuers, Purposes: []keys.Purpose{p.SigningKey, p.CipherKey},
	}
	return act.Rehearse(&f.Parts, t, issuers, func(c *act.Call) error {
		recipient, err := ecdh.P256().GenerateKey(c.Rand)
		if err != nil {
			return err
		}
		_, err = f.Apple.makePass(ctx, c, p, wallet.PassInput{
			Recipient: wallet.PassRecipient{Public: recipient.PublicKey()},
			Nonce:     make([]byte, 4), NonceSignature: make([]byte, 4),
		})
		return err
	})
}
