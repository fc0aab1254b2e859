package provisioning

import (
	"context"
	"crypto/ecdh"
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/wallet"
)

// Rehearse tries each offer for each issuer that it serves, those of the list where it
// names none, in a fixed order. It goes through the keys, sealers and encoders of a
// call with a made-up card. Nothing is looked up, recorded, used up or handed out.
func (f *Flow) Rehearse(ctx context.Context, issuers []walletport.IssuerID) []walletport.Rehearsal {
	var all []walletport.Rehearsal
	for _, id := range slices.Sorted(maps.Keys(f.Providers)) {
		p := f.Providers[id]
		all = append(all, f.rehearse("issuerwallet "+string(id), p.Terms, issuers, func(issuer walletport.IssuerID) error {
			return f.rehearsePush(ctx, issuer, p.Sealer.Scheme(), &p.Push, nil)
		})...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Apple.Schemes)) {
		p := f.Apple.Schemes[id]
		all = append(all, f.rehearse(offerName(walletport.ApplePay, id), p.Terms, issuers, func(issuer walletport.IssuerID) error {
			return f.rehearsePass(ctx, issuer, id, p)
		})...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Google.Schemes)) {
		p := f.Google.Schemes[id]
		all = append(all, f.rehearse(offerName(walletport.GooglePay, id), p.Terms, issuers, func(issuer walletport.IssuerID) error {
			return f.rehearsePush(ctx, issuer, id, p, (*call).rehearseOpaqueCard)
		})...)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Samsung.Schemes)) {
		p := f.Samsung.Schemes[id]
		all = append(all, f.rehearse(offerName(walletport.SamsungPay, id), p.Terms, issuers, func(issuer walletport.IssuerID) error {
			return f.rehearsePush(ctx, issuer, id, p, nil)
		})...)
	}
	return all
}

func offerName(w walletport.Wallet, id walletport.SchemeID) string {
	return string(w) + " for " + string(id) + " cards"
}

func (f *Flow) rehearse(offer string, terms Terms, issuers []walletport.IssuerID, try func(walletport.IssuerID) error) []walletport.Rehearsal {
	if len(terms.Issuers) > 0 {
		issuers = terms.Issuers
	}
	all := make([]walletport.Rehearsal, len(issuers))
	for i, issuer := range issuers {
		all[i] = walletport.Rehearsal{Offer: offer, Issuer: issuer, Err: try(issuer)}
	}
	return all
}

// rehearsalClient is a wallet that every scheme takes.
var rehearsalClient = Client{AppID: "walletport", DeviceID: "rehearsal", WalletAccountID: "rehearsal"}

func (f *Flow) rehearsePush(ctx context.Context, issuer walletport.IssuerID, id walletport.SchemeID, p *Push, beside func(*call) extra) error {
	purposes := []keys.Purpose{p.EncryptionKey, p.SigningKey}
	return keys.Rehearse(f.Keys.Current(), purposes, issuer, id, f.Clock(), func(card *walletport.Card) error {
		c := f.rehearsal(card)
		more := extra{}
		if beside != nil {
			more = beside(c)
		}
		_, err := c.push(ctx, p, rehearsalClient, more)
		return err
	})
}

// rehearseOpaqueCard is Google's card where there are keys for it: the wallet works
// without.
func (c *call) rehearseOpaqueCard() extra {
	var place string
	more := c.opaqueCard("00000000-0000-4000-8000-000000000000", &place)
	ring := c.Keys.Current()
	for _, purpose := range more.keys {
		if _, err := ring.Select(purpose, c.card.Issuer, c.card.BIN, c.now); err != nil {
			return extra{}
		}
	}
	return more
}

func (f *Flow) rehearsePass(ctx context.Context, issuer walletport.IssuerID, id walletport.SchemeID, p *Pass) error {
	recipient, err := ecdh.P256().GenerateKey(f.Rand)
	if err != nil {
		return err
	}
	in := wallet.PassInput{
		Recipient: wallet.PassRecipient{Public: recipient.PublicKey()},
		Nonce:     make([]byte, 4), NonceSignature: make([]byte, 4), Rand: f.Rand,
	}
	purposes := []keys.Purpose{p.SigningKey, p.CipherKey}
	return keys.Rehearse(f.Keys.Current(), purposes, issuer, id, f.Clock(), func(card *walletport.Card) error {
		_, err := f.rehearsal(card).makePass(ctx, p, in)
		return err
	})
}

// rehearsal is a call that lends the card and knows of no request.
func (f *Flow) rehearsal(card *walletport.Card) *call {
	rehearsing := *f
	rehearsing.Vault = madeUp{card}
	return &call{Flow: &rehearsing, now: f.Clock(), record: &walletport.Auditing{}, card: storage.Card{CardSummary: card.CardSummary}}
}

// madeUp is a vault of one card that was never stored.
type madeUp struct{ card *walletport.Card }

func (v madeUp) Find(context.Context, walletport.CardID) (storage.Card, error) {
	return storage.Card{}, walletport.ErrCardNotFound()
}

func (v madeUp) Borrow(_ context.Context, _ storage.Card, use func(*walletport.Card) error) error {
	return use(v.card)
}
