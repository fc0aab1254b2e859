package storagetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testTokenUpdates(t *testing.T, database NewDatabase) {
	withStore(t, database, "a token is changed in place", testUpdateToken)
	withStore(t, database, "changes of a token follow one another", testTokenChanges)
	withStore(t, database, "open changes are found", testTokensInChange)
	withStore(t, database, "history comes newest first, page by page", testTokenHistory)
	withStore(t, database, "history needs its token", testHistoryWithoutToken)
	t.Run("of changes of one token at once one is let in", func(t *testing.T) { testConcurrentTokenChanges(t, database(t)) })
}

func testUpdateToken(t *testing.T, s storage.Store) {
	id, other := mustPutToken(t, s, token(1, 0)), mustPutToken(t, s, token(2, 0))
	want := row(id, token(1, 3))
	want.Status, want.Wallet, want.PANReference, want.DeviceType = walletport.TokenSuspended, "", "V-1234567890123456789012", "watch"
	want.Holders = []walletport.Holder{walletport.HolderIssuer, walletport.HolderScheme}
	want.Number, want.Source, want.CardID = storage.TokenNumber{LastFour: "4444"}, "suspend", 2
	want.Change = storage.TokenChange{
		ID: "c1", Action: walletport.TokenSuspend, State: storage.ChangeAsked, Reason: walletport.TokenReasonLost,
		By: "ada@acme.example", Client: "client", Channel: storage.ChannelAPI, Since: at(5),
	}
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateToken(id, func(old storage.Token) (storage.Token, error) {
			wantEqual(t, "what change sees", old, row(id, token(1, 0)))
			next := want
			next.ID, next.Ref, next.Issuer = 99, tokenRef(99), "second-bank"
			next.Holders = []walletport.Holder{walletport.HolderScheme, walletport.HolderIssuer}
			return next, nil
		})
	})
	wantEqual(t, "the row", mustToken(t, s, id), want)
	wantEqual(t, "the other row", mustToken(t, s, other), row(other, token(2, 0)))
	mustUpdate(t, s, func(tx storage.Tx) error {
		err := tx.UpdateToken(id, func(old storage.Token) (storage.Token, error) { return storage.Token{}, errRefused })
		if err != errRefused { //nolint:errorlint // as it is
			t.Errorf("UpdateToken: %v, want the error of change as it is", err)
		}
		err = tx.UpdateToken(id, changed(func(token *storage.Token) { token.DeviceName = "zero \x00" }))
		wantError(t, "UpdateToken", err, walletport.CodeInvalid, "text_malformed")
		return nil
	})
	wantEqual(t, "the row", mustToken(t, s, id), want)
	bare := storage.Token{ID: id, Ref: want.Ref, Issuer: "first-bank", CardID: 1, Status: walletport.TokenActive, AsOf: at(90_000), Change: want.Change}
	mustUpdateToken(t, s, id, func(token *storage.Token) { *token = bare })
	wantEqual(t, "the row", mustToken(t, s, id), bare)
}

// asked begins a change of that id.
func asked(id string) func(*storage.Token) {
	return func(token *storage.Token) {
		token.Change = storage.TokenChange{ID: id, Action: walletport.TokenSuspend, State: storage.ChangeAsked, By: "ada", Channel: storage.ChannelAPI, Since: at(5)}
	}
}

// moved moves the change that stands to a state.
func moved(state storage.ChangeState) func(*storage.Token) {
	return func(token *storage.Token) { token.Change.State = state }
}

