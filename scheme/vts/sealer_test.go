package vts_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

func TestScheme(t *testing.T) {
	sealer, err := vts.NewSealer(vts.DefaultProfile())
	if err != nil || sealer.Scheme() != walletport.Visa {
		t.Errorf("a sealer of %s, error %v", sealer.Scheme(), err)
	}
	activator, err := vts.NewActivator(vts.DefaultProfile())
	if err != nil || activator.Scheme() != walletport.Visa {
		t.Errorf("an activator of %s, error %v", activator.Scheme(), err)
	}
}

func sealCard(t *testing.T, p vts.Profile, in scheme.SealInput) error {
	t.Helper()
	sealer, err := vts.NewSealer(p)
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := sealer.SealCard(in)
	if (jwe == nil) != (err != nil) {
		t.Errorf("SealCard gave %d bytes and the error %v", len(jwe), err)
	}
	return err
}

func TestClientIDsThatAreRefused(t *testing.T) {
	strict := profileWith(func(p *vts.Profile) { p.AppIDMarks = "- " })
	short := profileWith(func(p *vts.Profile) { p.WalletAccountIDChars = 24 })
	for _, c := range []struct {
		name          string
		profile       vts.Profile
		change        func(*scheme.Client)
		reason, field string
	}{
		{"no account", vts.DefaultProfile(), func(c *scheme.Client) { c.WalletAccountID = "" }, "client_wallet_account_id_missing", "clientWalletAccountID"},
		{"an account of 33 characters", vts.DefaultProfile(), func(c *scheme.Client) { c.WalletAccountID = strings.Repeat("a", 33) }, "client_wallet_account_id_too_long", "clientWalletAccountID"},
		{"an account of 25 characters where 24 are the limit", short, func(c *scheme.Client) { c.WalletAccountID = strings.Repeat("a", 25) }, "client_wallet_account_id_too_long", "clientWalletAccountID"},
		{"an account with a line break", vts.DefaultProfile(), func(c *scheme.Client) { c.WalletAccountID = "a\nb" }, "client_wallet_account_id_malformed", "clientWalletAccountID"},
		{"an account with a quotation mark", vts.DefaultProfile(), func(c *scheme.Client) { c.WalletAccountID = `a"b` }, "client_wallet_account_id_malformed", "clientWalletAccountID"},
		{"a PAN in the account", vts.DefaultProfile(), func(c *scheme.Client) { c.WalletAccountID = "x" + testPAN }, "client_wallet_account_id_contains_pan", "clientWalletAccountID"},
		{"no device", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = "" }, "client_device_id_missing", "clientDeviceID"},
		{"a device of 25 characters", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = strings.Repeat("d", 25) }, "client_device_id_too_long", "clientDeviceID"},
		{"a device with a zero byte", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = "a\x00" }, "client_device_id_malformed", "clientDeviceID"},
		{"a device of 20 letters that are not ASCII", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = strings.Repeat("ä", 20) }, "client_device_id_malformed", "clientDeviceID"},
		{"a PAN with spaces as the device", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = "4111 1111 1111 1111" }, "client_device_id_contains_pan", "clientDeviceID"},
		{"an app of 37 characters", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = strings.Repeat("a", 37) }, "client_app_id_too_long", "clientAppID"},
		{"a package name where dots are not allowed", strict, func(c *scheme.Client) { c.AppID = "com.example.bank" }, "client_app_id_malformed", "clientAppID"},
		{"an app with a slash where dots are allowed", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "com.example/bank" }, "client_app_id_malformed", "clientAppID"},
		{"an app with a tabulator", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "a\tb" }, "client_app_id_malformed", "clientAppID"},
		{"a PAN in the app", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "a" + testPAN + "f" }, "client_app_id_contains_pan", "clientAppID"},
		{"a PAN in the device", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = "0" + testPAN + "0" }, "client_device_id_contains_pan", "clientDeviceID"},
		{"a PAN as the app", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = testPAN }, "client_app_id_contains_pan", "clientAppID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.change(&in.Client)
			err := sealCard(t, c.profile, in)
			mustRefuse(t, err, walletport.CodeInvalid, c.reason)
			if fault, ok := errors.AsType[*walletport.Error](err); !ok || len(fault.Fields) != 1 || fault.Fields[0].Name != c.field || fault.Fields[0].Reason == "" {
				t.Errorf("error %+v, want one fault of %s", err, c.field)
			}
		})
	}
}

func TestAllFaultsOfTheClientIDsAreNamed(t *testing.T) {
	in := testInput(t)
	in.Client.AppID, in.Client.DeviceID, in.Client.WalletAccountID = "a/b", "", ""
	fault, ok := errors.AsType[*walletport.Error](sealCard(t, vts.DefaultProfile(), in))
	if !ok {
		t.Fatal("no error of ours")
	}
	var names []string
	for _, f := range fault.Fields {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"clientAppID", "clientDeviceID", "clientWalletAccountID"}, names); diff != "" || fault.Reason != "client_app_id_malformed" {
		t.Errorf("reason %s, fields (-want +got):\n%s", fault.Reason, diff)
	}
}

