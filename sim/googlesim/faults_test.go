package googlesim_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/walletport/walletport/sim/googlesim"
	"github.com/walletport/walletport/sim/simtest"
)

// mangled is an opaque payment card with one fault, and the name that it must get.
type mangled struct {
	name, code string
	change     func(*recipe)
}

func encodedAs(encode func([]byte) any) func(*recipe) { return func(r *recipe) { r.encode = encode } }
func messageAs(change func([]byte) []byte) func(*recipe) {
	return func(r *recipe) { r.message = change }
}
func insideAs(change func([]byte) []byte) func(*recipe) { return func(r *recipe) { r.inside = change } }
func plain(text string) func(*recipe)                   { return func(r *recipe) { r.plaintext = []byte(text) } }

func signedBy(pick func(*ring) *packet.PrivateKey) func(*recipe) {
	return func(r *recipe) { r.signers = []*packet.PrivateKey{pick(keys())} }
}

func armored(raw []byte) []byte {
	var out bytes.Buffer
	w := must(armor.Encode(&out, "PGP MESSAGE", nil))
	must(w.Write(raw))
	check(w.Close())
	return out.Bytes()
}

// inText changes the JSON before it is signed and encrypted.
func inText(change func([]byte) []byte) func(*recipe) {
	return func(r *recipe) { r.plaintext = change(must(json.Marshal(r.card))) }
}

