package vts

import (
	"errors"
	"slices"

	"github.com/walletport/walletport"
)

// HeaderForm says how much the protected header of a push payload holds.
type HeaderForm string

// The header forms.
const (
	FullHeader    HeaderForm = "full"    // typ, kid, channelSecurityContext and iat beside the algorithms
	MinimalHeader HeaderForm = "minimal" // kid alone beside the algorithms
)

// JSONForm says how a value is written in JSON.
type JSONForm string

// The JSON forms; a profile field knows two of them.
const (
	JSONString  JSONForm = "string"  // "1700000000", "true"
	JSONNumber  JSONForm = "number"  // 1700000000
	JSONBoolean JSONForm = "boolean" // true
)

// Intent is what provider.intent says the card is pushed for.
type Intent string

// The intents. IAP and COM have the first two; the last two are only named in the
// headers of wallet SDKs.
const (
	PushMobile      Intent = "PUSH_PROV_MOBILE" // into a device wallet
	PushOnFile      Intent = "PUSH_PROV_ONFILE" // a card on file
	PushCrossUser   Intent = "PUSH_PROV_CROSS_USER"
	PushCrossDevice Intent = "PUSH_PROV_CROSS_DEVICE"
)

// IDnV is the value of isIDnV: whether the issuer's identification and
// verification is to run.
type IDnV string

// The values; Visa takes an absent one for false [COM].
const (
	IDnVTrue   IDnV = "true"
	IDnVFalse  IDnV = "false"
	IDnVAbsent IDnV = "absent"
)

// WSDNames says how WSD strings are called.
type WSDNames string

// The names.
const (
	OldWSDNames WSDNames = "MB" // MBPAC, MBPAD
	NewWSDNames WSDNames = "M"  // MPAC, MPAD
)

// WSDPadding says how a WSD block is filled to a multiple of 8 bytes.
type WSDPadding string

// The paddings.
const (
	PadWithMark  WSDPadding = "mark"  // with one character, none where the length fits
	PadWithPKCS5 WSDPadding = "pkcs5" // with 1 to 8 bytes that tell their number (RFC 8018 appendix B.2.5)
)

// Profile is every format choice that the public sources leave open. Each field
// names its sources and how sure we are of the default; the scheme's onboarding
// engineer may ask for another value. Start from DefaultProfile, not from zero.
type Profile struct {
	// Header of the push payload: full (default; IAP, BEP, FIS-G, high) or minimal, kid alone (SRCJS, VMCP).
	Header HeaderForm `setting:"header"`
	// IssuedAt is how iat, Unix seconds, is written in a full header: string (default; BEP and FIS-G; the
	// choice is inferred) or number (IAP).
	IssuedAt JSONForm `setting:"issued_at"`
	// Intent of the push: PUSH_PROV_MOBILE (default; COM, FIS-V, high) or PUSH_PROV_ONFILE (same);
	// PUSH_PROV_CROSS_USER and PUSH_PROV_CROSS_DEVICE are only named in wallet SDKs.
	Intent Intent `setting:"intent"`
	// YearDigits of the expiry year: 4 (default; COM, FIS-V, THR, high) or 2 (one back end in the field).
	YearDigits int `setting:"year_digits"`
	// CardholderName is sent where the card has one: true (default; FIS-V, high). Optional.
	CardholderName bool `setting:"cardholder_name"`
	// IDnV is isIDnV: "true" (default; COM: otherwise the issuer is not asked and no step-up takes place),
	// "false" or "absent". The default is inferred.
	IDnV IDnV `setting:"idnv"`
	// IDnVForm is how isIDnV is written: string (default; COM, FIS-V, high) or boolean (FC).
	IDnVForm JSONForm `setting:"idnv_form"`
	// AppIDMarks are the characters that clientAppID may have beside letters and digits: hyphen and space (THR,
	// medium), and by default dot and underscore as well, which Android package names have (inferred: the id is the
	// app's own, and must reach Visa as the wallet says it).
	AppIDMarks string `setting:"app_id_marks"`
	// WalletAccountIDChars is the limit of clientWalletAccountID: 32 (default; FIS-G, FIS-T) or 24 (THR).
	WalletAccountIDChars int `setting:"wallet_account_id_chars"`
	// WSDNames: MB for MBPAC and MBPAD (default; IAP, FC, DRV, FIS-A, high) or M for MPAC and MPAD, which
	// a later release of one component sends (OUT).
	WSDNames WSDNames `setting:"wsd_names"`
	// WSDPadding of the block: mark (default; DRV, low: one source) or pkcs5, which no source has and the
	// lengths of the public samples allow.
	WSDPadding WSDPadding `setting:"wsd_padding"`
	// WSDMark is the one printable character of the padding mark: "!" (default; DRV, low: one source).
	WSDMark string `setting:"wsd_mark"`
}

// DefaultProfile returns what the sources make most likely.
func DefaultProfile() Profile {
	return Profile{
		Header:               FullHeader,
		IssuedAt:             JSONString,
		Intent:               PushMobile,
		YearDigits:           4,
		CardholderName:       true,
		IDnV:                 IDnVTrue,
		IDnVForm:             JSONString,
		AppIDMarks:           "- ._",
		WalletAccountIDChars: 32,
		WSDNames:             OldWSDNames,
		WSDPadding:           PadWithMark,
		WSDMark:              "!",
	}
}

// Validate returns every problem of the profile, joined, or nil. The texts name
// fields as a configuration file does.
func (p Profile) Validate() error {
	var problems []error
	demand := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, errors.New(problem))
		}
	}
	demand(oneOf(p.Header, FullHeader, MinimalHeader), "header: full or minimal")
	demand(oneOf(p.IssuedAt, JSONString, JSONNumber), "issued_at: string or number")
	demand(oneOf(p.Intent, PushMobile, PushOnFile, PushCrossUser, PushCrossDevice),
		"intent: PUSH_PROV_MOBILE, PUSH_PROV_ONFILE, PUSH_PROV_CROSS_USER or PUSH_PROV_CROSS_DEVICE")
	demand(oneOf(p.YearDigits, 2, 4), "year_digits: 2 or 4")
	demand(oneOf(p.IDnV, IDnVTrue, IDnVFalse, IDnVAbsent), `idnv: "true", "false" or "absent", in quotation marks`)
	demand(oneOf(p.IDnVForm, JSONString, JSONBoolean), "idnv_form: string or boolean")
	demand(isPlain(p.AppIDMarks), `app_id_marks: printable ASCII without '"' and '\'`)
	demand(oneOf(p.WalletAccountIDChars, 24, 32), "wallet_account_id_chars: 24 or 32")
	demand(oneOf(p.WSDNames, OldWSDNames, NewWSDNames), "wsd_names: MB or M")
	demand(oneOf(p.WSDPadding, PadWithMark, PadWithPKCS5), "wsd_padding: mark or pkcs5")
	demand(len(p.WSDMark) == 1 && isPlain(p.WSDMark), "wsd_mark: one printable ASCII character")
	return errors.Join(problems...)
}

func oneOf[T comparable](value T, known ...T) bool { return slices.Contains(known, value) }

// isPlain reports whether text is printable ASCII that JSON writes as it is.
func isPlain(text string) bool { return walletport.IsPrintable(text, `"\`) }