func testTokenChanges(t *testing.T, s storage.Store) {
	id := mustPutToken(t, s, token(1, 0))
	mustUpdateToken(t, s, id, asked("c1"))
	mustPutTokens(t, s, token(1, 1)) // a change is nothing that a scheme shows
	refused := func(when string, change func(*storage.Token), code walletport.Code, reason string) {
		t.Helper()
		before := mustToken(t, s, id)
		wantError(t, when, s.Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateToken(id, changed(change)) }), code, reason)
		wantEqual(t, "the row after "+when, mustToken(t, s, id), before)
	}
	refused("another change of one that is asked", asked("c2"), walletport.CodeConflict, "token_change_in_progress")
	mustUpdateToken(t, s, id, func(token *storage.Token) {
		token.Change = storage.TokenChange{ID: "c1", State: storage.ChangeUnknown, Outcome: "scheme_outcome_unknown", By: "nobody"}
	})
	want := storage.TokenChange{
		ID: "c1", Action: walletport.TokenSuspend, State: storage.ChangeUnknown, By: "ada", Channel: storage.ChannelAPI, Since: at(5),
		Outcome: "scheme_outcome_unknown",
	}
	wantEqual(t, "the change", mustToken(t, s, id).Change, want)
	refused("another change of one that is unknown", asked("c2"), walletport.CodeConflict, "token_change_in_progress")
	refused("a change that is asked again", moved(storage.ChangeAsked), walletport.CodeInternal, "internal")
	refused("a change that is taken back", func(token *storage.Token) { token.Change = storage.TokenChange{} }, walletport.CodeConflict, "token_change_in_progress")
	mustUpdateToken(t, s, id, moved(storage.ChangeNotDone))
	refused("a change that ended otherwise", moved(storage.ChangeDone), walletport.CodeInternal, "internal")
	refused("a change that begins with its end", func(token *storage.Token) {
		token.Change = storage.TokenChange{ID: "c2", State: storage.ChangeDone}
	}, walletport.CodeInternal, "internal")
	mustUpdateToken(t, s, id, asked("c2"))
	mustUpdateToken(t, s, id, moved(storage.ChangeDone))
	mustUpdateToken(t, s, id, asked("c3"))
	wantEqual(t, "the change", mustToken(t, s, id).Change.ID, "c3")
}

func testTokensInChange(t *testing.T, s storage.Store) {
	var open []walletport.TokenID
	for n := 1; n <= 9; n++ {
		id := mustPutToken(t, s, token(n, 0))
		if n%3 == 0 {
			continue
		}
		mustUpdateToken(t, s, id, asked(fmt.Sprint("c", n)))
		if n%3 == 1 {
			mustUpdateToken(t, s, id, moved(storage.ChangeUnknown))
		}
		open = append(open, id)
	}
	found := func(after walletport.TokenID, limit int) (ids []walletport.TokenID) {
		t.Helper()
		for _, token := range must(s.TokensInChange(t.Context(), after, limit))(t, "TokensInChange") {
			wantEqual(t, "open", token.Change.State.IsOpen(), true)
			ids = append(ids, token.ID)
		}
		return ids
	}
	wantEqual(t, "all", found(0, 100), open)
	wantEqual(t, "a page", found(open[1], 2), open[2:4])
	wantEqual(t, "nothing asked for", found(0, 0), []walletport.TokenID{})
	mustUpdateToken(t, s, open[0], moved(storage.ChangeDone))
	mustUpdateToken(t, s, open[1], moved(storage.ChangeNotDone))
	wantEqual(t, "those that are left", found(0, 100), open[2:])
}

