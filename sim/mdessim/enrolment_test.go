package mdessim_test

import (
	"encoding/base64"
	"testing"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// mangledEnrolments are enrolments with one fault each, and what must not change
// the card's fate. The code is "" where nothing is wrong.
var mangledEnrolments = []struct {
	name, code string
	change     func(*sim.Enrolment)
	status     tokenvault.Status // "" is refused
}{
	{"a card with its TAV is active", "", func(*sim.Enrolment) {}, tokenvault.StatusActive},
	{"a nonce is not looked at", "", func(e *sim.Enrolment) { e.Nonce = "00" }, tokenvault.StatusActive},
	{"a card without a TAV needs a step-up", "tav_missing", func(e *sim.Enrolment) { e.ActivationData = nil }, tokenvault.StatusInactive},
	{"the base64 text instead of the bytes", "activation_data_base64", func(e *sim.Enrolment) {
		e.ActivationData = []byte(base64.StdEncoding.EncodeToString(e.ActivationData))
	}, ""},
	{"Visa's activation data", "activation_data_malformed", func(e *sim.Enrolment) { e.ActivationData = []byte("MBPAC-1-FK-401200.1--TDEA-00") }, ""},
	{"an encrypted number", "pan_encrypted", func(e *sim.Enrolment) { e.EncryptedNumber = "MBPAD-1" }, ""},
	{"the card in clear in its TAV", "clear_card_data", func(e *sim.Enrolment) {
		r := newRecipe()
		r.tav.members = set("comment", testPAN)
		e.ActivationData = r.tavJSON()
	}, ""},
	{"the card in clear as a nonce", "clear_card_data", func(e *sim.Enrolment) { e.Nonce = testPAN }, ""},
	{"the TAV of another card", "tav_other_card", func(e *sim.Enrolment) { e.Card.Number = sim.NewCardNumber(otherPAN) }, ""},
	{"the TAV of another expiry", "tav_other_expiry", func(e *sim.Enrolment) { e.Card.ExpiryMMYY = "1128" }, ""},
	{"a card that has expired", "card_expired", func(e *sim.Enrolment) { e.Card.ExpiryMMYY = "1026" }, ""},
	{"no expiry", "expiry_missing", func(e *sim.Enrolment) { e.Card.ExpiryMMYY = "" }, ""},
	{"a month that is none", "expiry_form", func(e *sim.Enrolment) { e.Card.ExpiryMMYY = "2812" }, ""},
	{"no number", "pan_length", func(e *sim.Enrolment) { e.Card.Number = sim.CardNumber{} }, ""},
	{"a wrong check digit", "pan_luhn", func(e *sim.Enrolment) { e.Card.Number = sim.NewCardNumber(testPAN[:15] + "2") }, ""},
}

func TestEnrol(t *testing.T) {
	s := openScheme(t, t.TempDir())
	for _, c := range mangledEnrolments {
		t.Run(c.name, func(t *testing.T) {
			e := sim.Enrolment{TokenRequestorID: testRequestor, Wallet: "applepay", ActivationData: newRecipe().tavJSON(),
				Card: sim.Card{Number: sim.NewCardNumber(testPAN), ExpiryMMYY: "1228"}}
			c.change(&e)
			shared, err := s.Enrol(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			report := ownReport(shared)
			code, status := "", tokenvault.Status("")
			if report.FirstFault != nil {
				code = report.FirstFault.Code
			}
			if report.Token != nil {
				status = report.Token.Status
			}
			if report.Kind != mdessim.KindEnrolment || code != c.code || status != c.status {
				t.Errorf("kind %s, fault %q, token %q; want %q, %q\n%+v", report.Kind, code, status, c.code, c.status, report.Checks)
			}
			mustNotShow(t, report, testPAN, otherPAN)
		})
	}
}

func TestCardOf(t *testing.T) {
	s := openScheme(t, t.TempDir())
	r := newRecipe()
	r.tav.pan = otherPAN // refused, and its card can be read all the same
	card, ok := s.CardOf(r.text())
	if !ok || card.Number.Clear() != testPAN || card.ExpiryMMYY != "1228" {
		t.Errorf("card %v %s, %v", card.Number, card.ExpiryMMYY, ok)
	}
	r.plain = remove("expiryMonth")
	if _, ok := s.CardOf(r.text()); ok {
		t.Error("half a card is a card")
	}
	if _, ok := s.CardOf("e30="); ok {
		t.Error("nothing is a card")
	}
}
