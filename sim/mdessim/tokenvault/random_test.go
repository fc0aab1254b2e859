package tokenvault

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
)

// TestRandomActsOfAllParties: whatever they do, and whenever the vault is opened again, a
// token is held exactly while it is suspended, what is deleted stays so, a refusal changes
// nothing, and every act that was done has its line.
func TestRandomActsOfAllParties(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		b := newBench(t)
		var tokens []string
		done := map[string]int{}
		for range 300 {
			b.now = b.now.Add(time.Duration(random.IntN(48)) * time.Hour)
			if len(tokens) < 6 {
				requestor := []string{google, applePay, merchant}[random.IntN(3)]
				token := b.digitize(t, requestor, "somewallet", random.IntN(2) == 0)
				if done[token.TokenUniqueReference] == 0 {
					tokens = append(tokens, token.TokenUniqueReference)
				}
				done[token.TokenUniqueReference]++
			}
			ref := tokens[random.IntN(len(tokens))]
			act := Act{
				Call: []Call{Activate, Suspend, Unsuspend, Suspend, Unsuspend, Delete, Resend}[random.IntN(7)],
				By:   []Party{Issuer, Cardholder, TokenRequestor}[random.IntN(3)], FromApp: random.IntN(4) > 0,
			}
			before, _ := b.Token(ref)
			_, err := b.Apply(ref, act)
			if random.IntN(50) == 0 {
				b.reopen(t)
			}
			after, _ := b.Token(ref)
			switch {
			case err == nil:
				done[ref]++
			case walletport.CodeOf(err) != walletport.CodeConflict:
				t.Fatal(err)
			case !cmp.Equal(before, after):
				t.Fatalf("seed %d: %+v was refused, and changed %+v to %+v", seed, act, before, after)
			}
			if before.Status == StatusDeactivated && err == nil || (after.Status == StatusSuspended) != (len(after.Suspenders) > 0) {
				t.Fatalf("seed %d: %+v made of %+v %+v", seed, act, before, after)
			}
		}
		for _, ref := range tokens {
			if lines := len(b.ledger.Versions(ref)); lines != done[ref] {
				t.Errorf("seed %d: %d lines of %d acts", seed, lines, done[ref])
			}
		}
	}
}
