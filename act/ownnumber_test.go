package act_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
)

// as is a call by that client and under that request id.
func as(ctx context.Context, client, requestID string, issuer walletport.IssuerID) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: client, Issuers: []walletport.IssuerID{issuer}})
	return walletport.WithRequest(ctx, walletport.Request{ID: requestID, SpareID: "spare-7", RemoteAddr: "192.0.2.7"})
}

func TestTheCardsOwnNumberIsNotKept(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	expired := acttest.NewCard(t, 1009, testPAN, func(c *walletport.Card) { c.Expiry.Year = 2020 })
	h.Put(t, expired)
	for name, c := range map[string]struct {
		user, requestID, client string
		code                    walletport.Code
		reason                  string
	}{
		"in auditUser":        {"%s", "req-7", "bank-app", walletport.CodeInvalid, "audit_user_contains_pan"},
		"in the request id":   {"ada", "%s", "bank-app", walletport.CodeInvalid, "request_id_contains_pan"},
		"in the client's id":  {"ada", "req-7", "%s", walletport.CodeForbidden, "client_id_contains_pan"},
		"in all of the three": {"%s", "%s", "%s", walletport.CodeInvalid, "audit_user_contains_pan"},
	} {
		for _, number := range acttest.HiddenNumbers(testPAN) {
			put := func(text string) string { return strings.ReplaceAll(text, "%s", number) }
			for _, who := range []struct {
				issuer walletport.IssuerID
				card   walletport.CardID
			}{{"acme", acmeCard}, {"acme", expired.ID}, {"globex", acmeCard}} {
				t.Run(fmt.Sprintf("%s, %s, card %d of %s", name, number, who.card, who.issuer), func(t *testing.T) {
					ctx := as(t.Context(), put(c.client), put(c.requestID), who.issuer)
					result, err := all(ctx, &p, asked(func(r *act.Request) { r.CardID, r.AuditUser = who.card, walletport.AuditUser(put(c.user)) }), false)
					code, reason := c.code, c.reason
					if who.issuer != "acme" {
						code, reason = walletport.CodeNotFound, "card_not_found"
					}
					mustRefusal(t, result, err, code, reason)
					record := h.MustRecord(t)
					text := fmt.Sprintf("%+v", record)
					if strings.Contains(text, number) || strings.Contains(fmt.Sprint(err), number) {
						t.Errorf("the number is kept: %s, %v", text, err)
					}
					var redacted *walletport.Redacted
					inID, inClient := c.requestID == "%s", c.client == "%s"
					if got := errors.As(err, &redacted); got != (inID || inClient) || got && (redacted.RequestID != inID || redacted.ClientID != inClient) {
						t.Errorf("the door is told %+v", redacted)
					}
					if inID && record.RequestID != "spare-7" || inClient && record.ClientID != walletport.RedactedNumber ||
						c.user == "%s" && record.AuditUser != walletport.RedactedNumber {
						t.Errorf("record %+v", record)
					}
				})
			}
		}
	}
}

// TestWithoutACardWhatMayBeANumberIsStruckOut: nothing is there to compare with.
func TestWithoutACardWhatMayBeANumberIsStruckOut(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	const text = "card" + secondPAN
	for name, call := range map[string]func(context.Context) error{
		"no such card": func(ctx context.Context) error {
			_, err := all(ctx, &p, asked(func(r *act.Request) { r.CardID, r.AuditUser = 9, text }), false)
			return err
		},
		"refused before the card is looked up": func(ctx context.Context) error {
			_, err := act.OnCard(ctx, &p, asked(func(r *act.Request) { r.AuditUser, r.Wallet = text, text }), func(*act.Call) (string, error) {
				return "", walletport.ErrWalletProviderNotFound()
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call(as(t.Context(), text, text, "acme"))
			record := h.MustRecord(t)
			if strings.Contains(fmt.Sprintf("%+v", record), secondPAN) || record.AuditUser != walletport.RedactedNumber || record.RequestID != "spare-7" {
				t.Errorf("record %+v", record)
			}
			if redacted := (*walletport.Redacted)(nil); !errors.As(err, &redacted) || !redacted.RequestID || !redacted.ClientID {
				t.Errorf("the door is not told: %v", err)
			}
		})
	}
	t.Run("honest identifiers stay", func(t *testing.T) {
		const uuid = "831fb558-d0b4-4566-8285-38049c915104"
		if _, err := all(as(t.Context(), uuid, uuid, "acme"), &p, asked(func(r *act.Request) { r.CardID, r.AuditUser = 9, uuid }), false); walletport.ReasonOf(err) != "card_not_found" {
			t.Errorf("error %v", err)
		}
		if record := h.MustRecord(t); record.AuditUser != uuid || record.RequestID != uuid || record.ClientID != uuid || record.CardID != 9 {
			t.Errorf("record %+v", record)
		}
	})
}

// TestACardIDThatIsSomebodysNumber is kept by no record, unless it is a card's id.
func TestACardIDThatIsSomebodysNumber(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	const amex walletport.CardID = 378282246310005
	ofAmex := asked(func(r *act.Request) { r.CardID = amex })
	result, err := all(acttest.AsBank(t.Context()), &p, ofAmex, false)
	mustRefusal(t, result, err, walletport.CodeInvalid, "card_id_contains_pan")
	if record := h.MustRecord(t); record.CardID != 0 {
		t.Errorf("record of card %d", record.CardID)
	}
	h.Put(t, acttest.NewCard(t, amex, testPAN))
	result, err = all(acttest.AsClientOf(t.Context(), "globex"), &p, ofAmex, false)
	mustRefusal(t, result, err, walletport.CodeInvalid, "card_id_contains_pan") // as if there were no card
	h.MustRecord(t)
	if _, err := all(acttest.AsBank(t.Context()), &p, ofAmex, false); err != nil {
		t.Errorf("a card of that id: %v", err)
	}
	if record := h.MustRecord(t); record.CardID != amex {
		t.Errorf("record of card %d", record.CardID)
	}
}

// TestTextsOfTheRequestAreSearched for the card's own number, not for those of others,
// and only for whoever may know that there is a card.
func TestTextsOfTheRequestAreSearched(t *testing.T) {
	h := open(t)
	p := h.Parts(t)
	for _, number := range acttest.HiddenNumbers(testPAN) {
		texts := asked(func(r *act.Request) {
			r.Texts = []act.Text{{"first", "first_contains_pan", "x" + secondPAN}, {"second", "second_contains_pan", number}, {"third", "third_contains_pan", number}}
		})
		result, err := all(acttest.AsBank(t.Context()), &p, texts, false)
		mustRefusal(t, result, err, walletport.CodeInvalid, "second_contains_pan")
		if e, ok := errors.AsType[*walletport.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Name != "second" {
			t.Errorf("the error does not name the field: %v", err)
		}
		if text := fmt.Sprintf("%+v", h.MustRecord(t)); strings.Contains(text, number) {
			t.Errorf("the number is kept: %s", text)
		}
		result, err = all(acttest.AsClientOf(t.Context(), "globex"), &p, texts, false)
		mustRefusal(t, result, err, walletport.CodeNotFound, "card_not_found")
		h.MustRecord(t)
	}
}

func mustRefusal(t *testing.T, result string, err error, code walletport.Code, reason string) {
	t.Helper()
	if result != "" || walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("%q, %v; want %s, %s", result, err, code, reason)
	}
}
