package storagetest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// nonce makes the use of a nonce at a moment, since a moment, both in milliseconds as
// for at.
func nonce(text string, ms, since int64) storage.NonceUse {
	return storage.NonceUse{
		Nonce: storage.Nonce{Issuer: "first-bank", Wallet: walletport.ApplePay, Digest: sha256.Sum256([]byte(text))},
		At:    at(ms),
		Since: at(since),
	}
}

func testNonces(t *testing.T, database NewDatabase) {
	withStore(t, database, "a nonce is used once", testUseTwice)
	withStore(t, database, "an old use does not count and is replaced", testUseAgain)
	withStore(t, database, "nonces of other issuers and wallets are others", testUseOfOthers)
	withStore(t, database, "each use of a batch has its own answer", testUseMany)
	withStore(t, database, "of a nonce's uses in one batch the first counts", testUseTwiceAtOnce)
	withStore(t, database, "of many nonces' uses in one batch the first count", testFirstOfMany)
	withStore(t, database, "no uses are no work", func(t *testing.T, s storage.Store) {
		wantEqual(t, "fresh", must(s.UseNonces(t.Context(), nil))(t, "UseNonces"), []bool{})
	})
	withStore(t, database, "old uses are forgotten, the oldest first", testForget)
	withStore(t, database, "what nobody can keep is refused", testUseRefused)
	t.Run("a use outlives the one who recorded it", func(t *testing.T) {
		open := database(t)
		s := open(t)
		mustUse(t, s, nonce("one", 5, 0), nonce("two", 5, 0))
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantReused(t, open(t), nonce("one", 6, 0), nonce("two", 6, 0))
	})
}

func testUseTwice(t *testing.T, s storage.Store) {
	mustUse(t, s, nonce("one", 5, 0))
	for _, second := range []struct{ at, since int64 }{{6, 0}, {5, 5}, {4, 0}, {9, 5}} {
		wantReused(t, s, nonce("one", second.at, second.since))
	}
	ever := nonce("one", 9, 0)
	ever.Since = time.Time{}
	wantReused(t, s, ever)
}

func testUseAgain(t *testing.T, s storage.Store) {
	mustUse(t, s, nonce("one", 5, 0))
	mustUse(t, s, nonce("one", 20, 6))
	wantReused(t, s, nonce("one", 21, 6))
	wantReused(t, s, nonce("one", 21, 20))
	mustUse(t, s, nonce("one", 30, 30))
	// There is one row: had an old one stayed, two would be forgotten.
	wantRecorded(t, s, 1)
}

func testUseOfOthers(t *testing.T, s storage.Store) {
	others := func(ms, since int64) []storage.NonceUse {
		issuer, wallet := nonce("one", ms, since), nonce("one", ms, since)
		issuer.Issuer, wallet.Wallet = "second-bank", walletport.GooglePay
		return []storage.NonceUse{nonce("one", ms, since), issuer, wallet, nonce("two", ms, since)}
	}
	for _, use := range others(1, 0) { // one by one
		mustUse(t, s, use)
		wantReused(t, s, use)
	}
	for _, use := range others(20, 10) {
		mustUse(t, s, use) // replaces its own old use alone
	}
	wantReused(t, s, others(21, 10)...) // and together
	mustUse(t, s, others(40, 30)...)
	wantRecorded(t, s, 4)
}

func testUseMany(t *testing.T, s storage.Store) {
	ofIssuer := func(use storage.NonceUse) storage.NonceUse { use.Issuer = "second-bank"; return use }
	ofWallet := func(use storage.NonceUse) storage.NonceUse { use.Wallet = walletport.GooglePay; return use }
	recent := nonce("recent", 15, 0)
	mustUse(t, s, nonce("old", 5, 0), recent, ofIssuer(recent), ofWallet(recent))
	uses := []storage.NonceUse{nonce("z", 20, 10), nonce("recent", 20, 10), nonce("old", 20, 10), nonce("a", 20, 10)}
	uses = append(uses, ofIssuer(nonce("recent", 20, 16)), ofWallet(nonce("recent", 20, 16))) // for them, it is old
	wantFresh(t, s, uses, true, false, true, true, true, true)
	// What was replaced stands with its new time, what was left alone with its old one.
	uses = []storage.NonceUse{nonce("old", 30, 20), nonce("recent", 30, 16), ofIssuer(nonce("recent", 30, 20)), nonce("a", 30, 21)}
	wantFresh(t, s, uses, false, true, false, true)
	wantRecorded(t, s, 6)
}

func testUseTwiceAtOnce(t *testing.T, s storage.Store) {
	mustUse(t, s, nonce("old", 5, 0), nonce("recent", 15, 0))
	wantFresh(t, s, []storage.NonceUse{
		nonce("new", 20, 10), nonce("old", 20, 10), nonce("recent", 20, 10),
		nonce("new", 21, 10), nonce("old", 22, 10), nonce("recent", 23, 10),
		nonce("new", 40, 30), nonce("old", 40, 30), nonce("recent", 40, 30), // for these the ones before are old
	}, true, true, false, false, false, false, false, false, false)
	// The first stands with its own time.
	wantFresh(t, s, []storage.NonceUse{nonce("new", 50, 20), nonce("old", 50, 21), nonce("recent", 50, 15)}, false, true, false)
	wantRecorded(t, s, 3)
}