func base64Text(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

func withCipher(cipher packet.CipherFunction, size int) func(*recipe) {
	return func(r *recipe) { r.cipher, r.sessionKey = cipher, bytes.Repeat([]byte("k"), size) }
}

// compressed is a packet of ZIP data, RFC 4880 section 5.6.
func compressed(inside []byte) []byte {
	var out bytes.Buffer
	out.WriteByte(1)
	w := must(flate.NewWriter(&out, 9))
	must(w.Write(inside))
	check(w.Close())
	return raw(8, out.Bytes())
}

// seipdV2 is the AEAD packet of RFC 9580, with session key of version 6.
func seipdV2(r *recipe) {
	suite := packet.CipherSuite{Cipher: packet.CipherAES256, Mode: packet.AEADModeOCB}
	r.seipd = func(inside []byte) []byte {
		var out bytes.Buffer
		w := must(packet.SerializeSymmetricallyEncrypted(noClose{&out}, r.cipher, true, suite, r.sessionKey, &packet.Config{AEADConfig: &packet.AEADConfig{}}))
		must(w.Write(inside))
		check(w.Close())
		return out.Bytes()
	}
}

// outer returns the packets of a message, whole.
func outer(message []byte) [][]byte {
	var all [][]byte
	reader := packet.NewOpaqueReader(bytes.NewReader(message))
	for p, err := reader.Next(); err == nil; p, err = reader.Next() {
		all = append(all, raw(p.Tag, p.Contents))
	}
	return all
}

var mangledCards = []mangled{
	// Base64 and armor.
	{"no base64", "opc_base64_invalid", encodedAs(func([]byte) any { return "§" })},
	{"URL-safe base64", "opc_base64_url_safe", encodedAs(func(raw []byte) any { return base64.URLEncoding.EncodeToString(raw) })},
	{"no padding", "opc_base64_unpadded", func(r *recipe) {
		for len(r.raw())%3 == 0 {
			r.card["paymentCard"].(members)["x"] = strings.Repeat("x", len(r.raw())%7)
		}
		r.encode = func(raw []byte) any {
			if len(raw)%3 == 0 { // the signature's length varies with its leading zeros
				raw = append(raw, 0)
			}
			return base64.RawStdEncoding.EncodeToString(raw)
		}
	}},
	{"base64 in lines", "opc_base64_line_breaks", encodedAs(func(raw []byte) any { t := base64Text(raw); return t[:64] + "\n" + t[64:] })},
	{"hex", "opc_hex_instead_of_base64", encodedAs(func(raw []byte) any {
		return hex.EncodeToString(raw)
	})},
	{"base64 twice", "opc_base64_twice", encodedAs(func(raw []byte) any { return base64Text([]byte(base64Text(raw))) })},
	{"armor alone", "opc_armor_without_base64", encodedAs(func(raw []byte) any { return string(armored(raw)) })},
	{"armor in base64", "opc_armored", encodedAs(func(raw []byte) any { return base64Text(armored(raw)) })},
	{"broken armor", "not_openpgp", encodedAs(func([]byte) any { return base64Text([]byte("-----BEGIN PGP MESSAGE-----\n")) })},
	{"JSON in clear", "not_encrypted", encodedAs(func([]byte) any { return base64Text([]byte(`{"paymentCard":{}}`)) })},

	// The outer packets.
	{"noise", "not_openpgp", messageAs(func([]byte) []byte { return []byte{0x00, 0xff, 0x80} })},
	{"a message cut short", "not_openpgp", messageAs(func(m []byte) []byte { return m[:len(m)-100] })},
	{"signed only", "not_encrypted", func(r *recipe) {
		r.message = func([]byte) []byte { return r.signed(must(json.Marshal(r.card))) }
	}},
	{"compressed and signed only", "not_encrypted", func(r *recipe) {
		r.message = func([]byte) []byte { return compressed(r.signed(must(json.Marshal(r.card)))) }
	}},
	{"encrypted, then signed", "encrypted_then_signed", func(r *recipe) { r.message = func(m []byte) []byte { return r.signed(m) } }},
	{"encrypted, then a signature in front", "encrypted_then_signed", func(r *recipe) {
		r.message = func(m []byte) []byte {
			var out bytes.Buffer
			check(r.signature(m, r.signers[0]).Serialize(&out))
			return append(out.Bytes(), m...)
		}
	}},
	{"a session key of version 6", "packet_v6", func(r *recipe) {
		r.pkesk = func() []byte {
			var out bytes.Buffer
			check(packet.SerializeEncryptedKeyAEAD(&out, r.recipient, r.cipher, true, r.sessionKey, nil))
			return out.Bytes()
		}
		seipdV2(r)
	}},
	{"SEIPD of version 3", "packet_v6", func(r *recipe) { r.seipd = func([]byte) []byte { return raw(18, []byte{3, 0}) } }},
	{"a user id in the message", "packet_unknown", messageAs(func(m []byte) []byte { return append(m, raw(13, []byte("x"))...) })},
	{"a passphrase only", "symmetric_only", func(r *recipe) { r.pkesk = func() []byte { return raw(3, []byte{4, 9, 0, 10}) } }},
	{"a passphrase too", "symmetric_too", messageAs(func(m []byte) []byte { return append(raw(3, []byte{4, 9, 0, 10}), m...) })},
	{"no session key", "session_key_missing", func(r *recipe) { r.pkesk = func() []byte { return nil } }},
	{"no data", "encrypted_data_missing", messageAs(func(m []byte) []byte { return outer(m)[0] })},
	{"no MDC", "no_integrity_protection", func(r *recipe) { r.seipd = func([]byte) []byte { return raw(9, make([]byte, 40)) } }},
	{"SEIPD of version 2", "seipd_v2", seipdV2},
	{"the AEAD packet", "aead_packet", func(r *recipe) { r.seipd = func([]byte) []byte { return raw(20, []byte{1, 9, 2, 16}) } }},
	{"another recipient", "recipient_other", func(r *recipe) { r.recipient = keys().otherEntity().Subkeys[0].PublicKey }},
	{"the primary key", "recipient_primary_key", func(r *recipe) { r.recipient = keys().googleEntity().PrimaryKey }},
	{"another algorithm", "recipient_algorithm", func(r *recipe) {
		r.pkesk = func() []byte {
			id := keys().googleEntity().Subkeys[0].PublicKey.KeyId
			body := []byte{3}
			for shift := 56; shift >= 0; shift -= 8 {
				body = append(body, byte(id>>shift))
			}
			return raw(1, append(body, 16, 0, 8, 0xff, 0, 8, 0xff)) // ElGamal
		}
	}},
	{"a session key of noise", "session_key_unreadable", func(r *recipe) {
		r.message = func(m []byte) []byte {
			all := outer(m)
			all[0][40] ^= 0xff
			return slices.Concat(all...)
		}
	}},
	{"a session key packet of noise", "session_key_unreadable", func(r *recipe) { r.pkesk = func() []byte { return raw(1, []byte{3, 1}) } }},
	{"AES-128", "cipher_other", withCipher(packet.CipherAES128, 16)},
	{"CAST5", "cipher_weak", func(r *recipe) {
		withCipher(packet.CipherCAST5, 16)(r)
		r.seipd = func([]byte) []byte { return raw(18, append([]byte{1}, make([]byte, 60)...)) } // the library writes none
	}},
	{"changed data", "mdc_mismatch", messageAs(func(m []byte) []byte { m[len(m)-1] ^= 1; return m })},
	{"data of nothing", "mdc_mismatch", func(r *recipe) { r.seipd = func([]byte) []byte { return raw(18, []byte{1, 2, 3}) } }},

	// The packets inside.
	{"noise inside", "inside_malformed", insideAs(func([]byte) []byte { return []byte("hello") })},
	{"a broken literal", "inside_malformed", insideAs(func([]byte) []byte { return raw(11, []byte{'b'}) })},
	{"encrypted twice", "encrypted_twice", func(r *recipe) {
		r.inside = func(inside []byte) []byte { return append(raw(3, []byte{4, 9, 0, 10}), r.encrypted(inside)...) }
	}},
	{"compressed", "compressed", insideAs(compressed)},
	{"no literal", "literal_missing", insideAs(func(inside []byte) []byte { return outer(inside)[0] })},
	{"a message as text", "literal_is_message", plain("-----BEGIN PGP SIGNED MESSAGE-----\n")},
	{"unsigned", "unsigned", func(r *recipe) { r.signers = nil }},
	{"the signature lost", "signature_missing", insideAs(func(inside []byte) []byte { return slices.Concat(outer(inside)[:2]...) })},
	{"a signature of version 6", "signature_version", insideAs(func(inside []byte) []byte {
		all := outer(inside)
		all[2][6] = 6
		return slices.Concat(all...)
	})},
	{"a text signature", "signature_type", func(r *recipe) { r.signType = packet.SigTypeText }},
	{"SHA-1", "signature_hash_weak", func(r *recipe) { r.hash = crypto.SHA1 }},
	{"SHA-256", "signature_hash_other", func(r *recipe) { r.hash = crypto.SHA256 }},
	{"another issuer", "signature_unknown_key", signedBy(func(k *ring) *packet.PrivateKey { return k.unknown().PrivateKey })},
	{"another text signed", "signature_wrong", func(r *recipe) { r.signedText = []byte("{}") }},
	{"a broken signature", "signature_wrong", insideAs(func(inside []byte) []byte {
		all := outer(inside)
		all[2] = raw(2, all[2][6:40])
		return slices.Concat(all...)
	})},
	{"signed tomorrow", "signature_from_future", func(r *recipe) { r.signedAt = testNow.Add(time.Hour) }},
	{"an expired key", "issuer_key_expired", signedBy(func(k *ring) *packet.PrivateKey { return k.expired().PrivateKey })},
	{"a key of tomorrow", "issuer_key_not_yet_valid", signedBy(func(k *ring) *packet.PrivateKey { return k.early().PrivateKey })},
	{"a revoked key", "issuer_key_revoked", signedBy(func(k *ring) *packet.PrivateKey { return k.revoked().PrivateKey })},
	{"the encryption subkey", "issuer_key_not_for_signing", signedBy(func(k *ring) *packet.PrivateKey { return k.issuer().Subkeys[0].PrivateKey })},

	// The JSON.
	{"the message twice", "encrypted_data_twice", func(r *recipe) { r.message = func(m []byte) []byte { return append(m, m...) } }},
	{"UTF-16 inside", "opc_plaintext_utf16", inText(func(p []byte) []byte { return simtest.UTF16(string(p)) })},
	{"a byte order mark inside", "opc_plaintext_byte_order_mark", inText(func(p []byte) []byte { return append([]byte("\ufeff"), p...) })},
	{"padding by PKCS#7", "opc_plaintext_padded", inText(func(p []byte) []byte { return append(p, 3, 3, 3) })},
	{"zero bytes behind", "opc_plaintext_padded_zero", inText(func(p []byte) []byte { return append(p, 0, 0) })},
	{"a JSON string inside", "opc_plaintext_json_in_string", inText(func(p []byte) []byte { return must(json.Marshal(string(p))) })},
	{"base64 inside", "opc_plaintext_base64", func(r *recipe) { r.plaintext = []byte(base64Text(must(json.Marshal(r.card)))) }},
	{"no JSON inside", "opc_json_invalid", plain("hello")},
	{"a member twice", "opc_json_duplicate_member", plain(`{"paymentCard":{},"paymentCard":{}}`)},
	{"a member of the card twice", "opc_json_duplicate_member", plain(`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"` + testSession + `"},"paymentCard":{"a":1,"a":2}}`)},
	{"no header", "object_missing", inCard(remove("protocolHeader"))},
	{"PaymentCard", "object_case", inCard(rename("paymentCard", "PaymentCard"))},
	{"the card as a string", "object_not_object", inCard(set("paymentCard", "{}"))},
	{"a flat JSON", "objects_flattened", inCard(func(m members) { m["accountNumber"] = testPAN; delete(m, "paymentCard") })},
	{"no version", "version_missing", in("protocolHeader", remove("version"))},
	{"version 2", "version_unknown", in("protocolHeader", set("version", 2))},
	{"no session", "session_missing", in("validationContext", remove("serverSessionId"))},
	{"a number as session", "session_not_string", in("validationContext", set("serverSessionId", 7))},
	{"another session", "session_other", in("validationContext", set("serverSessionId", strings.ToUpper(testSession)))},
	{"a used session", "session_used", func(r *recipe) {
		r.keys = func(k *googlesim.Keys) { k.SessionUsed = func(string) bool { return true } }
	}},
	{"pan", "pan_member_name", in("paymentCard", rename("accountNumber", "pan"))},
	{"AccountNumber", "pan_member_name", in("paymentCard", rename("accountNumber", "AccountNumber"))},
	{"primaryAccountNumber", "pan_member_name", in("paymentCard", rename("accountNumber", "primaryAccountNumber"))},
	{"no PAN", "pan_missing", in("paymentCard", remove("accountNumber"))},
	{"a number as PAN", "pan_not_string", in("paymentCard", set("accountNumber", 5204247750001471))},
	{"a PAN in groups", "pan_spaces", in("paymentCard", set("accountNumber", "5204-2477-5000-1471"))},
	{"letters in the PAN", "pan_not_digits", in("paymentCard", set("accountNumber", "52o4"))},
	{"a short PAN", "pan_length", in("paymentCard", set("accountNumber", "52042477"))},
	{"a wrong check digit", "pan_luhn", in("paymentCard", set("accountNumber", "5204247750001472"))},
	{"no month", "expiry_missing", in("paymentCard", remove("expiryMonth"))},
	{"one expiry", "expiry_combined", in("paymentCard", func(m members) { m["expiry"] = "1129"; delete(m, "expiryMonth"); delete(m, "expiryYear") })},
	{"a number as month", "expiry_not_string", in("paymentCard", set("expiryMonth", 11))},
	{"YYYY", "expiry_year_four_digits", in("paymentCard", set("expiryYear", "2029"))},
	{"a month of one digit", "expiry_month_form", in("paymentCard", set("expiryMonth", "6"))},
	{"a year of one digit", "expiry_year_form", in("paymentCard", set("expiryYear", "9"))},
	{"month and year swapped", "expiry_swapped", in("paymentCard", func(m members) { m["expiryMonth"], m["expiryYear"] = "29", "11" })},
	{"an old card", "card_expired", in("paymentCard", set("expiryYear", "25"))},
}

var toleratedCodes = []string{"opc_armored", "compressed"}

func TestEveryFaultIsNamed(t *testing.T) {
	for _, c := range mangledCards {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			text := r.text()
			report := googlesim.OpenOPC(text, r.simKeys())
			f := report.FirstFault
			if f == nil || f.Code != c.code {
				t.Fatalf("first fault %+v, want %s\n%v", f, c.code, report.Checks)
			}
			if f.Detail == "" || f.Remedy == "" || report.Kind != googlesim.KindOPC {
				t.Errorf("the fault has no detail or no remedy, or the kind is %s: %+v", report.Kind, f)
			}
			if report.Accepted != slices.Contains(toleratedCodes, c.code) {
				t.Errorf("accepted is %v\n%v", report.Accepted, report.Checks)
			}
			mustNotShow(t, report)
		})
	}
}