func TestClientIDsThatAreTaken(t *testing.T) {
	onFile := profileWith(func(p *vts.Profile) { p.Intent = vts.PushOnFile })
	for _, c := range []struct {
		name    string
		profile vts.Profile
		change  func(*scheme.Client)
		provide string // the last members of provider
	}{
		{"the longest of each", vts.DefaultProfile(), func(c *scheme.Client) {
			c.AppID, c.DeviceID, c.WalletAccountID = strings.Repeat("a", 36), strings.Repeat("d", 24), strings.Repeat("w", 32)
		}, `"clientWalletAccountID":"` + strings.Repeat("w", 32) + `","clientDeviceID":"` + strings.Repeat("d", 24) + `","clientAppID":"` + strings.Repeat("a", 36) + `","isIDnV":"true"}}`},
		{"no app", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "" },
			`"clientWalletAccountID":"walletAccount00000000001","clientDeviceID":"deviceHardwareId00000001","isIDnV":"true"}}`},
		{"no device for a card on file", onFile, func(c *scheme.Client) { c.DeviceID = "" },
			`"clientWalletAccountID":"walletAccount00000000001","clientAppID":"issuerapp","isIDnV":"true"}}`},
		{"a package name", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "com.example.bank" },
			`"clientWalletAccountID":"walletAccount00000000001","clientDeviceID":"deviceHardwareId00000001","clientAppID":"com.example.bank","isIDnV":"true"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.change(&in.Client)
			if text := goJoseOpens(t, mustSealCard(t, c.profile, in)); !strings.HasSuffix(text, c.provide) {
				t.Errorf("provider does not end in %s", c.provide)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, given, member string }{
		{"none", "", `"4111111111111111","expirationDate"`},
		{"spaces only", "  ", `"4111111111111111","expirationDate"`},
		{"outer spaces", " JANE DOE ", `"name":"JANE DOE",`},
		{"letters that are not ASCII", "Åsa Öberg", `"name":"Åsa Öberg",`},
		{"quotation mark, backslash and ampersand", `J "X\Y" & <CO>`, `"name":"J \"X\\Y\" & <CO>",`},
		{"256 characters", strings.Repeat("Ä", 256), `"name":"` + strings.Repeat("Ä", 256) + `",`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			in.Card.CardholderName = walletport.NewPrivate(c.given)
			if text := goJoseOpens(t, mustSealCard(t, vts.DefaultProfile(), in)); !strings.Contains(text, c.member) {
				t.Errorf("the content has not %s", c.member)
			}
		})
	}
}

func TestSealCardRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*scheme.SealInput)
		code   walletport.Code
		reason string
	}{
		{"no card", func(in *scheme.SealInput) { in.Card = nil }, walletport.CodeForbidden, "card_data_unusable"},
		{"no PAN", func(in *scheme.SealInput) { in.Card.PAN = walletport.PAN{} }, walletport.CodeForbidden, "card_data_unusable"},
		{"a PAN of 12 digits", func(in *scheme.SealInput) { in.Card.PAN = mustPAN(t, "411111111117") }, walletport.CodeForbidden, "card_data_unusable"},
		{"a month of 13", func(in *scheme.SealInput) { in.Card.Expiry.Month = 13 }, walletport.CodeForbidden, "card_data_unusable"},
		{"a year of two digits", func(in *scheme.SealInput) { in.Card.Expiry.Year = 30 }, walletport.CodeForbidden, "card_data_unusable"},
		{"a name with a line break", func(in *scheme.SealInput) { in.Card.CardholderName = walletport.NewPrivate("A\nB") }, walletport.CodeForbidden, "card_data_unusable"},
		{"a name that is not UTF-8", func(in *scheme.SealInput) { in.Card.CardholderName = walletport.NewPrivate("A\xff") }, walletport.CodeForbidden, "card_data_unusable"},
		{"a name of 257 characters", func(in *scheme.SealInput) {
			in.Card.CardholderName = walletport.NewPrivate(strings.Repeat("A", 257))
		}, walletport.CodeForbidden, "card_data_unusable"},
		{"no shared secret", func(in *scheme.SealInput) { in.Recipient.Wrapper = nil }, walletport.CodeUnavailable, "key_unusable"},
		{"no key id", func(in *scheme.SealInput) { in.Recipient.KeyID = "" }, walletport.CodeUnavailable, "key_unusable"},
		{"a key id with a quotation mark", func(in *scheme.SealInput) { in.Recipient.KeyID = `a"b` }, walletport.CodeUnavailable, "key_unusable"},
		{"a key id that makes the payload too long", func(in *scheme.SealInput) { in.Recipient.KeyID = strings.Repeat("k", 5_600) }, walletport.CodeUnavailable, "key_unusable"},
		{"a custodian that does not answer", func(in *scheme.SealInput) { in.Recipient.Wrapper = broken{} }, walletport.CodeUnavailable, "sealing_unavailable"},
		{"no time", func(in *scheme.SealInput) { in.Now = time.Time{} }, walletport.CodeInternal, "internal"},
		{"no randomness", func(in *scheme.SealInput) { in.Rand = nil }, walletport.CodeInternal, "internal"},
		{"a dry random source", func(in *scheme.SealInput) { in.Rand = bytes.NewReader(nil) }, walletport.CodeInternal, "internal"},
		{"no token requestor", func(in *scheme.SealInput) { in.Client.TokenRequestorID = "" }, walletport.CodeInternal, "internal"},
		{"a token requestor with a quotation mark", func(in *scheme.SealInput) { in.Client.TokenRequestorID = `4"` }, walletport.CodeInternal, "internal"},
		{"a token requestor of 51 characters", func(in *scheme.SealInput) { in.Client.TokenRequestorID = strings.Repeat("4", 51) }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			c.change(&in)
			mustRefuse(t, sealCard(t, vts.DefaultProfile(), in), c.code, c.reason)
		})
	}
}

