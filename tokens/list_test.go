package tokens_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

func TestListOfTheScheme(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"), token("ref-b", suspended(walletport.HolderCardholder)))
	list := b.mustList(t)
	want := []tokens.Listed{
		{ID: 1, Ref: ref("ref-a"), Wallet: "Google Pay", Status: walletport.TokenActive},
		{ID: 2, Ref: ref("ref-b"), Wallet: "Google Pay", Status: walletport.TokenSuspended},
	}
	if diff := cmp.Diff(want, list.Tokens); diff != "" || list.IsOld || list.AsOf.IsZero() {
		t.Errorf("old %v, as of %s, tokens (-want +got):\n%s", list.IsOld, list.AsOf, diff)
	}
	if b.open || !slices.Equal(b.users, []walletport.AuditUser{user}) {
		t.Errorf("the card was open while the scheme was asked: %v; asked for %v", b.open, b.users)
	}
	record := b.MustRecord(t)
	if record.Action != "tokens.list" || record.Outcome != "ok" || record.CardID != bankCard || record.Issuer != "acme" ||
		record.Scheme != walletport.Mastercard || record.AuditUser != user || record.ClientID != "bank-app" || len(record.KeyVersions) != 1 {
		t.Errorf("record %+v", record)
	}
	row := b.row(t, "ref-b")
	if row.CardID != bankCard || row.DeviceName != "Ada's phone" || row.Source != "search" || !slices.Equal(row.Holders, []walletport.Holder{walletport.HolderCardholder}) {
		t.Errorf("row %+v", row)
	}
}

