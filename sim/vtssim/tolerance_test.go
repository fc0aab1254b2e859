package vtssim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim/vtssim"
)

// Everything that the public sources show has to be accepted.
func TestLegalPushesAreAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*pushRecipe)
	}{
		{"as Visa's samples have it", func(*pushRecipe) {}},
		{"iat as a number", inHeader(set("iat", testNow.Unix()))},
		{"iat of another day, without a window", inHeader(set("iat", "1700000000"))},
		{"iat within the window", func(r *pushRecipe) {
			r.header = set("iat", testNow.Add(-time.Minute).Unix())
			r.keys = func(k *vtssim.Keys) { k.MaxAge = time.Hour }
		}},
		{"no typ and no channelSecurityContext", inHeader(remove("typ", "channelSecurityContext"))},
		{"unknown members of the header", inHeader(func(m members) { m["exp"], m["aud"], m["iss"] = 7, "x", nil })},
		{"unknown members of the card", inPlain(func(m members) { m["future"], m["isTsAndCsAccepted"] = members{}, true })},
		{"no name and no address", inPlain(remove("name", "billingAddress"))},
		{"a null address", inPlain(set("billingAddress", nil))},
		{"a security code", inPlain(set("cvv2", "1234"))},
		{"all lines of an address", inAddress(func(m members) {
			m["line2"], m["line3"], m["state"] = "c/o O'Hara, #2_a-b: no. 7", "", "CA"
		})},
		{"a name beyond ASCII", inPlain(set("name", strings.Repeat("é", 256)))},
		{"a PAN of 13 digits", inPlain(set("accountNumber", "4222222222222"))},
		{"a PAN of 19 digits", inPlain(set("accountNumber", "4000000000000000006"))},
		{"a card in its last month", expiry("11", "2026")},
		{"no isIDnV", inProvider(remove("isIDnV"))},
		{"isIDnV as a boolean", inProvider(set("isIDnV", false))},
		{"a card on file without device and app", inProvider(func(m members) {
			m["intent"] = "PUSH_PROV_ONFILE"
			delete(m, "clientDeviceID")
			delete(m, "clientAppID")
		})},
		{"a push to another device", inProvider(set("intent", "PUSH_PROV_CROSS_DEVICE"))},
		{"members in another order, with blanks", withPlaintext(func(s string) string {
			var m map[string]json.RawMessage
			if err := json.Unmarshal([]byte(s), &m); err != nil {
				panic(err)
			}
			var text strings.Builder
			text.WriteString("{\n")
			for _, name := range []string{"provider", "expirationDate", "name", "accountNumber"} {
				text.WriteString("\t\"" + name + "\" : " + string(m[name]) + ",")
			}
			return strings.TrimSuffix(text.String(), ",") + "}\n"
		})},
		{"base64 around it, by the switch", func(r *pushRecipe) {
			r.outer = func(s string) string { return b64([]byte(s)) }
			r.keys = func(k *vtssim.Keys) { k.AllowBase64 = true }
		}},
		{"a wallet that VTS need not know", func(r *pushRecipe) { r.keys = func(k *vtssim.Keys) { k.TokenRequestors = nil } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newPush()
			c.change(r)
			report := vtssim.OpenPush(r.text(), keysOf(r.keys))
			checkAccepted(t, report)
			mustNotShow(t, report, testPAN, "4222222222222", "4000000000000000006")
		})
	}
}

func TestLegalStringsAreAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*wsdRecipe)
	}{
		{"an MBPAC", func(*wsdRecipe) {}},
		{"an MBPAD", asNumber(newMBPAD().clear)},
		{"a nonce of six bytes", func(r *wsdRecipe) {
			r.clear = "nonce=91ab95b8c4d2;authcode=000000"
			r.keys = func(k *vtssim.Keys) { k.Nonce = "91ab95b8c4d2" }
		}},
		{"a clear text that needs no padding", func(r *wsdRecipe) {
			r.clear = "nonce=91ab95b8c4;authcode=ZZZZZZ"
			r.keys = func(k *vtssim.Keys) { k.Nonce = "91ab95b8c4" }
		}},
		{"random characters that look like a length or padding", func(r *wsdRecipe) { r.random = "!99!" }},
		{"an index of two digits", func(r *wsdRecipe) {
			r.parts = func(p []string) []string { p[3] = "401200.12"; return p }
			r.keys = func(k *vtssim.Keys) { k.WSD["401200.12"] = testWSD }
		}},
		{"a datetime of a minute ago", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261124115900")},
		{"a datetime of long ago, without a window", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20240101000000")},
		{"a datetime an hour and three minutes ago, which is no zone", asNumber("pan=" + testPAN + ";expiry=1230;datetime=20261124105700")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newMBPAC()
			c.change(r)
			checkAccepted(t, r.report())
			mustNotShow(t, r.report(), testPAN)
		})
	}
}

func checkAccepted(t *testing.T, report vtssim.Report) {
	t.Helper()
	if !report.Accepted || report.FirstFault != nil {
		t.Fatalf("refused: %+v\n%+v", report.FirstFault, report.Checks)
	}
	for _, check := range report.Checks {
		if !check.OK || check.Detail == "" {
			t.Errorf("check %+v is not passed with a detail", check)
		}
	}
}
