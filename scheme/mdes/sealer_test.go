package mdes_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

// mustPlaintext opens an IIDD of ours and returns the JSON inside.
func mustPlaintext(t testing.TB, iidd []byte) string {
	t.Helper()
	parsed, err := mdes.ParseIIDD(iidd)
	if err != nil {
		t.Fatalf("ParseIIDD: %v", err)
	}
	text, err := parsed.Payload.Open(rand.Reader, mastercard().key)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return string(text)
}

func TestSealCardPlaintext(t *testing.T) {
	const account = `"accountNumber":"5204247750001471","expiryMonth":"12","expiryYear":"25"`
	for _, c := range []struct {
		name   string
		change func(*mdes.Profile)
		holder string
		want   string
	}{
		{"cardInfo", func(*mdes.Profile) {}, "TEST CARDHOLDER", wantCardInfo},
		{"fundingAccountInfo", func(p *mdes.Profile) { p.Shape = mdes.FundingAccountInfo }, "TEST CARDHOLDER", wantFunding},
		{"cardInfo with its own validity", func(p *mdes.Profile) { p.DataValidity = 30 * time.Minute }, "",
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION","dataValidUntilTimestamp":"2026-03-01T10:50:30Z"}`},
		{"fundingAccountInfo with its own validity", func(p *mdes.Profile) { p.Shape, p.DataValidity = mdes.FundingAccountInfo, time.Hour }, "",
			`{"cardAccountData":{` + account + `},"source":"ACCOUNT_ADDED_VIA_APPLICATION","dataValidUntilTimestamp":"2026-03-01T11:20:30Z"}`},
		{"no name wanted", func(p *mdes.Profile) { p.CardholderName = false }, "TEST CARDHOLDER",
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION"}`},
		{"no name there", func(p *mdes.Profile) { p.Source = "CARD_ON_FILE" }, "   ", `{` + account + `,"source":"CARD_ON_FILE"}`},
		{"a name of 27 characters stays", func(*mdes.Profile) {}, strings.Repeat("A", 27),
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION","cardholderName":"` + strings.Repeat("A", 27) + `"}`},
		{"a name of 28 characters is cut, not bytes", func(*mdes.Profile) {}, strings.Repeat("Ä", 28),
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION","cardholderName":"` + strings.Repeat("Ä", 27) + `"}`},
		{"a cut name does not end in a space", func(*mdes.Profile) {}, strings.Repeat("A", 26) + " BCD",
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION","cardholderName":"` + strings.Repeat("A", 26) + `"}`},
		{"outer spaces go, inner ones stay", func(*mdes.Profile) {}, "  DOE / JANE ",
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION","cardholderName":"DOE / JANE"}`},
		{"quotes and HTML", func(*mdes.Profile) {}, `A "B" \<C&D>`,
			`{` + account + `,"source":"CARD_ADDED_VIA_APPLICATION","cardholderName":"A \"B\" \\<C&D>"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			in.Card.CardholderName = walletport.NewPrivate(c.holder)
			got := mustPlaintext(t, mustSealCard(t, profileWith(c.change), in))
			if got != c.want {
				t.Errorf("plaintext:\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSealCardMembers(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*mdes.Profile)
		signed bool
		want   string // X stands for hex and base64
	}{
		{"cardInfo", func(*mdes.Profile) {}, true,
			`{"cardInfo":{"publicKeyFingerprint":X,"encryptedKey":X,"oaepHashingAlgorithm":"SHA256","iv":X,"encryptedData":X},"tokenizationAuthenticationValue":X}`},
		{"without a signer", func(*mdes.Profile) {}, false,
			`{"cardInfo":{"publicKeyFingerprint":X,"encryptedKey":X,"oaepHashingAlgorithm":"SHA256","iv":X,"encryptedData":X}}`},
		{"fundingAccountInfo", func(p *mdes.Profile) { p.Shape = mdes.FundingAccountInfo }, true,
			`{"fundingAccountInfo":{"encryptedPayload":{"publicKeyFingerprint":X,"encryptedKey":X,"oaepHashingAlgorithm":"SHA256","iv":X,"encryptedData":X}},"tokenizationAuthenticationValue":X}`},
		{"PKCS#1 v1.5", func(p *mdes.Profile) { p.OAEPHash = mdes.PKCS1v15 }, false,
			`{"cardInfo":{"publicKeyFingerprint":X,"encryptedKey":X,"iv":X,"encryptedData":X}}`},
		{"GCM", func(p *mdes.Profile) { p.CipherMode, p.OAEPHash = mdes.GCM, mdes.SHA512 }, false,
			`{"cardInfo":{"publicKeyFingerprint":X,"encryptedKey":X,"oaepHashingAlgorithm":"SHA512","algorithmCipherMode":"GCM","iv":X,"encryptedData":X,"tag":X,"aad":X}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			if !c.signed {
				in.Signer = scheme.Signer{}
			}
			iidd := mustSealCard(t, profileWith(c.change), in)
			read, err := mdes.ParseIIDD(iidd)
			if said := mustSealer(t, profileWith(c.change)).Shape(); err != nil || said != string(read.Shape) {
				t.Errorf("the sealer says that the shape is %q, the IIDD has %q, %v", said, read.Shape, err)
			}
			if got := maskValues(t, iidd); got != c.want {
				t.Errorf("IIDD:\n got %s\nwant %s", got, c.want)
			}
			if !json.Valid(iidd) {
				t.Error("not JSON")
			}
			if bytes.Contains(iidd, []byte(testPAN)) {
				t.Error("the IIDD holds the PAN in clear")
			}
		})
	}
}

// maskValues puts X for string values but the algorithm names.
func maskValues(t *testing.T, iidd []byte) string {
	t.Helper()
	var out strings.Builder
	for i, part := range strings.Split(string(iidd), `"`) {
		inString, isName := i%2 == 1, false
		if inString {
			isName = !isHexOrBase64(part)
		}
		switch {
		case !inString:
			out.WriteString(part)
		case isName:
			out.WriteString(`"` + part + `"`)
		default:
			out.WriteString("X")
		}
	}
	return out.String()
}

func isHexOrBase64(text string) bool {
	return len(text) >= 24 && !strings.HasPrefix(text, "tokenization")
}

func TestHexCase(t *testing.T) {
	for hexCase, keep := range map[mdes.HexCase]func(string) string{mdes.LowerHex: strings.ToLower, mdes.UpperHex: strings.ToUpper} {
		p := mustWire(t, mustSealCard(t, profileWith(func(p *mdes.Profile) { p.HexCase = hexCase }), testInput(t))).payload()
		for _, value := range []string{p.EncryptedData, p.EncryptedKey, p.IV, p.PublicKeyFingerprint} {
			if value != keep(value) || value == "" {
				t.Errorf("%s: %s", hexCase, value)
			}
		}
	}
}

func TestSealCardRefuses(t *testing.T) {
	forbidden, unavailable := walletport.CodeForbidden, walletport.CodeUnavailable
	for _, c := range []struct {
		name   string
		change func(*scheme.SealInput)
		code   walletport.Code
		reason string
	}{
		{"no card", func(in *scheme.SealInput) { in.Card = nil }, forbidden, "card_data_unusable"},
		{"a wiped PAN", func(in *scheme.SealInput) { in.Card.PAN.Wipe() }, forbidden, "card_data_unusable"},
		{"month 0", func(in *scheme.SealInput) { in.Card.Expiry.Month = 0 }, forbidden, "card_data_unusable"},
		{"month 13", func(in *scheme.SealInput) { in.Card.Expiry.Month = 13 }, forbidden, "card_data_unusable"},
		{"a year of two digits", func(in *scheme.SealInput) { in.Card.Expiry.Year = 25 }, forbidden, "card_data_unusable"},
		{"a year of the next century", func(in *scheme.SealInput) { in.Card.Expiry.Year = 2100 }, forbidden, "card_data_unusable"},
		{"a name with a line break", func(in *scheme.SealInput) { in.Card.CardholderName = walletport.NewPrivate("A\nB") }, forbidden, "card_data_unusable"},
		{"a control character after the cut", func(in *scheme.SealInput) {
			in.Card.CardholderName = walletport.NewPrivate(strings.Repeat("A", 40) + "\x00")
		}, forbidden, "card_data_unusable"},
		{"a name with a line separator", func(in *scheme.SealInput) { in.Card.CardholderName = walletport.NewPrivate("A\u2028B") }, forbidden, "card_data_unusable"},
		{"a name that is no UTF-8", func(in *scheme.SealInput) { in.Card.CardholderName = walletport.NewPrivate("A\xff") }, forbidden, "card_data_unusable"},
		{"no key", func(in *scheme.SealInput) { in.Recipient = scheme.Recipient{} }, unavailable, "key_unusable"},
		{"no certificate for its fingerprint", func(in *scheme.SealInput) { in.Recipient.Certificate = nil }, unavailable, "key_unusable"},
		{"a certificate of another key", func(in *scheme.SealInput) { in.Recipient.Certificate = issuer().cert }, unavailable, "key_unusable"},
		{"a short key", func(in *scheme.SealInput) {
			in.Recipient = scheme.Recipient{Public: shortKey(), Fingerprint: strings.Repeat("a", 40)}
		}, unavailable, "key_unusable"},
		{"an ECDSA key", func(in *scheme.SealInput) {
			in.Recipient = scheme.Recipient{Public: mustECDSA(t).Public(), Fingerprint: strings.Repeat("a", 40)}
		}, unavailable, "key_unusable"},
		{"a literal fingerprint that is short", func(in *scheme.SealInput) { in.Recipient.Fingerprint = "abcd" }, unavailable, "key_unusable"},
		{"a literal fingerprint with colons", func(in *scheme.SealInput) { in.Recipient.Fingerprint = strings.Repeat("ab:", 20) }, unavailable, "key_unusable"},
		{"a custodian that is down", func(in *scheme.SealInput) {
			in.Signer.Key = stubSigner{sign: func([]byte) ([]byte, error) { return nil, errors.New("no connection") }}
		}, unavailable, "signing_unavailable"},
		{"an OAEP that fails", func(in *scheme.SealInput) { in.Recipient.OAEP = brokenOAEP{} }, unavailable, "sealing_unavailable"},
		{"no time", func(in *scheme.SealInput) { in.Now = time.Time{} }, walletport.CodeInternal, "internal"},
		{"no random source", func(in *scheme.SealInput) { in.Rand = nil }, walletport.CodeInternal, "internal"},
		{"a dry random source", func(in *scheme.SealInput) { in.Rand = bytes.NewReader(nil) }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.change(&in)
			iidd, err := mustSealer(t, mdes.DefaultProfile()).SealCard(in)
			mustRefuse(t, err, c.code, c.reason)
			if iidd != nil {
				t.Error("an IIDD came along with the error")
			}
		})
	}
	t.Run("a dry random source with GCM", func(t *testing.T) {
		in := testInput(t)
		in.Rand = bytes.NewReader(nil)
		_, err := mustSealer(t, profileWith(func(p *mdes.Profile) { p.CipherMode = mdes.GCM })).SealCard(in)
		mustRefuse(t, err, walletport.CodeInternal, "internal")
	})
}

func TestFingerprintLiteral(t *testing.T) {
	const literal = "5741173B127ace57090490132a1679a1712c93ee"
	recipient := mastercard().recipient()
	recipient.Fingerprint = literal
	for _, mode := range []mdes.FingerprintMode{mdes.SHA1Certificate, mdes.LiteralFingerprint} {
		if got, err := mdes.Fingerprint(mode, recipient); err != nil || got != literal {
			t.Errorf("%s: %s, error %v, want the literal as it is", mode, got, err)
		}
	}
	_, err := mdes.Fingerprint(mdes.LiteralFingerprint, mastercard().recipient())
	mustRefuse(t, err, walletport.CodeUnavailable, "key_unusable")
	_, err = mdes.Fingerprint("md5", mastercard().recipient())
	mustRefuse(t, err, walletport.CodeInternal, "internal")
	_, err = mdes.Fingerprint(mdes.SHA1PublicKey, scheme.Recipient{Public: "no key"})
	mustRefuse(t, err, walletport.CodeUnavailable, "key_unusable")
}

func TestARecipientMayBeACertificateAlone(t *testing.T) {
	in := testInput(t)
	in.Recipient.Public = nil
	if got := mustPlaintext(t, mustSealCard(t, mdes.DefaultProfile(), in)); got != wantCardInfo {
		t.Error("the certificate's key did not open it")
	}
}

// digestsOnly is an HSM: it sees a digest, and must be told what it is.
type digestsOnly struct {
	stubSigner
	t *testing.T
}

func (d digestsOnly) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if len(digest) != 32 || opts.HashFunc() != crypto.SHA256 || random == nil {
		d.t.Errorf("Sign was given %d bytes as %v", len(digest), opts.HashFunc())
	}
	return issuer().key.Sign(random, digest, opts)
}

func TestTheKeyIsUsedAsASigner(t *testing.T) {
	in := testInput(t)
	in.Signer.Key = digestsOnly{t: t}
	tav := mustParseTAV(t, mustWire(t, mustSealCard(t, mdes.DefaultProfile(), in)).TAV)
	if err := tav.Verify(&issuer().key.PublicKey, testSubject(t), testNow); err != nil {
		t.Error(err)
	}
}

func TestSealThenOpenIsIdentity(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		profile := drawProfile(r)
		in := testInput(t)
		in.Card.PAN = mustPAN(t, drawPAN(r))
		in.Card.Expiry = walletport.Expiry{Year: rapid.IntRange(2000, 2099).Draw(r, "year"), Month: time.Month(rapid.IntRange(1, 12).Draw(r, "month"))}
		holder := strings.TrimSpace(rapid.StringMatching(`[A-Z"\\<&/.' ÄéØ李]{0,27}`).Draw(r, "name"))
		in.Card.CardholderName = walletport.NewPrivate(holder)
		iidd, err := mdes.ParseIIDD(mustSealCard(t, profile, in))
		if err != nil {
			r.Fatal(err)
		}
		card, err := iidd.Open(rand.Reader, mastercard().key, testNow)
		if err != nil {
			r.Fatal(err)
		}
		if !profile.CardholderName {
			holder = ""
		}
		if !card.PAN.Equal(in.Card.PAN) || card.Expiry != in.Card.Expiry || string(card.CardholderName.Reveal()) != holder || iidd.Shape != profile.Shape {
			r.Fatalf("another card came out: %v %v, shape %s", card.PAN, card.Expiry, iidd.Shape)
		}
		subject := mdes.Subject{PAN: card.PAN, Expiry: card.Expiry}
		if err := mustParseTAV(t, iidd.TAV).Verify(&issuer().key.PublicKey, subject, testNow); err != nil {
			r.Fatal(err)
		}
	})
}

func drawProfile(r *rapid.T) mdes.Profile {
	return profileWith(func(p *mdes.Profile) {
		p.Shape = rapid.SampledFrom([]mdes.Shape{mdes.CardInfo, mdes.FundingAccountInfo}).Draw(r, "shape")
		p.OAEPHash = rapid.SampledFrom([]mdes.KeyWrapping{mdes.SHA256, mdes.SHA512, mdes.PKCS1v15}).Draw(r, "wrap")
		p.AESBits = rapid.SampledFrom([]int{128, 256}).Draw(r, "bits")
		p.CipherMode = rapid.SampledFrom([]mdes.CipherMode{mdes.CBC, mdes.GCM}).Draw(r, "mode")
		p.HexCase = rapid.SampledFrom([]mdes.HexCase{mdes.LowerHex, mdes.UpperHex}).Draw(r, "case")
		p.TAVVersion = rapid.IntRange(2, 4).Draw(r, "TAV")
		p.TAVFlags = rapid.SampledFrom([]mdes.FlagForm{mdes.FlagStrings, mdes.FlagBooleans}).Draw(r, "flags")
		p.TAVFieldOrder = rapid.Permutation(p.TAVFieldOrder).Draw(r, "order")
		p.DataValidity = rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(r, "validity")
		p.CardholderName = rapid.Bool().Draw(r, "with name")
	})
}

// drawPAN makes 12 to 19 digits with a right check digit.
func drawPAN(r *rapid.T) string {
	body := rapid.StringMatching(`5[0-9]{10,17}`).Draw(r, "PAN")
	for check := range 10 {
		if pan := fmt.Sprint(body, check); isPAN(pan) {
			return pan
		}
	}
	return ""
}

func isPAN(digits string) bool {
	_, err := walletport.ParsePAN(digits)
	return err == nil
}

func TestASealerIsSafeForConcurrentUse(t *testing.T) {
	sealer := mustSealer(t, mdes.DefaultProfile())
	in := testInput(t)
	sealed := make([][]byte, 20)
	var workers sync.WaitGroup
	for i := range sealed {
		workers.Go(func() {
			var err error
			if sealed[i], err = sealer.SealCard(in); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	for _, iidd := range sealed {
		if mustPlaintext(t, iidd) != wantCardInfo {
			t.Error("another card came out")
		}
	}
}