func TestListOfACardWithoutTokens(t *testing.T) {
	b := openBank(t)
	for range 2 {
		if list := b.mustList(t); list.Tokens == nil || len(list.Tokens) != 0 || list.AsOf.IsZero() || list.IsOld {
			t.Errorf("list %+v", list)
		}
	}
	if asked := b.questions(); len(asked) != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestListFromTheStore: the scheme is asked for what is as old as max_age.
func TestListFromTheStore(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	first := b.mustList(t)
	b.has()
	b.later(4 * time.Second)
	if again := b.mustList(t); !cmp.Equal(again, first) {
		t.Errorf("after 4 seconds %+v", again)
	}
	b.has(token("ref-a"), token("ref-b"))
	b.later(time.Second)
	if again := b.mustList(t); len(again.Tokens) != 2 || !again.AsOf.After(first.AsOf) {
		t.Errorf("after 5 seconds %+v", again)
	}
	if want := []string{"scheme", "store", "scheme"}; !slices.Equal(b.seen.listed, want) {
		t.Errorf("the lists came from %v", b.seen.listed)
	}
}

func TestListOf200Tokens(t *testing.T) {
	b := openBank(t)
	all := make([]scheme.Token, 200)
	for i := range all {
		all[i] = token(fmt.Sprintf("ref-%03d", i))
	}
	all[60] = all[59] // one moved to the next page while the pages came
	b.has(all...)
	list := b.mustList(t)
	if len(list.Tokens) != 199 || len(b.questions()) != 10 || b.open {
		t.Fatalf("%d tokens", len(list.Tokens))
	}
	for i, listed := range list.Tokens {
		if listed.ID != walletport.TokenID(i+1) {
			t.Fatalf("token %d has the id %s", i, listed.ID)
		}
	}
	t.Run("pages without an end", func(t *testing.T) {
		b.page = 0
		b.later(time.Minute)
		if list := b.mustList(t); !list.IsOld || len(list.Tokens) != 199 {
			t.Errorf("old %v, %d tokens", list.IsOld, len(list.Tokens))
		}
	})
}

// TestListWithoutTheScheme: the stored tokens are better than none, and none is no list.
func TestListWithoutTheScheme(t *testing.T) {
	for _, down := range []error{
		scheme.ErrUnavailable(), scheme.ErrUnreadable(), scheme.ErrAccessRefused(), scheme.ErrRateLimited(), scheme.ErrRequestRefused(),
	} {
		t.Run(walletport.ReasonOf(down), func(t *testing.T) {
			b := openBank(t)
			b.answers(down)
			if list, err := b.list(t, bankCard); !errors.Is(err, down) || list.Tokens != nil {
				t.Errorf("never asked before: %+v, %v", list, err)
			}
			if record := b.MustRecord(t); record.Outcome != walletport.ReasonOf(down) || len(record.KeyVersions) != 1 && down != nil {
				t.Errorf("record %+v", record)
			}
			b.answers(nil)
			b.has(token("ref-a"))
			first := b.mustList(t)
			b.answers(down)
			b.later(time.Minute)
			list := b.mustList(t)
			if !list.IsOld || list.OldReason != walletport.ReasonOf(down) || !list.AsOf.Equal(first.AsOf) || !cmp.Equal(list.Tokens, first.Tokens) {
				t.Errorf("list %+v", list)
			}
			if want := []string{"scheme", "old"}; !slices.Equal(b.seen.listed, want) {
				t.Errorf("the lists came from %v", b.seen.listed)
			}
			if want := []string{"MASTERCARD " + walletport.ReasonOf(down)}; !slices.Equal(b.seen.silent, want) {
				t.Errorf("observed of the scheme: %q, want %q", b.seen.silent, want)
			}
		})
	}
}

func TestListEntersWhatChanged(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	b.later(time.Minute)
	b.mustList(t)
	b.later(time.Minute)
	b.has(token("ref-a", suspended(walletport.HolderCardholder, walletport.HolderIssuer)))
	b.mustList(t)
	want := []string{"seen >ACTIVE scheme", "status ACTIVE>SUSPENDED scheme", "holders >CARDHOLDER,ISSUER scheme"}
	if diff := cmp.Diff(want, b.story(t, "ref-a")); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// TestListOfVanishedTokens: what the scheme no longer lists is asked for alone.
func TestListOfVanishedTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*book)
		want   walletport.TokenStatus
	}{
		{"it is there all the same", func(b *book) { b.details = map[string]scheme.Token{"ref-b": token("ref-b", suspended())} }, walletport.TokenSuspended},
		{"the scheme does not know it", func(*book) {}, walletport.TokenDeactivated},
		{"the scheme does not say", func(b *book) { b.aloneErr = scheme.ErrUnavailable() }, walletport.TokenActive},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openBank(t)
			b.has(token("ref-a"), token("ref-b"))
			b.mustList(t)
			b.questions()
			b.later(time.Minute)
			b.has(token("ref-a"))
			c.change(b.book)
			list := b.mustList(t)
			if len(list.Tokens) != 2 || list.Tokens[1].Status != c.want || list.IsOld {
				t.Errorf("list %+v", list)
			}
			if want := []string{"search", "detailsref-b"}; !slices.Equal(b.questions(), want) {
				t.Errorf("asked other than %v", want)
			}
		})
	}
	t.Run("one that is deactivated is not asked for", func(t *testing.T) {
		b := openBank(t)
		b.has(token("ref-a", func(t *scheme.Token) { t.Status = walletport.TokenDeactivated }))
		b.mustList(t)
		b.has()
		b.later(time.Minute)
		if list := b.mustList(t); len(list.Tokens) != 1 || len(b.questions()) != 2 {
			t.Errorf("list %+v", list)
		}
	})
}

