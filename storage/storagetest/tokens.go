package storagetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testTokens(t *testing.T, database NewDatabase) {
	withStore(t, database, "a token comes back as it was put", testPutTokens)
	withStore(t, database, "what is seen again changes the row and enters the history", testSeenAgain)
	withStore(t, database, "an older word never takes the place of a newer one", testOlderToken)
	withStore(t, database, "a token of another issuer is left alone", testTokenOfAnother)
	withStore(t, database, "a token that moved is listed for its new card", testMovedToken)
	withStore(t, database, "one row for scheme, requestor and reference", testOneRow)
	withStore(t, database, "ids rise and come once", testTokenIDs)
	withStore(t, database, "tokens that nobody should have put are refused", testRefusedTokens)
	withStore(t, database, "a list is as old as its last listing", testTokensListed)
	withStore(t, database, "a card that goes leaves its tokens without what is personal", testTokensWithoutCard)
	withStore(t, database, "unknown tokens are not found", testUnknownTokens)
	testTokenNumbers(t, database)
	t.Run("replicas put the same tokens at once", func(t *testing.T) { testConcurrentTokens(t, database(t)) })
}

// token makes token n of card 1, whose columns all differ, as seen at that version.
func token(n, version int) storage.SeenToken {
	return storage.SeenToken{Token: storage.Token{
		Ref:          tokenRef(n),
		Issuer:       "first-bank",
		CardID:       1,
		PANReference: "FWSPMC000000000159f71f703d2141efaf04dd26803f922b",
		Wallet:       fmt.Sprintf("wallet-%d", n),
		Status:       walletport.TokenActive,
		StatusSince:  at(int64(10*version) + 1),
		RequestedAt:  at(2),
		Expiry:       walletport.Expiry{Year: 2031, Month: 5},
		DeviceName:   fmt.Sprintf("Åsa's phone %d", n),
		DeviceType:   "21",
		Number: storage.TokenNumber{
			Sealed: []byte{1, byte(n)}, WrappedKey: []byte{2, byte(n)}, KEK: "kek/1", FirstSix: "535110", LastFour: fmt.Sprintf("%04d", n%10_000),
		},
		Source: "search",
		AsOf:   at(int64(1000 * (1 + version))),
	}}
}

func tokenRef(n int) walletport.TokenRef {
	return walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: fmt.Sprintf("DWSPMC%042d", n)}
}

// row is the token that stands after seen was put for the first time.
func row(id walletport.TokenID, seen storage.SeenToken) storage.Token {
	seen.ID = id
	return seen.Token
}

func mustPutTokens(t testing.TB, s storage.Store, seen ...storage.SeenToken) (puts []storage.TokenPut) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) (err error) {
		puts, err = tx.PutTokens(seen)
		return err
	})
	return puts
}

// mustPutToken puts one token and returns its id.
func mustPutToken(t testing.TB, s storage.Store, seen storage.SeenToken) walletport.TokenID {
	t.Helper()
	return mustPutTokens(t, s, seen)[0].ID
}

func mustToken(t testing.TB, s storage.Store, id walletport.TokenID) storage.Token {
	t.Helper()
	return must(s.Token(t.Context(), id))(t, "Token")
}

func tokensOf(t testing.TB, s storage.Store, card walletport.CardID) []storage.Token {
	t.Helper()
	return must(s.TokensOfCard(t.Context(), card))(t, "TokensOfCard").Tokens
}

// told is the history of a token, oldest first, as "what from>to by".
func told(t testing.TB, s storage.Store, id walletport.TokenID) []string {
	t.Helper()
	var lines []string
	for _, e := range must(s.TokenHistory(t.Context(), id, 0, 1000))(t, "TokenHistory") {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s>%s %s", e.What, e.From, e.To, e.By)))
	}
	slices.Reverse(lines)
	return lines
}

func changed(change func(*storage.Token)) func(storage.Token) (storage.Token, error) {
	return func(old storage.Token) (storage.Token, error) { change(&old); return old, nil }
}

func mustUpdateToken(t testing.TB, s storage.Store, id walletport.TokenID, change func(*storage.Token)) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) error { return tx.UpdateToken(id, changed(change)) })
}

