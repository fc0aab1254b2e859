package googlepay_test

import (
	"bytes"
	"crypto/fips140"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/googlepay"
)

// The clear text is compared byte for byte: the members, order and types of the
// sample on Google's page.
func TestClearText(t *testing.T) {
	const card = `"paymentCard":{"accountNumber":"5204247750001471","expiryMonth":"12","expiryYear":"29"}}`
	for _, c := range []struct {
		name   string
		change func(*googlepay.Config)
		id     string
		want   string
	}{
		{"by default", nil, testSession,
			`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"3F2504E0-4f89-41d3-9A0C-0305E82C3301"},` + card},
		{"another version as a string", func(c *googlepay.Config) { c.ProtocolVersion, c.ProtocolVersionForm = 2, googlepay.VersionString }, testSession,
			`{"protocolHeader":{"version":"2"},"validationContext":{"serverSessionId":"3F2504E0-4f89-41d3-9A0C-0305E82C3301"},` + card},
		{"the session of Google's page", func(c *googlepay.Config) { c.ServerSessionID = googlepay.Free }, "GoogleSession123",
			`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"GoogleSession123"},` + card},
		{"a session with quotes", func(c *googlepay.Config) { c.ServerSessionID = googlepay.Free }, `a"}\`,
			`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"a\"}\\"},` + card},
		{"armored", func(c *googlepay.Config) { c.Armor = true }, testSession,
			`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"3F2504E0-4f89-41d3-9A0C-0305E82C3301"},` + card},
		{"with another hash", func(c *googlepay.Config) { c.Hash = googlepay.SHA512 }, testSession,
			`{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"3F2504E0-4f89-41d3-9A0C-0305E82C3301"},` + card},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			in.ServerSessionID = c.id
			got := read(t, mustEncode(t, mustNew(t, c.change), in))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("clear text (-want +got):\n%s", diff)
			}
			if !json.Valid([]byte(got)) {
				t.Error("it is no JSON")
			}
		})
	}
}

func TestArmorIsASwitch(t *testing.T) {
	begin := []byte("-----BEGIN PGP MESSAGE-----\n")
	if message := mustEncode(t, mustNew(t, nil), testInput(t)); bytes.HasPrefix(message, begin) || message[0] != 0xc1 {
		t.Error("the default is not a binary session key packet")
	}
	if message := mustEncode(t, mustNew(t, func(c *googlepay.Config) { c.Armor = true }), testInput(t)); !bytes.HasPrefix(message, begin) {
		t.Error("there is no armor")
	}
}

// GnuPG 2.2 reads what Google will get, and knows who signed it.
func TestGnuPGReadsTheOpaqueCard(t *testing.T) {
	program := oracle.NeedGnuPG(t).With("--faked-system-time", testNow.Format("20060102T150405")+"!")
	gpg := func(stdin []byte, args ...string) (string, string) {
		out, status, err := program.Try(stdin, args...)
		if err != nil {
			t.Fatalf("gpg %v: %v\n%s", args, err, status)
		}
		return string(out), status
	}
	var secret bytes.Buffer
	if err := google().SerializePrivateWithoutSigning(&secret, nil); err != nil {
		t.Fatal(err)
	}
	gpg(secret.Bytes(), "--import")
	gpg(certificateOf(t, issuer()), "--import")
	plaintext, status := gpg(mustEncode(t, mustNew(t, nil), testInput(t)), "--decrypt")
	want := `{"protocolHeader":{"version":1},"validationContext":{"serverSessionId":"` + testSession +
		`"},"paymentCard":{"accountNumber":"5204247750001471","expiryMonth":"12","expiryYear":"29"}}`
	if diff := cmp.Diff(want, plaintext); diff != "" {
		t.Errorf("clear text (-want +got):\n%s", diff)
	}
	fingerprint := fmt.Sprintf("%X", issuer().PrimaryKey.Fingerprint)
	for _, line := range []string{"Good signature from \"Issuer ", "DECRYPTION_INFO 2 9 0\n", "VALIDSIG " + fingerprint + " 2026-03-01 1772360430 0 4 0 1 9 00 "} {
		if !strings.Contains(status, line) {
			t.Errorf("gpg does not say %q:\n%s", line, status)
		}
	}
}

func TestCheckServerSessionID(t *testing.T) {
	const missing, malformed = "server_session_id_missing", "server_session_id_malformed"
	for _, c := range []struct{ name, text, uuid, free string }{
		{"a UUID", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "", ""},
		{"a UUID in upper case", strings.ToUpper(testSession), "", ""},
		{"the nil UUID", "00000000-0000-0000-0000-000000000000", "", ""},
		{"Google's sample", "GoogleSession123", malformed, ""},
		{"nothing", "", missing, missing},
		{"braces", "{3f2504e0-4f89-41d3-9a0c-0305e82c3301}", malformed, ""},
		{"a URN", "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301", malformed, ""},
		{"no hyphens", "3f2504e04f8941d39a0c0305e82c3301", malformed, ""},
		{"a hyphen elsewhere", "3f2504e-04f89-41d3-9a0c-0305e82c3301", malformed, ""},
		{"a letter that is no digit", "3f2504e0-4f89-41d3-9a0c-0305e82c330g", malformed, ""},
		{"a line break at the end", "3f2504e0-4f89-41d3-9a0c-0305e82c330\n", malformed, malformed},
		{"a character before it", " 3f2504e0-4f89-41d3-9a0c-0305e82c3301", malformed, ""},
		{"a NUL", "a\x00b", malformed, malformed},
		{"a right-to-left override", "a\u202eb", malformed, malformed},
		{"broken UTF-8", "a\xffb", malformed, malformed},
		{"letters of any language", "Åsa", malformed, ""},
		{"256 bytes", strings.Repeat("a", 256), malformed, ""},
		{"257 bytes", strings.Repeat("a", 257), malformed, malformed},
		{"10 kB", strings.Repeat("a", 10_000), malformed, malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, want := range map[googlepay.SessionIDForm]string{googlepay.UUID: c.uuid, googlepay.Free: c.free} {
				e := mustNew(t, func(config *googlepay.Config) { config.ServerSessionID = form })
				err := e.CheckServerSessionID(c.text)
				if walletport.ReasonOf(err) != want {
					t.Errorf("%s: error %v, want reason %q", form, err, want)
				}
				if err != nil {
					checkSessionError(t, err)
				}
				in := testInput(t)
				in.ServerSessionID = c.text
				if text, err := e.EncodeOpaqueCard(in); walletport.ReasonOf(err) != want || (err == nil) == (text == "") {
					t.Errorf("%s: EncodeOpaqueCard gave %d characters, error %v", form, len(text), err)
				}
			}
		})
	}
}

func checkSessionError(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*walletport.Error](err)
	if !ok || e.Code != walletport.CodeInvalid || len(e.Fields) != 1 || e.Fields[0].Name != "serverSessionId" || e.Fields[0].Reason == "" {
		t.Errorf("error %#v does not name the field", err)
	}
}

