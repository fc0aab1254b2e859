package mdessim

import (
	"bytes"
	"slices"

	"github.com/walletport/walletport/sim"
)

// maxInputBytes is the longest text looked at. It leaves room for the longest
// encryptedData that the specification allows; a card's payload has about 2,500.
const maxInputBytes = 512 << 10

// Inspect says what a payload is and checks it: digitizationData in base64, the
// IIDD's JSON, a whole answer {"digitizationData": …} or {"activationData": …}, or a
// TAV in base64 or JSON.
// White space and quotes around it are tolerated and noted. Without keys it
// checks what needs none. It never fails: what cannot be read is a fault.
//
// FirstFault tells whether something is wrong; Accepted also asks that nothing
// had to be skipped.
func Inspect(payload []byte, keys Keys) Report {
	text, notes := sim.Unwrap(payload)
	report := inspectText(text, string(payload), keys)
	report.Facts.Notes = append(notes, report.Facts.Notes...)
	return report
}

// OpenDigitizationData checks the base64 text of an IIDD, exactly as given.
func OpenDigitizationData(text string, keys Keys) Report {
	r := openDigitizationData(text, text, keys)
	return r.report(KindDigitizationData)
}

// OpenTAV checks the base64 text of a TAV on its own, exactly as given. Its
// agreement with the card is checked against Keys.Card.
func OpenTAV(text string, keys Keys) Report { return openTAV(text, text, keys) }

func openTAV(text, given string, keys Keys) Report {
	r := newReading(keys, tavChecks, given)
	r.expectCard()
	r.readTAV(text)
	return r.report(KindTAV)
}

// inspectText inspects a payload; given is that with all that stands around it.
func inspectText(text, given string, keys Keys) Report {
	switch {
	case text == "":
		return refusal(given, inputEmpty, "there is no payload")
	case len(text) > maxInputBytes:
		return refusal("", inputTooLarge, "the payload is longer than %d bytes", maxInputBytes)
	case sim.LooksLikeJSON([]byte(text)):
		return inspectJSON(text, given, keys)
	}
	data, _ := sim.ReadBase64(text)
	if looksLikeTAV(data) {
		return openTAV(text, given, keys)
	}
	r := openDigitizationData(text, given, keys)
	return r.report(KindDigitizationData)
}

func inspectJSON(text, given string, keys Keys) Report {
	members, _ := sim.ReadObject([]byte(text))
	for _, name := range []string{"digitizationData", "activationData"} {
		if answer, ok := members.Text(name); ok {
			report := inspectText(answer, given, keys)
			report.Facts.Notes = append([]string{"taken from the answer's member " + name}, report.Facts.Notes...)
			return report
		}
	}
	const note = "given as JSON; wallets take it in base64"
	if looksLikeTAV([]byte(text)) {
		r := newReading(keys, tavChecks, given)
		r.facts.Notes = append(r.facts.Notes, note)
		r.Drop(checkTAVLength, checkTAVBase64)
		r.expectCard()
		r.readTAVJSON([]byte(text))
		return r.report(KindTAV)
	}
	r := newReading(keys, iiddChecks, given)
	r.facts.Notes = append(r.facts.Notes, note)
	r.Drop(checkBase64)
	r.readIIDD([]byte(text))
	return r.report(KindDigitizationData)
}

// looksLikeTAV tells a TAV from an IIDD by the members that only it has, also in
// JSON that is broken.
func looksLikeTAV(data []byte) bool {
	lower := bytes.ToLower(data)
	if bytes.Contains(lower, []byte(`"cardinfo"`)) || bytes.Contains(lower, []byte(`"fundingaccountinfo"`)) {
		return false
	}
	return slices.ContainsFunc([]string{"signaturealgorithm", "includedfieldsinorder", "expirationdateincluded"}, func(name string) bool {
		return bytes.Contains(lower, []byte(`"`+name+`"`))
	})
}

// refusal is the report on what is no payload at all.
func refusal(given string, k sim.Kind, format string, args ...any) Report {
	r := newReading(Keys{}, []string{checkInput}, given)
	r.Fail(checkInput, k, format, args...)
	return r.report(KindUnknown)
}
