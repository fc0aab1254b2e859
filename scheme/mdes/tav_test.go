package mdes_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

func mustSignTAV(t testing.TB, p mdes.Profile, in scheme.SealInput) string {
	t.Helper()
	tav, err := mustSealer(t, p).SignTAV(in)
	if err != nil {
		t.Fatalf("SignTAV: %v", err)
	}
	return string(tav)
}

func mustParseTAV(t testing.TB, text string) mdes.TAV {
	t.Helper()
	tav, err := mdes.ParseTAV(text)
	if err != nil {
		t.Fatalf("ParseTAV: %v", err)
	}
	return tav
}

// foreignTAV is a TAV that somebody else wrote: template has %s where the
// signature of message goes.
func foreignTAV(t *testing.T, template, message string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(nil, issuer().key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	object := strings.Replace(template, "%s", base64.StdEncoding.EncodeToString(signature), 1)
	return base64.StdEncoding.EncodeToString([]byte(object))
}

func TestVerifyReadsEveryFormOfTheSources(t *testing.T) {
	const until = "2026-03-01T10:50:30Z"
	for _, c := range []struct{ name, template, message string }{
		{"version 2 with string flags", `{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":"false","signatureAlgorithm":"RSA-SHA256","signature":"%s"}`, testPAN + "Y1225N"},
		{"version 2 with boolean flags", `{"signature":"%s","signatureAlgorithm":"RSA-SHA256","expirationDateIncluded":true,"tokenUniqueReferenceIncluded":false,"version":"2"}`, testPAN + "Y1225N"},
		{"version 2 without expiry", `{"version":"2","expirationDateIncluded":false,"tokenUniqueReferenceIncluded":false,"signatureAlgorithm":"RSA-SHA256","signature":"%s"}`, testPAN + "NN"},
		{"version 2 about a token", `{"version":"2","expirationDateIncluded":true,"tokenUniqueReferenceIncluded":true,"signatureAlgorithm":"RSA-SHA256","signature":"%s"}`, testPAN + "Y1225YDWSPMC1"},
		{"version 3, timestamp first", `{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry","signature":"%s"}`, until + "|" + testPAN + "|1225"},
		{"version 3, timestamp last", `{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"accountNumber|accountExpiry|dataValidUntilTimestamp","signature":"%s"}`, testPAN + "|1225|" + until},
		{"version 3 with a fraction and an offset", `{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2026-03-01T12:50:30.5+02:00","includedFieldsInOrder":"accountNumber|dataValidUntilTimestamp","signature":"%s"}`, testPAN + "|2026-03-01T12:50:30.5+02:00"},
		{"version 3 with unknown members", `{"x":{"y":[1]},"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"accountNumber|dataValidUntilTimestamp","signature":"%s"}`, testPAN + "|" + until},
		{"version 4 in camelCase", `{"version":"4","keyAlias":"U+002D","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"` + until + `","includedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry","signature":"%s"}`, until + "|" + testPAN + "|1225"},
		{"version 4 in PascalCase", `{"Version":"4","KeyAlias":"","SignatureAlgorithm":"RSA-SHA256","IncludedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry","DataValidUntilTimestamp":"` + until + `","Signature":"%s"}`, until + "|" + testPAN + "|1225"},
	} {
		t.Run(c.name, func(t *testing.T) {
			subject := testSubject(t)
			subject.TokenUniqueReference = "DWSPMC1"
			tav := mustParseTAV(t, foreignTAV(t, c.template, c.message))
			if err := tav.Verify(&issuer().key.PublicKey, subject, testNow); err != nil {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	sign := func(now time.Time) mdes.TAV {
		in := testInput(t)
		in.Now = now
		return mustParseTAV(t, mustSignTAV(t, mdes.DefaultProfile(), in))
	}
	otherCard, otherExpiry := testSubject(t), testSubject(t)
	otherCard.PAN = mustPAN(t, "5555555555554444")
	otherExpiry.Expiry.Year++
	key := &issuer().key.PublicKey
	for _, c := range []struct {
		name    string
		tav     mdes.TAV
		key     crypto.PublicKey
		subject mdes.Subject
		code    walletport.Code
		reason  string
	}{
		{"another card's TAV", sign(testNow), key, otherCard, walletport.CodeInvalid, "tav_signature_wrong"},
		{"another expiry", sign(testNow), key, otherExpiry, walletport.CodeInvalid, "tav_signature_wrong"},
		{"another key", sign(testNow), &mastercard().key.PublicKey, testSubject(t), walletport.CodeInvalid, "tav_signature_wrong"},
		{"a TAV that ends now", sign(testNow.Add(-30 * time.Minute)), key, testSubject(t), walletport.CodeInvalid, "tav_expired"},
		{"a TAV of 30 days and a second", sign(testNow.Add(mdes.MaxTAVValidity - 30*time.Minute + time.Second)), key, testSubject(t), walletport.CodeInvalid, "tav_too_far_ahead"},
		{"a key of another kind", sign(testNow), mustECDSA(t).Public(), testSubject(t), walletport.CodeUnavailable, "key_unusable"},
		{"a short key", sign(testNow), shortKey(), testSubject(t), walletport.CodeUnavailable, "key_unusable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustRefuse(t, c.tav.Verify(c.key, c.subject, testNow), c.code, c.reason)
		})
	}
	for name, signedAt := range map[string]time.Time{
		"a second before its end": testNow.Add(-30*time.Minute + time.Second),
		"30 days ahead":           testNow.Add(mdes.MaxTAVValidity - 30*time.Minute),
	} {
		if err := sign(signedAt).Verify(key, testSubject(t), testNow); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustECDSA(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// shortKey has 1024 bits; nobody needs its private half.
func shortKey() *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), 1023)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
}

func TestATamperedTAVDoesNotVerify(t *testing.T) {
	text := mustSignTAV(t, mdes.DefaultProfile(), testInput(t))
	rapid.Check(t, func(r *rapid.T) {
		object, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			r.Fatal(err)
		}
		object[rapid.IntRange(0, len(object)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		if sameJSON(object, text) {
			return // the case of a hex digit or of a member's name carries no meaning
		}
		tav, err := mdes.ParseTAV(base64.StdEncoding.EncodeToString(object))
		if err != nil {
			return
		}
		if err := tav.Verify(&issuer().key.PublicKey, testSubject(t), testNow); err == nil {
			r.Fatal("a changed TAV verified")
		}
	})
}

// sameJSON reports whether a change only touched the case of member names.
func sameJSON(object []byte, original string) bool {
	want, err := base64.StdEncoding.DecodeString(original)
	if err != nil {
		return false
	}
	var a, b struct {
		Version, SignatureAlgorithm, DataValidUntilTimestamp, IncludedFieldsInOrder, Signature string
	}
	return json.Unmarshal(object, &a) == nil && json.Unmarshal(want, &b) == nil && a == b
}

func TestParseTAVRefuses(t *testing.T) {
	encode := func(object string) string { return base64.StdEncoding.EncodeToString([]byte(object)) }
	const v3 = `{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2026-03-01T10:50:30Z","includedFieldsInOrder":"accountNumber|dataValidUntilTimestamp","signature":"AAAA"}`
	mustParseTAV(t, encode(v3)) // the cases below differ from it in one thing
	with := func(old, replacement string) string {
		if !strings.Contains(v3, old) {
			t.Fatalf("%q is not in the model", old)
		}
		return encode(strings.Replace(v3, old, replacement, 1))
	}
	for _, c := range []struct{ name, text, reason string }{
		{"nothing", "", "tav_malformed"},
		{"2049 characters", encode(v3 + strings.Repeat(" ", 1360)), "tav_malformed"},
		{"no base64", "{}", "tav_malformed"},
		{"base64 with a line break", encode(v3)[:76] + "\n" + encode(v3)[76:], "tav_malformed"},
		{"base64 without padding", strings.TrimRight(encode(v3+" "), "="), "tav_malformed"},
		{"URL-safe base64", "_" + encode(v3)[1:], "tav_malformed"},
		{"Mastercard's dummy value", "RHVtbXkgYmFzZSA2NCBkYXRhIC0gdGhpcyBpcyBub3QgYSByZWFsIFRBViBleGFtcGxl", "tav_malformed"},
		{"JSON null", encode("null"), "tav_malformed"},
		{"a JSON list", encode("[]"), "tav_malformed"},
		{"something after the object", encode(v3 + "{}"), "tav_malformed"},
		{"an empty object", encode("{}"), "tav_malformed"},
		{"a version that is a number", with(`"3"`, `3`), "tav_malformed"},
		{"version 1", with(`"3"`, `"1"`), "tav_version_unsupported"},
		{"version 5", with(`"3"`, `"5"`), "tav_version_unsupported"},
		{"no algorithm", with(`RSA-SHA256`, ``), "tav_algorithm_unsupported"},
		{"another algorithm", with(`RSA-SHA256`, `RSA-SHA512`), "tav_algorithm_unsupported"},
		{"no signature", with(`AAAA`, ``), "tav_malformed"},
		{"a signature in hex with odd length", with(`AAAA`, `abc`), "tav_malformed"},
		{"no timestamp", with(`2026-03-01T10:50:30Z`, ``), "tav_malformed"},
		{"a timestamp without zone", with(`10:50:30Z`, `10:50:30`), "tav_malformed"},
		{"a timestamp in another form", with(`2026-03-01T10:50:30Z`, `01.03.2026 10:50`), "tav_malformed"},
		{"a timestamp of great length", with(`10:50:30Z`, `10:50:30.`+strings.Repeat("0", 40)+`Z`), "tav_malformed"},
		{"no field list", with(`"includedFieldsInOrder":"accountNumber|dataValidUntilTimestamp",`, ``), "tav_fields_malformed"},
		{"an empty field list", with(`accountNumber|dataValidUntilTimestamp`, ``), "tav_fields_malformed"},
		{"a list without the PAN", with(`accountNumber|`, ``), "tav_fields_malformed"},
		{"a list without the timestamp", with(`|dataValidUntilTimestamp`, ``), "tav_fields_malformed"},
		{"an unknown field", with(`accountNumber|`, `accountNumber|securityCode|`), "tav_fields_malformed"},
		{"a repeated field", with(`accountNumber|`, `accountNumber|accountNumber|`), "tav_fields_malformed"},
		{"a flag that is a number", encode(`{"version":"2","expirationDateIncluded":1,"signatureAlgorithm":"RSA-SHA256","signature":"AAAA"}`), "tav_malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mdes.ParseTAV(c.text)
			mustRefuse(t, err, walletport.CodeInvalid, c.reason)
		})
	}
}

func TestSignTAVMembers(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*mdes.Profile)
		want   string // up to the signature
	}{
		{"version 2, strings", func(p *mdes.Profile) { p.TAVVersion = 2 },
			`{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":"true","signatureAlgorithm":"RSA-SHA256","signature":"`},
		{"version 2, booleans", func(p *mdes.Profile) { p.TAVVersion, p.TAVFlags = 2, mdes.FlagBooleans },
			`{"version":"2","expirationDateIncluded":true,"tokenUniqueReferenceIncluded":true,"signatureAlgorithm":"RSA-SHA256","signature":"`},
		{"version 3 is not bound to the token by default", func(p *mdes.Profile) { p.TAVValidity = 5 * time.Minute },
			`{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2026-03-01T10:25:30Z","includedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry","signature":"`},
		{"version 4, bound to the token", func(p *mdes.Profile) {
			p.TAVVersion, p.TAVFieldOrder = 4, append(p.TAVFieldOrder, "tokenUniqueReference")
		}, `{"version":"4","keyAlias":"U+002D","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2026-03-01T10:50:30Z","includedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry|tokenUniqueReference","signature":"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			in.TokenUniqueReference = "DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45"
			in.Now = testNow.Add(999 * time.Millisecond).In(time.FixedZone("", 3600)) // is cut to seconds, and sent in UTC
			text := mustSignTAV(t, profileWith(c.change), in)
			object, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(object), c.want) {
				t.Errorf("TAV:\n got %s\nwant %s…", object, c.want)
			}
			subject := testSubject(t)
			subject.TokenUniqueReference = in.TokenUniqueReference
			if err := mustParseTAV(t, text).Verify(&issuer().key.PublicKey, subject, testNow); err != nil {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

func TestAFieldForATokenIsLeftOutWithoutOne(t *testing.T) {
	profile := profileWith(func(p *mdes.Profile) { p.TAVFieldOrder = append(p.TAVFieldOrder, "tokenUniqueReference") })
	tav := mustParseTAV(t, mustSignTAV(t, profile, testInput(t)))
	if got := strings.Join(tav.Fields, "|"); got != "dataValidUntilTimestamp|accountNumber|accountExpiry" {
		t.Errorf("includedFieldsInOrder %s", got)
	}
	if err := tav.Verify(&issuer().key.PublicKey, testSubject(t), testNow); err != nil {
		t.Error(err)
	}
}

func TestSignTAVRefuses(t *testing.T) {
	v4 := profileWith(func(p *mdes.Profile) { p.TAVVersion = 4 })
	for _, c := range []struct {
		name    string
		profile mdes.Profile
		change  func(*scheme.SealInput)
		code    walletport.Code
		reason  string
	}{
		{"an ECDSA key", v4, func(in *scheme.SealInput) { in.Signer.Key = mustECDSA(t) }, walletport.CodeUnavailable, "key_unusable"},
		{"a long alias", v4, func(in *scheme.SealInput) { in.Signer.Alias = "01234567890" }, walletport.CodeUnavailable, "key_unusable"},
		{"an alias with a quote", v4, func(in *scheme.SealInput) { in.Signer.Alias = `"` }, walletport.CodeUnavailable, "key_unusable"},
		{"a long token reference", v4, func(in *scheme.SealInput) { in.TokenUniqueReference = strings.Repeat("D", 65) }, walletport.CodeForbidden, "card_data_unusable"},
		{"a token reference with a separator", v4, func(in *scheme.SealInput) { in.TokenUniqueReference = "D|1225" }, walletport.CodeForbidden, "card_data_unusable"},
		{"no PAN", v4, func(in *scheme.SealInput) { in.Card.PAN = walletport.PAN{} }, walletport.CodeForbidden, "card_data_unusable"},
		{"no card", v4, func(in *scheme.SealInput) { in.Card = nil }, walletport.CodeForbidden, "card_data_unusable"},
		{"a custodian that is down", v4, func(in *scheme.SealInput) {
			in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return nil, errors.New("no connection") }}
		}, walletport.CodeUnavailable, "signing_unavailable"},
		{"a signature that makes the TAV too long", v4, func(in *scheme.SealInput) {
			in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return make([]byte, 1024), nil }}
		}, walletport.CodeUnavailable, "key_unusable"},
		{"no signer", v4, func(in *scheme.SealInput) { in.Signer = scheme.Signer{} }, walletport.CodeInternal, "internal"},
		{"no time", v4, func(in *scheme.SealInput) { in.Now = time.Time{} }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.change(&in)
			_, err := mustSealer(t, c.profile).SignTAV(in)
			mustRefuse(t, err, c.code, c.reason)
		})
	}
}

