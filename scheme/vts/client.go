package vts

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// The members of provider that the wallet's app gave: the API and Visa spell them
// alike.
const (
	fieldAppID           = "clientAppID"
	fieldDeviceID        = "clientDeviceID"
	fieldWalletAccountID = "clientWalletAccountID"
)

// Limits in characters. That of clientWalletAccountID is disputed, so it stands in
// the profile.
const (
	maxAppIDChars    = 36 // THR, and the API's own
	maxDeviceIDChars = 24 // THR, FIS-G
	maxProviderChars = 50 // THR
)

// checkClient refuses ids that Visa would not take for those of the enrolling
// wallet, and such as hold the card's number or are a card number. All faults are
// among the error's Fields; its reason is the first one's.
func (s *Sealer) checkClient(c scheme.Client, pan walletport.PAN) error {
	if c.TokenRequestorID == "" || len(c.TokenRequestorID) > maxProviderChars || !walletport.IsAlnum(c.TokenRequestorID, "-_") {
		return errors.New("vts: SealInput needs the wallet's token requestor id, at most 50 letters, digits, '-' and '_'")
	}
	var all *walletport.Error
	for _, fault := range []*walletport.Error{
		checkAppID(c.AppID, s.profile.AppIDMarks, pan),
		checkDeviceID(c.DeviceID, s.profile.Intent == PushMobile, pan),
		checkWalletAccountID(c.WalletAccountID, s.profile.WalletAccountIDChars, pan),
	} {
		switch {
		case fault == nil:
		case all == nil:
			all = fault
		default:
			all.Fields = append(all.Fields, fault.Fields...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// CheckClient implements scheme.CardSealer.
func (s *Sealer) CheckClient(c scheme.Client) error { return s.checkClient(c, walletport.PAN{}) }

// checkAppID takes an absent id: the API has it for Visa customers only, and no
// source refuses a payload without.
func checkAppID(id, marks string, pan walletport.PAN) *walletport.Error {
	switch {
	case utf8.RuneCountInString(id) > maxAppIDChars:
		return walletport.ErrField("client_app_id_too_long", fieldAppID, fmt.Sprintf("has at most %d characters", maxAppIDChars))
	case !walletport.IsAlnum(id, marks):
		return walletport.ErrField("client_app_id_malformed", fieldAppID, fmt.Sprintf("has ASCII letters, digits and the characters %q only", marks))
	case walletport.IsPAN(id) || pan.IsIn(id):
		return walletport.ErrField("client_app_id_contains_pan", fieldAppID, "must not hold a card number")
	}
	return nil
}

func checkDeviceID(id string, required bool, pan walletport.PAN) *walletport.Error {
	switch {
	case id == "" && required:
		return walletport.ErrField("client_device_id_missing", fieldDeviceID, "is needed for a Visa card")
	case utf8.RuneCountInString(id) > maxDeviceIDChars:
		return walletport.ErrField("client_device_id_too_long", fieldDeviceID, fmt.Sprintf("has at most %d characters", maxDeviceIDChars))
	case !isPlain(id):
		return walletport.ErrField("client_device_id_malformed", fieldDeviceID, "has printable ASCII characters only, neither quotation mark nor backslash")
	case walletport.IsPAN(id) || pan.IsIn(id):
		return walletport.ErrField("client_device_id_contains_pan", fieldDeviceID, "must not hold a card number")
	}
	return nil
}

func checkWalletAccountID(id string, maxChars int, pan walletport.PAN) *walletport.Error {
	switch {
	case id == "":
		return walletport.ErrField("client_wallet_account_id_missing", fieldWalletAccountID, "is needed for a Visa card")
	case utf8.RuneCountInString(id) > maxChars:
		return walletport.ErrField("client_wallet_account_id_too_long", fieldWalletAccountID, fmt.Sprintf("has at most %d characters", maxChars))
	case !isPlain(id):
		return walletport.ErrField("client_wallet_account_id_malformed", fieldWalletAccountID, "has printable ASCII characters only, neither quotation mark nor backslash")
	case walletport.IsPAN(id) || pan.IsIn(id):
		return walletport.ErrField("client_wallet_account_id_contains_pan", fieldWalletAccountID, "must not hold a card number")
	}
	return nil
}
