package customerservice

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// statusCodes are the states in the API's letters and words.
var statusCodes = map[tokenvault.Status]struct{ code, description string }{
	tokenvault.StatusInactive:    {"U", "Unmapped"},
	tokenvault.StatusActive:      {"A", "Active"},
	tokenvault.StatusSuspended:   {"S", "Suspended"},
	tokenvault.StatusDeactivated: {"D", "Deleted"},
}

// partyCodes are suspenders and initiators. For what MDES does by itself there is none.
var partyCodes = map[tokenvault.Party]string{tokenvault.Issuer: "I", tokenvault.Cardholder: "C", tokenvault.TokenRequestor: "W"}

var provisioningTexts = map[tokenvault.Provisioning]string{
	"T": "Terms and conditions presented", "P": "Preparing for provisioning", "D": "Delivering",
	tokenvault.ProvisioningAwaits: "Awaiting activation", tokenvault.ProvisioningSuccess: "Provisioning successful", "F": "Provisioning failed",
}

// wallet is how the API names a wallet and the phone behind it.
type wallet struct{ requestor, id, device, deviceType string }

var wallets = map[string]wallet{
	"applepay":   {"Apple Pay", "103", "iPhone", "21"},
	"googlepay":  {"Google Pay", "216", "Android phone", "21"},
	"samsungpay": {"Samsung Pay", "217", "Galaxy phone", "21"},
}

// walletOf names that of an issuer after its id.
func walletOf(t tokenvault.Token) wallet {
	if w, ok := wallets[t.WalletProvider]; ok {
		return w
	}
	return wallet{t.WalletProvider, "327", "Phone with " + t.WalletProvider, "21"}
}

// accounts groups tokens by the card that they stand for, in the order in which they come.
func (s *Service) accounts(tokens []tokenvault.Token, isCompact bool) []object {
	p := s.spell()
	accounts, byCard := []object{}, map[string]object{}
	for _, t := range tokens {
		account, ok := byCard[t.PANUniqueReference]
		if !ok {
			account = object{"Tokens": object{"Token": []object{}}}
			p.digits(account, "AccountPanSuffix", t.AccountPANSuffix)
			p.digits(account, "ExpirationDate", t.AccountExpiry)
			byCard[t.PANUniqueReference] = account
			accounts = append(accounts, account)
		}
		list := account["Tokens"].(object)
		list["Token"] = append(list["Token"].([]object), s.shown(t, p, isCompact))
	}
	return accounts
}

// shown is a token as a search shows it.
func (s *Service) shown(t tokenvault.Token, p spelling, isCompact bool) object {
	number := s.c.Vault.Number(t).Clear()
	status := statusCodes[t.Status]
	o := object{
		"TokenUniqueReference":                t.TokenUniqueReference,
		"PrimaryAccountNumberUniqueReference": t.PANUniqueReference,
		"CurrentStatusCode":                   status.code,
		"CurrentStatusDescription":            status.description,
		"ProvisioningStatusCode":              string(t.Progress()),
		"TokenDeletedFromConsumerApp":         boolText(t.IsDeletedFromApp()),
		"TokenType":                           t.Type(),
	}
	p.digits(o, "TokenSuffix", number[len(number)-4:])
	p.digits(o, "ExpirationDate", t.CreatedAt.AddDate(tokenYears, 0, 0).Format("0106"))
	p.digits(o, "TokenRequestorId", t.TokenRequestorID)
	since := s.statusSince(t)
	p.time(o, "CurrentStatusDateTime", &since)
	if codes := suspenders(t); len(codes) > 0 {
		o["Suspenders"] = object{"Suspender": codes}
	}
	if isCompact { // which members that leaves out is not published (inferred)
		return o
	}
	w := walletOf(t)
	o.put("ProvisioningStatusDescription", provisioningTexts[t.Progress()])
	o["FinalTokenizationDecision"] = "A"
	o["TokenRequestorName"] = w.requestor
	o["StorageTechnology"] = storageOf(t)
	o.put("LastCommentId", s.c.Vault.LastComment(t.TokenUniqueReference))
	p.digits(o, "CorrelationId", correlationID(t))
	p.digits(o, "WalletId", w.id)
	p.time(o, "DigitizationRequestDateTime", &t.CreatedAt)
	p.time(o, "TokenActivatedDateTime", t.ActivatedAt)
	p.time(o, "ActivationCodeExpirationDateTime", t.CodeExpiresAt)
	if t.Type() != tokenvault.CardOnFile {
		device := object{"DeviceId": name("device", t.TokenRequestorID+t.WalletProvider), "DeviceName": w.device}
		p.digits(device, "DeviceType", w.deviceType)
		if t.Type() == "S" {
			device["SecureElementId"] = name("element", t.TokenRequestorID+t.WalletProvider)
		}
		o["Device"] = device
	}
	return o
}

// tokenYears is how long a token is valid.
const tokenYears = 3

// storageOf is where the token's keys are: in the secure element, in the phone's TEE, or
// at the merchant's.
func storageOf(t tokenvault.Token) string {
	switch t.Type() {
	case "S":
		return "S"
	case tokenvault.CardOnFile:
		return "H"
	}
	return "E"
}

func suspenders(t tokenvault.Token) []string {
	codes := make([]string, len(t.Suspenders))
	for i, party := range t.Suspenders {
		codes[i] = partyCodes[party]
	}
	return codes
}

func boolText(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

// name makes a name of 48 hex digits, the same for the same text.
func name(kind, text string) string {
	sum := sha256.Sum256([]byte(kind + " " + text))
	return hex.EncodeToString(sum[:24])
}

// correlationID is 14 digits that never change for a token.
func correlationID(t tokenvault.Token) string {
	sum := sha256.Sum256([]byte("correlation " + t.TokenUniqueReference))
	var digits strings.Builder
	for _, b := range sum[:14] {
		digits.WriteByte('0' + b%10)
	}
	return digits.String()
}