func testTokenHistory(t *testing.T, s storage.Store) {
	id, other := mustPutToken(t, s, token(1, 0)), mustPutToken(t, s, token(2, 0))
	var want []storage.TokenHistoryEntry
	for n := range 5 {
		entry := storage.TokenHistoryEntry{
			Token: id, At: at(int64(n)), What: storage.TokenChangeDone, From: "ACTIVE", To: "SUSPENDED", By: "ada@acme.example",
			Channel: storage.ChannelAPI, Reason: walletport.TokenReasonLost, ChangeID: fmt.Sprint("c", n),
			Action: walletport.TokenSuspend, Answer: "200 \"ok\"", Reference: "ABC123456",
		}
		want = append(want, entry)
		beside := entry
		beside.Token = other
		mustUpdate(t, s, func(tx storage.Tx) error { return tx.AddTokenHistory(entry, beside) })
	}
	slices.Reverse(want)
	got := must(s.TokenHistory(t.Context(), id, 0, 5))(t, "TokenHistory")
	var paged []storage.TokenHistoryEntry
	for before := int64(0); ; before = paged[len(paged)-1].Seq {
		page := must(s.TokenHistory(t.Context(), id, before, 2))(t, "TokenHistory")
		paged = append(paged, page...)
		if len(page) < 2 {
			break
		}
	}
	wantEqual(t, "pages", paged[:5], got)
	wantEqual(t, "the oldest", paged[5].What, storage.TokenSeen)
	for i := range got {
		if i > 0 && paged[i].Seq >= paged[i-1].Seq {
			t.Errorf("entry %d has Seq %d after %d", i, paged[i].Seq, paged[i-1].Seq)
		}
		got[i].Seq = 0
	}
	wantEqual(t, "history", got, want)
	wantEqual(t, "nothing asked for", must(s.TokenHistory(t.Context(), id, 0, 0))(t, "TokenHistory"), []storage.TokenHistoryEntry{})
	wantEqual(t, "nothing before", must(s.TokenHistory(t.Context(), id, paged[5].Seq, 9))(t, "TokenHistory"), []storage.TokenHistoryEntry{})
}

func testHistoryWithoutToken(t *testing.T, s storage.Store) {
	id := mustPutToken(t, s, token(1, 0))
	entry := storage.TokenHistoryEntry{Token: id, At: at(1), What: storage.TokenChangeAsked}
	mustUpdate(t, s, func(tx storage.Tx) error {
		stray, zero, pan := entry, entry, entry
		stray.Token, zero.Answer, pan.Answer = 404, "zero \x00", "no token of 5204 2477 5000 1471"
		wantError(t, "AddTokenHistory", tx.AddTokenHistory(entry, stray), walletport.CodeNotFound, "token_not_found")
		wantError(t, "AddTokenHistory", tx.AddTokenHistory(entry, zero), walletport.CodeInvalid, "text_malformed")
		if err := tx.AddTokenHistory(entry, pan); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("AddTokenHistory of a card number: %v", err)
		}
		if err := tx.AddTokenHistory(storage.TokenHistoryEntry{Token: id}); walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("AddTokenHistory of nothing: %v", err)
		}
		return tx.AddTokenHistory()
	})
	wantEqual(t, "history", told(t, s, id), []string{"seen >ACTIVE"})
}

// testConcurrentTokenChanges has replicas ask for changes of one token at once: they run
// one after the other, and whoever comes while one is open is told.
func testConcurrentTokenChanges(t *testing.T, open Open) {
	const writers, rounds = 6, 5
	replicas := []storage.Store{open(t), open(t)}
	id := mustPutToken(t, replicas[0], token(1, 0))
	begun, told := make([]int, writers), make([]int, writers)
	wantNoErrors(t, each(writers, func(i int) error {
		s := replicas[i%2]
		for n := range rounds {
			name := fmt.Sprintf("%d-%d", i, n)
			err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateToken(id, changed(asked(name))) })
			if walletport.ReasonOf(err) == "token_change_in_progress" {
				told[i]++
				continue
			}
			if err != nil {
				return err
			}
			begun[i]++
			err = s.Update(t.Context(), func(tx storage.Tx) error {
				return tx.UpdateToken(id, func(old storage.Token) (storage.Token, error) {
					if old.Change.ID != name {
						return old, fmt.Errorf("change %s took the place of %s, which is open", old.Change.ID, name)
					}
					old.Change.State = storage.ChangeDone
					return old, nil
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	sum := 0
	for i := range writers {
		sum += begun[i] + told[i]
	}
	wantEqual(t, "answered", sum, writers*rounds)
	wantEqual(t, "open changes left", len(must(replicas[0].TokensInChange(t.Context(), 0, 9))(t, "TokensInChange")), 0)
}