// The signature of an RSA-4096 key still fits [S9].
func TestATAVSignedWithRSA4096Fits(t *testing.T) {
	in := testInput(t)
	in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return make([]byte, 512), nil }}
	for _, version := range []int{2, 3, 4} {
		text := mustSignTAV(t, profileWith(func(p *mdes.Profile) { p.TAVVersion = version }), in)
		if len(text) > 2048 {
			t.Errorf("version %d: %d characters", version, len(text))
		}
	}
}

func FuzzParseTAV(f *testing.F) {
	for _, object := range []string{
		`{"version":"2","expirationDateIncluded":"true","tokenUniqueReferenceIncluded":true,"signatureAlgorithm":"RSA-SHA256","signature":"AAAA"}`,
		`{"version":"3","signatureAlgorithm":"RSA-SHA256","dataValidUntilTimestamp":"2026-03-01T10:50:30Z","includedFieldsInOrder":"accountNumber|dataValidUntilTimestamp","signature":"AAAA"}`,
		`{"Version":"4","KeyAlias":"x","SignatureAlgorithm":"RSA-SHA256","DataValidUntilTimestamp":"2026-03-01 10:50:30.123456+02:00","IncludedFieldsInOrder":"dataValidUntilTimestamp|accountNumber|accountExpiry","Signature":"AAAA"}`,
	} {
		f.Add(base64.StdEncoding.EncodeToString([]byte(object)))
	}
	subject := mdes.Subject{PAN: mustPAN(f, testPAN), Expiry: walletport.Expiry{Year: 2025, Month: time.December}}
	key := &issuer().key.PublicKey
	f.Fuzz(func(t *testing.T, text string) {
		tav, err := mdes.ParseTAV(text)
		if err != nil {
			if walletport.CodeOf(err) != walletport.CodeInvalid {
				t.Errorf("error %v is not the sender's fault", err)
			}
			return
		}
		if tav.Version < 2 || tav.Version > 4 || len(tav.Signature) == 0 {
			t.Errorf("accepted version %d with %d signature bytes", tav.Version, len(tav.Signature))
		}
		if tav.Verify(key, subject, testNow) == nil {
			t.Error("a made-up TAV verified")
		}
	})
}

func ExampleTAV_Verify() {
	tav, err := mdes.ParseTAV("bm90IGEgVEFW")
	fmt.Println(tav.Version, err)
	// Output: 0 tav_malformed: a TAV holds a JSON object with string members
}
