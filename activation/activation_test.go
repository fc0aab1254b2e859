package activation_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// calls are the three ways to activate.
var calls = []struct {
	name   string
	card   walletport.CardID
	action walletport.Action
	do     func(*rig, context.Context, activation.Request) (activation.Result, error)
	key    keys.Purpose
	answer string
	fake   func(*rig) *fakeActivator
}{
	{"Mastercard", mastercardCard, walletport.ActionActivate, (*rig).activate, keys.TAVSigning, "TAV 1471", func(r *rig) *fakeActivator { return r.tav }},
	{"Visa", visaCard, walletport.ActionActivate, (*rig).activate, keys.WSD, "MBPAC 0492", func(r *rig) *fakeActivator { return r.mbpac }},
	{"the deprecated call", mastercardCard, walletport.ActionActivateTAV2, (*rig).activateTAV2, keys.TAVSigning, "TAV 2 1471", func(r *rig) *fakeActivator { return r.tav2 }},
}

func (r *rig) activate(ctx context.Context, req activation.Request) (activation.Result, error) {
	return r.Activate(ctx, req)
}

func (r *rig) activateTAV2(ctx context.Context, req activation.Request) (activation.Result, error) {
	return r.ActivateTAV2(ctx, req)
}

func TestEachCallAnswersAndIsRecorded(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			result, err := c.do(r, acttest.AsBank(t.Context()), ask(c.card, func(q *activation.Request) { q.TokenUniqueReference = "DWSPMC_1-a" }))
			must(t, err)
			if want := base64.StdEncoding.EncodeToString([]byte(c.answer)); result.ActivationData != want {
				t.Errorf("activation data %q, want %q", result.ActivationData, want)
			}
			want := walletport.AuditRecord{
				Time: now, RequestID: "req-7", ClientID: "bank-app", AuditUser: "ada@bank.example", Action: c.action, Issuer: "acme", CardID: c.card,
				Scheme: c.fake(r).id, Outcome: walletport.OutcomeOK, KeyVersions: []string{string(c.key) + "-v1"}, StepUp: "eba-sca/pin+hwk", RemoteAddress: "192.0.2.7",
			}
			if diff := cmp.Diff(want, r.MustRecord(t)); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			asked := []walletport.StepUpSubject{{Issuer: "acme", CustomerID: "5001", CardID: c.card, Wallet: activation.StepUpWallet, Now: now}}
			if diff := cmp.Diff(asked, r.Gate.Asked); diff != "" {
				t.Errorf("the gate was asked (-want +got):\n%s", diff)
			}
			mustInput(t, r, c.fake(r).seen[0])
		})
	}
}

// mustInput looks at what an activator was given.
func mustInput(t *testing.T, r *rig, in scheme.ActivationInput) {
	t.Helper()
	visa := string(in.Nonce) == "\x75\xeb\xe1\x55"
	if visa && (in.Cipher.Key == nil || in.Cipher.KeyID != "401200.1" || in.Signer.Key != nil) {
		t.Errorf("Visa's activation is under %q", in.Cipher.KeyID)
	}
	if !visa && (in.Signer.Key == nil || in.Signer.Alias != "KUR-7" || in.Cipher.Key != nil || len(in.Nonce) > 0) {
		t.Errorf("Mastercard's activation is signed by %q, nonce %x", in.Signer.Alias, in.Nonce)
	}
	if in.TokenUniqueReference != "DWSPMC_1-a" || !in.Now.Equal(now) || in.Rand != r.Rand {
		t.Errorf("token %q, time %v, or another randomness", in.TokenUniqueReference, in.Now)
	}
}

