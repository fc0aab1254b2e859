package provisioning

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/wallet"
)

// Push is how the cards of one scheme are pushed: sealed for the scheme, encoded
// for the wallet.
type Push struct {
	act.Terms
	TokenRequestorID string       // the wallet's at the scheme, 11 digits
	EncryptionKey    keys.Purpose // the scheme's public key, or the secret shared with it
	SigningKey       keys.Purpose // the issuer's proof; "" for a scheme that asks for none
	Sealer           scheme.CardSealer
	Encoder          wallet.Encoder
}

// Provider is one wallet provider whose issuer wallet cards may be pushed to. It
// takes the cards of its sealer's scheme.
type Provider struct {
	ID          walletport.WalletProviderID
	DisplayName string
	Push
}

// Pass is how the cards of one scheme become pass data of Apple Pay.
type Pass struct {
	act.Terms
	Activator    scheme.Activator
	SigningKey   keys.Purpose        // of the activation data; "" for none
	CipherKey    keys.Purpose        // of activation data and sealed number; "" for none
	NumberSealer scheme.NumberSealer // nil where the pass data hold the number in clear
}

// Apple is Apple Pay. The zero Apple offers it for no card.
type Apple struct {
	Encoder wallet.PassEncoder
	Schemes map[walletport.SchemeID]*Pass
}

// Google is Google Pay. The zero Google offers it for no card.
type Google struct {
	OpaqueCards wallet.OpaqueCardEncoder
	Schemes     map[walletport.SchemeID]*Push
}

// Samsung is Samsung Pay. The zero Samsung offers it for no card.
type Samsung struct {
	Schemes map[walletport.SchemeID]*Push
}

// checkWallets reports every part that a wallet lacks.
func (f *Flow) checkWallets() error {
	var errs []error
	for id, p := range f.Providers {
		errs = append(errs, p.check("wallet provider "+string(id)))
	}
	for id, p := range f.Apple.Schemes {
		errs = append(errs, p.check(id, f.Apple.Encoder))
	}
	for id, p := range f.Google.Schemes {
		errs = append(errs, p.checkScheme("Google Pay", id), act.Missing(f.Google.OpaqueCards == nil, "the encoder of Google Pay's opaque cards"))
	}
	for id, p := range f.Samsung.Schemes {
		errs = append(errs, p.checkScheme("Samsung Pay", id))
	}
	return errors.Join(errs...)
}

func (p *Push) check(of string) error {
	return errors.Join(act.Missing(p.Sealer == nil, "the sealer of "+of), act.Missing(p.Encoder == nil, "the encoder of "+of),
		act.Missing(p.EncryptionKey == "", "the encryption key of "+of))
}

func (p *Push) checkScheme(name string, id walletport.SchemeID) error {
	if err := p.check(name + " for " + string(id)); err != nil {
		return err
	}
	return sameScheme(name, id, p.Sealer.Scheme())
}

func (p *Pass) check(id walletport.SchemeID, encoder wallet.PassEncoder) error {
	if encoder == nil || p.Activator == nil {
		return errors.Join(act.Missing(encoder == nil, "the encoder of Apple Pay"), act.Missing(p.Activator == nil, "the activator of Apple Pay for "+string(id)))
	}
	return errors.Join(sameScheme("Apple Pay", id, p.Activator.Scheme()),
		act.Missing(p.NumberSealer == nil && encoder.NeedsSealedNumber(id), "the number sealer of Apple Pay for "+string(id)))
}

func sameScheme(name string, listed, sealed walletport.SchemeID) error {
	if listed == sealed {
		return nil
	}
	return fmt.Errorf("what %s has for %s cards is for %s", name, listed, sealed)
}

// offered returns what a wallet has for the cards of a scheme.
func offered[O any](schemes map[walletport.SchemeID]*O, w walletport.Wallet, id walletport.SchemeID) (*O, error) {
	if offer, ok := schemes[id]; ok {
		return offer, nil
	}
	return nil, walletport.Errorf(walletport.CodeForbidden, "wallet_not_offered",
		"%s is not set up for %s cards on this server", w, id)
}
