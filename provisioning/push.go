package provisioning

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/wallet"
)

// extra is what a wallet wants made beside digitizationData while the card is
// open. The zero extra is nothing.
type extra struct {
	keys []keys.Purpose
	make func(*walletport.Card, []*keys.Key) error
}

// makePush makes the digitizationData of the card, and what the wallet wants beside it,
// of one borrow.
func makePush(ctx context.Context, c *act.Call, p *Push, client Client, beside extra) (string, error) {
	selected, err := c.SelectKeys(append([]keys.Purpose{p.EncryptionKey, p.SigningKey}, beside.keys...)...)
	if err != nil {
		return "", err
	}
	encryption, signing := selected[0], selected[1]
	in := scheme.SealInput{
		Recipient: scheme.Recipient{
			Public: encryption.Public, Certificate: encryption.Certificate, Fingerprint: encryption.SchemeFingerprint,
			Wrapper: encryption.KEK, KeyID: encryption.Alias,
		},
		Signer: scheme.Signer{Key: signing.Signer, Alias: signing.Alias},
		Client: scheme.Client{
			TokenRequestorID: p.TokenRequestorID, AppID: client.AppID, DeviceID: client.DeviceID, WalletAccountID: client.WalletAccountID,
		},
		Now: c.Now, Rand: c.Rand,
	}
	var sealed []byte
	err = c.Borrow(ctx, func(card *walletport.Card) error {
		in.Card = card
		var sealErr error
		if sealed, sealErr = p.Sealer.SealCard(in); sealErr != nil || beside.make == nil {
			return sealErr
		}
		return beside.make(card, selected[2:])
	})
	if err != nil {
		return "", err
	}
	payload, err := p.Encoder.Encode(wallet.Input{Sealed: sealed, Scheme: c.Card.Scheme})
	return payload.DigitizationData, err
}