// subkeyless has no encryption subkey; its own key may sign only.
func subkeyless(t *testing.T) *openpgp.Entity {
	e := newKey("Subkeyless", keyConfig())
	e.Subkeys = nil
	return e
}

func TestKeyFaults(t *testing.T) {
	busy := errors.New("the HSM is busy")
	short, curve, v6 := keyConfig(), keyConfig(), keyConfig()
	short.KeyLifetimeSecs = 3600
	curve.Algorithm = packet.PubKeyAlgoEdDSA
	v6.V6Keys = true
	for _, c := range []struct {
		name   string
		spoil  func(*wallet.OpaqueCardInput)
		reason string
	}{
		{"Google's certificate is missing", func(in *wallet.OpaqueCardInput) { in.Recipient = nil }, "opc_recipient_unfit"},
		{"it is damaged", func(in *wallet.OpaqueCardInput) { in.Recipient = in.Recipient[1:] }, "opc_recipient_unfit"},
		{"it has no encryption subkey", func(in *wallet.OpaqueCardInput) { in.Recipient = certificateOf(t, subkeyless(t)) }, "opc_recipient_unfit"},
		{"it is of elliptic curves", func(in *wallet.OpaqueCardInput) { in.Recipient = certificateOf(t, newKey("Curve", curve)) }, "opc_recipient_unfit"},
		{"it is of version 6", func(in *wallet.OpaqueCardInput) { in.Recipient = certificateOf(t, newKey("V6", v6)) }, "opc_recipient_unfit"},
		{"it has expired", func(in *wallet.OpaqueCardInput) { in.Recipient = certificateOf(t, newKey("Short", short)) }, "opc_recipient_expired"},
		{"the issuer's certificate is missing", func(in *wallet.OpaqueCardInput) { in.Signer.Certificate = nil }, "opc_signer_unfit"},
		{"it is another's", func(in *wallet.OpaqueCardInput) { in.Signer.Certificate = certificateOf(t, google()) }, "opc_signer_unfit"},
		{"it has expired", func(in *wallet.OpaqueCardInput) { in.Signer = signerOf(t, newKey("Short", short)) }, "opc_signer_unfit"},
		{"there is no signing key", func(in *wallet.OpaqueCardInput) { in.Signer.Key = nil }, "opc_signer_unfit"},
		{"the custodian fails", func(in *wallet.OpaqueCardInput) {
			in.Signer.Key = hsm{key: in.Signer.Key, err: busy}
		}, "signing_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.spoil(&in)
			text, err := mustNew(t, nil).EncodeOpaqueCard(in)
			if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != c.reason || text != "" {
				t.Errorf("error %v, want %s", err, c.reason)
			}
			if c.reason == "signing_unavailable" && !errors.Is(err, busy) {
				t.Errorf("error %v has lost its cause", err)
			}
			if err != nil && walletport.ContainsPAN(err.Error()) {
				t.Error("the error holds a PAN")
			}
		})
	}
}

