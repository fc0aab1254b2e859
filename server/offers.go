package server

import (
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/googlepay"
	"github.com/walletport/walletport/wallet/issuerwallet"
	"github.com/walletport/walletport/wallet/samsungpay"
)

// offers is what the configuration lets the server offer.
type offers struct{ config.Config }

// neededPurposes are those without which a part of what is offered cannot work, each
// with what needs it, by its setting: a server that offers no Visa cards needs none of
// Visa's keys. The keys of Google's opaque cards are not among them, for Google Pay
// works without such cards.
func (c offers) neededPurposes() (needed []keys.Purpose, by map[keys.Purpose]string) {
	by = map[keys.Purpose]string{}
	add := func(wanted bool, offer string, purposes ...keys.Purpose) {
		for _, p := range purposes {
			if wanted && !slices.Contains(needed, p) {
				needed = append(needed, p)
				by[p] = offer
			}
		}
	}
	add(true, "the card vault", keys.VaultKEK, keys.VaultIndex)
	add(true, "the audit trail", keys.AuditCheckpoint)
	add(len(c.WalletProviders) > 0, "wallet_providers", keys.MDESEncryption, keys.TAVSigning)
	for _, o := range c.Wallets.Offers() {
		isPass, isVisa := o.Wallet == walletport.ApplePay, o.Scheme == walletport.Visa
		name := o.Setting()
		add(o.Enabled && isVisa && isPass, name, keys.WSD)
		add(o.Enabled && isVisa && !isPass, name, keys.VTSPush)
		add(o.Enabled && !isVisa, name, keys.TAVSigning)
		add(o.Enabled && !isVisa && !isPass, name, keys.MDESEncryption)
	}
	add(c.Activation.Mastercard.Enabled, "activation.mastercard", keys.TAVSigning)
	add(c.Activation.Visa.Enabled, "activation.visa", keys.WSD)
	return needed, by
}

// offerWallets fills in what the flow of provisioning offers.
func (c offers) offerWallets(f *provisioning.Flow) (err error) {
	if f.Providers, err = c.providers(); err != nil {
		return err
	}
	if f.Apple, err = c.apple(); err != nil {
		return err
	}
	if f.Google, err = c.google(); err != nil {
		return err
	}
	f.Samsung, err = c.samsung()
	return err
}

// providers builds the table of issuer wallets, each with the sealer of its profile.
func (c offers) providers() (map[walletport.WalletProviderID]*provisioning.Provider, error) {
	encoder, err := issuerwallet.New(c.IssuerWallet)
	if err != nil {
		return nil, err
	}
	providers := make(map[walletport.WalletProviderID]*provisioning.Provider, len(c.WalletProviders))
	for _, p := range c.WalletProviders {
		push, err := c.push(walletport.SchemeID(p.Scheme), p.Profile)
		if err != nil {
			return nil, fmt.Errorf("wallet provider %s: %w", p.ID, err)
		}
		push.Terms, push.Encoder = terms(config.Offer{Issuers: p.Issuers, Products: p.Products}), encoder
		push.TokenRequestorID = c.TokenRequestorOf(p)
		id := walletport.WalletProviderID(p.ID)
		providers[id] = &provisioning.Provider{ID: id, DisplayName: p.DisplayName, Push: push}
	}
	return providers, nil
}

func terms(o config.Offer) act.Terms {
	return act.Terms{Issuers: config.IssuerIDs(o.Issuers), Products: o.Products}
}

// push returns how a scheme's cards are pushed into a wallet.
func (c offers) push(schemeID walletport.SchemeID, profile string) (provisioning.Push, error) {
	var push provisioning.Push
	var err error
	switch schemeID {
	case walletport.Mastercard:
		push.EncryptionKey, push.SigningKey = keys.MDESEncryption, keys.TAVSigning
		push.Sealer, err = sealer(mdes.NewSealer(c.MDESProfile(profile)))
	case walletport.Visa:
		push.EncryptionKey = keys.VTSPush
		push.Sealer, err = sealer(vts.NewSealer(c.VTSProfile(profile)))
	default:
		err = fmt.Errorf("scheme %s cannot seal cards", schemeID)
	}
	return push, err
}