func TestEachCallRefuses(t *testing.T) {
	changeCard := func(change func(*walletport.Card)) func(*rig, *walletport.Card) {
		return func(_ *rig, card *walletport.Card) { change(card) }
	}
	for _, f := range []struct {
		name   string
		make   func(*rig, *walletport.Card)
		code   walletport.Code
		reason string
	}{
		{"a card of another issuer", changeCard(func(c *walletport.Card) { c.Issuer = "globex" }), walletport.CodeNotFound, "card_not_found"},
		{"a blocked card", changeCard(func(c *walletport.Card) { c.Status = walletport.CardBlocked }), walletport.CodeForbidden, "card_not_eligible"},
		{"a lost card", changeCard(func(c *walletport.Card) { c.Status = walletport.CardLost }), walletport.CodeForbidden, "card_not_eligible"},
		{"an expired card", changeCard(func(c *walletport.Card) { c.Expiry = walletport.Expiry{Year: 2026, Month: time.October} }), walletport.CodeForbidden, "card_not_eligible"},
		{"a scheme that is not set up", func(r *rig, _ *walletport.Card) { r.Offers, r.TAV2 = nil, nil }, walletport.CodeForbidden, "activation_not_offered"},
		{"a cardholder who was not authenticated", func(r *rig, _ *walletport.Card) {
			r.Gate.Err = walletport.Errorf(walletport.CodeForbidden, "step_up_required", "authenticate")
		}, walletport.CodeForbidden, "step_up_required"},
		{"a broken activator", func(r *rig, _ *walletport.Card) {
			for _, fake := range []*fakeActivator{r.tav, r.tav2, r.mbpac} {
				fake.err = errActivator
			}
		}, walletport.CodeInternal, "internal"},
	} {
		for _, c := range calls {
			t.Run(f.name+", "+c.name, func(t *testing.T) {
				r := newRig(t)
				digits := map[walletport.CardID]string{mastercardCard: mastercardPAN, visaCard: visaPAN}[c.card]
				card := acttest.NewCard(t, 1009, digits)
				f.make(r, &card)
				r.Put(t, card)
				result, err := c.do(r, acttest.AsBank(t.Context()), ask(1009, func(q *activation.Request) { q.Nonce = ask(c.card).Nonce }))
				mustRefusal(t, result, err, f.code, f.reason)
				look := r.MustRecord
				if f.code == walletport.CodeInternal { // a fault, when the record was handed in
					look = r.MustSecondRecord
				}
				record := look(t)
				if record.Outcome != f.reason || record.Action != c.action || record.Issuer != card.Issuer || record.Scheme != card.Scheme {
					t.Errorf("record %+v", record)
				}
				if text := fmt.Sprintf("%v %+v", err, record); walletport.ContainsPAN(text) || strings.Contains(text, "LOVELACE") {
					t.Error("an error or a record tells card data")
				}
			})
		}
	}
}

func TestMalformedRequestsAreRefusedFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*activation.Request)
		reason string
		field  string
	}{
		{"an odd nonce", func(q *activation.Request) { q.Nonce = "75e" }, "nonce_malformed", "nonce"},
		{"a nonce in upper case", func(q *activation.Request) { q.Nonce = "75EBE155" }, "nonce_malformed", "nonce"},
		{"a nonce in base64", func(q *activation.Request) { q.Nonce = "devhVQ==" }, "nonce_malformed", "nonce"},
		{"a nonce with a line break", func(q *activation.Request) { q.Nonce = "75ebe15\n" }, "nonce_malformed", "nonce"},
		{"a nonce of 65 bytes", func(q *activation.Request) { q.Nonce = strings.Repeat("ab", 65) }, "nonce_too_long", "nonce"},
		{"a nonce of 1 kB", func(q *activation.Request) { q.Nonce = strings.Repeat("ab", 512) }, "nonce_too_long", "nonce"},
		{"a long token reference", func(q *activation.Request) { q.TokenUniqueReference = strings.Repeat("D", 65) }, "token_unique_reference_malformed", "tokenUniqueReference"},
		{"a PAN for a token reference", func(q *activation.Request) { q.TokenUniqueReference = "3782-822463-10005" }, "token_unique_reference_contains_pan", "tokenUniqueReference"},
		{"a token reference with a separator", func(q *activation.Request) { q.TokenUniqueReference = "D|1225" }, "token_unique_reference_malformed", "tokenUniqueReference"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			for _, id := range []walletport.CardID{mastercardCard, visaCard, 9} {
				result, err := r.Activate(acttest.AsBank(t.Context()), ask(id, c.change))
				mustRefusal(t, result, err, walletport.CodeInvalid, c.reason)
				if e, ok := errors.AsType[*walletport.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Name != c.field {
					t.Errorf("the error does not name %s", c.field)
				}
				if record := r.MustRecord(t); record.Outcome != c.reason || record.Issuer != "" {
					t.Errorf("record %+v", record)
				}
			}
			if len(r.Gate.Asked) != 0 {
				t.Error("the gate was asked")
			}
		})
	}
	for _, good := range []string{testNonce, strings.Repeat("ab", 64)} {
		r := newRig(t)
		if _, err := r.Activate(acttest.AsBank(t.Context()), ask(visaCard, func(q *activation.Request) { q.Nonce = good })); err != nil {
			t.Errorf("a nonce of %d digits: %v", len(good), err)
		}
	}
}