func TestCardsThatGoogleWouldRefuse(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*wallet.OpaqueCardInput)
		code  walletport.Code
	}{
		{"no card", func(in *wallet.OpaqueCardInput) { in.Card = nil }, walletport.CodeInternal},
		{"no number", func(in *wallet.OpaqueCardInput) { in.Card.PAN = walletport.PAN{} }, walletport.CodeInternal},
		{"no expiry", func(in *wallet.OpaqueCardInput) { in.Card.Expiry = walletport.Expiry{} }, walletport.CodeForbidden},
		{"a month too many", func(in *wallet.OpaqueCardInput) { in.Card.Expiry.Month = 13 }, walletport.CodeForbidden},
		{"another century", func(in *wallet.OpaqueCardInput) { in.Card.Expiry.Year = 2100 }, walletport.CodeForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.spoil(&in)
			if text, err := mustNew(t, nil).EncodeOpaqueCard(in); walletport.CodeOf(err) != c.code || text != "" {
				t.Errorf("error %v, want %s", err, c.code)
			}
		})
	}
}

// Certificates are remembered by their bytes: rotation takes effect at once, and
// many requests at a time do not disturb each other.
func TestKeysRotateUnderLoad(t *testing.T) {
	e := mustNew(t, nil)
	other := newKey("Google too", keyConfig())
	inputs := []wallet.OpaqueCardInput{testInput(t), testInput(t)}
	inputs[1].Recipient = certificateOf(t, other)
	subkeys := [][]byte{google().Subkeys[0].PublicKey.Fingerprint[12:], other.Subkeys[0].PublicKey.Fingerprint[12:]}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 6 {
				which := (worker + i) % 2
				text, err := e.EncodeOpaqueCard(inputs[which])
				if err != nil {
					t.Errorf("EncodeOpaqueCard: %v", err)
					return
				}
				message, err := base64.StdEncoding.DecodeString(text)
				// The key id stands behind 3 bytes of header and the version.
				if err != nil || !bytes.Equal(message[4:12], subkeys[which]) {
					t.Errorf("worker %d: the message is for another key, error %v", worker, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestFIPSMode(t *testing.T) {
	if fips140.Enabled() {
		read(t, mustEncode(t, mustNew(t, nil), testInput(t)))
		t.Log("read in FIPS mode")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestFIPSMode$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=on")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("read in FIPS mode")) {
		t.Errorf("with fips140=on: %v\n%s", err, out)
	}
}

func FuzzCheckServerSessionID(f *testing.F) {
	for _, seed := range []string{testSession, "GoogleSession123", "", "a\"\\", "\u2028", "\xff", strings.Repeat("-", 36)} {
		f.Add(seed)
	}
	strict := mustNew(f, nil)
	free := mustNew(f, func(c *googlepay.Config) { c.ServerSessionID = googlepay.Free })
	f.Fuzz(func(t *testing.T, text string) {
		freeErr := free.CheckServerSessionID(text)
		if strict.CheckServerSessionID(text) == nil && freeErr != nil {
			t.Fatal("a UUID is refused where anything goes")
		}
		if freeErr != nil {
			return
		}
		in := testInput(t)
		in.ServerSessionID = text
		var got struct {
			ValidationContext struct{ ServerSessionID string }
		}
		if err := json.Unmarshal([]byte(read(t, mustEncode(t, free, in))), &got); err != nil || got.ValidationContext.ServerSessionID != text {
			t.Errorf("the id came out as %q, error %v", got.ValidationContext.ServerSessionID, err)
		}
	})
}

func BenchmarkEncodeOpaqueCard(b *testing.B) {
	e, in := mustNew(b, nil), testInput(b)
	for b.Loop() {
		if _, err := e.EncodeOpaqueCard(in); err != nil {
			b.Fatal(err)
		}
	}
}
