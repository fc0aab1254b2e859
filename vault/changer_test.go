package vault_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// diary keeps the records of a real database's changes, and fails when it is told to.
type diary struct {
	storage.Updater
	lines  []string
	fails  bool
	before func(storage.Tx) // is called in the transaction, before the change
}

func (d *diary) Record(_ context.Context, r walletport.AuditRecord) error {
	d.lines = append(d.lines, fmt.Sprint(r.Action, " ", r.CardID, " ", r.Issuer, " ", r.Outcome, " ", r.Details.Get(walletport.DetailFields),
		" ", r.Details.Get(walletport.DetailFrom), " ", r.Details.Get(walletport.DetailTo)))
	return nil
}

func (d *diary) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	return d.Update(ctx, func(tx storage.Tx) error {
		if d.before != nil {
			d.before(tx)
		}
		r, err := change(tx)
		switch {
		case err != nil:
			return err
		case d.fails:
			return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the trail takes no record")
		}
		return d.Record(ctx, r)
	})
}

func TestAChangerCommitsTheChangeWithItsRecord(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(context.Context, *vault.Changer, act.Request) (vault.ChangedCard, error)
		lines  []string
		status walletport.CardStatus
		reason string
	}{
		{"a status", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			return v.ChangeStatus(ctx, asked, walletport.CardLost)
		}, []string{"cards.change 1  started   ", "cards.change 1 acme ok status CARD_STOLEN CARD_LOST"}, walletport.CardLost, ""},
		{"a text", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			return v.Change(ctx, asked, vault.Changes{Product: given("gold")})
		}, []string{"cards.change 1  started   ", "cards.change 1 acme ok product  "}, walletport.CardStolen, ""},
		{"a card is forgotten", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			return v.Forget(ctx, asked)
		}, []string{"cards.forget 1  started   ", "cards.forget 1 acme ok all CARD_STOLEN CARD_FORGOTTEN"}, walletport.CardForgotten, ""},
		{"a refusal is recorded", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			return v.ChangeStatus(ctx, asked, "CARD_HAPPY")
		}, []string{"cards.change 1  started   ", "cards.change 1 acme card_invalid   "}, walletport.CardStolen, "card_invalid"},
		{"whom Admit refuses", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			v.Admit = func(context.Context, walletport.CardSummary) error { return walletport.ErrCardNotFound() }
			return v.Forget(ctx, asked)
		}, []string{"cards.forget 1  started   ", "cards.forget 1  card_not_found   "}, walletport.CardStolen, "card_not_found"},
		{"which another area refuses", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			v.Within = func(storage.Tx) error { return walletport.Errorf(walletport.CodeConflict, "card_enrolled", "no") }
			return v.Forget(ctx, asked)
		}, []string{"cards.forget 1  started   ", "cards.forget 1  card_enrolled   "}, walletport.CardStolen, "card_enrolled"},
		{"without its record nothing changes", func(ctx context.Context, v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			v.Audit.(*diary).fails = true
			return v.Forget(ctx, asked)
		}, []string{"cards.forget 1  started   ", "cards.forget 1 acme audit_unavailable all CARD_STOLEN CARD_FORGOTTEN"}, walletport.CardStolen, "audit_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPut(t, stolenCard(t))
				d := &diary{Updater: r.cards}
				v, err := vault.NewChanger(vault.Changer{Vault: r.Vault, Audit: d, Admit: func(context.Context, walletport.CardSummary) error { return nil }})
				must(t, err)
				ctx := walletport.WithRequest(t.Context(), walletport.Request{ID: "op-1"})
				_, err = c.change(ctx, v, act.Request{CardID: 1})
				wantReason(t, err, c.reason)
				if diff := cmp.Diff(c.lines, d.lines); diff != "" {
					t.Errorf("the trail (-want +got):\n%s", diff)
				}
				if row, err := r.cards.Card(t.Context(), 1); err != nil || row.Status != c.status {
					t.Errorf("the card's status is %s, want %s (%v)", row.Status, c.status, err)
				}
			})
		})
	}
	if _, err := vault.NewChanger(vault.Changer{}); err == nil || !strings.Contains(err.Error(), "Vault") || !strings.Contains(err.Error(), "Audit") || !strings.Contains(err.Error(), "Admit") {
		t.Errorf("the error does not name what is missing: %v", err)
	}
}

// custody counts how often it is asked.
type custody struct {
	*keystest.Source
	asked int
}

func (c *custody) Current() *keys.Ring {
	c.asked++
	return c.Source.Current()
}

// TestAChangerAsksCustodyBeforeTheTransaction: others wait for one. A card that somebody
// else has changed since is opened again.
func TestAChangerAsksCustodyBeforeTheTransaction(t *testing.T) {
	for _, raced := range []bool{false, true} {
		t.Run(fmt.Sprintf("raced %v", raced), func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPut(t, stolenCard(t))
				source := &custody{Source: r.keys}
				v := *r.Vault
				v.Keys = source
				d := &diary{Updater: r.cards}
				changer, err := vault.NewChanger(vault.Changer{Vault: &v, Audit: d, Admit: func(context.Context, walletport.CardSummary) error { return nil }})
				must(t, err)
				ctx := walletport.WithRequest(t.Context(), walletport.Request{ID: "op-1"})
				before := 0
				d.before = func(tx storage.Tx) {
					if raced {
						_, err := v.Change(tx, 1, vault.Changes{Product: given("gold")}, nil)
						must(t, err)
					}
					before = source.asked
				}
				_, err = changer.ChangeStatus(ctx, act.Request{CardID: 1}, walletport.CardLost)
				must(t, err)
				if isAsked := source.asked > before; isAsked != raced || before == 0 {
					t.Errorf("custody is asked %d times before and %d times in the transaction", before, source.asked-before)
				}
				want := strings.Replace(stolenAsText, "STOLEN", "LOST", 1)
				if raced {
					want = strings.Replace(want, "mc-debit", "gold", 1)
				}
				if got := r.asText(t, 1); got != want {
					t.Errorf("the card is now %s, want %s", got, want)
				}
			})
		})
	}
}

// full is a trail that takes no record.
type full struct{ act.ChangeTrail }

func (full) Record(context.Context, walletport.AuditRecord) error {
	return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the trail takes no record")
}

// TestNoCardIsOpenedBeforeTheTrailSaysSo: the intent is in the trail before custody is asked.
func TestNoCardIsOpenedBeforeTheTrailSaysSo(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, stolenCard(t))
	source := &custody{Source: r.keys}
	v := *r.Vault
	v.Keys = source
	changer, err := vault.NewChanger(vault.Changer{Vault: &v, Audit: full{}, Admit: func(context.Context, walletport.CardSummary) error { return nil }})
	must(t, err)
	ctx := walletport.WithRequest(t.Context(), walletport.Request{ID: "op-1"})
	_, err = changer.ChangeStatus(ctx, act.Request{CardID: 1}, walletport.CardLost)
	wantReason(t, err, "audit_unavailable")
	if source.asked > 0 {
		t.Errorf("custody was asked %d times for a change of which the trail does not know", source.asked)
	}
}
