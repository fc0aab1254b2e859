package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/provisioning"
)

// hidden are ways to write the card's number that free text is not searched for, since
// the same digits of a stranger would be an identifier.
func hidden(digits string) []string {
	return []string{
		"user" + digits, "a" + digits + "f", "0000" + digits + "00", strings.Join(strings.SplitAfter(digits, "7"), " and "),
		digits[:8] + "-" + digits[8:12] + "-" + digits[12:] + "-8000-000000000000",
	}
}

// as is a call by that client and under that request id.
func as(ctx context.Context, client, requestID string, issuer walletport.IssuerID) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: client, Issuers: []walletport.IssuerID{issuer}, Scopes: []walletport.Scope{walletport.ScopeProvision}})
	return walletport.WithRequest(ctx, walletport.Request{ID: requestID, SpareID: "spare-7", RemoteAddr: "192.0.2.7"})
}

func TestTheCardsOwnNumberIsNotKept(t *testing.T) {
	d := newDeviceRig(t)
	expired := newCard(t, 1009, testPAN, func(c *walletport.Card) { c.Expiry.Year = 2020 })
	d.put(t, expired)
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
		for _, number := range hidden(testPAN) {
			put := func(text string) string { return strings.ReplaceAll(text, "%s", number) }
			for _, who := range []struct {
				issuer walletport.IssuerID
				card   walletport.CardID
			}{{"acme", acmeCard}, {"acme", expired.ID}, {"globex", acmeCard}} {
				t.Run(fmt.Sprintf("%s, %s, card %d of %s", name, number, who.card, who.issuer), func(t *testing.T) {
					borrows := d.seen.borrows
					result, err := d.samsungPay(as(t.Context(), put(c.client), put(c.requestID), who.issuer), who.card, func(r *provisioning.SamsungPayRequest) {
						r.AuditUser = walletport.AuditUser(put(c.user))
					})
					code, reason := c.code, c.reason
					if who.issuer != "acme" {
						code, reason = walletport.CodeNotFound, "card_not_found"
					}
					mustRefusal(t, result, err, code, reason)
					if d.seen.borrows != borrows {
						t.Error("a card was opened for it")
					}
					record := d.mustRecord(t)
					text := fmt.Sprintf("%+v", record)
					if strings.Contains(text, number) || strings.Contains(fmt.Sprint(err), number) {
						t.Errorf("the number is kept: %s, %v", text, err)
					}
					var struck *walletport.Struck
					inID, inClient := c.requestID == "%s", c.client == "%s"
					if got := errors.As(err, &struck); got != (inID || inClient) || got && (struck.RequestID != inID || struck.ClientID != inClient) {
						t.Errorf("the door is told %+v", struck)
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

func TestIdentifiersAreSearchedForTheCardsOwnNumber(t *testing.T) {
	d := newDeviceRig(t)
	for reason, put := range map[string]func(*provisioning.Client, string){
		"client_app_id_contains_pan":            func(c *provisioning.Client, id string) { c.AppID = id },
		"client_device_id_contains_pan":         func(c *provisioning.Client, id string) { c.DeviceID = id },
		"client_wallet_account_id_contains_pan": func(c *provisioning.Client, id string) { c.WalletAccountID = id },
	} {
		for card, digits := range map[walletport.CardID]string{acmeCard: testPAN, visaCard: visaPAN} {
			for _, id := range hidden(digits) {
				if len(id) > 36 {
					continue
				}
				client := provisioning.Client{}
				put(&client, id)
				google, err := d.googlePay(asBank(t.Context()), card, func(r *provisioning.GooglePayRequest) { r.Client = client })
				mustRefusal(t, google, err, walletport.CodeInvalid, reason)
				samsung, err := d.samsungPay(asBank(t.Context()), card, func(r *provisioning.SamsungPayRequest) { r.Client = client })
				mustRefusal(t, samsung, err, walletport.CodeInvalid, reason)
			}
			client := provisioning.Client{}
			put(&client, "user"+secondPAN) // of another card, or a chance
			if _, err := d.samsungPay(asBank(t.Context()), card, func(r *provisioning.SamsungPayRequest) { r.Client = client }); err != nil {
				t.Errorf("another number in an identifier: %v", err)
			}
		}
	}
	if d.seen.borrows != 2*3 { // for the calls that were answered
		t.Errorf("%d cards were opened", d.seen.borrows)
	}
}

// TestWithoutACardWhatMayBeANumberIsStruckOut: nothing is there to compare with.
func TestWithoutACardWhatMayBeANumberIsStruckOut(t *testing.T) {
	d := newDeviceRig(t)
	const text = "card" + secondPAN
	for name, call := range map[string]func(context.Context) error{
		"no such card": func(ctx context.Context) error {
			_, err := d.samsungPay(ctx, 9, func(r *provisioning.SamsungPayRequest) { r.AuditUser = text })
			return err
		},
		"a malformed request": func(ctx context.Context) error {
			_, err := d.samsungPay(ctx, acmeCard, func(r *provisioning.SamsungPayRequest) { r.AuditUser, r.Client.AppID = text, "\n" })
			return err
		},
		"no such wallet provider": func(ctx context.Context) error {
			_, err := d.IssuerWallet(ctx, request(func(r *provisioning.IssuerWalletRequest) { r.AuditUser, r.Provider = text, text }))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call(as(t.Context(), text, text, "acme"))
			record := d.mustRecord(t)
			if strings.Contains(fmt.Sprintf("%+v", record), secondPAN) || record.AuditUser != walletport.RedactedNumber || record.RequestID != "spare-7" {
				t.Errorf("record %+v", record)
			}
			if struck := (*walletport.Struck)(nil); !errors.As(err, &struck) || !struck.RequestID || !struck.ClientID {
				t.Errorf("the door is not told: %v", err)
			}
		})
	}
	t.Run("honest identifiers stay", func(t *testing.T) {
		const uuid = "831fb558-d0b4-4566-8285-38049c915104"
		if _, err := d.samsungPay(as(t.Context(), uuid, uuid, "acme"), 9, func(r *provisioning.SamsungPayRequest) { r.AuditUser = uuid }); walletport.ReasonOf(err) != "card_not_found" {
			t.Errorf("error %v", err)
		}
		if record := d.mustRecord(t); record.AuditUser != uuid || record.RequestID != uuid || record.ClientID != uuid || record.CardID != 9 {
			t.Errorf("record %+v", record)
		}
	})
}

// TestACardIDThatIsSomebodysNumber is kept by no record, unless it is a card's id.
func TestACardIDThatIsSomebodysNumber(t *testing.T) {
	d := newDeviceRig(t)
	const amex walletport.CardID = 378282246310005
	result, err := d.samsungPay(asBank(t.Context()), amex)
	mustRefusal(t, result, err, walletport.CodeInvalid, "card_id_contains_pan")
	if record := d.mustRecord(t); record.CardID != 0 {
		t.Errorf("record of card %d", record.CardID)
	}
	d.put(t, newCard(t, amex, testPAN))
	result, err = d.samsungPay(asClientOf(t.Context(), "globex"), amex)
	mustRefusal(t, result, err, walletport.CodeInvalid, "card_id_contains_pan") // as if there were no card
	d.mustRecord(t)
	if _, err := d.samsungPay(asBank(t.Context()), amex); err != nil {
		t.Errorf("a card of that id: %v", err)
	}
	if record := d.mustRecord(t); record.CardID != amex {
		t.Errorf("record of card %d", record.CardID)
	}
}
