package tokens_test

import (
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

func (b *bank) show(t testing.TB, id walletport.TokenID) (tokens.Shown, error) {
	t.Helper()
	return b.Show(acttest.AsBank(t.Context()), tokens.ShowRequest{TokenID: id, AuditUser: user, Channel: storage.ChannelAPI, History: 2})
}

func (b *bank) mustShow(t testing.TB) tokens.Shown {
	t.Helper()
	shown, err := b.show(t, 1)
	must(t, err)
	return shown
}

func TestShow(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a", func(said *scheme.Token) { said.Number = parse(t, tokenNumber1) }))
	b.mustList(t)
	b.MustRecord(t)
	b.later(time.Minute)
	b.has(token("ref-a", suspended(walletport.HolderIssuer)))
	b.questions()
	shown := b.mustShow(t)
	if shown.Listed.Status != walletport.TokenSuspended || shown.IsOld || shown.Token.DeviceName != "Ada's phone" || shown.Token.Source != "details" {
		t.Errorf("shown %+v", shown)
	}
	if n := shown.Token.Number; n.Sealed != nil || n.WrappedKey != nil || n.KEK != "" || n.LastFour != "4111" || shown.Listed.MaskedNumber != "541333******4111" {
		t.Errorf("number %+v, listed %s", n, shown.Listed.MaskedNumber)
	}
	if len(shown.History) != 2 || shown.History[0].What != storage.TokenHoldersChanged || shown.History[1].What != storage.TokenStatusChanged {
		t.Errorf("history %+v", shown.History)
	}
	record := b.MustRecord(t)
	if record.Action != "tokens.read" || record.Outcome != "ok" || record.CardID != bankCard || record.Issuer != "acme" ||
		record.Details.Get(walletport.DetailTokenID) != "1" || record.Scheme != walletport.Mastercard || len(record.KeyVersions) != 1 {
		t.Errorf("record %+v", record)
	}
	b.mustShow(t)
	if asked := b.questions(); !slices.Equal(asked, []string{"detailsref-a"}) {
		t.Errorf("asked %v", asked)
	}
}

func TestShowWithoutTheScheme(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	b.later(time.Minute)
	b.answers(scheme.ErrUnavailable())
	if shown := b.mustShow(t); !shown.IsOld || shown.OldReason != "scheme_unavailable" || shown.Listed.Status != walletport.TokenActive ||
		!slices.Equal(b.seen.silent, []string{"MASTERCARD scheme_unavailable"}) {
		t.Errorf("shown %+v", shown)
	}
	b.answers(nil)
	t.Run("a scheme that does not answer in time", func(t *testing.T) {
		defer b.hold()()
		hasty := b.with(t, func(p *tokens.Parts) { p.Settings.AskTimeout = time.Millisecond })
		if shown := hasty.mustShow(t); !shown.IsOld {
			t.Errorf("shown %+v", shown)
		}
	})
	t.Run("a token that it does not know any more", func(t *testing.T) {
		b.gate = nil
		b.has()
		if shown := b.mustShow(t); shown.IsOld || shown.Listed.Status != walletport.TokenDeactivated || len(shown.Allowed) != 0 {
			t.Errorf("shown %+v", shown)
		}
	})
}

// TestShowWhatMayBeDone now.
func TestShowWhatMayBeDone(t *testing.T) {
	for _, c := range []struct {
		name string
		said scheme.Token
		open bool
		want []walletport.TokenAction
	}{
		{"active", token("ref-a"), false, []walletport.TokenAction{walletport.TokenSuspend, walletport.TokenDeactivate}},
		{"held by the issuer too", token("ref-a", suspended(walletport.HolderIssuer, walletport.HolderCardholder)), false, []walletport.TokenAction{walletport.TokenResume, walletport.TokenDeactivate}},
		{"held by others only", token("ref-a", suspended(walletport.HolderCardholder)), false, []walletport.TokenAction{walletport.TokenDeactivate}},
		{"held by whom the scheme does not say", token("ref-a", suspended()), false, []walletport.TokenAction{walletport.TokenResume, walletport.TokenDeactivate}},
		{"while a change is open", token("ref-a"), true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openBank(t)
			b.has(c.said)
			b.mustList(t)
			if c.open {
				must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error {
					return tx.UpdateToken(1, func(old storage.Token) (storage.Token, error) {
						old.Change = storage.TokenChange{ID: "change", Action: walletport.TokenSuspend, State: storage.ChangeAsked, Since: noon, Channel: storage.ChannelAPI}
						return old, nil
					})
				}))
			}
			if shown := b.mustShow(t); !slices.Equal(shown.Allowed, c.want) {
				t.Errorf("allowed %v, want %v", shown.Allowed, c.want)
			}
		})
	}
}