// TestTheCardsOwnNumberIsNotKept has the cases of the rule in act.
func TestTheCardsOwnNumberIsNotKept(t *testing.T) {
	r := newRig(t)
	for card, digits := range map[walletport.CardID]string{mastercardCard: mastercardPAN, visaCard: visaPAN} {
		hidden := "a" + digits + "f"
		result, err := r.Activate(acttest.AsBank(t.Context()), ask(card, func(q *activation.Request) { q.AuditUser = walletport.AuditUser(hidden) }))
		mustRefusal(t, result, err, walletport.CodeInvalid, "audit_user_contains_pan")
		if record := r.MustRecord(t); record.AuditUser != walletport.RedactedNumber {
			t.Errorf("record %+v", record)
		}
		result, err = r.Activate(acttest.AsBank(t.Context()), ask(card, func(q *activation.Request) { q.TokenUniqueReference = hidden }))
		mustRefusal(t, result, err, walletport.CodeInvalid, "token_unique_reference_contains_pan")
		r.MustRecord(t)
	}
}

func TestUnknownCard(t *testing.T) {
	r := newRig(t)
	for _, do := range []func(context.Context, activation.Request) (activation.Result, error){r.Activate, r.ActivateTAV2} {
		result, err := do(acttest.AsBank(t.Context()), ask(9))
		mustRefusal(t, result, err, walletport.CodeNotFound, "card_not_found")
		if record := r.MustRecord(t); record.Outcome != "card_not_found" || record.CardID != 9 {
			t.Errorf("record %+v", record)
		}
	}
}

func TestDeprecatedCallIsForMastercard(t *testing.T) {
	r := newRig(t)
	result, err := r.ActivateTAV2(acttest.AsBank(t.Context()), ask(visaCard))
	mustRefusal(t, result, err, walletport.CodeForbidden, "scheme_mismatch")
	if record := r.MustRecord(t); record.Outcome != "scheme_mismatch" || record.Scheme != walletport.Visa {
		t.Errorf("record %+v", record)
	}
}

func TestVisaNeedsANonce(t *testing.T) {
	r := newRig(t)
	result, err := r.Activate(acttest.AsBank(t.Context()), ask(visaCard, func(q *activation.Request) { q.Nonce = "" }))
	mustRefusal(t, result, err, walletport.CodeForbidden, "activation_needs_nonce")
	if len(r.Gate.Asked) != 0 {
		t.Error("the cardholder's proof was asked for, which cannot help")
	}
	if _, err := r.Activate(acttest.AsBank(t.Context()), ask(mastercardCard)); err != nil {
		t.Errorf("Mastercard needs one too: %v", err)
	}
}

func TestEachKeyIsNeeded(t *testing.T) {
	for way, change := range map[string]func(*keys.Meta){
		"is missing":       nil,
		"has ended":        func(m *keys.Meta) { m.ValidUntil = now },
		"is not valid yet": func(m *keys.Meta) { m.ValidFrom = now.Add(1) },
	} {
		for _, c := range calls {
			t.Run(c.name+"'s "+string(c.key)+" "+way, func(t *testing.T) {
				r := newRig(t)
				r.ChangeKeys(c.key, change)
				result, err := c.do(r, acttest.AsBank(t.Context()), ask(c.card))
				mustRefusal(t, result, err, walletport.CodeUnavailable, "key_unavailable")
				if record := r.MustRecord(t); record.Outcome != "key_unavailable" || record.KeyVersions != nil {
					t.Errorf("record %+v", record)
				}
			})
		}
	}
}

func TestNoCallAnswersWithoutARecord(t *testing.T) {
	for _, c := range calls {
		r := newRig(t, func(f *activation.Flow) { f.Audit = acttest.BrokenAudit{} })
		result, err := c.do(r, acttest.AsBank(t.Context()), ask(c.card))
		mustRefusal(t, result, err, walletport.CodeUnavailable, "audit_unavailable")
	}
}

func TestAPanicIsRecorded(t *testing.T) {
	r := newRig(t)
	r.mbpac.before = func() { panic("a bug") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed: the door must see it")
			}
		}()
		_, _ = r.Activate(acttest.AsBank(t.Context()), ask(visaCard))
	}()
	if record := r.MustSecondRecord(t); record.Outcome != "internal" || record.CardID != visaCard || len(record.KeyVersions) != 1 {
		t.Errorf("record %+v", record)
	}
}

