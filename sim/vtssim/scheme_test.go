package vtssim_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

func openScheme(t *testing.T, dir string) *vtssim.Scheme {
	t.Helper()
	keys := func() vtssim.Keys {
		k := simKeys()
		k.Wallet, k.Nonce = nil, "" // told by each call
		return k
	}
	s, err := vtssim.New(vtssim.Config{Dir: dir, Keys: keys, Rand: rand.Reader, Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // tests that reopen close it themselves
	return s
}

func pushOf(payload string) sim.Push {
	return sim.Push{TokenRequestorID: testTRID, Wallet: "googlepay", Payload: payload, Client: testClient}
}

func enrolmentOf() sim.Enrolment {
	return sim.Enrolment{TokenRequestorID: testTRID, Wallet: "applepay", Nonce: testNonce,
		Card: sim.Card{Number: sim.NewCardNumber(testPAN), ExpiryMMYY: "1230"}, ActivationData: []byte(newMBPAC().text())}
}

// ownReport is a report with the types that the scheme put into it.
func ownReport(shared sim.Report) vtssim.Report {
	report := vtssim.Report{Kind: vtssim.Kind(shared.Kind), Verdict: shared.Verdict, Facts: shared.Facts.(vtssim.Facts)}
	if shared.Token != nil {
		report.Token = shared.Token.(*tokenvault.Token)
	}
	return report
}

func TestPushMakesAnActiveToken(t *testing.T) {
	s := openScheme(t, t.TempDir())
	report := ownReport(must(s.Push(t.Context(), pushOf(newPush().text()))))
	if !report.Accepted || report.FirstFault != nil || report.Token == nil || report.Kind != vtssim.KindPush {
		t.Fatalf("refused: %+v", report.FirstFault)
	}
	token := *report.Token
	for reference, form := range map[string]string{token.TokenReferenceID: `^DNITHE[0-9]{18}$`, token.PANReferenceID: `^V-[0-9]{22}$`} {
		if !regexp.MustCompile(form).MatchString(reference) || walletport.ContainsPAN(reference) {
			t.Errorf("reference %q is not of the form %s, or reads like a PAN", reference, form)
		}
	}
	want := tokenvault.Token{TokenReferenceID: token.TokenReferenceID, PANReferenceID: token.PANReferenceID, Status: tokenvault.StatusActive,
		TokenRequestorID: testTRID, TokenRequestorName: "googlepay", LastFourOfPAN: "1111", DeviceID: testClient.DeviceID, CreatedAt: testNow, ActivationDate: &testNow}
	if diff := cmp.Diff(want, token); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if found, ok := s.Vault().Token(token.TokenReferenceID); !ok || !cmp.Equal(found, token) {
		t.Error("the token is not found again")
	}
	mustNotShow(t, report, testPAN)
}

// The ids of the wallet are judged by the call, not by what the keys say.
func TestPushComparesWhatTheWalletSays(t *testing.T) {
	s := openScheme(t, t.TempDir())
	for name, c := range map[string]struct {
		code   string
		change func(*sim.Push)
	}{
		"another wallet":            {"wallet_provider_other", func(p *sim.Push) { p.TokenRequestorID = samsungTRID }},
		"another device":            {"client_id_other", func(p *sim.Push) { p.Client.DeviceID = "x" }},
		"a wallet that says no app": {"client_id_other", func(p *sim.Push) { p.Client.AppID = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			p := pushOf(newPush().text())
			c.change(&p)
			checkNamed(t, ownReport(must(s.Push(t.Context(), p))), c.code)
		})
	}
	if tokens := s.Vault().Tokens(); len(tokens) > 0 {
		t.Errorf("%d tokens of refused cards", len(tokens))
	}
}

func TestADeviceWithACardNumberIsNotKept(t *testing.T) {
	for device, kept := range map[string]bool{
		otherPAN: false, testPAN: false, "dev" + testPAN: false, "0" + testPAN + "0": false,
		testPAN[:12] + testPAN[:12]: true, "3458604036415c7c4b1a24c6": true,
	} {
		s := openScheme(t, t.TempDir())
		r := newPush()
		r.provider = set("clientDeviceID", device)
		p := pushOf(r.text())
		p.Client.DeviceID = device
		report := ownReport(must(s.Push(t.Context(), p)))
		if report.Token == nil || report.Token.DeviceID != map[bool]string{true: device}[kept] {
			t.Errorf("device %s: token %+v", device, report.Token)
		}
	}
}

// mangledEnrolments are enrolments with one fault each; the code is "" where
// nothing is wrong, the status "" where the card is refused.
var mangledEnrolments = []struct {
	name, code string
	change     func(*sim.Enrolment)
	status     tokenvault.Status
}{
	{"a card with its MBPAC is active", "", func(*sim.Enrolment) {}, tokenvault.StatusActive},
	{"an encrypted number with its MBPAC is active", "", func(e *sim.Enrolment) {
		e.Card, e.EncryptedNumber, e.NumberPrefix = sim.Card{}, newMBPAD().text(), "411111"
	}, tokenvault.StatusActive},
	{"a nonce of another case is the same", "", func(e *sim.Enrolment) { e.Nonce = "91AB95B8" }, tokenvault.StatusActive},
	{"a card without MBPAC needs a step-up", "activation_data_missing", func(e *sim.Enrolment) { e.ActivationData = nil }, tokenvault.StatusInactive},
	{"the clear text itself", "not_encrypted", func(e *sim.Enrolment) { e.ActivationData = []byte("nonce=" + testNonce + ";authcode=A1B2C3") }, ""},
	{"the card in clear behind the MBPAC", "clear_card_data", func(e *sim.Enrolment) { e.ActivationData = append(e.ActivationData, "-"+testPAN...) }, ""},
	{"the card of an encrypted number, as an id beside it", "clear_card_data", func(e *sim.Enrolment) {
		e.Card, e.EncryptedNumber, e.NumberPrefix = sim.Card{}, newMBPAD().text(), "411111"
		e.Answer = []byte(`{"encryptedPassData":"AAAA","deviceId":"` + testPAN + `"}`)
	}, ""},
	{"another number as an id beside it", "", func(e *sim.Enrolment) {
		e.Card, e.EncryptedNumber, e.NumberPrefix = sim.Card{}, newMBPAD().text(), "411111"
		e.Answer = []byte(`{"encryptedPassData":"AAAA","deviceId":"` + otherPAN + `"}`)
	}, tokenvault.StatusActive},
	{"the base64 text instead of the bytes", "activation_data_base64", func(e *sim.Enrolment) { e.ActivationData = []byte(b64(e.ActivationData)) }, ""},
	{"base64 twice", "activation_data_base64_twice", func(e *sim.Enrolment) { e.ActivationData = []byte(b64([]byte(b64(e.ActivationData)))) }, ""},
	{"Mastercard's activation data", "activation_data_other_scheme", func(e *sim.Enrolment) { e.ActivationData = []byte(`{"version":"3"}`) }, ""},
	{"Mastercard's activation data in base64", "activation_data_other_scheme", func(e *sim.Enrolment) { e.ActivationData = []byte(b64([]byte(`{"version":"3"}`))) }, ""},
	{"noise as activation data", "wsd_form", func(e *sim.Enrolment) { e.ActivationData = []byte("x") }, ""},
	{"an MBPAD as activation data", "wsd_other_type", func(e *sim.Enrolment) { e.ActivationData = []byte(newMBPAD().text()) }, ""},
	{"an MBPAC as number", "wsd_other_type", func(e *sim.Enrolment) { e.EncryptedNumber = newMBPAC().text() }, ""},
	{"another prefix", "number_prefix_other", func(e *sim.Enrolment) { e.EncryptedNumber, e.NumberPrefix = newMBPAD().text(), "476112" }, ""},
	{"no prefix", "number_prefix_other", func(e *sim.Enrolment) { e.EncryptedNumber = newMBPAD().text() }, ""},
	{"another callback's nonce", "nonce_other", func(e *sim.Enrolment) { e.Nonce = "00000000" }, ""},
	{"a wallet that gave no nonce", "nonce_not_asked", func(e *sim.Enrolment) { e.Nonce = "" }, ""},
	{"no card", "card_missing", func(e *sim.Enrolment) { e.Card = sim.Card{} }, ""},
	{"no expiry", "expiry_missing", func(e *sim.Enrolment) { e.Card.ExpiryMMYY = "" }, ""},
	{"an expired card", "card_expired", func(e *sim.Enrolment) { e.Card.ExpiryMMYY = "1026" }, ""},
	{"a Mastercard", "pan_not_visa", func(e *sim.Enrolment) { e.Card.Number = sim.NewCardNumber("5555555555554444") }, ""},
}

func TestEnrol(t *testing.T) {
	s := openScheme(t, t.TempDir())
	for _, c := range mangledEnrolments {
		t.Run(c.name, func(t *testing.T) {
			e := enrolmentOf()
			c.change(&e)
			report := ownReport(must(s.Enrol(t.Context(), e)))
			inspected := vtssim.OpenEnrolment(e, keysOf(func(k *vtssim.Keys) { k.Nonce = "" }))
			if diff := cmp.Diff(report.Verdict, inspected.Verdict); diff != "" {
				t.Errorf("inspected, without a token (-enrolled +inspected):\n%s", diff)
			}
			code, status := "", tokenvault.Status("")
			if report.FirstFault != nil {
				code = report.FirstFault.Code
			}
			if report.Token != nil {
				status = report.Token.Status
			}
			if report.Kind != vtssim.KindEnrolment || code != c.code || status != c.status {
				t.Errorf("kind %s, fault %q, token %q; want %q, %q\n%+v", report.Kind, code, status, c.code, c.status, report.Checks)
			}
			mustNotShow(t, report, testPAN, "5555555555554444")
		})
	}
}

func TestOneCardOnePANReference(t *testing.T) {
	dir := t.TempDir()
	s := openScheme(t, dir)
	pushed := ownReport(must(s.Push(t.Context(), pushOf(newPush().text())))).Token
	enrolled := ownReport(must(s.Enrol(t.Context(), enrolmentOf()))).Token
	other := newPush()
	other.plain = set("accountNumber", otherPAN)
	another := ownReport(must(s.Push(t.Context(), pushOf(other.text())))).Token
	if pushed.PANReferenceID != enrolled.PANReferenceID || pushed.PANReferenceID == another.PANReferenceID {
		t.Error("one card has two PAN references, or two cards have one")
	}
	if pushed.TokenReferenceID == enrolled.TokenReferenceID {
		t.Error("two tokens have one reference")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]tokenvault.Token{*pushed, *enrolled, *another}, openScheme(t, dir).Vault().Tokens()); diff != "" {
		t.Errorf("tokens after a restart (-want +got):\n%s", diff)
	}
	if data := must(os.ReadFile(filepath.Join(dir, "tokens.jsonl"))); bytes.Contains(data, []byte(testPAN)) || walletport.ContainsPAN(string(data)) {
		t.Error("the record holds a PAN, or what reads like one")
	}
}

func TestCardOf(t *testing.T) {
	s := openScheme(t, t.TempDir())
	r := newPush()
	r.provider = remove("clientAppID") // refused, and its card can be read all the same
	card, ok := s.CardOf(r.text())
	if !ok || card.Number.Clear() != testPAN || card.ExpiryMMYY != "1230" {
		t.Errorf("card %v %s, %v", card.Number, card.ExpiryMMYY, ok)
	}
	r.plain = remove("expirationDate")
	if _, ok := s.CardOf(r.text()); ok {
		t.Error("half a card is a card")
	}
}

func TestErrors(t *testing.T) {
	s := openScheme(t, t.TempDir())
	if _, err := s.Push(t.Context(), sim.Push{}); walletport.ReasonOf(err) != "token_requestor_id" {
		t.Errorf("a push of nobody: %v", err)
	}
	if _, err := s.Enrol(t.Context(), sim.Enrolment{}); walletport.ReasonOf(err) != "token_requestor_id" {
		t.Errorf("an enrolment of nobody: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Push(gone, pushOf("")); walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("given up: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Push(t.Context(), pushOf(newPush().text())); walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("without its file: %v", err)
	}
	for name, config := range map[string]vtssim.Config{
		"a folder":   {Keys: simKeys, Rand: rand.Reader},
		"keys":       {Dir: t.TempDir(), Rand: rand.Reader},
		"randomness": {Dir: t.TempDir(), Keys: simKeys},
	} {
		if _, err := vtssim.New(config); walletport.ReasonOf(err) != "config_incomplete" {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestJSONOfAnAnswer(t *testing.T) {
	s := openScheme(t, t.TempDir())
	if empty := must(s.TokensJSON()); string(empty) != "[]" {
		t.Errorf("no tokens are %s", empty)
	}
	answer := must(json.Marshal(must(s.Push(t.Context(), pushOf(newPush().text())))))
	for _, member := range []string{`"accepted":true`, `"tokenStatus":"ACTIVE"`, `"lastFourOfPAN":"1111"`, `"kind":"encPaymentInstrument"`} {
		if !bytes.Contains(answer, []byte(member)) {
			t.Errorf("the answer lacks %s: %s", member, answer)
		}
	}
	if refused := must(json.Marshal(must(s.Push(t.Context(), pushOf("x"))))); bytes.Contains(refused, []byte(`"token"`)) {
		t.Errorf("a refused answer has a token: %s", refused)
	}
	if tokens := must(s.TokensJSON()); bytes.Count(tokens, []byte("tokenReferenceID")) != 1 {
		t.Errorf("tokens %s", tokens)
	}
}