func TestShowRefusals(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	other := storage.SeenToken{Token: storage.Token{Ref: ref("ref-b"), Issuer: "globex", CardID: rivalCard, Status: walletport.TokenActive, AsOf: b.tick()}}
	must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.PutTokens([]storage.SeenToken{other})
		return err
	}))
	b.MustRecord(t)
	_, errNone := b.show(t, 4711)
	if record := b.MustRecord(t); record.Outcome != "token_not_found" {
		t.Errorf("record %+v", record)
	}
	if _, err := b.show(t, 2); walletport.ReasonOf(err) != "token_not_found" || err.Error() != errNone.Error() {
		t.Errorf("another issuer's token: %v; no token: %v", err, errNone)
	}
	if record := b.MustRecord(t); record.Outcome != "token_not_found" || record.Issuer != "globex" {
		t.Errorf("record %+v", record)
	}
	if _, err := b.Show(t.Context(), tokens.ShowRequest{TokenID: 2, AuditUser: user, Channel: storage.ChannelCommand}); err != nil {
		t.Errorf("a command gets %v", err)
	}
	broken := b.with(t, func(p *tokens.Parts) { p.Audit = strict{Trail: p.Audit} })
	if shown, err := broken.show(t, 1); walletport.ReasonOf(err) != "audit_unavailable" || shown.Token.ID != 0 {
		t.Errorf("without a record %+v, %v", shown, err)
	}
	off := b.with(t, func(p *tokens.Parts) { p.Schemes = nil })
	if _, err := off.show(t, 1); walletport.ReasonOf(err) != "scheme_not_configured" {
		t.Errorf("a scheme that is switched off: %v", err)
	}
	if _, err := b.Show(acttest.AsBank(t.Context()), tokens.ShowRequest{TokenID: 1, AuditUser: "user" + cardNumber, Channel: storage.ChannelAPI}); walletport.ReasonOf(err) != "audit_user_contains_pan" {
		t.Errorf("the card's number as auditUser: %v", err)
	}
}

// TestShowKeepsNothingOfACardThatHasGone while the scheme was asked.
func TestShowKeepsNothingOfACardThatHasGone(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	b.later(time.Minute)
	release := b.hold()
	done := make(chan tokens.Shown, 1)
	go func() {
		shown, err := b.show(t, 1)
		if err != nil {
			t.Error(err)
		}
		done <- shown
	}()
	<-b.sent
	must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(bankCard) }))
	release()
	if shown := <-done; shown.Token.CardID != 0 || shown.Token.DeviceName != "" || shown.Token.PANReference != "" {
		t.Errorf("shown %+v", shown.Token)
	}
}

// TestShowATokenWithoutACard: it outlives its card, without what is personal.
func TestShowATokenWithoutACard(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(bankCard) }))
	b.later(time.Minute)
	b.has(token("ref-a", suspended(), func(said *scheme.Token) { said.Number = parse(t, tokenNumber1) }))
	shown := b.mustShow(t)
	if shown.Token.Status != walletport.TokenSuspended || shown.Token.CardID != 0 || shown.Token.DeviceName != "" || shown.Token.Number.LastFour != "" {
		t.Errorf("shown %+v", shown)
	}
}
