package storagetest

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// nonce makes the use of a nonce at a moment, in milliseconds as for at.
func nonce(text string, ms int64) storage.NonceUse {
	digest := sha256.Sum256([]byte(text))
	return storage.NonceUse{Issuer: "first-bank", Wallet: walletport.ApplePay, Digest: digest[:], At: at(ms)}
}

func testNonces(t *testing.T, database NewDatabase) {
	withStore(t, database, "a nonce is used once", testUseTwice)
	withStore(t, database, "an old use does not count and is replaced", testUseAgain)
	withStore(t, database, "nonces of other issuers and wallets are others", func(t *testing.T, s storage.Store) {
		first, other, wallet := nonce("one", 1), nonce("one", 1), nonce("one", 1)
		other.Issuer = "second-bank"
		wallet.Wallet = walletport.GooglePay
		uses := []storage.NonceUse{first, other, wallet, nonce("two", 1)}
		for _, use := range uses {
			mustUse(t, s, use, at(0))
			wantReused(t, s, use, at(0))
		}
		for _, use := range uses {
			use.At = at(20)
			mustUse(t, s, use, at(10)) // replaces its own old use alone
		}
	})
	withStore(t, database, "old uses are forgotten, the oldest first", testForget)
	withStore(t, database, "what nobody can keep is refused", testUseRefused)
	t.Run("a use outlives the one who recorded it", func(t *testing.T) {
		open := database(t)
		s := open(t)
		mustUse(t, s, nonce("one", 5), at(0))
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantReused(t, open(t), nonce("one", 6), at(0))
	})
}

func testUseTwice(t *testing.T, s storage.Store) {
	mustUse(t, s, nonce("one", 5), at(0))
	for _, second := range []struct{ at, since int64 }{{6, 0}, {5, 5}, {4, 0}, {9, 5}} {
		wantReused(t, s, nonce("one", second.at), at(second.since))
	}
	wantReused(t, s, nonce("one", 9), time.Time{}) // since ever
}

func testUseAgain(t *testing.T, s storage.Store) {
	mustUse(t, s, nonce("one", 5), at(0))
	mustUse(t, s, nonce("one", 20), at(6))
	wantReused(t, s, nonce("one", 21), at(6))
	wantReused(t, s, nonce("one", 21), at(20))
	mustUse(t, s, nonce("one", 30), at(30))
	// There is one row: had an old one stayed, two would be forgotten.
	wantEqual(t, "forgotten", must(s.ForgetNonces(t.Context(), at(1000), 10))(t, "ForgetNonces"), 1)
}

func testForget(t *testing.T, s storage.Store) {
	wantEqual(t, "of none", must(s.ForgetNonces(t.Context(), at(1000), 10))(t, "ForgetNonces"), 0)
	for i, text := range []string{"d", "b", "a", "e", "c"} { // used at 0, 10, 20, 30, 40
		mustUse(t, s, nonce(text, int64(10*i)), at(0))
	}
	for _, f := range []struct {
		before int64
		limit  int
		want   int
	}{
		{0, 10, 0}, {40, 0, 0}, {40, -1, 0},
		{40, 3, 3}, // d, b, a
	} {
		wantEqual(t, "forgotten", must(s.ForgetNonces(t.Context(), at(f.before), f.limit))(t, "ForgetNonces"), f.want)
		wantReused(t, s, nonce("e", 50), at(0))
	}
	for _, want := range []int{1, 0} { // e; c was used at 40, which is not before
		wantEqual(t, "forgotten", must(s.ForgetNonces(t.Context(), at(40), 3))(t, "ForgetNonces"), want)
		wantReused(t, s, nonce("c", 50), at(0))
	}
	for _, text := range []string{"a", "b", "d", "e"} {
		mustUse(t, s, nonce(text, 50), at(0))
	}
}

func testUseRefused(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name   string
		change func(*storage.NonceUse)
		code   walletport.Code
		reason string
	}{
		{"an issuer with a zero", func(u *storage.NonceUse) { u.Issuer = "zero \x00" }, walletport.CodeInvalid, "text_malformed"},
		{"a wallet that is not UTF-8", func(u *storage.NonceUse) { u.Wallet = "broken \xff" }, walletport.CodeInvalid, "text_malformed"},
		{"no digest", func(u *storage.NonceUse) { u.Digest = nil }, walletport.CodeInternal, "internal"},
		{"a digest that is none", func(u *storage.NonceUse) { u.Digest = []byte(strings.Repeat("n", 31)) }, walletport.CodeInternal, "internal"},
		{"a use that would not count", func(u *storage.NonceUse) { u.At = at(9) }, walletport.CodeInternal, "internal"},
	} {
		use := nonce("one", 20)
		c.change(&use)
		wantError(t, c.name, s.UseNonce(t.Context(), use, at(10)), c.code, c.reason)
	}
	wantEqual(t, "recorded", must(s.ForgetNonces(t.Context(), at(1000), 10))(t, "ForgetNonces"), 0)
}

// testConcurrentUse has many callers on three replicas use one nonce, first a new
// one, then an old one.
func testConcurrentUse(t *testing.T, open Open) {
	const callers = 24
	replicas := []storage.Store{open(t), open(t), open(t)}
	for round := range int64(5) {
		used := 0
		for _, err := range each(callers, func(i int) error {
			use := nonce("one", 1000*round+int64(i)) // clocks differ
			return replicas[i%len(replicas)].UseNonce(t.Context(), use, at(1000*round))
		}) {
			if err == nil {
				used++
				continue
			}
			wantError(t, "UseNonce", err, walletport.CodeConflict, "nonce_reused")
		}
		if used != 1 {
			t.Errorf("round %d: %d callers used the nonce, want 1", round, used)
		}
	}
}

func mustUse(t testing.TB, s storage.Store, use storage.NonceUse, since time.Time) {
	t.Helper()
	if err := s.UseNonce(t.Context(), use, since); err != nil {
		t.Fatalf("UseNonce: %v", err)
	}
}

func wantReused(t testing.TB, s storage.Store, use storage.NonceUse, since time.Time) {
	t.Helper()
	wantError(t, "UseNonce", s.UseNonce(t.Context(), use, since), walletport.CodeConflict, "nonce_reused")
}