func testPutTokens(t *testing.T, s storage.Store) {
	bare := storage.SeenToken{Token: storage.Token{
		Ref:    walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010075001", Reference: "DNITHE300000000000000001"},
		Issuer: "first-bank", CardID: 1, Status: walletport.TokenInactive, AsOf: at(7),
	}}
	held := token(3, 0)
	held.Status, held.Holders = walletport.TokenSuspended, []walletport.Holder{walletport.HolderIssuer, walletport.HolderCardholder, walletport.HolderIssuer}
	puts := mustPutTokens(t, s, token(2, 0), bare, held)
	for _, put := range puts {
		wantEqual(t, "what was done", put.What, storage.TokenAdded)
	}
	want := []storage.Token{row(puts[0].ID, token(2, 0)), row(puts[1].ID, bare), row(puts[2].ID, held)}
	want[2].Holders = []walletport.Holder{walletport.HolderCardholder, walletport.HolderIssuer}
	slices.SortFunc(want, func(a, b storage.Token) int { return cmp.Compare(a.ID, b.ID) })
	wantEqual(t, "tokens of the card", tokensOf(t, s, 1), want)
	for _, w := range want {
		wantEqual(t, "Token", mustToken(t, s, w.ID), w)
		wantEqual(t, "TokenByRef", must(s.TokenByRef(t.Context(), w.Ref))(t, "TokenByRef"), w)
		wantEqual(t, "history", told(t, s, w.ID), []string{"seen >" + string(w.Status)})
	}
	wantEqual(t, "tokens of another card", tokensOf(t, s, 2), []storage.Token{})
	wantEqual(t, "no tokens", mustPutTokens(t, s), []storage.TokenPut{})
}

func testSeenAgain(t *testing.T, s storage.Store) {
	id := mustPutToken(t, s, token(1, 0))
	again := token(1, 1)
	again.StatusSince = token(1, 0).StatusSince
	wantEqual(t, "seen as it was", mustPutTokens(t, s, again), []storage.TokenPut{{ID: id, What: storage.TokenConfirmed}})
	wantEqual(t, "history", told(t, s, id), []string{"seen >ACTIVE"})
	wantEqual(t, "as of", mustToken(t, s, id).AsOf, again.AsOf)

	held := token(1, 2)
	held.Status, held.Holders, held.By = walletport.TokenSuspended, []walletport.Holder{walletport.HolderCardholder}, "CARDHOLDER"
	wantEqual(t, "put", mustPutTokens(t, s, held), []storage.TokenPut{{ID: id, What: storage.TokenChanged}})
	wantEqual(t, "the row", mustToken(t, s, id), row(id, held))
	wantEqual(t, "history", told(t, s, id), []string{"seen >ACTIVE", "status ACTIVE>SUSPENDED CARDHOLDER", "holders >CARDHOLDER CARDHOLDER"})
	newest := must(s.TokenHistory(t.Context(), id, 0, 1))(t, "TokenHistory")[0]
	newest.Seq = 0
	wantEqual(t, "entry", newest, storage.TokenHistoryEntry{
		Token: id, At: held.AsOf, What: storage.TokenHoldersChanged, To: "CARDHOLDER", By: "CARDHOLDER", Channel: storage.ChannelScheme,
	})

	brief := storage.SeenToken{Token: storage.Token{Ref: held.Ref, Issuer: "first-bank", CardID: 1, Status: walletport.TokenDeactivated, AsOf: at(9000)}}
	mustPutTokens(t, s, token(2, 0), brief)
	want := row(id, held)
	want.Status, want.Holders, want.StatusSince, want.AsOf, want.Source = walletport.TokenDeactivated, nil, at(9000), at(9000), ""
	wantEqual(t, "what was not told stays", mustToken(t, s, id), want)
}

