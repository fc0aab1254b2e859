package act_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// Published test numbers.
const (
	testPAN   = "5204247750001471"
	secondPAN = "5555555555554444"
)

const acmeCard walletport.CardID = 1001

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func open(t testing.TB) *acttest.House {
	t.Helper()
	h := acttest.Open(t, now, keystest.Ring(t, keys.Meta{Purpose: keys.TAVSigning}, keys.Meta{Purpose: keys.WSD},
		keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex}, keys.Meta{Purpose: keys.AuditCheckpoint}))
	h.Put(t, acttest.NewCard(t, acmeCard, testPAN))
	return h
}

func asked(change ...func(*act.Request)) act.Request {
	r := act.Request{Action: walletport.ActionProvision(walletport.SamsungPay), CardID: acmeCard, Wallet: "samsungpay", AuditUser: "ada@bank.example"}
	for _, c := range change {
		c(&r)
	}
	return r
}

// all takes every step of a call, and answers the last digits of the card.
func all(ctx context.Context, p *act.Parts, r act.Request, nonce bool) (string, error) {
	return act.OnCard(ctx, p, r, func(c *act.Call) (string, error) {
		if err := c.FindCard(ctx); err != nil {
			return "", err
		}
		if err := c.Admit(ctx, r.Wallet); err != nil {
			return "", err
		}
		if _, err := c.SelectKeys(keys.TAVSigning, "", keys.WSD); err != nil {
			return "", err
		}
		if nonce {
			if err := c.UseNonce(ctx, walletport.ApplePay, []byte("\x75\xeb\xe1\x55")); err != nil {
				return "", err
			}
		}
		var lastFour string
		err := c.Borrow(ctx, func(card *walletport.Card) error {
			lastFour = card.PAN.LastFour()
			return nil
		})
		return lastFour, err
	})
}

func TestACallIsRecordedWithEveryFact(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	h.Gate.Proof = walletport.StepUp{Rule: "eba-sca", Method: "pin+hwk"}
	lastFour, err := all(acttest.AsBank(t.Context()), &p, asked(), false)
	if err != nil || lastFour != "1471" {
		t.Errorf("%q, %v", lastFour, err)
	}
	want := walletport.AuditRecord{
		Time: now, RequestID: "req-7", ClientID: "bank-app", AuditUser: "ada@bank.example", Action: walletport.ActionProvision(walletport.SamsungPay),
		Issuer: "acme", CardID: acmeCard, Wallet: "samsungpay", Scheme: walletport.Mastercard, Outcome: walletport.OutcomeOK,
		KeyVersions: []string{"tav-signing-v1", "wsd-v1"}, StepUp: "eba-sca/pin+hwk", RemoteAddress: "192.0.2.7",
	}
	if diff := cmp.Diff(want, h.MustRecord(t)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	question := []walletport.StepUpSubject{{Issuer: "acme", CustomerID: "5001", CardID: acmeCard, Wallet: "samsungpay", Now: now}}
	if diff := cmp.Diff(question, h.Gate.Asked); diff != "" {
		t.Errorf("the gate was asked (-want +got):\n%s", diff)
	}
}

// TestAnIssuersLimitIsAskedWhenTheCardIsFound: it counts calls of those who are bound to
// the issuer, and no others; one too many opens no card, and is recorded.
func TestAnIssuersLimitIsAskedWhenTheCardIsFound(t *testing.T) {
	over := walletport.Errorf(walletport.CodeRateLimited, "issuer_rate_limited", "too many")
	for _, c := range []struct {
		name    string
		issuer  walletport.IssuerID // that the actor is bound to
		card    walletport.CardID
		answer  error // of the limit
		counted []walletport.IssuerID
		outcome string
	}{
		{"one of few", "acme", acmeCard, nil, []walletport.IssuerID{"acme"}, walletport.OutcomeOK},
		{"one too many", "acme", acmeCard, over, []walletport.IssuerID{"acme"}, "issuer_rate_limited"},
		{"of another issuer's client", "other", acmeCard, over, nil, "card_not_found"},
		{"on no card", "acme", 9, over, nil, "card_not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			p := h.Parts(t)
			var counted []walletport.IssuerID
			p.Limit = func(issuer walletport.IssuerID) error {
				counted = append(counted, issuer)
				return c.answer
			}
			lastFour, err := all(acttest.AsClientOf(t.Context(), c.issuer), &p, asked(func(r *act.Request) { r.CardID = c.card }), false)
			if record := h.MustRecord(t); record.Outcome != c.outcome || (err == nil) != (c.outcome == walletport.OutcomeOK) {
				t.Errorf("%v, recorded %q, want %q", err, record.Outcome, c.outcome)
			}
			if !slices.Equal(counted, c.counted) || (lastFour == "1471") != (err == nil) {
				t.Errorf("counted %q, opened %q", counted, lastFour)
			}
		})
	}
}

