package applesim

import (
	"github.com/walletport/walletport/sim"
)

// maxInputBytes is the longest text looked at.
const maxInputBytes = 64 << 10

const checkInput = "input"

// Inspect says what a text is and checks it: the answer of an Apple Pay call
// {"activationData", "encryptedPassData", "ephemeralPublicKey"}, or its request
// {"certificates", "nonce", "nonceSignature"}. White space and quotes around it are
// tolerated and noted. Without keys it checks what needs none. It never fails: what
// cannot be read is a fault.
//
// FirstFault tells whether something is wrong; Accepted also asks that nothing had
// to be skipped. Whether the activation data holds is for the scheme to say:
// Report.Enrolment is what it asks for.
func Inspect(payload []byte, keys Keys) Report {
	text, notes := sim.Unwrap(payload)
	report := inspectText(text, payload, keys)
	report.Facts.Notes = append(notes, report.Facts.Notes...)
	return report
}

// Recognises reports whether a text is, or was meant to be, one that Inspect reads:
// for a caller who has to choose among formats.
func Recognises(payload []byte) bool {
	text, _ := sim.Unwrap(payload)
	if len(text) > maxInputBytes {
		return false
	}
	members, _ := sim.ReadObject([]byte(text))
	return isRequest(members) || isAnswer(members)
}

func isRequest(members sim.Object) bool {
	_, ok := members.First("certificates", "nonceSignature")
	return ok && !isAnswer(members)
}

func isAnswer(members sim.Object) bool {
	for _, name := range []string{memberPassData, memberEphemeral, memberWrappedKey} {
		if _, ok := members.Fold(name); ok {
			return true
		}
	}
	return false
}

// inspectText inspects a text; given is that with all that stands around it.
func inspectText(text string, given []byte, keys Keys) Report {
	switch {
	case text == "":
		return refusal(given, inputEmpty, "there is no text")
	case len(text) > maxInputBytes:
		return refusal(nil, inputTooLarge, "the text is longer than %d bytes", maxInputBytes)
	}
	members, f := sim.ReadObject([]byte(text))
	switch {
	case f != nil:
		return refusal(given, f.Kind, "%s", f.Detail)
	case isAnswer(members):
		return openAnswer(members, given, keys)
	case isRequest(members):
		return openRequest(members, given, keys)
	}
	return refusal(given, inputUnknown, "the JSON is neither an answer nor a request of the Apple Pay call")
}

// refusal is the report on what is neither answer nor request.
func refusal(given []byte, k sim.Kind, format string, args ...any) Report {
	r := newReading(Keys{}, []string{checkInput}, given)
	r.Fail(checkInput, k, format, args...)
	return r.report(KindUnknown)
}