func testOlderToken(t *testing.T, s storage.Store) {
	id := mustPutToken(t, s, token(1, 5))
	for _, version := range []int{4, 5} {
		late := token(1, version)
		late.Status = walletport.TokenDeactivated
		wantEqual(t, "put", mustPutTokens(t, s, late), []storage.TokenPut{{ID: id, What: storage.TokenOlder}})
	}
	wantEqual(t, "the row", mustToken(t, s, id), row(id, token(1, 5)))
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateToken(id, changed(func(token *storage.Token) { token.AsOf = at(1) }))
	})
	if walletport.CodeOf(err) != walletport.CodeInternal {
		t.Errorf("UpdateToken with an older word: %v, want an error of the code internal", err)
	}
	wantEqual(t, "the row", mustToken(t, s, id), row(id, token(1, 5)))
	wantEqual(t, "history", told(t, s, id), []string{"seen >ACTIVE"})
}

func testTokenOfAnother(t *testing.T, s storage.Store) {
	id := mustPutToken(t, s, token(1, 0))
	foreign := token(1, 1)
	foreign.Issuer, foreign.CardID = "second-bank", 2
	wantEqual(t, "put", mustPutTokens(t, s, foreign), []storage.TokenPut{{ID: id, What: storage.TokenOtherIssuer}})
	wantEqual(t, "the row", mustToken(t, s, id), row(id, token(1, 0)))
}

func testMovedToken(t *testing.T, s storage.Store) {
	first, second := mustPutToken(t, s, token(1, 0)), mustPutToken(t, s, token(2, 0))
	moved := token(1, 1)
	moved.CardID = 2
	mustPutTokens(t, s, moved)
	wantEqual(t, "tokens of the old card", tokensOf(t, s, 1), []storage.Token{row(second, token(2, 0))})
	wantEqual(t, "tokens of the new card", tokensOf(t, s, 2), []storage.Token{row(first, moved)})
	wantEqual(t, "history", told(t, s, first), []string{"seen >ACTIVE", "card 1>2"})
}

func testOneRow(t *testing.T, s storage.Store) {
	other, scheme := token(1, 0), token(1, 0)
	other.Ref.Requestor, scheme.Ref.Scheme = "50110030274", walletport.Visa
	puts := mustPutTokens(t, s, token(1, 0), other, scheme)
	again := mustPutTokens(t, s, scheme, other, token(1, 0))
	for i, put := range again {
		wantEqual(t, "put again", put, storage.TokenPut{ID: puts[2-i].ID, What: storage.TokenOlder})
	}
	wantEqual(t, "rows", len(tokensOf(t, s, 1)), 3)
}

