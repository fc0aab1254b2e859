package vts

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// Push is the content of a push payload, as OpenPush reads it.
type Push struct {
	PAN            walletport.PAN
	Expiry         walletport.Expiry
	CardholderName walletport.Private
	Intent         Intent
	Client         scheme.Client // of provider; what is absent is empty
	IDnV           bool          // isIDnV; absent is false
}

type pushJSON struct {
	AccountNumber  digits `json:"accountNumber"`
	Name           string `json:"name"`
	ExpirationDate struct {
		Month string `json:"month"`
		Year  string `json:"year"`
	} `json:"expirationDate"`
	Provider struct {
		Intent          Intent `json:"intent"`
		WalletProvider  string `json:"clientWalletProvider"`
		WalletAccountID string `json:"clientWalletAccountID"`
		DeviceID        string `json:"clientDeviceID"`
		AppID           string `json:"clientAppID"`
		IDnV            flag   `json:"isIDnV"`
	} `json:"provider"`
}

// digits keeps a PAN out of strings, which cannot be wiped.
type digits []byte

// UnmarshalJSON takes a JSON string without escapes.
func (d *digits) UnmarshalJSON(text []byte) error {
	if len(text) < 2 || text[0] != '"' || bytes.ContainsRune(text, '\\') {
		return errors.New("not a plain string")
	}
	*d = bytes.Clone(text[1 : len(text)-1])
	return nil
}

// flag reads "true" and true alike: the sources have both.
type flag bool

// UnmarshalJSON takes a boolean, or a string that spells one.
func (f *flag) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `true`, `"true"`:
		*f = true
	case `false`, `"false"`:
		*f = false
	default:
		return errors.New("not a flag")
	}
	return nil
}

// OpenPush decrypts a push payload, as Visa would; no program of walletport calls it
// yet, it is for those that import this package. key is the shared secret that the
// payload's kid names; seal.ParseJWE tells the kid. The expiry year may have two or
// four digits, isIDnV may be a string or a boolean, and unknown members are passed
// over. The caller wipes the PAN. Errors are CodeInvalid: payload_malformed for a text
// that is no such JWE, cryptography_error where key does not open it, and
// card_data_malformed for a content that is no card, which names the member and the
// rule, never a value.
func OpenPush(key seal.KeyUnwrapper, jwe []byte) (Push, error) {
	parsed, err := seal.ParseJWE(jwe)
	if err != nil {
		return Push{}, walletport.Errorf(walletport.CodeInvalid, "payload_malformed",
			"the payload is no compact JWE with alg A256GCMKW and enc A256GCM").WithCause(err)
	}
	text, err := parsed.Open(key)
	if err != nil {
		return Push{}, walletport.Errorf(walletport.CodeInvalid, "cryptography_error", "the payload cannot be decrypted").WithCause(err)
	}
	defer clear(text)
	var wire pushJSON
	err = json.Unmarshal(text, &wire)
	defer func() { clear(wire.AccountNumber) }()
	if err != nil { // the cause would repeat what it read
		return Push{}, walletport.ErrField("card_data_malformed", "plaintext", "must be a JSON object with string members")
	}
	return wire.decode()
}

func (w pushJSON) decode() (Push, error) {
	year := w.ExpirationDate.Year
	if len(year) == 2 {
		year = "20" + year
	}
	expiry, err := walletport.ParseExpiry(w.ExpirationDate.Month, year)
	if err != nil {
		return Push{}, walletport.ErrField("card_data_malformed", "expirationDate", "must have month MM and year YYYY or YY")
	}
	pan, err := walletport.ParsePAN([]byte(w.AccountNumber))
	if err != nil {
		return Push{}, walletport.ErrField("card_data_malformed", "accountNumber", "must be 12 to 19 digits with a right check digit")
	}
	return Push{
		PAN:            pan,
		Expiry:         expiry,
		CardholderName: walletport.NewPrivate(w.Name),
		Intent:         w.Provider.Intent,
		Client: scheme.Client{
			TokenRequestorID: w.Provider.WalletProvider,
			AppID:            w.Provider.AppID,
			DeviceID:         w.Provider.DeviceID,
			WalletAccountID:  w.Provider.WalletAccountID,
		},
		IDnV: bool(w.Provider.IDnV),
	}, nil
}
