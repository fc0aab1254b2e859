package vtssim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

// readNonce checks the nonce of an MBPAC, and that it is the wallet's.
func (r *wsdReading) readNonce(text string) {
	raw, err := hex.DecodeString(text)
	switch {
	case err == nil && len(raw) > 0 && strings.ToLower(text) == text:
		r.pass(checkNonce, "%d bytes in lower-case hex", len(raw))
	case err == nil && len(raw) > 0:
		r.fail(checkNonce, nonceUpper, "the nonce is in upper-case hex")
	default:
		raw = r.explainNonce(text)
	}
	if raw != nil {
		r.matchNonce(raw)
	}
}

// explainNonce names what is no hex. Base64 is told by what it stands for, or by
// characters that hex has not.
func (r *wsdReading) explainNonce(text string) []byte {
	raw, f := sim.ReadHex(text)
	switch {
	case f != nil && f.Kind == sim.HexBase64:
		r.fail(checkNonce, nonceBase64, "the nonce is base64")
	case raw != nil && f != nil:
		r.fail(checkNonce, f.Kind.Of("nonce_"), "%s", f.Detail)
	default:
		r.fail(checkNonce, nonceForm, "the nonce is no hex of whole bytes")
	}
	return raw
}

func (r *wsdReading) matchNonce(raw []byte) {
	known := strings.ToLower(r.keys.Nonce)
	switch got := hex.EncodeToString(raw); {
	case known == "":
		r.Skip("needs the wallet's nonce", r.layer+checkNonceSame)
	case got == known:
		r.pass(checkNonceSame, "the nonce that the wallet gave")
	case strings.EqualFold(string(raw), known), string(raw) == base64OfHex(known):
		r.fail(checkNonceSame, nonceTwice, "it is the hex of the nonce's text")
	default:
		r.fail(checkNonceSame, nonceOther, "it is not the nonce that the wallet gave")
	}
}

func base64OfHex(text string) string {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return text
	}
	return base64.StdEncoding.EncodeToString(raw)
}

const authCodeChars = 6

func (r *wsdReading) readAuthCode(text string) {
	const legal = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	upper := strings.ToUpper(text)
	switch {
	case len(text) != authCodeChars || strings.Trim(upper, legal) != "":
		r.fail(checkAuthCode, authCodeForm, "the authcode is not six letters or digits")
		return
	case upper != text:
		r.fail(checkAuthCode, authCodeLower, "the authcode has small letters")
	}
	r.facts.HasAuthCode = true
	r.pass(checkAuthCode, "six capitals or digits")
}

// readMMYY checks the expiry of an MBPAD.
func (r *wsdReading) readMMYY(text string) {
	if len(text) != 4 || !sim.IsDigits(text) {
		r.Fail(checkExpiry, expiryMMYY, "the expiry is not four digits")
		return
	}
	month, year := text[:2], text[2:]
	if !sim.IsMonth(month) && sim.IsMonth(year) {
		r.Fail(checkExpiry, expiryYYMM, "the first two digits are no month, the last two are one")
		month, year = year, month
	}
	r.judgeExpiry(month, "20"+year)
}

const (
	datetimeLayout = "20060102150405"
	datetimeExact  = 90 * time.Second // from making to reading, and between two clocks
	zoneStep       = 15 * time.Minute // time zones differ by multiples of it
	maxZoneOffset  = 14 * time.Hour
)

// readDateTime checks when an MBPAD was made. A local clock instead of UTC is in the
// field, so it is tolerated.
func (r *wsdReading) readDateTime(text string) {
	at, err := time.Parse(datetimeLayout, text)
	if err != nil || len(text) != len(datetimeLayout) {
		r.fail(checkDateTime, datetimeForm, "the datetime is not 14 digits of a date and time")
		return
	}
	r.facts.DateTime = &at
	age := r.now.Sub(at)
	switch {
	case isZoneOffset(age):
		r.fail(checkDateTime, datetimeLocal, "%s is off by %s: another zone than UTC", utc(&at), age.Round(zoneStep))
	case age < -clockSkew:
		r.fail(checkDateTime, datetimeFuture, "%s is after now", utc(&at))
	case r.keys.isStale(age):
		r.fail(checkDateTime, datetimeStale, "%s is more than %s ago", utc(&at), r.keys.MaxAge)
	}
	r.pass(checkDateTime, "%s", utc(&at))
}

// isZoneOffset tells a wrong zone from a wrong clock: off by whole quarters of an
// hour, nearly to the second.
func isZoneOffset(age time.Duration) bool {
	quarters := age.Round(zoneStep)
	return quarters != 0 && quarters.Abs() <= maxZoneOffset && (age-quarters).Abs() <= datetimeExact
}
