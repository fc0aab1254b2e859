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
// IIDD's JSON, a whole answer {"digitizationData": …}, or a TAV in base64 or JSON.
// White space and quotes around it are tolerated and noted. Without keys it
// checks what needs none. It never fails: what cannot be read is a fault.
//
// FirstFault tells whether something is wrong; Accepted also asks that nothing
// had to be skipped.
func Inspect(payload []byte, keys Keys) Report {
	text, notes := sim.Unwrap(payload)
	report := inspectText(text, keys)
	report.Facts.Notes = append(notes, report.Facts.Notes...)
	return report
}

// OpenDigitizationData checks the base64 text of an IIDD, exactly as given.
func OpenDigitizationData(text string, keys Keys) Report {
	r := openDigitizationData(text, keys)
	return r.report(KindDigitizationData)
}

// OpenTAV checks the base64 text of a TAV on its own, exactly as given. Its
// agreement with the card is checked against Keys.Card.
func OpenTAV(text string, keys Keys) Report {
	r := newReading(keys, tavChecks)
	r.expectCard()
	r.readTAV(text)
	return r.report(KindTAV)
}

func inspectText(text string, keys Keys) Report {
	switch {
	case text == "":
		return refusal(inputEmpty, "there is no payload")
	case len(text) > maxInputBytes:
		return refusal(inputTooLarge, "the payload is longer than %d bytes", maxInputBytes)
	case sim.LooksLikeJSON([]byte(text)):
		return inspectJSON(text, keys)
	}
	data, _ := sim.ReadBase64(text)
	if looksLikeTAV(data) {
		return OpenTAV(text, keys)
	}
	return OpenDigitizationData(text, keys)
}

func inspectJSON(text string, keys Keys) Report {
	members, _ := sim.ReadObject([]byte(text))
	if answer, ok := members.Text("digitizationData"); ok {
		report := inspectText(answer, keys)
		report.Facts.Notes = append([]string{"taken from the answer's member digitizationData"}, report.Facts.Notes...)
		return report
	}
	const note = "given as JSON; wallets take it in base64"
	if looksLikeTAV([]byte(text)) {
		r := newReading(keys, tavChecks)
		r.facts.Notes = append(r.facts.Notes, note)
		r.Drop(checkTAVLength, checkTAVBase64)
		r.expectCard()
		r.readTAVJSON([]byte(text))
		return r.report(KindTAV)
	}
	r := newReading(keys, iiddChecks)
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
func refusal(k sim.Kind, format string, args ...any) Report {
	r := newReading(Keys{}, []string{checkInput})
	r.Fail(checkInput, k, format, args...)
	return r.report(KindUnknown)
}
