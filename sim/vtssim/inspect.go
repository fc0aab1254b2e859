package vtssim

import (
	"strings"

	"github.com/walletport/walletport/sim"
)

// maxInputBytes is the longest text looked at. A push payload has at most 8162
// characters; more is there to say how long it is.
const maxInputBytes = 64 << 10

// Inspect says what a payload is and checks it: a push payload (compact JWE), an
// MBPAC or MBPAD in ASCII or in base64, or a whole answer {"digitizationData": …} or
// {"activationData": …}. White space and quotes around it are tolerated and noted.
// Without keys it checks what needs none. It never fails: what cannot be read is a
// fault.
//
// FirstFault tells whether something is wrong; Accepted also asks that nothing had
// to be skipped.
func Inspect(payload []byte, keys Keys) Report {
	text, notes := sim.Unwrap(payload)
	report := inspectText(text, string(payload), keys)
	report.Facts.Notes = append(notes, report.Facts.Notes...)
	return report
}

// Recognises reports whether a payload is, or was meant to be, one that Inspect
// reads: for a caller who has to choose among schemes.
func Recognises(payload []byte) bool {
	text, _ := sim.Unwrap(payload)
	if answer, _, ok := ofAnswer(text); ok {
		text = answer
	}
	if len(text) > maxInputBytes {
		return false
	}
	inner := decodeText(text)
	for _, candidate := range []string{text, inner, decodeText(inner)} {
		if looksLikeWSD(candidate) || looksLikeJWE(candidate) {
			return true
		}
	}
	return sim.LooksLikeJSON([]byte(text)) && strings.Contains(text, `"ciphertext"`)
}

// looksLikeJWE recognises a compact JWE by its header: eyJ is base64 of {".
func looksLikeJWE(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Contains(text, ".")
}

// OpenPush checks the text of a push payload, exactly as given.
func OpenPush(text string, keys Keys) Report { return openPush(text, text, keys) }

func openPush(text, given string, keys Keys) Report {
	r := newReading(keys, pushChecks, around(text, given))
	r.readPush(text)
	return r.report(KindPush)
}

// OpenMBPAC checks the ASCII text of activation data, exactly as given. That it
// answers the wallet's nonce is checked against Keys.Nonce.
func OpenMBPAC(text string, keys Keys) Report { return openWSD(mbpac, text, keys) }

// OpenMBPAD checks the ASCII text of an encrypted card number, exactly as given.
func OpenMBPAD(text string, keys Keys) Report { return openWSD(mbpad, text, keys) }

// around returns what stands around a payload in what was given. Of a payload that
// was given encoded, nothing does.
func around(payload, given string) string {
	before, after, found := strings.Cut(given, payload)
	if !found && !strings.Contains(given, "{") {
		return ""
	}
	if !found {
		return given
	}
	return before + after
}

func openWSD(t wsdType, text string, keys Keys) Report {
	r := newReading(keys, t.checks(), "")
	r.readWSD(t, text)
	return r.report(t.kind)
}

// inspectText inspects a payload; given is that with all that stands around it.
func inspectText(text, given string, keys Keys) Report {
	switch {
	case text == "":
		return refusal(given, inputEmpty, "there is no payload")
	case len(text) > maxInputBytes:
		return refusal("", inputTooLarge, "the payload is longer than %d bytes", maxInputBytes)
	}
	if answer, member, ok := ofAnswer(text); ok {
		report := inspectText(answer, given, keys)
		report.Facts.Notes = append([]string{"taken from the answer's member " + member}, report.Facts.Notes...)
		return report
	}
	if looksLikeWSD(text) {
		return inspectWSD(text, given, "", keys)
	}
	inner := decodeText(text)
	if looksLikeWSD(inner) {
		return inspectWSD(inner, given, "in base64, as the API sends it", keys)
	}
	if twice := decodeText(inner); looksLikeWSD(twice) {
		return inspectTwice(twice, given, keys)
	}
	return openPush(text, given, keys)
}

// answerMembers are what the payload is called in answers and on the way to a wallet.
var answerMembers = []string{"digitizationData", "encPaymentInstrument", "opaquePaymentCard", "provisionPayload", "activationData"}

// ofAnswer takes the payload out of a whole answer.
func ofAnswer(text string) (payload, member string, ok bool) {
	if !sim.LooksLikeJSON([]byte(text)) {
		return "", "", false
	}
	members, _ := sim.ReadObject([]byte(text))
	for _, name := range answerMembers {
		if payload, ok := members.Text(name); ok && !sim.LooksLikeJSON([]byte(payload)) {
			return payload, name, true
		}
	}
	return "", "", false
}

func inspectWSD(text, given, note string, keys Keys) Report {
	t := mbpac
	if isMBPAD(text) {
		t = mbpad
	}
	r := newReading(keys, t.checks(), around(text, given))
	if note != "" {
		r.note(note)
	}
	r.readWSD(t, text)
	return r.report(t.kind)
}

// inspectTwice reads a string in base64 of base64, which is a fault of its own.
func inspectTwice(text, given string, keys Keys) Report {
	t := mbpac
	if isMBPAD(text) {
		t = mbpad
	}
	r := newReading(keys, append([]string{checkActivation}, t.checks()...), around(text, given))
	r.Fail(checkActivation, wsdBase64Twice, "the text is base64 of base64")
	r.readWSD(t, text)
	return r.report(t.kind)
}

// refusal is the report on what is no payload at all.
func refusal(given string, k sim.Kind, format string, args ...any) Report {
	r := newReading(Keys{}, []string{checkInput}, given)
	r.Fail(checkInput, k, format, args...)
	return r.report(KindUnknown)
}