func TestVisasNonceIsUsedOnce(t *testing.T) {
	clock := now
	r := newRig(t, func(f *activation.Flow) { f.Clock = func() time.Time { return clock } })
	_, err := r.Activate(acttest.AsBank(t.Context()), ask(mastercardCard, func(q *activation.Request) { q.Nonce = testNonce }))
	must(t, err) // reads it, and leaves it alone
	r.Gate.Err = walletport.Errorf(walletport.CodeForbidden, "step_up_required", "authenticate")
	if _, err = r.Activate(acttest.AsBank(t.Context()), ask(visaCard)); err == nil {
		t.Error("the gate was not asked")
	}
	r.Gate.Err = nil
	_, err = r.Activate(acttest.AsBank(t.Context()), ask(visaCard))
	must(t, err) // a refusal leaves it alone
	result, err := r.Activate(acttest.AsBank(t.Context()), ask(visaCard))
	mustRefusal(t, result, err, walletport.CodeConflict, "nonce_reused")
	clock = now.Add(24*time.Hour + time.Second)
	if _, err := r.Activate(acttest.AsBank(t.Context()), ask(visaCard)); err != nil {
		t.Errorf("the nonce is never free again: %v", err)
	}
}

// TestNonceOfAPassIsNotActivatedWith: the two flows share one memory of nonces.
func TestNonceOfAPassIsNotActivatedWith(t *testing.T) {
	uses := &noted{}
	r := newRig(t, func(f *activation.Flow) { f.Nonces = uses })
	_, err := r.Activate(acttest.AsBank(t.Context()), ask(visaCard))
	must(t, err)
	if use := uses.uses[0]; use != `"u\xeb\xe1U" of applepay, acme, at 2026-11-24T10:00:00Z` {
		t.Errorf("use %s", use)
	}
}

// TestNonceOnTwoReplicas sends one nonce to two flows on one database, many times
// at once: one call gets an answer.
func TestNonceOnTwoReplicas(t *testing.T) {
	r := newRig(t)
	replica := *r.Flow
	flows := []*activation.Flow{r.Flow, &replica}
	const calls = 16
	errs := make(chan error, calls)
	ctx := acttest.AsBank(t.Context())
	var wait sync.WaitGroup
	for i := range calls {
		wait.Go(func() {
			result, err := flows[i%2].Activate(ctx, ask(visaCard))
			if (err == nil) == (result == activation.Result{}) {
				err = errors.New("an error with an answer, or neither")
			}
			errs <- err
		})
	}
	wait.Wait()
	close(errs)
	answers := 0
	for err := range errs {
		switch {
		case err == nil:
			answers++
		case walletport.ReasonOf(err) != "nonce_reused":
			t.Error(err)
		}
	}
	if answers != 1 {
		t.Errorf("%d calls got an answer, want one", answers)
	}
}

func TestCallerWhoWentAwayGetsNothing(t *testing.T) {
	for _, c := range calls {
		r := newRig(t)
		ctx, cancel := context.WithCancel(acttest.AsBank(t.Context()))
		c.fake(r).before = cancel
		result, err := c.do(r, ctx, ask(c.card))
		if err == nil || result != (activation.Result{}) {
			t.Errorf("%s: %+v, %v", c.name, result, err)
		}
	}
}

func TestNewNamesEachMissingPart(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*activation.Flow)
	}{
		{"Vault is missing", func(f *activation.Flow) { f.Vault = nil }},
		{"Keys is missing", func(f *activation.Flow) { f.Keys = nil }},
		{"Nonces is missing", func(f *activation.Flow) { f.Nonces = nil }},
		{"Audit is missing", func(f *activation.Flow) { f.Audit = nil }},
		{"StepUp is missing", func(f *activation.Flow) { f.StepUp = nil }},
		{"Rand is missing", func(f *activation.Flow) { f.Rand = nil }},
		{"Clock is missing", func(f *activation.Flow) { f.Clock = nil }},
		{"the activator for VISA is missing", func(f *activation.Flow) { f.Offers[walletport.Visa].Activator = nil }},
		{"the activator for MASTERCARD cards is for VISA", func(f *activation.Flow) { f.TAV2.Activator = f.Offers[walletport.Visa].Activator }},
	} {
		t.Run(c.says, func(t *testing.T) {
			f := *newRig(t).Flow
			c.change(&f)
			if _, err := activation.New(f); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("nonces are not needed where none is answered", func(t *testing.T) {
		f := *newRig(t).Flow
		f.Nonces = nil
		delete(f.Offers, walletport.Visa)
		if _, err := activation.New(f); err != nil {
			t.Error(err)
		}
	})
}