// Without keys the outer faults get the same names, and nothing that needs a key is
// guessed at.
func TestFaultsSeenWithoutKeys(t *testing.T) {
	named := 0
	for _, c := range mangledCards {
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			report := googlesim.Inspect([]byte(r.text()), googlesim.Keys{Now: now})
			if f := report.FirstFault; f != nil && f.Code != c.code {
				t.Errorf("first fault %s, want %s or none", f.Code, c.code)
			}
			if report.FirstFault != nil {
				named++
			}
			if report.Accepted {
				t.Error("accepted without a key")
			}
		})
	}
	if named < 20 {
		t.Errorf("only %d faults are named without a key", named)
	}
}

func TestLenientKeys(t *testing.T) {
	for _, code := range []string{"opc_base64_url_safe", "signature_hash_other", "cipher_other"} {
		i := slices.IndexFunc(mangledCards, func(c mangled) bool { return c.code == code })
		r := newRecipe()
		mangledCards[i].change(r)
		k := r.simKeys()
		k.Lenient = true
		if report := googlesim.OpenOPC(r.text(), k); !report.Accepted || codeOf(report.Verdict) != code {
			t.Errorf("%s: accepted %v, fault %q", code, report.Accepted, codeOf(report.Verdict))
		}
	}
	r := newRecipe()
	r.hash = crypto.SHA1
	k := simKeys()
	k.Lenient = true
	if report := googlesim.OpenOPC(r.text(), k); report.Accepted || codeOf(report.Verdict) != "signature_hash_weak" {
		t.Errorf("SHA-1: accepted %v, fault %q", report.Accepted, codeOf(report.Verdict))
	}
}