func TestTheCustodiansErrorIsTheCause(t *testing.T) {
	in := testInput(t)
	in.Recipient.Wrapper = broken{}
	if err := sealCard(t, vts.DefaultProfile(), in); !errors.Is(err, errBroken) {
		t.Errorf("error %v does not hold the custodian's", err)
	}
}

// wiped keeps the buffer that it was to encrypt.
type wiped struct{ seen *[]byte }

func (w wiped) EncryptBlocks(plaintext []byte) ([]byte, error) {
	*w.seen = plaintext
	return wsdKey(testWSDKey).EncryptBlocks(plaintext)
}

func TestWSDBlocksAreWiped(t *testing.T) {
	var block []byte
	in := testNumber(t)
	in.Cipher.Key = wiped{&block}
	mustSealNumber(t, vts.DefaultProfile(), in)
	if !bytes.Equal(block, make([]byte, 64)) {
		t.Error("the block of an MBPAD is still in memory")
	}
	activation := testActivation()
	activation.Cipher.Key = wiped{&block}
	mustActivate(t, vts.DefaultProfile(), activation)
	if !bytes.Equal(block, make([]byte, 40)) {
		t.Error("the block of an MBPAC is still in memory")
	}
}

// A content that outgrew its buffer would leave a copy of the PAN behind.
func TestTheContentFitsItsBuffer(t *testing.T) {
	card := testCard(t)
	card.PAN = mustPAN(t, "4111111111111111110")
	client := scheme.Client{
		TokenRequestorID: strings.Repeat("4", 50), AppID: strings.Repeat("a", 36),
		DeviceID: strings.Repeat("d", 24), WalletAccountID: strings.Repeat("w", 32),
	}
	longest := profileWith(func(p *vts.Profile) { p.Intent, p.IDnV = vts.PushCrossDevice, vts.IDnVFalse })
	for _, name := range []string{"", "JANE DOE", strings.Repeat(`"`, 256)} {
		if used, room := vts.PushRoom(longest, card, name, client); used > room {
			t.Errorf("a content of %d bytes in a buffer of %d", used, room)
		}
	}
}

func TestSealThenOpenIsIdentity(t *testing.T) {
	pan := mustPAN(t, testPAN)
	plain := rapid.StringMatching(`[A-Za-z0-9_-]{1,24}`).Filter(func(s string) bool { return !walletport.ContainsPAN(s) })
	rapid.Check(t, func(r *rapid.T) {
		in := testInput(t)
		in.Card.Expiry = walletport.Expiry{Year: rapid.IntRange(2000, 2099).Draw(r, "year"), Month: time.Month(rapid.IntRange(1, 12).Draw(r, "month"))}
		name := rapid.StringMatching(`([A-Za-zÀ-ž'"\\&<>/-][A-Za-z .]{0,20}[A-Z])?`).Draw(r, "name")
		in.Card.CardholderName = walletport.NewPrivate(name)
		in.Client.DeviceID, in.Client.WalletAccountID = plain.Draw(r, "device"), plain.Draw(r, "account")
		profile := profileWith(func(p *vts.Profile) {
			p.YearDigits = rapid.SampledFrom([]int{2, 4}).Draw(r, "digits of the year")
			p.IDnVForm = rapid.SampledFrom([]vts.JSONForm{vts.JSONString, vts.JSONBoolean}).Draw(r, "IDnV form")
		})
		push, err := vts.OpenPush(sharedSecret{text: testSecret}, []byte(mustSealCard(t, profile, in)))
		if err != nil {
			r.Fatal(err)
		}
		if !push.PAN.Equal(pan) || push.Expiry != in.Card.Expiry || string(push.CardholderName.Reveal()) != name || push.Client != in.Client || !push.IDnV {
			r.Errorf("opened to another card or wallet")
		}
	})
}

func BenchmarkSealCard(b *testing.B) {
	sealer, err := vts.NewSealer(vts.DefaultProfile())
	if err != nil {
		b.Fatal(err)
	}
	in := testInput(b)
	in.Rand = rand.Reader
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sealer.SealCard(in); err != nil {
			b.Fatal(err)
		}
	}
}
