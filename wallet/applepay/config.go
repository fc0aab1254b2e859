package applepay

import (
	"errors"
	"slices"

	"github.com/walletport/walletport"
)

// Encoding is how encryptedPassData and ephemeralPublicKey become text. It is the
// API's own convention: the app decodes them before PassKit sees them.
type Encoding string

// The encodings.
const (
	Hex    Encoding = "hex"    // lower case
	Base64 Encoding = "base64" // standard, padded, without line breaks: iOS takes no others by default
)

// PassForm is how pass data name the card.
type PassForm string

// The forms of pass data.
const (
	FPAN          PassForm = "fpan"           // number and expiry, in clear inside the encryption
	EncryptedFPAN PassForm = "encrypted_fpan" // number and expiry encrypted once more, for Visa alone
)

// Limits of settings.
const (
	minPrefixDigits = 6
	maxPrefixDigits = 8
	maxExtraBytes   = 64 // of product_type and version
)

// Config is every choice that the public sources leave open. Each field names its
// source and how sure we are of the default. Start from DefaultConfig, not from zero.
type Config struct {
	// CheckDates refuses certificates outside their validity: true (default; normal practice, medium). Apple's
	// own policy for this chain does not look at dates [SEC].
	CheckDates bool `setting:"check_dates"`
	// SubCAMarker takes a sub-CA that has Apple's extension 1.2.840.113635.100.6.2.15: true (default; all
	// generations of the sub-CA that are known for this purpose have it, high).
	SubCAMarker bool `setting:"sub_ca_marker"`
	// SubCANames takes a sub-CA of one of these common names: "Apple Worldwide Developer Relations CA - G2"
	// (default; Apple's own policy wants it [SEC], high). Marker or name suffices, since names change between
	// generations (inferred).
	SubCANames []string `setting:"sub_ca_names"`
	// NameRequired refuses a card without a cardholder's name: true (default; [PK-EPD] lists the member and does
	// not call it optional, low). Else the member is left out.
	NameRequired bool `setting:"name_required"`
	// Mastercard and Visa say what passes of their cards look like.
	Mastercard PassProfile `setting:"mastercard"`
	Visa       PassProfile `setting:"visa"`
}

// PassProfile is what differs between schemes.
type PassProfile struct {
	// Encoding of encryptedPassData and ephemeralPublicKey: hex for Mastercard, base64 for Visa (defaults; [ENF],
	// high for that API). Others use base64 for both.
	Encoding Encoding `setting:"encoding"`
	// Form of the pass data: fpan (default; [PK-EPD], high) or, for Visa only, encrypted_fpan, which Apple has to
	// have configured for the issuer (C5, medium).
	Form PassForm `setting:"form"`
	// PrefixDigits of the card's number stand in clear in the form encrypted_fpan: 6 (default) to 8 (C5, medium).
	// The form fpan does not use it.
	PrefixDigits int `setting:"prefix_digits"`
	// ProductType is a value that Apple gives the issuer for a card product, as "DEFAULT_MASTERCARD": empty
	// (default; [PK-EPD] does not know the member) leaves it out. Seen with Mastercard only [FIS-M], medium.
	ProductType string `setting:"product_type"`
	// Version goes beside ProductType where wanted, as "1" [FIS-M]: empty (default) leaves it out, medium.
	Version string `setting:"version"`
}

// DefaultConfig returns what the sources make most likely.
func DefaultConfig() Config {
	return Config{
		CheckDates:   true,
		SubCAMarker:  true,
		SubCANames:   []string{"Apple Worldwide Developer Relations CA - G2"},
		NameRequired: true,
		Mastercard:   PassProfile{Encoding: Hex, Form: FPAN, PrefixDigits: minPrefixDigits},
		Visa:         PassProfile{Encoding: Base64, Form: FPAN, PrefixDigits: minPrefixDigits},
	}
}

// Validate returns every problem of the configuration, joined, or nil. The texts
// name fields as a configuration file does.
func (c Config) Validate() error {
	var problems []error
	if !c.SubCAMarker && len(c.SubCANames) == 0 {
		problems = append(problems, errors.New("sub_ca_names: at least one, unless sub_ca_marker is true"))
	}
	if slices.Contains(c.SubCANames, "") {
		problems = append(problems, errors.New("sub_ca_names: none is empty"))
	}
	if c.Mastercard.Form == EncryptedFPAN {
		problems = append(problems, errors.New("mastercard.form: fpan; only Visa encrypts the number once more"))
	}
	problems = append(problems, c.Mastercard.problems("mastercard.")...)
	return errors.Join(append(problems, c.Visa.problems("visa.")...)...)
}

func (p PassProfile) problems(prefix string) []error {
	var problems []error
	demand := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, errors.New(prefix+problem))
		}
	}
	demand(p.Encoding == Hex || p.Encoding == Base64, "encoding: hex or base64")
	demand(p.Form == FPAN || p.Form == EncryptedFPAN, "form: fpan or encrypted_fpan")
	demand(p.PrefixDigits >= minPrefixDigits && p.PrefixDigits <= maxPrefixDigits, "prefix_digits: 6 to 8")
	demand(isExtra(p.ProductType), "product_type: at most 64 printable ASCII characters")
	demand(isExtra(p.Version), "version: at most 64 printable ASCII characters")
	return problems
}

func isExtra(text string) bool { return len(text) <= maxExtraBytes && walletport.IsPrintable(text, "") }

// profile returns what passes of a scheme's cards look like.
func (c Config) profile(scheme walletport.SchemeID) (PassProfile, bool) {
	switch scheme {
	case walletport.Mastercard:
		return c.Mastercard, true
	case walletport.Visa:
		return c.Visa, true
	}
	return PassProfile{}, false
}
