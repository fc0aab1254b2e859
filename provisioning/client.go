package provisioning

import (
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// maxAppIDChars is the API's limit of clientAppID. The other two ids have none in
// any source for the API; Visa's own limits, which depend on the profile, are its
// sealer's to check.
const (
	maxAppIDChars    = 36
	maxClientIDChars = 64
)

// check looks at the ids as texts, whether the card's scheme needs them or not:
// they are sealed into what a scheme decodes. The error is CodeInvalid and names
// the field.
func (c Client) check() error {
	switch {
	case utf8.RuneCountInString(c.AppID) > maxAppIDChars:
		return walletport.ErrField("client_app_id_too_long", "clientAppID", "must be at most 36 characters long")
	case !walletport.IsPlainText(c.AppID):
		return errMalformed("client_app_id_malformed", "clientAppID")
	case walletport.IsPAN(c.AppID):
		return errContainsPAN("client_app_id_contains_pan", "clientAppID")
	case utf8.RuneCountInString(c.DeviceID) > maxClientIDChars:
		return walletport.ErrField("client_device_id_too_long", "clientDeviceID", "must be at most 64 characters long")
	case !walletport.IsPlainText(c.DeviceID):
		return errMalformed("client_device_id_malformed", "clientDeviceID")
	case walletport.IsPAN(c.DeviceID):
		return errContainsPAN("client_device_id_contains_pan", "clientDeviceID")
	case utf8.RuneCountInString(c.WalletAccountID) > maxClientIDChars:
		return walletport.ErrField("client_wallet_account_id_too_long", "clientWalletAccountID", "must be at most 64 characters long")
	case !walletport.IsPlainText(c.WalletAccountID):
		return errMalformed("client_wallet_account_id_malformed", "clientWalletAccountID")
	case walletport.IsPAN(c.WalletAccountID):
		return errContainsPAN("client_wallet_account_id_contains_pan", "clientWalletAccountID")
	}
	return nil
}

// texts are the ids to be searched for the card's own number. They are identifiers:
// other numbers in them can't be told from chance.
func (c Client) texts() []act.Text {
	if c == (Client{}) {
		return nil
	}
	return []act.Text{
		{Field: "clientAppID", Reason: "client_app_id_contains_pan", Value: c.AppID},
		{Field: "clientDeviceID", Reason: "client_device_id_contains_pan", Value: c.DeviceID},
		{Field: "clientWalletAccountID", Reason: "client_wallet_account_id_contains_pan", Value: c.WalletAccountID},
	}
}

func errMalformed(reason, field string) error {
	return walletport.ErrField(reason, field, "must be UTF-8 without control or invisible characters")
}

func errContainsPAN(reason, field string) error {
	return walletport.ErrField(reason, field, "must not contain a card number")
}
