package customerservice

import (
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// tokenJSON is a token in a search's answer. Members that nothing is made of are left out.
type tokenJSON struct {
	TokenUniqueReference                   text
	PrimaryAccountNumberUniqueReference    text
	TokenSuffix                            text
	ExpirationDate                         text
	DigitizationRequestDateTime            text
	TokenActivatedDateTime                 text
	CorrelationID                          text `json:"CorrelationId"`
	CurrentStatusCode                      text
	CurrentStatusDateTime                  text
	Suspenders                             struct{ Suspender list[text] }
	TokenRequestorID                       text `json:"TokenRequestorId"`
	TokenRequestorName                     text
	TokenRequestorConsumerFacingEntityName text
	WalletID                               text `json:"WalletId"`
	TokenDeletedFromConsumerApp            text
	Device                                 struct {
		DeviceID   text `json:"DeviceId"`
		DeviceName text
		DeviceType text
	}
}

// statuses maps CurrentStatusCode and StatusCode. A code that is not among them is no
// status at all: what the token was before is the better guess.
var statuses = map[string]walletport.TokenStatus{
	"U": walletport.TokenInactive,
	"A": walletport.TokenActive,
	"S": walletport.TokenSuspended,
	"D": walletport.TokenDeactivated,
}

// parties maps Suspender and Initiator. P and M are the checks of a mobile PIN.
var parties = map[string]walletport.Holder{
	"I": walletport.HolderIssuer,
	"W": walletport.HolderTokenRequestor,
	"C": walletport.HolderCardholder,
	"P": walletport.HolderPIN,
	"M": walletport.HolderPIN,
}

func partyOf(code string) walletport.Holder {
	if party, ok := parties[code]; ok {
		return party
	}
	return walletport.HolderUnknown
}

// Lengths of numbers that may come without their leading zeros [S3].
const (
	correlationDigits = 14
	walletDigits      = 3
	deviceTypeDigits  = 2
)

// token returns what the scheme says of a token; cardSuffix is of the account that it
// stands under.
func (j tokenJSON) token(cardSuffix string) scheme.Token {
	return scheme.Token{
		Ref: walletport.TokenRef{
			Scheme:    walletport.Mastercard,
			Requestor: identifier(j.TokenRequestorID.value, 11),
			Reference: identifier(j.TokenUniqueReference.value, 64),
		},
		PANReference:  identifier(j.PrimaryAccountNumberUniqueReference.value, 64),
		Status:        j.status(),
		Holders:       j.holders(),
		LastFour:      suffix(j.TokenSuffix),
		Expiry:        expiry(j.ExpirationDate),
		CardLastFour:  cardSuffix,
		Requestor:     j.requestor(),
		WalletID:      j.walletID(),
		Device:        scheme.Device{ID: shown(j.Device.DeviceID), Name: shown(j.Device.DeviceName), Type: digits(j.Device.DeviceType, deviceTypeDigits)},
		CorrelationID: digits(j.CorrelationID, correlationDigits),
		RequestedAt:   instant(j.DigitizationRequestDateTime),
		ActivatedAt:   instant(j.TokenActivatedDateTime),
		StatusSince:   instant(j.CurrentStatusDateTime),
	}
}

// status: a token that was deleted in the wallet only can still pay, and shows so.
func (j tokenJSON) status() walletport.TokenStatus {
	status := statuses[j.CurrentStatusCode.value]
	if j.TokenDeletedFromConsumerApp.isTrue() && (status == walletport.TokenActive || status == walletport.TokenSuspended) {
		return walletport.TokenSoftDeleted
	}
	return status
}

func (j tokenJSON) holders() []walletport.Holder {
	var holders []walletport.Holder
	for _, code := range j.Suspenders.Suspender {
		if party := partyOf(code.value); !slices.Contains(holders, party) {
			holders = append(holders, party)
		}
	}
	return holders
}

// wallets are the names of wallets by WalletId, as far as public sources know them. 327 is
// that of all merchants and names nobody.
var wallets = map[string]string{
	"103": "Apple Pay",   // confidence high
	"216": "Google Pay",  // high
	"217": "Samsung Pay", // medium
}

func (j tokenJSON) walletID() string {
	return identifier(j.WalletID.padded(walletDigits), walletDigits)
}

func (j tokenJSON) requestor() string {
	if name, ok := wallets[j.walletID()]; ok {
		return name
	}
	if name := shown(j.TokenRequestorConsumerFacingEntityName); name != "" {
		return name
	}
	return shown(j.TokenRequestorName)
}

// isRequestor compares token requestor ids, of which a number has lost its leading zeros.
func isRequestor(a, b string) bool { return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0") }