// TestListAsksForDetails of brief tokens, where they are new or changed, or did not come.
func TestListAsksForDetails(t *testing.T) {
	brief := func(status walletport.TokenStatus) scheme.Token {
		return scheme.Token{Ref: ref("ref-a"), Status: status, Brief: true, PANReference: "V-1"}
	}
	b := openBank(t)
	ask := func(want ...string) {
		t.Helper()
		b.mustList(t)
		b.later(time.Minute)
		if asked := b.questions(); !slices.Equal(asked, want) {
			t.Errorf("asked %v, want %v", asked, want)
		}
	}
	b.has(brief(walletport.TokenActive))
	b.aloneErr = scheme.ErrUnavailable()
	ask("search", "detailsref-a")
	if row := b.row(t, "ref-a"); row.Status != walletport.TokenActive || row.DeviceName != "" || row.Source != "search" {
		t.Errorf("row without details %+v", row)
	}
	b.aloneErr = nil
	b.details = map[string]scheme.Token{"ref-a": token("ref-a", func(t *scheme.Token) { t.PANReference = "" })}
	ask("search", "detailsref-a")
	if row := b.row(t, "ref-a"); row.DeviceName != "Ada's phone" || row.Source != "details" || row.PANReference != "V-1" {
		t.Errorf("row with details %+v", row)
	}
	ask("search")
	b.has(brief(walletport.TokenSuspended))
	b.details["ref-a"] = token("ref-a", suspended(), func(t *scheme.Token) { t.StatusSince = noon })
	ask("search", "detailsref-a")
	if row := b.row(t, "ref-a"); row.Status != walletport.TokenSuspended || !row.StatusSince.Equal(noon) {
		t.Errorf("row after a change %+v", row)
	}
	ask("search")
	delete(b.details, "ref-a")
	b.noSuch = []string{"ref-a"}
	b.has(brief(walletport.TokenActive))
	ask("search", "detailsref-a")
	if row := b.row(t, "ref-a"); row.Status != walletport.TokenActive || row.DeviceName != "Ada's phone" {
		t.Errorf("row that the scheme lists and does not know %+v", row)
	}
}

// TestDetailsAtFirstSight: what only the list tells is kept beside them.
func TestDetailsAtFirstSight(t *testing.T) {
	b := openBank(t)
	b.has(scheme.Token{Ref: ref("ref-a"), Status: walletport.TokenSuspended, Brief: true, PANReference: "V-1"})
	b.details = map[string]scheme.Token{"ref-a": token("ref-a", func(t *scheme.Token) { t.PANReference, t.Status = "", "" })}
	b.mustList(t)
	row := b.row(t, "ref-a")
	if row.PANReference != "V-1" || row.Status != walletport.TokenSuspended || row.DeviceName != "Ada's phone" || b.seen.odd != nil {
		t.Errorf("row %+v, odd %v", row, b.seen.odd)
	}
	if story := b.story(t, "ref-a"); len(story) != 1 {
		t.Errorf("history %v", story)
	}
}

// TestListLeavesNewerWords: what was stored while the scheme was asked is not undone.
func TestListLeavesNewerWords(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	b.later(time.Minute)
	release := b.hold()
	done := make(chan tokens.List, 1)
	go func() {
		list, err := b.list(t, bankCard)
		if err != nil {
			t.Error(err)
		}
		done <- list
	}()
	<-b.sent
	must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateToken(1, func(old storage.Token) (storage.Token, error) {
			old.Status, old.AsOf = walletport.TokenDeactivated, b.tick()
			return old, nil
		})
	}))
	release()
	if list := <-done; list.Tokens[0].Status != walletport.TokenDeactivated {
		t.Errorf("list %+v", list)
	}
}

// TestListIsOfOneIssuer: nobody learns of cards and tokens that are not his.
func TestListIsOfOneIssuer(t *testing.T) {
	t.Run("a card of another issuer looks like none", func(t *testing.T) {
		b := openBank(t)
		_, errNone := b.list(t, 4711)
		_, err := b.list(t, rivalCard)
		if walletport.ReasonOf(err) != "card_not_found" || err.Error() != errNone.Error() || len(b.questions()) != 0 {
			t.Errorf("another issuer's card: %v; no card: %v", err, errNone)
		}
	})
	t.Run("a command acts for all", func(t *testing.T) {
		b := openBank(t)
		ctx := walletport.WithRequest(t.Context(), walletport.Request{ID: "cmd-1"})
		list, err := b.List(ctx, tokens.ListRequest{CardID: rivalCard, AuditUser: user, Channel: storage.ChannelCommand})
		if err != nil || list.AsOf.IsZero() {
			t.Errorf("list %+v, %v", list, err)
		}
	})
	t.Run("a token that is another issuer's is not shown, and an operator is told", func(t *testing.T) {
		b := openBank(t)
		strange := storage.SeenToken{Token: storage.Token{
			Ref: ref("ref-b"), Issuer: "globex", CardID: rivalCard, Status: walletport.TokenActive, AsOf: noon.Add(-time.Hour),
		}}
		must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error {
			_, err := tx.PutTokens([]storage.SeenToken{strange})
			return err
		}))
		b.has(token("ref-a"), token("ref-b", suspended()))
		list := b.mustList(t)
		if len(list.Tokens) != 1 || list.Tokens[0].Ref != ref("ref-a") || !slices.Equal(b.seen.odd, []string{"ref-b other_issuer"}) {
			t.Errorf("list %+v, odd %v", list, b.seen.odd)
		}
		if row := b.row(t, "ref-b"); row.Issuer != "globex" || row.Status != walletport.TokenActive {
			t.Errorf("row %+v", row)
		}
	})
}