// TestStepsOfACall: the record becomes durable while the card is open, a nonce is used up before.
func TestStepsOfACall(t *testing.T) {
	for _, c := range []struct {
		name  string
		card  walletport.CardID
		nonce bool
		steps []string
	}{
		{"a call", acmeCard, false, []string{"find", "borrow", "submit", "await"}},
		{"one that uses a nonce", acmeCard, true, []string{"find", "nonce", "borrow", "submit", "await"}},
		{"a call that is refused is recorded", 9, false, []string{"find", "record"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			p := h.Parts(t)
			s := acttest.Watch(&p)
			_, err := all(acttest.AsBank(t.Context()), &p, asked(func(r *act.Request) { r.CardID = c.card }), c.nonce)
			if (err == nil) != (c.card == acmeCard) {
				t.Error(err)
			}
			if !slices.Equal(s.Taken, c.steps) {
				t.Errorf("steps %q, want %q", s.Taken, c.steps)
			}
		})
	}
}

func TestAnotherIssuersCardLooksExactlyLikeNone(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	ask := func(id walletport.CardID) error {
		_, err := all(acttest.AsClientOf(t.Context(), "globex"), &p, asked(func(r *act.Request) { r.CardID = id }), false)
		return err
	}
	foreign, unknown := ask(acmeCard), ask(9)
	if diff := cmp.Diff(fmt.Sprintf("%#v", unknown), fmt.Sprintf("%#v", foreign)); diff != "" || walletport.ReasonOf(foreign) != "card_not_found" {
		t.Errorf("the two can be told apart (-unknown +foreign):\n%s", diff)
	}
}