// testFirstOfMany uses many nonces twice in one call: each stands with the time of its
// first use, whatever an engine does to their order.
func testFirstOfMany(t *testing.T, s storage.Store) {
	const nonces = 40
	var twice, again []storage.NonceUse
	for i := range nonces {
		twice = append(twice, nonce(fmt.Sprint(i), 20, 10), nonce(fmt.Sprint(i), 40, 10))
		again = append(again, nonce(fmt.Sprint(i), 60, 30))
	}
	wantFresh(t, s, twice, slices.Repeat([]bool{true, false}, nonces)...)
	mustUse(t, s, again...) // the time of the second use would refuse these
}

func testForget(t *testing.T, s storage.Store) {
	wantEqual(t, "of none", must(s.ForgetNonces(t.Context(), at(1000), 10))(t, "ForgetNonces"), 0)
	for i, text := range []string{"d", "b", "a", "e", "c"} { // used at 0, 10, 20, 30, 40
		mustUse(t, s, nonce(text, int64(10*i), 0))
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
		wantReused(t, s, nonce("e", 50, 0))
	}
	for _, want := range []int{1, 0} { // e; c was used at 40, which is not before
		wantEqual(t, "forgotten", must(s.ForgetNonces(t.Context(), at(40), 3))(t, "ForgetNonces"), want)
		wantReused(t, s, nonce("c", 50, 0))
	}
	for _, text := range []string{"a", "b", "d", "e"} {
		mustUse(t, s, nonce(text, 50, 0))
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
		{"a use that would not count", func(u *storage.NonceUse) { u.At = at(9) }, walletport.CodeInternal, "internal"},
	} {
		use := nonce("one", 20, 10)
		c.change(&use)
		_, err := s.UseNonces(t.Context(), []storage.NonceUse{nonce("two", 20, 10), use})
		wantError(t, c.name, err, c.code, c.reason)
	}
	wantRecorded(t, s, 0)
}

// testConcurrentUse has many callers on three replicas use one nonce, first a new
// one, then an old one.
func testConcurrentUse(t *testing.T, open Open) {
	const callers = 24
	replicas := []storage.Store{open(t), open(t), open(t)}
	for round := range int64(5) {
		counts := make([]int, callers)
		wantNoErrors(t, each(callers, func(i int) error {
			use := nonce("one", 1000*round+int64(i), 1000*round) // clocks differ
			fresh, err := replicas[i%len(replicas)].UseNonces(t.Context(), []storage.NonceUse{use})
			if err == nil && fresh[0] {
				counts[i]++
			}
			return err
		}))
		wantEqual(t, fmt.Sprintf("callers who used it in round %d", round), sum(counts), 1)
	}
}

// testConcurrentUses has callers on three replicas use batches of the same nonces,
// each in an order of its own, first new ones, then old ones.
func testConcurrentUses(t *testing.T, open Open) {
	const callers, nonces = 12, 60
	replicas := []storage.Store{open(t), open(t), open(t)}
	for round := range int64(4) {
		answers := make([][]bool, callers)
		batches := make([][]storage.NonceUse, callers)
		wantNoErrors(t, each(callers, func(i int) error {
			for n := range nonces * 3 / 4 {
				number := (5*i + n) % nonces
				batches[i] = append(batches[i], nonce(fmt.Sprint(number), 1000*round+int64(i), 1000*round))
			}
			if i%2 == 1 {
				slices.Reverse(batches[i])
			}
			var err error
			answers[i], err = replicas[i%len(replicas)].UseNonces(t.Context(), batches[i])
			return err
		}))
		winners := map[storage.Nonce]int{}
		for i, batch := range batches {
			for n, use := range batch {
				if answers[i][n] {
					winners[use.Nonce]++
				}
			}
		}
		counts := []int{}
		for _, count := range winners {
			counts = append(counts, count)
		}
		wantEqual(t, fmt.Sprintf("uses of each nonce in round %d", round), counts, slices.Repeat([]int{1}, nonces))
	}
}

func sum(counts []int) int {
	total := 0
	for _, count := range counts {
		total += count
	}
	return total
}

func wantFresh(t testing.TB, s storage.Store, uses []storage.NonceUse, want ...bool) {
	t.Helper()
	wantEqual(t, "fresh", must(s.UseNonces(t.Context(), uses))(t, "UseNonces"), want)
}

func mustUse(t testing.TB, s storage.Store, uses ...storage.NonceUse) {
	t.Helper()
	wantFresh(t, s, uses, slices.Repeat([]bool{true}, len(uses))...)
}

func wantReused(t testing.TB, s storage.Store, uses ...storage.NonceUse) {
	t.Helper()
	wantFresh(t, s, uses, make([]bool, len(uses))...)
}

// wantRecorded counts the uses, and forgets them.
func wantRecorded(t testing.TB, s storage.Store, want int) {
	t.Helper()
	wantEqual(t, "recorded", must(s.ForgetNonces(t.Context(), at(1_000_000), 1000))(t, "ForgetNonces"), want)
}
