package server

import (
	"errors"
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
	add(c.Schemes.MDES.CustomerService.Enabled(), config.CustomerServiceSetting, mdesAccess.Purposes()...)
	add(c.Schemes.VTS.TokenAPI.Enabled(), config.TokenAPISetting, vtsAccess.Purposes()...)
	add(c.ClickToPay.Visa.Enabled(), config.ClickToPaySetting, clickToPayPurposes(c.ClickToPay.Visa)...)
	return needed, by
}

// offerWallets fills in what the flow of provisioning offers.
func (c offers) offerWallets(f *provisioning.Flow) (err error) {
	if f.Apple, err = c.apple(); err != nil {
		return err
	}
	providers, err := c.providers()
	if err != nil {
		return err
	}
	devices, err := c.devices()
	f.Offers = append(providers, devices...)
	return err
}

// providers are the offers of issuer wallets, each with the sealer of its profile.
func (c offers) providers() ([]*provisioning.Offer, error) {
	encoder, err := issuerwallet.New(c.IssuerWallet)
	if err != nil {
		return nil, err
	}
	var made []*provisioning.Offer
	for _, p := range c.WalletProviders {
		o, err := c.push(walletport.SchemeID(p.Scheme), p.Profile)
		if err != nil {
			return nil, fmt.Errorf("wallet provider %s: %w", p.ID, err)
		}
		o.Wallet, o.Provider, o.Encoder = walletport.IssuerWallet, walletport.WalletProviderID(p.ID), encoder
		o.Terms = terms(config.Offer{Issuers: p.Issuers, Products: p.Products})
		o.TokenRequestorID = c.TokenRequestorOf(p)
		made = append(made, o)
	}
	return made, nil
}

// answers is what makes the answers of a device wallet.
type answers struct {
	encoder     wallet.Encoder
	opaqueCards wallet.OpaqueCardEncoder // nil for a wallet that takes none
}

// pushWallets are the device wallets that cards are pushed into. A new one is a row
// here.
func (c offers) pushWallets() (map[walletport.Wallet]answers, error) {
	google, googleErr := googlepay.New(c.Wallets.GooglePay.Format)
	samsung, samsungErr := samsungpay.New(c.Wallets.SamsungPay.Format)
	return map[walletport.Wallet]answers{
		walletport.GooglePay:  {encoder: google, opaqueCards: google},
		walletport.SamsungPay: {encoder: samsung},
	}, errors.Join(googleErr, samsungErr)
}

// devices are the offers of device wallets.
func (c offers) devices() ([]*provisioning.Offer, error) {
	wallets, err := c.pushWallets()
	if err != nil {
		return nil, err
	}
	var made []*provisioning.Offer
	for _, settings := range c.Wallets.Offers() {
		w, isPush := wallets[settings.Wallet]
		if !isPush || !settings.Enabled {
			continue
		}
		o, err := c.push(settings.Scheme, settings.Profile)
		if err != nil {
			return nil, fmt.Errorf("%s for %s cards: %w", settings.Wallet, settings.Scheme, err)
		}
		o.Wallet, o.Encoder, o.OpaqueCards = settings.Wallet, w.encoder, w.opaqueCards
		o.Terms = terms(settings.Offer)
		o.TokenRequestorID = c.TokenRequestors[string(settings.Wallet)].ID(settings.Scheme)
		made = append(made, o)
	}
	return made, nil
}

func terms(o config.Offer) act.Terms {
	return act.Terms{Issuers: config.IssuerIDs(o.Issuers), Products: o.Products}
}

// push returns the offer of a scheme's cards, sealed by a profile, to a wallet that is
// not named yet.
func (c offers) push(schemeID walletport.SchemeID, profile string) (*provisioning.Offer, error) {
	o := &provisioning.Offer{Scheme: schemeID}
	var err error
	switch schemeID {
	case walletport.Mastercard:
		o.EncryptionKey, o.SigningKey = keys.MDESEncryption, keys.TAVSigning
		o.Sealer, err = sealer(mdes.NewSealer(c.MDESProfile(profile)))
	case walletport.Visa:
		o.EncryptionKey = keys.VTSPush
		o.Sealer, err = sealer(vts.NewSealer(c.VTSProfile(profile)))
	default:
		err = fmt.Errorf("scheme %s cannot seal cards", schemeID)
	}
	return o, err
}

// sealer keeps a nil pointer out of the interface.
func sealer[S scheme.CardSealer](s S, err error) (scheme.CardSealer, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
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