// TestAnIssuersOwnTerms: the card expires at the end of 2031.
func TestAnIssuersOwnTerms(t *testing.T) {
	onlyApple := func(wallet string, scheme walletport.SchemeID) string {
		if wallet == "applepay" && scheme == walletport.Mastercard {
			return ""
		}
		return "not " + wallet
	}
	for _, c := range []struct {
		name  string
		terms act.IssuerTerms
		now   time.Time
		says  string // part of the error; "" admits
	}{
		{"none", act.IssuerTerms{}, time.Date(2031, 12, 31, 23, 59, 59, 0, time.UTC), ""},
		{"another wallet", act.IssuerTerms{Refuses: onlyApple}, time.Time{}, "card_not_eligible: not samsungpay"},
		{"another product", act.IssuerTerms{Products: []string{"gold"}}, time.Time{}, "card_not_eligible: the card's issuer has no tokens made of cards of this product"},
		{"the product", act.IssuerTerms{Products: []string{"gold", "mc-debit"}}, time.Time{}, ""},
		{"31 days before the end", act.IssuerTerms{DaysBeforeExpiry: 30}, time.Date(2031, 12, 1, 23, 59, 59, 0, time.UTC), ""},
		{"30 days before the end", act.IssuerTerms{DaysBeforeExpiry: 30}, time.Date(2031, 12, 2, 0, 0, 0, 0, time.UTC), "card_not_eligible: the card expires within 30 days"},
		{"a card that has expired says so", act.IssuerTerms{DaysBeforeExpiry: 30}, time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC), "card_not_eligible: the card has expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			p := h.Parts(t)
			h.Put(t, acttest.NewCard(t, acmeCard, testPAN, func(card *walletport.Card) {
				card.Expiry = walletport.Expiry{Year: 2031, Month: time.December}
			}))
			if !c.now.IsZero() {
				p.Clock = func() time.Time { return c.now }
			}
			p.Issuer = func(issuer walletport.IssuerID) act.IssuerTerms {
				if issuer != "acme" {
					t.Errorf("the terms of %s are asked for", issuer)
				}
				return c.terms
			}
			ctx := acttest.AsBank(t.Context())
			_, err := act.OnCard(ctx, &p, asked(), func(call *act.Call) (struct{}, error) {
				if err := call.FindCard(ctx); err != nil {
					return struct{}{}, err
				}
				return struct{}{}, call.Admit(ctx, "samsungpay")
			})
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

// TestAnIssuerIsNotTriedForAWalletThatItDoesNotOffer: a key that it has no use for is none
// that is missing.
func TestAnIssuerIsNotTriedForAWalletThatItDoesNotOffer(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	p.Issuer = func(issuer walletport.IssuerID) act.IssuerTerms {
		return act.IssuerTerms{Refuses: func(wallet string, _ walletport.SchemeID) string {
			if issuer != "acme" && wallet == "googlepay" {
				return "not offered"
			}
			return ""
		}}
	}
	trial := act.Trial{Name: "Google Pay", Wallet: "googlepay", Scheme: walletport.Mastercard}
	tried := act.Rehearse(&p, trial, []walletport.IssuerID{"acme", "globex"}, func(*act.Call) error { return nil })
	if len(tried) != 1 || tried[0].Issuer != "acme" {
		t.Errorf("tried for %v, want acme alone", tried)
	}
}

func TestAdmissionStopsAtTheFirstFault(t *testing.T) {
	stepUp := walletport.Errorf(walletport.CodeForbidden, "step_up_required", "authenticate")
	refuses := func(walletport.CardSummary, time.Time) error {
		return walletport.Errorf(walletport.CodeForbidden, "second_term", "no")
	}
	elsewhere := act.Terms{Issuers: []walletport.IssuerID{"globex"}}
	here := act.Terms{Issuers: []walletport.IssuerID{"globex", "acme"}, Products: []string{"gold", "mc-debit"}}
	gold := act.Terms{Products: []string{"gold"}}
	for _, c := range []struct {
		name   string
		status walletport.CardStatus
		gate   error
		terms  []act.Term
		says   string // part of the error; "" admits
	}{
		{"a good card on good terms", walletport.CardOK, nil, []act.Term{here.Check}, ""},
		{"a blocked card, whatever the terms say", walletport.CardBlocked, stepUp, []act.Term{elsewhere.Check}, "status"},
		{"the terms, before the gate is asked", walletport.CardOK, stepUp, []act.Term{elsewhere.Check, refuses}, "card_not_eligible: the wallet does not serve the card's issuer"},
		{"the product", walletport.CardOK, stepUp, []act.Term{gold.Check}, "card_not_eligible: the wallet does not take the card's product"},
		{"the second term", walletport.CardOK, stepUp, []act.Term{here.Check, refuses}, "second_term"},
		{"the gate", walletport.CardOK, stepUp, []act.Term{here.Check}, "step_up_required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			p := h.Parts(t)
			h.Gate.Err = c.gate
			h.Put(t, acttest.NewCard(t, acmeCard, testPAN, func(card *walletport.Card) { card.Status = c.status }))
			ctx := acttest.AsBank(t.Context())
			_, err := act.OnCard(ctx, &p, asked(), func(call *act.Call) (struct{}, error) {
				if err := call.FindCard(ctx); err != nil {
					return struct{}{}, err
				}
				return struct{}{}, call.Admit(ctx, "samsungpay", c.terms...)
			})
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
			if asked := len(h.Gate.Asked) > 0; asked != (c.says == "" || c.says == "step_up_required") {
				t.Errorf("the gate was asked: %v", asked)
			}
		})
	}
}

func TestAllKeysAreRecordedOrNone(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	h.ChangeKeys(keys.WSD, nil)
	_, err := all(acttest.AsBank(t.Context()), &p, asked(), false)
	if walletport.ReasonOf(err) != "key_unavailable" {
		t.Errorf("error %v", err)
	}
	if record := h.MustRecord(t); record.KeyVersions != nil {
		t.Errorf("keys %v are recorded, none was used", record.KeyVersions)
	}
}

func TestCheckPartsNamesEachMissingPart(t *testing.T) {
	err := act.CheckParts(&act.Parts{})
	for _, name := range []string{"Vault", "Keys", "Audit", "StepUp", "Rand", "Clock"} {
		if err == nil || !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	whole := open(t).Parts(t)
	if err := act.CheckParts(&whole); err != nil {
		t.Error(err)
	}
}

func TestARehearsalTouchesNothing(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	trial := act.Trial{Name: "anything", Scheme: walletport.Visa, Purposes: []keys.Purpose{keys.TAVSigning, ""}}
	issuers := []walletport.IssuerID{"acme", "globex"}
	errTry := errors.New("it does not work")
	try := func(c *act.Call) error {
		if _, err := c.SelectKeys(trial.Purposes...); err != nil {
			return err
		}
		return c.Borrow(t.Context(), func(card *walletport.Card) error {
			if card.Scheme != walletport.Visa || card.Issuer != c.Card.Issuer || !c.Now.Equal(now) {
				t.Errorf("the card is %v, at %v", card, c.Now)
			}
			return errTry
		})
	}
	want := []walletport.Rehearsal{{Offer: "anything", Issuer: "acme", Err: errTry}, {Offer: "anything", Issuer: "globex", Err: errTry}}
	if got := act.Rehearse(&p, trial, issuers, try); !slices.Equal(got, want) {
		t.Errorf("rehearsals %v", got)
	}
	trial.Issuers = issuers[1:]
	if got := act.Rehearse(&p, trial, issuers, try); !slices.Equal(got, want[1:]) {
		t.Errorf("rehearsals of an offer to one issuer %v", got)
	}
	entries, err := h.DB.AuditAfter(t.Context(), 0, 10)
	if err != nil || len(entries) > 0 || len(h.Gate.Asked) > 0 {
		t.Errorf("%d records, %d questions to the gate, %v", len(entries), len(h.Gate.Asked), err)
	}
}