func TestOneGoodSignatureIsEnough(t *testing.T) {
	k := keys()
	for _, signers := range [][]*openpgp.Entity{{k.unknown(), k.issuer()}, {k.issuer(), k.expired()}} {
		r := newRecipe()
		r.signers = nil
		for _, e := range signers {
			r.signers = append(r.signers, e.PrivateKey)
		}
		if report := googlesim.OpenOPC(r.text(), simKeys()); !report.Accepted || report.FirstFault != nil {
			t.Errorf("fault %+v", report.FirstFault)
		}
	}
	r := newRecipe()
	r.signers = []*packet.PrivateKey{k.unknown().PrivateKey, k.expired().PrivateKey}
	if report := googlesim.OpenOPC(r.text(), simKeys()); report.Accepted {
		t.Error("accepted without a good signature")
	}
}

// shownElsewhere are faults that tests outside the table show.
var shownElsewhere = []string{
	"input_empty", "input_too_large", "opc_missing", // TestInspectNamesWhatItIs
	"opc_not_string", "digitization_data_missing", "digitization_data_not_string", "jwe_in_base64", "card_other", "card_other_expiry",
	"wallet_account_other", "session_expired", // TestAdd
}

// Every fault has its own code in snake_case, a remedy, and a card that shows it.
func TestFaultsAreDistinctAndTested(t *testing.T) {
	shownByTest := map[string]bool{}
	for _, code := range shownElsewhere {
		shownByTest[code] = true
	}
	for _, c := range mangledCards {
		shownByTest[c.code] = true
	}
	simtest.CheckFaults(t, shownByTest, 70, "faults_message.go", "faults_card.go")
}
