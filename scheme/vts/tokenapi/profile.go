package tokenapi

import (
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/vts"
)

// IssuedAt says how encryptedData has the time at which it was made.
type IssuedAt string

// The forms.
const (
	Milliseconds   IssuedAt = "milliseconds" // a number
	SecondsText    IssuedAt = "seconds"      // a string
	WithoutTheTime IssuedAt = "absent"
)

// DeviceNames says how deviceName is written.
type DeviceNames string

// The forms.
const (
	NamesInEither DeviceNames = "either" // base64 where it is base64 of plain text
	NamesInBase64 DeviceNames = "base64"
	NamesInPlain  DeviceNames = "plain"
)

// Profile is every choice that the public sources leave open. Each field names its sources
// and how sure we are of the default. Start from DefaultProfile, not from zero.
type Profile struct {
	// ResourcePath that x-pay-token signs: full (default; field code agrees on it for VTIS, medium) or
	// without_context, without the first segment, as most of Visa's other products want it (XP1).
	ResourcePath vts.PathRule `setting:"resource_path"`
	// APIKeyName is the query parameter of the API key: apiKey (default; FC, FIS-T) or apikey, as the In-App
	// Provisioning API has it. Its case counts in the signature.
	APIKeyName string `setting:"api_key_name"`
	// IssuedAt is how encryptedData has its time: milliseconds, a number (default; FC), seconds, a string
	// (FC), or absent.
	IssuedAt IssuedAt `setting:"issued_at"`
	// CardholderName is the member that holds the card number: cardholderInfo (default; FC) or
	// cardHolderInfo (FIS-T).
	CardholderName string `setting:"cardholder_name"`
	// UnknownCardIsNone takes Visa's "token not found" (VSE40003) for a card without tokens: true (default;
	// inferred, no source says how a card without tokens is answered). An empty list is one in any case.
	UnknownCardIsNone bool `setting:"unknown_card_is_none"`
	// Activation is the operationType that activates: CALL_CENTER_ACTIVATION (default; FIS-T has no other) or
	// ACTIVATE, which one processor passes on (FC).
	Activation string `setting:"activation"`
	// ActivationCode goes with CALL_CENTER_ACTIVATION, which requires one for Visa's records, neither checks it
	// nor passes it on (FIS-T): 1 to 8 letters and digits, ISSUER by default (ours).
	ActivationCode string `setting:"activation_code"`
	// DeviceNames of an answer: either (default), base64 (the examples of FIS-V) or plain (FIS-T).
	DeviceNames DeviceNames `setting:"device_names"`
	// SettleAfter is how long a request without an answer may still take effect: before, nobody says that it
	// was not done. 10s (default; inferred: Visa takes a signature for 480 s, but once, and no time limit of
	// its own is published).
	SettleAfter time.Duration `setting:"settle_after"`
}

// DefaultProfile returns what the sources make most likely.
func DefaultProfile() Profile {
	return Profile{
		ResourcePath:      vts.FullPath,
		APIKeyName:        "apiKey",
		IssuedAt:          Milliseconds,
		CardholderName:    "cardholderInfo",
		UnknownCardIsNone: true,
		Activation:        callCenterActivation,
		ActivationCode:    "ISSUER",
		DeviceNames:       NamesInEither,
		SettleAfter:       10 * time.Second,
	}
}

const (
	maxActivationCode = 8
	maxSettleAfter    = time.Hour
)

// Validate returns every problem of the profile, joined, or nil. The texts name fields as
// a configuration file does.
func (p Profile) Validate() error {
	var problems []error
	for _, field := range []struct {
		ok      bool
		problem string
	}{
		{oneOf(p.ResourcePath, vts.FullPath, vts.WithoutContext), "resource_path: full or without_context"},
		{oneOf(p.APIKeyName, "apiKey", "apikey"), "api_key_name: apiKey or apikey"},
		{oneOf(p.IssuedAt, Milliseconds, SecondsText, WithoutTheTime), "issued_at: milliseconds, seconds or absent"},
		{oneOf(p.CardholderName, "cardholderInfo", "cardHolderInfo"), "cardholder_name: cardholderInfo or cardHolderInfo"},
		{oneOf(p.Activation, callCenterActivation, plainActivation), "activation: CALL_CENTER_ACTIVATION or ACTIVATE"},
		{p.ActivationCode != "" && len(p.ActivationCode) <= maxActivationCode && walletport.IsAlnum(p.ActivationCode, ""), "activation_code: 1 to 8 letters and digits"},
		{oneOf(p.DeviceNames, NamesInEither, NamesInBase64, NamesInPlain), "device_names: either, base64 or plain"},
		{p.SettleAfter >= 0 && p.SettleAfter <= maxSettleAfter, "settle_after: 0s to 1h"},
	} {
		if !field.ok {
			problems = append(problems, errors.New(field.problem))
		}
	}
	return errors.Join(problems...)
}

func oneOf[T comparable](value T, known ...T) bool { return slices.Contains(known, value) }
