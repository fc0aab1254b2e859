package applepay

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/walletport/walletport/seal"
	"github.com/walletport/walletport/wallet"
)

// EncodePass encrypts the pass data to the recipient under a key pair that is drawn
// for this call and never used again, which the envelope's security rests on (see
// seal.SealECCV2). The same input gives other bytes each time. The pass data are wiped.
//
// A card that Apple would refuse is CodeForbidden, reason card_data_unusable. An
// input that does not fit the configuration (a sealed number missing where
// NeedsSealedNumber, or there where not) is a fault of the caller's program: a card
// number is never put in clear because its encrypted form was forgotten.
func (e *Encoder) EncodePass(in wallet.PassInput) (wallet.Pass, error) {
	if err := e.checkInput(in); err != nil {
		return wallet.Pass{}, err
	}
	ephemeral, err := ecdh.P256().GenerateKey(in.Rand)
	if err != nil {
		return wallet.Pass{}, fmt.Errorf("draw ephemeral key: %w", err)
	}
	return e.encodeWith(ephemeral, in)
}

// encodeWith is EncodePass with a given key pair, which must be fresh.
func (e *Encoder) encodeWith(ephemeral *ecdh.PrivateKey, in wallet.PassInput) (wallet.Pass, error) {
	profile, _ := e.config.profile(in.Card.Scheme)
	data, err := e.passData(profile, in)
	if err != nil {
		return wallet.Pass{}, err
	}
	sealed, err := seal.SealECCV2(ephemeral, in.Recipient.Public, data)
	clear(data)
	if err != nil {
		return wallet.Pass{}, err
	}
	return wallet.Pass{
		ActivationData:     base64.StdEncoding.EncodeToString(in.ActivationData),
		EncryptedPassData:  profile.Encoding.encode(sealed),
		EphemeralPublicKey: profile.Encoding.encode(ephemeral.PublicKey().Bytes()),
	}, nil
}

// checkInput refuses what no card and no request can cause.
func (e *Encoder) checkInput(in wallet.PassInput) error {
	switch {
	case in.Card == nil:
		return errors.New("applepay: there is no card")
	case in.Recipient.Public == nil:
		return errors.New("applepay: there is no recipient")
	case len(in.Nonce) == 0 || len(in.NonceSignature) == 0:
		return errors.New("applepay: there is no nonce or no signature of it")
	case len(in.ActivationData) == 0:
		return errors.New("applepay: there are no activation data")
	case in.Rand == nil:
		return errors.New("applepay: there is no source of randomness")
	}
	if _, ok := e.config.profile(in.Card.Scheme); !ok {
		return errors.New("applepay: the card's scheme has no profile")
	}
	if e.NeedsSealedNumber(in.Card.Scheme) != (len(in.SealedNumber) > 0) {
		return errors.New("applepay: a sealed number goes with the form encrypted_fpan, and only with it")
	}
	return nil
}

func (c Encoding) encode(data []byte) string {
	if c == Hex {
		return hex.EncodeToString(data)
	}
	return base64.StdEncoding.EncodeToString(data)
}
