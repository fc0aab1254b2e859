package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/wallet/applepay"
	"github.com/walletport/walletport/wallet/googlepay"
	"github.com/walletport/walletport/wallet/samsungpay"
)

// Wallets is the device wallets that cards may be put into.
type Wallets struct {
	NonceRetention time.Duration `setting:"nonce_retention"` // for how long a wallet's nonce cannot come again; 0 is 24h
	ApplePay       ApplePay      `setting:"applepay"`
	GooglePay      GooglePay     `setting:"googlepay"`
	SamsungPay     SamsungPay    `setting:"samsungpay"`
}

// ApplePay is what Apple Pay is offered for.
type ApplePay struct {
	RootFiles  []string        `setting:"root_files"` // PEM files of the certificates that Apple's chain may end in; empty is Apple Root CA - G3, which is built in
	Mastercard Offer           `setting:"mastercard"`
	Visa       Offer           `setting:"visa"`
	Format     applepay.Config `setting:"format"` // format choices
}

// GooglePay is what Google Pay is offered for.
type GooglePay struct {
	Mastercard Offer            `setting:"mastercard"`
	Visa       Offer            `setting:"visa"`
	Format     googlepay.Config `setting:"format"` // format choices
}

// SamsungPay is what Samsung Pay is offered for.
type SamsungPay struct {
	Mastercard Offer             `setting:"mastercard"`
	Visa       Offer             `setting:"visa"`
	Format     samsungpay.Config `setting:"format"` // format choices
}

// Activation is the schemes whose cards may be activated from the issuer's app.
type Activation struct {
	Mastercard ActivationOffer `setting:"mastercard"`
	Visa       ActivationOffer `setting:"visa"`
}

// Offer is a wallet's offer to the cards of one scheme.
type Offer struct {
	Enabled  bool     `setting:"enabled"`  // whether the scheme's cards may be put into the wallet
	Profile  string   `setting:"profile"`  // name in profiles (Mastercard) or visa_profiles (Visa); empty means default
	Issuers  []string `setting:"issuers"`  // empty serves every issuer. An older form of issuers.NAME.wallets
	Products []string `setting:"products"` // empty takes every card product
}

// ActivationOffer is what is offered to the cards of one scheme.
type ActivationOffer struct {
	Enabled bool   `setting:"enabled"` // whether the scheme's cards may be activated
	Profile string `setting:"profile"` // name in profiles (Mastercard) or visa_profiles (Visa); empty means default
}

func defaultWallets() Wallets {
	return Wallets{
		ApplePay:   ApplePay{Format: applepay.DefaultConfig()},
		GooglePay:  GooglePay{Format: googlepay.DefaultConfig()},
		SamsungPay: SamsungPay{Format: samsungpay.DefaultConfig()},
	}
}

// WalletOffer is what is said about one device wallet and one scheme.
type WalletOffer struct {
	Wallet walletport.Wallet
	Scheme walletport.SchemeID
	Offer
}

// Setting is the name of the offer's section.
func (o WalletOffer) Setting() string {
	return fmt.Sprintf("wallets.%s.%s", o.Wallet, schemeName(o.Scheme))
}

// Offers lists what is said about each device wallet and scheme.
func (c Wallets) Offers() []WalletOffer {
	return []WalletOffer{
		{walletport.ApplePay, walletport.Mastercard, c.ApplePay.Mastercard},
		{walletport.ApplePay, walletport.Visa, c.ApplePay.Visa},
		{walletport.GooglePay, walletport.Mastercard, c.GooglePay.Mastercard},
		{walletport.GooglePay, walletport.Visa, c.GooglePay.Visa},
		{walletport.SamsungPay, walletport.Mastercard, c.SamsungPay.Mastercard},
		{walletport.SamsungPay, walletport.Visa, c.SamsungPay.Visa},
	}
}

func (c Config) validateWallets() error {
	var problems []error
	add := func(section string, err error) { problems = append(problems, at(section, err)) }
	w := c.Wallets
	add("wallets.applepay.format", w.ApplePay.Format.Validate())
	add("wallets.googlepay.format", w.GooglePay.Format.Validate())
	add("wallets.samsungpay.format", w.SamsungPay.Format.Validate())
	if w.NonceRetention != 0 && (w.NonceRetention < replay.MinRetention || w.NonceRetention > replay.MaxRetention) {
		add("wallets", errors.New("nonce_retention: 1h to 720h, or 0, which means 24h"))
	}
	for _, o := range w.Offers() {
		place := o.Setting()
		add(place, c.checkProfile(o.Scheme, o.Profile))
		add(place, checkIssuers(o.Issuers))
		if o.Enabled && c.TokenRequestors[string(o.Wallet)].ID(o.Scheme) == "" {
			problems = append(problems, fmt.Errorf("token_requestors.%s.%s: is missing, and %s is enabled", o.Wallet, schemeName(o.Scheme), place))
		}
	}
	if mc := w.SamsungPay.Mastercard; mc.Enabled && c.MDESProfile(mc.Profile).Shape != mdes.CardInfo {
		add("wallets.samsungpay.mastercard", errors.New("profile: the shape must be cardInfo: Samsung Pay reads no other"))
	}
	add("activation.mastercard", c.checkProfile(walletport.Mastercard, c.Activation.Mastercard.Profile))
	add("activation.visa", c.checkProfile(walletport.Visa, c.Activation.Visa.Profile))
	return errors.Join(problems...)
}

// schemeName spells a scheme as the configuration does.
func schemeName(scheme walletport.SchemeID) string {
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
	if known || slices.Contains([]string{"", DefaultProfile}, name) {
		return nil
	}
	return fmt.Errorf("profile: there is none named %q for the scheme", name)
}

// MDESProfile returns the profile of that name, which Load has found.
func (c Config) MDESProfile(name string) mdes.Profile {
	if p, ok := c.Profiles[name]; ok {
		return p
	}
	if p, ok := c.Profiles[DefaultProfile]; ok {
		return p
	}
	return mdes.DefaultProfile()
}

// VTSProfile returns the profile of that name, which Load has found.
func (c Config) VTSProfile(name string) vts.Profile {
	if p, ok := c.VisaProfiles[name]; ok {
		return p
	}
	if p, ok := c.VisaProfiles[DefaultProfile]; ok {
		return p
	}
	return vts.DefaultProfile()
}
