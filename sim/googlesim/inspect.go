package googlesim

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/walletport/walletport/sim"
)

// maxInputBytes is the longest text looked at.
const maxInputBytes = 64 << 10

const (
	memberOPC          = "googleOpaquePaymentCard"
	memberDigitization = "digitizationData"
	armorBegin         = "-----BEGIN PGP MESSAGE"
)

// The checks of an opaque payment card, in the order of its layers.
const (
	checkInput     = "input"
	checkBase64    = "opc_base64"
	checkPackets   = "packets"
	checkRecipient = "recipient"
	checkCipher    = "cipher"
	checkIntegrity = "integrity"
	checkInside    = "packets_inside"
	checkSigned    = "signed"
	checkHash      = "signature_hash"
	checkSigner    = "signature_key"
	checkSignature = "signature"
)

var opcChecks = []string{checkBase64, checkPackets, checkRecipient, checkCipher, checkIntegrity, checkInside, checkSigned, checkHash, checkSigner, checkSignature,
	checkJSON, checkObjects, checkVersion, checkSession, checkSessionSame, checkSessionFresh, checkSessionUnused, checkPAN, checkPANLuhn, checkExpiry, checkNotExpired}

// Inspect says what a text is and checks it: an opaque payment card in base64, in
// armor or in binary, or a whole answer with the member googleOpaquePaymentCard.
// White space and quotes around it are tolerated and noted. Without keys it checks
// what needs none. It never fails: what cannot be read is a fault.
//
// FirstFault tells whether something is wrong; Accepted also asks that nothing had
// to be skipped.
func Inspect(payload []byte, keys Keys) Report {
	if looksLikeMessage(payload) && len(payload) <= maxInputBytes {
		r := newReading(keys, opcChecks, nil)
		r.clear.AddSealed("", payload)
		r.note("given in binary; the API has it in base64")
		r.Drop(checkBase64)
		r.readMessage(payload)
		return r.report(KindOPC)
	}
	text, notes := sim.Unwrap(payload)
	report := inspectText(text, payload, keys)
	report.Facts.Notes = append(notes, report.Facts.Notes...)
	return report
}

// Recognises reports whether a text is, or was meant to be, one that Inspect reads:
// for a caller who has to choose among formats.
func Recognises(payload []byte) bool {
	if looksLikeMessage(payload) {
		return true
	}
	text, _ := sim.Unwrap(payload)
	if len(text) > maxInputBytes {
		return false
	}
	if sim.LooksLikeJSON([]byte(text)) {
		members, _ := sim.ReadObject([]byte(text))
		return members.Has(memberOPC)
	}
	data, _ := sim.ReadOneBase64(text)
	return strings.HasPrefix(text, armorBegin) || looksLikeMessage(data) || bytes.HasPrefix(data, []byte(armorBegin))
}

// looksLikeMessage recognises the packet that an encrypted or a signed message begins
// with: the tag's byte in the old or the new form, then a version.
func looksLikeMessage(data []byte) bool {
	if len(data) < 16 || data[0]&0x80 == 0 {
		return false
	}
	tag := data[0] & 0x3f
	if data[0]&0x40 == 0 {
		tag >>= 2
	}
	switch tag {
	case tagSessionKey, tagPassphraseKey, tagOnePass, tagEncrypted, tagCompressed:
		return true
	}
	return false
}

// OpenOPC checks the base64 text of an opaque payment card, exactly as given.
func OpenOPC(text string, keys Keys) Report { return openOPC(text, nil, keys) }

// openOPC checks an opaque payment card in what was given around it.
func openOPC(text string, around []byte, keys Keys) Report {
	r := newReading(keys, opcChecks, around)
	r.readOPC(text)
	return r.report(KindOPC)
}

// inspectText inspects a text; given is that with all that stands around it.
func inspectText(text string, given []byte, keys Keys) Report {
	switch {
	case text == "":
		return refusal(given, inputEmpty, "there is no text")
	case len(text) > maxInputBytes:
		return refusal(nil, inputTooLarge, "the text is longer than %d bytes", maxInputBytes)
	case !sim.LooksLikeJSON([]byte(text)):
		before, after, _ := bytes.Cut(given, []byte(text))
		return openOPC(text, slices.Concat(before, after), keys)
	}
	members, f := sim.ReadObject([]byte(text))
	if f != nil {
		return refusal(given, f.Kind, "%s", f.Detail)
	}
	if opc, ok := members.Text(memberOPC); ok {
		report := openOPC(opc, given, keys)
		report.Facts.Notes = append([]string{"taken from the answer's member " + memberOPC}, report.Facts.Notes...)
		return report
	}
	if members.Has("paymentCard") {
		r := newReading(Keys{}, []string{checkInput}, nil)
		r.clear.AddSealed("the JSON of the card", given)
		return r.report(KindUnknown)
	}
	return refusal(given, inputNoOPC, "the JSON has no %s", memberOPC)
}

// refusal is the report on what is no opaque payment card at all.
func refusal(given []byte, k sim.Kind, format string, args ...any) Report {
	r := newReading(Keys{}, []string{checkInput}, given)
	r.Fail(checkInput, k, format, args...)
	return r.report(KindUnknown)
}

// readOPC takes off base64, and armor below it.
func (r *reading) readOPC(text string) {
	r.clear.AddSealed(memberOPC, []byte(text))
	if strings.HasPrefix(text, armorBegin) {
		r.Fail(checkBase64, opcArmorOnly, "the text is an armored message")
		r.readArmored([]byte(text))
		return
	}
	if data, err := hex.DecodeString(text); err == nil && looksLikeMessage(data) {
		r.Fail(checkBase64, sim.Base64Hex.Of("opc_"), "the text is hex")
		r.readMessage(data)
		return
	}
	data, f := sim.ReadOneBase64(text)
	if f != nil {
		k := f.Kind.Of("opc_")
		if f.Kind == sim.Base64URLSafe || f.Kind == sim.Base64Unpadded {
			k = r.lenient(k)
		}
		r.Fail(checkBase64, k, "%s", f.Detail)
	}
	if inner := sim.DecodeOrNil(base64.StdEncoding, string(data)); inner != nil {
		r.Fail(checkBase64, opcTwice, "the decoded text is base64 again")
		data = inner
	}
	switch {
	case data == nil:
		return
	case bytes.HasPrefix(data, []byte(armorBegin)):
		r.Fail(checkBase64, opcArmored, "the decoded text is armored")
		r.readArmored(data)
		return
	case sim.LooksLikeJSON(data):
		r.Fail(checkPackets, notEncrypted, "the decoded text is JSON, in clear")
		return
	}
	r.Pass(checkBase64, "standard base64 of %d bytes", len(data))
	r.readMessage(data)
}

func (r *reading) readArmored(text []byte) {
	block, err := armor.Decode(bytes.NewReader(text))
	if err != nil {
		r.Fail(checkPackets, notOpenPGP, "the armor is malformed")
		return
	}
	data, err := io.ReadAll(io.LimitReader(block.Body, maxInputBytes))
	if err != nil {
		r.Fail(checkPackets, notOpenPGP, "the armor is malformed, or its checksum is wrong")
		return
	}
	r.readMessage(data)
}