// sealer keeps a nil pointer out of the interface.
func sealer[S scheme.CardSealer](s S, err error) (scheme.CardSealer, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// pushes returns what a wallet has for each scheme that it is offered for.
func (c offers) pushes(w walletport.Wallet, encoder wallet.Encoder) (map[walletport.SchemeID]*provisioning.Push, error) {
	made := map[walletport.SchemeID]*provisioning.Push{}
	for _, o := range c.Wallets.Offers() {
		if o.Wallet != w || !o.Enabled {
			continue
		}
		push, err := c.push(o.Scheme, o.Profile)
		if err != nil {
			return nil, fmt.Errorf("%s for %s cards: %w", w, o.Scheme, err)
		}
		push.Terms, push.Encoder = terms(o.Offer), encoder
		push.TokenRequestorID = c.TokenRequestors[string(w)].ID(o.Scheme)
		made[o.Scheme] = &push
	}
	return made, nil
}

func (c offers) samsung() (provisioning.Samsung, error) {
	encoder, err := samsungpay.New(c.Wallets.SamsungPay.Format)
	if err != nil {
		return provisioning.Samsung{}, err
	}
	schemes, err := c.pushes(walletport.SamsungPay, encoder)
	return provisioning.Samsung{Schemes: schemes}, err
}

func (c offers) google() (provisioning.Google, error) {
	encoder, err := googlepay.New(c.Wallets.GooglePay.Format)
	if err != nil {
		return provisioning.Google{}, err
	}
	schemes, err := c.pushes(walletport.GooglePay, encoder)
	return provisioning.Google{OpaqueCards: encoder, Schemes: schemes}, err
}

func (c offers) apple() (provisioning.Apple, error) {
	encoder, err := openAppleEncoder(c.Wallets.ApplePay)
	if err != nil {
		return provisioning.Apple{}, err
	}
	apple := provisioning.Apple{Encoder: encoder, Schemes: map[walletport.SchemeID]*provisioning.Pass{}}
	for _, o := range c.Wallets.Offers() {
		if o.Wallet != walletport.ApplePay || !o.Enabled {
			continue
		}
		pass, err := c.pass(o.Scheme, o.Offer)
		if err != nil {
			return apple, fmt.Errorf("applepay for %s cards: %w", o.Scheme, err)
		}
		apple.Schemes[o.Scheme] = pass
	}
	return apple, nil
}

func (c offers) pass(schemeID walletport.SchemeID, o config.Offer) (*provisioning.Pass, error) {
	made, err := c.activationOf(schemeID, o.Profile)
	if err != nil {
		return nil, err
	}
	pass := &provisioning.Pass{Terms: terms(o), Activator: made.Activator, SigningKey: made.SigningKey, CipherKey: made.CipherKey}
	if schemeID == walletport.Visa {
		pass.NumberSealer, err = vts.NewNumberSealer(c.VTSProfile(o.Profile))
	}
	return pass, err
}

// activationOf returns how a scheme's cards are activated.
func (c offers) activationOf(schemeID walletport.SchemeID, profile string) (*activation.Offer, error) {
	if schemeID == walletport.Visa {
		activator, err := vts.NewActivator(c.VTSProfile(profile))
		return &activation.Offer{Activator: activator, CipherKey: keys.WSD, AnswersNonce: true}, err
	}
	activator, err := mdes.NewActivator(c.MDESProfile(profile))
	return &activation.Offer{Activator: activator, SigningKey: keys.TAVSigning}, err
}

// offerActivation fills in what the flow of activation offers.
func (c offers) offerActivation(f *activation.Flow) error {
	f.Offers = map[walletport.SchemeID]*activation.Offer{}
	for schemeID, offer := range map[walletport.SchemeID]config.ActivationOffer{walletport.Mastercard: c.Activation.Mastercard, walletport.Visa: c.Activation.Visa} {
		if !offer.Enabled {
			continue
		}
		made, err := c.activationOf(schemeID, offer.Profile)
		if err != nil {
			return fmt.Errorf("activation of %s cards: %w", schemeID, err)
		}
		f.Offers[schemeID] = made
	}
	if !c.Activation.Mastercard.Enabled {
		return nil
	}
	activator, err := mdes.NewTAV2Activator(c.MDESProfile(c.Activation.Mastercard.Profile))
	f.TAV2 = &activation.Offer{Activator: activator, SigningKey: keys.TAVSigning}
	return err
}
