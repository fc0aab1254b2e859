package storagetest

import (
	"fmt"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testTokenNumbers(t *testing.T, database NewDatabase) {
	withStore(t, database, "numbers are found by the key that wrapped them", testTokensWrappedBy)
	withStore(t, database, "all tokens are listed page by page", testTokensAfter)
	withStore(t, database, "a re-wrap of token numbers replaces only the key it knows", testRewrapTokens)
	withStore(t, database, "a re-wrap leaves a number that went with its card", testRewrapWithoutCard)
	t.Run("one of two replicas re-wraps a token number", func(t *testing.T) { testConcurrentTokenRewrap(t, database(t)) })
}

func tokenIDs(tokens []storage.Token) (ids []walletport.TokenID) {
	for i := range tokens {
		ids = append(ids, tokens[i].ID)
	}
	return ids
}

func testTokensWrappedBy(t *testing.T, s storage.Store) {
	var all []walletport.TokenID
	for n := 1; n <= 4; n++ {
		seen := token(n, 0)
		if n == 2 {
			seen.Number = storage.TokenNumber{LastFour: "0002"}
		}
		if n == 4 {
			seen.Number.KEK = "kek/2"
		}
		all = append(all, mustPutToken(t, s, seen))
	}
	found := func(kek string, after walletport.TokenID, limit int) []walletport.TokenID {
		t.Helper()
		return tokenIDs(must(s.TokensWrappedBy(t.Context(), kek, after, limit))(t, "TokensWrappedBy"))
	}
	wantEqual(t, "kek/1", found("kek/1", 0, 9), []walletport.TokenID{all[0], all[2]})
	wantEqual(t, "kek/1, a page", found("kek/1", 0, 1), all[:1])
	wantEqual(t, "kek/1, the next page", found("kek/1", all[0], 1), all[2:3])
	wantEqual(t, "no key", found("", 0, 9), []walletport.TokenID{})
	wantEqual(t, "keys", must(s.TokenKEKs(t.Context()))(t, "TokenKEKs"), []string{"kek/1", "kek/2"})
	for _, id := range all[:3] {
		mustUpdateToken(t, s, id, func(token *storage.Token) {
			if token.Number.KEK != "" {
				token.Number.KEK, token.Number.WrappedKey = "kek/2", []byte("wrapped again")
			}
		})
	}
	wantEqual(t, "keys after a re-wrap", must(s.TokenKEKs(t.Context()))(t, "TokenKEKs"), []string{"kek/2"})
}

func testTokensAfter(t *testing.T, s storage.Store) {
	var all []walletport.TokenID
	for n := 1; n <= 3; n++ {
		seen := token(n, 0)
		if n == 2 {
			seen.Number = storage.TokenNumber{}
		}
		all = append(all, mustPutToken(t, s, seen))
	}
	after := func(id walletport.TokenID, limit int) []storage.Token {
		t.Helper()
		return must(s.TokensAfter(t.Context(), id, limit))(t, "TokensAfter")
	}
	wantEqual(t, "all", tokenIDs(after(0, 9)), all)
	wantEqual(t, "a page", tokenIDs(after(0, 2)), all[:2])
	wantEqual(t, "the next page", after(all[1], 2), []storage.Token{mustToken(t, s, all[2])})
	wantEqual(t, "after the last", after(all[2], 2), []storage.Token{})
	wantEqual(t, "a limit below 0", after(0, -1), []storage.Token{})
}

func testRewrapTokens(t *testing.T, s storage.Store) {
	var want []storage.Token
	for n := 1; n <= 4; n++ {
		want = append(want, mustToken(t, s, mustPutToken(t, s, token(n, 0))))
	}
	replaced := must(s.RewrapTokens(t.Context(), []storage.TokenRewrapping{
		{ID: want[0].ID, Old: want[0].Number.WrappedKey, New: []byte("new 1"), KEK: "kek/2"},
		{ID: want[1].ID, Old: []byte("stale"), New: []byte("new 2"), KEK: "kek/2"},
		{ID: want[3].ID + 100, Old: []byte("none"), New: []byte("new 104"), KEK: "kek/2"},
		{ID: want[2].ID, Old: want[2].Number.WrappedKey, New: []byte("new 3"), KEK: "kek/2"},
		{ID: want[2].ID, Old: []byte("new 3"), New: []byte("newer 3"), KEK: "kek/3"},
	}))(t, "RewrapTokens")
	wantEqual(t, "replaced", replaced, 3)
	want[0].Number.WrappedKey, want[0].Number.KEK = []byte("new 1"), "kek/2"
	want[2].Number.WrappedKey, want[2].Number.KEK = []byte("newer 3"), "kek/3"
	wantEqual(t, "tokens", must(s.TokensAfter(t.Context(), 0, 10))(t, "TokensAfter"), want)
	wantEqual(t, "history", told(t, s, want[0].ID), []string{"seen >ACTIVE"})
	wantEqual(t, "replaced of nothing", must(s.RewrapTokens(t.Context(), nil))(t, "RewrapTokens of nothing"), 0)
}

// The card was forgotten after the re-wrap had read the row: nothing of the number comes back.
func testRewrapWithoutCard(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0))
	read := mustToken(t, s, mustPutToken(t, s, token(1, 0)))
	mustUpdate(t, s, func(tx storage.Tx) error { return tx.DeleteCard(1) })
	replaced := must(s.RewrapTokens(t.Context(), []storage.TokenRewrapping{
		{ID: read.ID, Old: read.Number.WrappedKey, New: []byte("new"), KEK: "kek/2"},
	}))(t, "RewrapTokens")
	wantEqual(t, "replaced", replaced, 0)
	wantEqual(t, "the number", mustToken(t, s, read.ID).Number, storage.TokenNumber{})
}

func testConcurrentTokenRewrap(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	for n := 1; n <= 50; n++ {
		mustPutToken(t, replicas[0], token(n, 0))
	}
	tokens := must(replicas[0].TokensAfter(t.Context(), 0, 100))(t, "TokensAfter")
	replaced := make([]int, len(replicas))
	wantNoErrors(t, each(len(replicas), func(i int) (err error) {
		var changes []storage.TokenRewrapping
		for _, token := range tokens {
			changes = append(changes, storage.TokenRewrapping{ID: token.ID, Old: token.Number.WrappedKey, New: fmt.Append(nil, "by ", i), KEK: "kek/2"})
		}
		replaced[i], err = replicas[i].RewrapTokens(t.Context(), changes)
		return err
	}))
	wantEqual(t, "replaced by both", replaced[0]+replaced[1], 50)
}