// TestListKeepsNothingOfACardThatHasGone while the scheme was asked.
func TestListKeepsNothingOfACardThatHasGone(t *testing.T) {
	for _, isKnown := range []bool{false, true} {
		b := openBank(t)
		if isKnown {
			b.mustList(t)
			b.later(time.Minute)
		}
		b.has(token("ref-a"))
		deleteWhileAsked(t, b)
	}
}

func deleteWhileAsked(t *testing.T, b *bank) {
	t.Helper()
	release := b.hold()
	done := make(chan error, 1)
	go func() {
		_, err := b.list(t, bankCard)
		done <- err
	}()
	<-b.sent
	must(t, b.DB.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(bankCard) }))
	release()
	if err := <-done; walletport.ReasonOf(err) != "card_not_found" {
		t.Errorf("error %v", err)
	}
	if _, err := b.DB.TokenByRef(t.Context(), ref("ref-a")); walletport.ReasonOf(err) != "token_not_found" {
		t.Errorf("a token of the card is stored: %v", err)
	}
}

func TestListLeavesOnlyWithItsRecord(t *testing.T) {
	b := openBank(t, func(p *tokens.Parts) { p.Audit = strict{Trail: p.Audit} })
	b.has(token("ref-a"))
	for range 2 { // from the scheme, and from the store
		list, err := b.list(t, bankCard)
		if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "audit_unavailable" || list.Tokens != nil {
			t.Errorf("list %+v, %v", list, err)
		}
	}
}

func TestListRefusals(t *testing.T) {
	b := openBank(t)
	b.has(token("ref-a"))
	b.mustList(t)
	ask := func(b *bank, by walletport.AuditUser) string {
		_, err := b.List(acttest.AsBank(t.Context()), tokens.ListRequest{CardID: bankCard, AuditUser: by, Channel: storage.ChannelAPI})
		return walletport.ReasonOf(err)
	}
	if got := ask(b, "user"+cardNumber); got != "audit_user_contains_pan" {
		t.Errorf("the card's number as auditUser is %q", got)
	}
	off := b.with(t, func(p *tokens.Parts) { p.Schemes = nil })
	if got := ask(off, user); got != "scheme_not_configured" {
		t.Errorf("a scheme that is switched off is %q", got)
	}
	limited := b.with(t, func(p *tokens.Parts) {
		p.Limit = func(walletport.IssuerID) error {
			return walletport.Errorf(walletport.CodeRateLimited, "too_many", "later")
		}
	})
	if got := ask(limited, user); got != "too_many" {
		t.Errorf("a call too many is %q", got)
	}
	b.ChangeKeys(keys.MDESOAuth, nil)
	b.later(time.Minute)
	if list := b.mustList(t); !list.IsOld {
		t.Errorf("without a key for the scheme %+v", list)
	}
}

// with is the same bank with other parts.
func (b *bank) with(t testing.TB, change func(*tokens.Parts)) *bank {
	t.Helper()
	p := b.parts
	change(&p)
	flow, err := tokens.New(p)
	must(t, err)
	return &bank{House: b.House, book: b.book, Flow: flow, parts: p}
}