func testTokenIDs(t *testing.T, s storage.Store) {
	last := mustPutToken(t, s, token(1, 0))
	if last < 1 {
		t.Errorf("the first id is %d", last)
	}
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.PutTokens([]storage.SeenToken{token(2, 0)})
		return errors.Join(err, errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	for n := 2; n <= 4; n++ {
		id := mustPutToken(t, s, token(n, 0))
		if id <= last {
			t.Errorf("id %d comes after %d", id, last)
		}
		last = id
	}
}

// RunTokenIDs proves that no id of a token is given again: not that of a row which
// somebody deleted past the engine, the last one among them, nor after a restart.
func RunTokenIDs(t *testing.T, e SchemaEngine) {
	s := mustMigrating(t, e.Open)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := mustPutTokens(t, s, token(1, 0), token(2, 0))[1].ID
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	e.Exec(t, "DELETE FROM tokens")
	s = mustMigrating(t, e.Existing)
	defer s.Close()
	if id := mustPutToken(t, s, token(2, 0)); id <= last {
		t.Errorf("a token got the id %d, and one before it had %d", id, last)
	}
}

func testRefusedTokens(t *testing.T, s storage.Store) {
	mustPutToken(t, s, token(9, 0))
	const pan = "5204247750001471"
	for _, c := range []struct {
		name string
		code walletport.Code
		make func(*storage.SeenToken)
	}{
		{"zero character", walletport.CodeInvalid, func(s *storage.SeenToken) { s.DeviceName = "zero \x00" }},
		{"broken UTF-8", walletport.CodeInvalid, func(s *storage.SeenToken) { s.Wallet = "broken \xff" }},
		{"a card number as the reference", walletport.CodeInternal, func(s *storage.SeenToken) { s.Ref.Reference = pan }},
		{"a card number as the card's reference", walletport.CodeInternal, func(s *storage.SeenToken) { s.PANReference = pan }},
		{"a card number in the device's name", walletport.CodeInternal, func(s *storage.SeenToken) { s.DeviceName = "phone " + pan }},
		{"a card number in the wallet's name", walletport.CodeInternal, func(s *storage.SeenToken) { s.Wallet = pan }},
		{"a card number as the actor", walletport.CodeInternal, func(s *storage.SeenToken) { s.By = pan }},
		{"more of the number than its ends", walletport.CodeInternal, func(s *storage.SeenToken) { s.Number.FirstSix = "53511000" }},
		{"a sealed number without a key", walletport.CodeInternal, func(s *storage.SeenToken) { s.Number.WrappedKey = nil }},
		{"a long text", walletport.CodeInternal, func(s *storage.SeenToken) { s.DeviceName = strings.Repeat("a", 10_000) }},
		{"no requestor", walletport.CodeInternal, func(s *storage.SeenToken) { s.Ref.Requestor = "" }},
		{"no issuer", walletport.CodeInternal, func(s *storage.SeenToken) { s.Issuer = "" }},
		{"no status", walletport.CodeInternal, func(s *storage.SeenToken) { s.Status = "" }},
		{"no moment", walletport.CodeInternal, func(s *storage.SeenToken) { s.AsOf = storage.Token{}.AsOf }},
		{"twice the same", walletport.CodeInternal, func(s *storage.SeenToken) { s.Ref = tokenRef(8) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := token(1, 0)
			c.make(&bad)
			mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
				_, err := tx.PutTokens([]storage.SeenToken{token(8, 0), bad})
				if walletport.CodeOf(err) != c.code || strings.Contains(err.Error(), pan) {
					t.Errorf("PutTokens: %v, want an error of the code %s", err, c.code)
				}
				return nil
			})
			wantEqual(t, "rows", len(tokensOf(t, s, 1)), 1)
		})
	}
}

func testTokensListed(t *testing.T, s storage.Store) {
	listed := func(card walletport.CardID, ms int64) {
		t.Helper()
		mustUpdate(t, s, func(tx storage.Tx) error { return tx.TokensListed(card, at(ms)) })
	}
	asOf := func(card walletport.CardID) any {
		t.Helper()
		return must(s.TokensOfCard(t.Context(), card))(t, "TokensOfCard").AsOf
	}
	wantEqual(t, "never listed", asOf(1), storage.TokenList{}.AsOf)
	listed(1, 50)
	wantEqual(t, "listed", asOf(1), at(50))
	listed(1, 40)
	wantEqual(t, "listed earlier", asOf(1), at(50))
	listed(1, 60)
	wantEqual(t, "listed again", asOf(1), at(60))
	back := 60 - storage.MaxWordDelay.Milliseconds()
	listed(1, back)
	wantEqual(t, "listed by a clock that was set back a little", asOf(1), at(60))
	listed(1, back-1)
	wantEqual(t, "listed by a clock that was set back", asOf(1), at(back-1))
	wantEqual(t, "another card", asOf(2), storage.TokenList{}.AsOf)
}

