package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/wallet/applepay"
	"github.com/walletport/walletport/wallet/googlepay"
	"github.com/walletport/walletport/wallet/samsungpay"
)

// walletsConfig is the device wallets that cards may be put into.
type walletsConfig struct {
	NonceRetention time.Duration    `setting:"nonce_retention"` // for how long a wallet's nonce cannot come again; 0 is 24h
	ApplePay       applePayConfig   `setting:"applepay"`
	GooglePay      googlePayConfig  `setting:"googlepay"`
	SamsungPay     samsungPayConfig `setting:"samsungpay"`
}

type applePayConfig struct {
	RootFiles  []string        `setting:"root_files"` // PEM files of the certificates that Apple's chain may end in; empty is Apple Root CA - G3, which is built in
	Mastercard offerConfig     `setting:"mastercard"`
	Visa       offerConfig     `setting:"visa"`
	Format     applepay.Config `setting:"format"` // format choices
}

type googlePayConfig struct {
	Mastercard offerConfig      `setting:"mastercard"`
	Visa       offerConfig      `setting:"visa"`
	Format     googlepay.Config `setting:"format"` // format choices
}

type samsungPayConfig struct {
	Mastercard offerConfig       `setting:"mastercard"`
	Visa       offerConfig       `setting:"visa"`
	Format     samsungpay.Config `setting:"format"` // format choices
}

// activationConfig is the schemes whose cards may be activated from the issuer's app.
type activationConfig struct {
	Mastercard activationOffer `setting:"mastercard"`
	Visa       activationOffer `setting:"visa"`
}

// offerConfig is a wallet's offer to the cards of one scheme.
type offerConfig struct {
	Enabled  bool     `setting:"enabled"`  // whether the scheme's cards may be put into the wallet
	Profile  string   `setting:"profile"`  // name in profiles (Mastercard) or visa_profiles (Visa); empty means default
	Issuers  []string `setting:"issuers"`  // empty serves every issuer
	Products []string `setting:"products"` // empty takes every card product
}

type activationOffer struct {
	Enabled bool   `setting:"enabled"` // whether the scheme's cards may be activated
	Profile string `setting:"profile"` // name in profiles (Mastercard) or visa_profiles (Visa); empty means default
}

func defaultWallets() walletsConfig {
	return walletsConfig{
		ApplePay:   applePayConfig{Format: applepay.DefaultConfig()},
		GooglePay:  googlePayConfig{Format: googlepay.DefaultConfig()},
		SamsungPay: samsungPayConfig{Format: samsungpay.DefaultConfig()},
	}
}

// offers lists what is said about each device wallet and scheme.
func (c walletsConfig) offers() []struct {
	wallet walletport.Wallet
	scheme walletport.SchemeID
	offer  offerConfig
} {
	return []struct {
		wallet walletport.Wallet
		scheme walletport.SchemeID
		offer  offerConfig
	}{
		{walletport.ApplePay, walletport.Mastercard, c.ApplePay.Mastercard},
		{walletport.ApplePay, walletport.Visa, c.ApplePay.Visa},
		{walletport.GooglePay, walletport.Mastercard, c.GooglePay.Mastercard},
		{walletport.GooglePay, walletport.Visa, c.GooglePay.Visa},
		{walletport.SamsungPay, walletport.Mastercard, c.SamsungPay.Mastercard},
		{walletport.SamsungPay, walletport.Visa, c.SamsungPay.Visa},
	}
}

// Below minNonceRetention a wallet might still take a nonce that counts as forgotten;
// no source says how long nonces live. maxNonceRetention bounds the table: nonces of
// 4 bytes have been seen, and beyond some weeks they meet by chance.
const (
	minNonceRetention = time.Hour
	maxNonceRetention = 30 * 24 * time.Hour
)

func (c Config) validateWallets() error {
	var problems []error
	add := func(section string, err error) { problems = append(problems, at(section, err)) }
	w := c.Wallets
	add("wallets.applepay.format", w.ApplePay.Format.Validate())
	add("wallets.googlepay.format", w.GooglePay.Format.Validate())
	add("wallets.samsungpay.format", w.SamsungPay.Format.Validate())
	if w.NonceRetention != 0 && (w.NonceRetention < minNonceRetention || w.NonceRetention > maxNonceRetention) {
		add("wallets", errors.New("nonce_retention: 1h to 720h, or 0, which means 24h"))
	}
	for _, o := range w.offers() {
		place := fmt.Sprintf("wallets.%s.%s", o.wallet, lower(o.scheme))
		add(place, c.checkProfile(o.scheme, o.offer.Profile))
		add(place, checkIssuers(o.offer.Issuers))
		if o.offer.Enabled && c.TokenRequestors[string(o.wallet)].id(o.scheme) == "" {
			problems = append(problems, fmt.Errorf("token_requestors.%s.%s: is missing, and %s is enabled", o.wallet, lower(o.scheme), place))
		}
	}
	if mc := w.SamsungPay.Mastercard; mc.Enabled && c.mdesProfile(mc.Profile).Shape != mdes.CardInfo {
		add("wallets.samsungpay.mastercard", errors.New("profile: the shape must be cardInfo: Samsung Pay reads no other"))
	}
	add("activation.mastercard", c.checkProfile(walletport.Mastercard, c.Activation.Mastercard.Profile))
	add("activation.visa", c.checkProfile(walletport.Visa, c.Activation.Visa.Profile))
	return errors.Join(problems...)
}

// lower spells a scheme as the configuration does.
func lower(scheme walletport.SchemeID) string {
	if scheme == walletport.Visa {
		return "visa"
	}
	return "mastercard"
}

func checkIssuers(issuers []string) error {
	var problems []error
	for i, issuer := range issuers {
		if _, err := walletport.ParseIssuerID(issuer); err != nil {
			problems = append(problems, fmt.Errorf("issuers[%d]: letters, digits, '.', '_', '-', at most 64", i))
		}
	}
	return errors.Join(problems...)
}

func (c Config) checkProfile(scheme walletport.SchemeID, name string) error {
	_, known := c.Profiles[name]
	if scheme == walletport.Visa {
		_, known = c.VisaProfiles[name]
	}
	if known || slices.Contains([]string{"", defaultProfile}, name) {
		return nil
	}
	return fmt.Errorf("profile: there is none named %q for the scheme", name)
}

// mdesProfile returns a profile that checkProfile has found.
func (c Config) mdesProfile(name string) mdes.Profile {
	if p, ok := c.Profiles[name]; ok {
		return p
	}
	if p, ok := c.Profiles[defaultProfile]; ok {
		return p
	}
	return mdes.DefaultProfile()
}

func (c Config) vtsProfile(name string) vts.Profile {
	if p, ok := c.VisaProfiles[name]; ok {
		return p
	}
	if p, ok := c.VisaProfiles[defaultProfile]; ok {
		return p
	}
	return vts.DefaultProfile()
}