func testTokensWithoutCard(t *testing.T, s storage.Store) {
	for name, goes := range map[string]func(storage.Tx) error{
		"a card that is deleted": func(tx storage.Tx) error { return tx.DeleteCard(1) },
		"a card that is forgotten": func(tx storage.Tx) error {
			return tx.UpdateCard(1, func(c storage.Card) (storage.Card, error) { c.Status = walletport.CardForgotten; return c, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			mustPut(t, s, card(1, 0))
			n := len(name) // other tokens for each
			gone, stays := token(n, 0), token(n+100, 0)
			stays.CardID = 2
			id, other := mustPutToken(t, s, gone), mustPutToken(t, s, stays)
			mustUpdateToken(t, s, id, asked("c1"))
			mustUpdate(t, s, func(tx storage.Tx) error { return tx.TokensListed(1, at(50)) })
			mustUpdate(t, s, func(tx storage.Tx) error { // what changes another field keeps the tokens
				return tx.UpdateCard(1, func(c storage.Card) (storage.Card, error) { c.Status = walletport.CardStolen; return c, nil })
			})
			wantEqual(t, "before", len(tokensOf(t, s, 1)), 1)
			mustUpdate(t, s, goes)

			want := row(id, gone)
			want.CardID, want.PANReference, want.DeviceName, want.Number = 0, "", "", storage.TokenNumber{}
			asked("c1")(&want)
			wantEqual(t, "the token", mustToken(t, s, id), want)
			wantEqual(t, "the list", must(s.TokensOfCard(t.Context(), 1))(t, "TokensOfCard"), storage.TokenList{})
			wantEqual(t, "tokens of no card", tokensOf(t, s, 0), []storage.Token{})
			wantEqual(t, "the token of another card", mustToken(t, s, other), row(other, stays))

			event := token(n, 1) // of a scheme that does not know which card it was
			event.CardID, event.Status = 0, walletport.TokenDeactivated
			mustPutTokens(t, s, event)
			want.Status, want.StatusSince, want.AsOf = event.Status, event.StatusSince, event.AsOf
			wantEqual(t, "the token, seen again", mustToken(t, s, id), want)
		})
	}
}

func testUnknownTokens(t *testing.T, s storage.Store) {
	mustPutToken(t, s, token(1, 0))
	_, err := s.Token(t.Context(), 404)
	wantError(t, "Token", err, walletport.CodeNotFound, "token_not_found")
	for _, ref := range []walletport.TokenRef{tokenRef(2), {}, {Scheme: walletport.Visa, Requestor: "50110030273", Reference: tokenRef(1).Reference}, {Scheme: "a\x00b", Requestor: "1", Reference: "\xff"}} {
		_, err = s.TokenByRef(t.Context(), ref)
		wantError(t, "TokenByRef", err, walletport.CodeNotFound, "token_not_found")
	}
	err = s.Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateToken(404, changed(func(*storage.Token) {})) })
	wantError(t, "UpdateToken", err, walletport.CodeNotFound, "token_not_found")
	wantEqual(t, "history", must(s.TokenHistory(t.Context(), 404, 0, 9))(t, "TokenHistory"), []storage.TokenHistoryEntry{})
}

// testConcurrentTokens has replicas list the tokens of one card at once, in any order: each
// token is one row, its history begins once and tells of each change once.
func testConcurrentTokens(t *testing.T, open Open) {
	const writers, rounds, count = 4, 6, 8
	replicas := []storage.Store{open(t), open(t)}
	added := make([]int, writers)
	wantNoErrors(t, each(writers, func(i int) error {
		for version := range rounds {
			var seen []storage.SeenToken
			for n := range count {
				s := token((n+3*i)%count, version)
				if version%2 == 1 {
					s.Status = walletport.TokenSuspended
				}
				seen = append(seen, s)
			}
			var puts []storage.TokenPut
			err := replicas[i%2].Update(t.Context(), func(tx storage.Tx) (err error) {
				puts, err = tx.PutTokens(seen)
				return err
			})
			if err != nil {
				return err
			}
			for _, put := range puts {
				if put.What == storage.TokenAdded {
					added[i]++
				}
			}
		}
		return nil
	}))
	sum := 0
	for _, n := range added {
		sum += n
	}
	wantEqual(t, "added by all", sum, count)
	tokens := tokensOf(t, replicas[0], 1)
	wantEqual(t, "rows", len(tokens), count)
	for _, token := range tokens {
		wantEqual(t, "as of", token.AsOf, at(1000*rounds))
		history := told(t, replicas[1], token.ID)
		status := "ACTIVE"
		if history[0] == "seen >SUSPENDED" {
			status = "SUSPENDED"
		}
		for _, line := range history[1:] {
			was, becomes, _ := strings.Cut(strings.TrimPrefix(line, "status "), ">")
			if was != status || becomes == status {
				t.Errorf("token %s: the history says %q of one that is %s", token.ID, line, status)
			}
			status = becomes
		}
		wantEqual(t, "the last status of the history", status, string(token.Status))
	}
}
