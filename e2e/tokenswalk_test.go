package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

// TestTokensOfARandomWalk has issuer, cardholders, token requestors and wallets act on the
// tokens of both schemes at random, with faults on the way to the schemes and kills of
// everything that runs, 5,000 steps in all. When it is quiet again no change is open, what is
// stored is what the schemes have, nothing was done that the table forbids, each change has its
// records, and no number of a card or token stands where it must not.
func TestTokensOfARandomWalk(t *testing.T) {
	t.Parallel()
	postgres := func(t *testing.T) string { return storagetest.Postgres(t) }
	sqlite := func(*testing.T) string { return "" }
	var walks sync.WaitGroup
	defer walks.Wait()
	for _, c := range []struct {
		name           string
		seed           uint64
		steps, servers int
		url            func(*testing.T) string
	}{
		{"the sandbox alone", 1, 1400, 0, sqlite},
		{"the sandbox alone on PostgreSQL", 2, 600, 0, postgres},
		{"a server of its own", 3, 1500, 1, sqlite},
		{"a server of its own and another seed", 4, 900, 1, sqlite},
		{"two replicas", 5, 600, 2, postgres},
	} {
		// All at once, for they mostly wait: that of parallel tests is as many as processors.
		walks.Go(func() {
			t.Run(c.name, func(t *testing.T) {
				w := &tokenWalk{seed: c.seed, steps: int64(c.steps), ended: make(chan struct{}), spans: startCollector(t)}
				databaseURL := c.url(t)
				w.tokenHouse = mustTokenHouse(t, c.servers, databaseURL, walkConfig+talkative(w.spans.URL), walkEnv...)
				w.walk(t)
				w.wantSettled(t, databaseURL)
			})
		})
	}
}

// The walk asks the schemes often. A server of its own never leaves them alone; that of the
// sandbox does, as by default.
const walkConfig = "tokens: {max_age: 500ms}\n"

// talkative has a server say everything that it can, so that more can be looked through.
func talkative(collector string) string {
	return fmt.Sprintf("log: {level: debug}\ntrace: {endpoint: %q, sample_ratio: 1}\n", collector+"/v1/traces")
}

var walkEnv = []string{"WALLETPORT_TOKENS__MAX_AGE=500ms"}

// tokenWalk is random steps of several callers at once. The same seed has each caller try
// the same; how they meet is different each time.
type tokenWalk struct {
	*tokenHouse

	seed  uint64
	steps int64
	taken atomic.Int64  // steps that were begun
	ended chan struct{} // closed when all callers have ended
	spans *collector    // of servers of the issuer's own

	lock    sync.Mutex
	tokens  []*walkedToken
	changes []answer // that were asked for
}

// walkedToken is a token as the callers know it. Its members are guarded by tokenWalk.lock.
type walkedToken struct {
	card            int64
	ref, id, status string
	story           []string // what was done to it, and what was answered
}

const walkCallers = 20

func (w *tokenWalk) walk(t *testing.T) {
	t.Helper()
	for card := range schemeOf {
		for _, inactive := range []bool{true, false} {
			ref, err := w.newToken(card, inactive, "first-"+randomHex(8))
			if err != nil {
				t.Fatal(err)
			}
			w.tokens = append(w.tokens, &walkedToken{card: card, ref: ref, status: "ACTIVE"})
		}
	}
	slices.SortFunc(w.tokens, func(a, b *walkedToken) int { return int(a.card - b.card) })
	var callers sync.WaitGroup
	for n := range walkCallers {
		callers.Go(func() {
			r := rand.New(rand.NewPCG(w.seed, uint64(n)))
			for {
				step := w.taken.Add(1)
				if step > w.steps {
					return
				}
				w.step(t, r, n, step)
			}
		})
	}
	go func() {
		callers.Wait()
		close(w.ended)
	}()
	w.killUntilEnd(t)
}

// killUntilEnd kills something now and then, until the callers have ended.
func (w *tokenWalk) killUntilEnd(t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(w.seed, 1<<32))
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for next := int64(50); ; {
		select {
		case <-w.ended:
			return
		case <-tick.C:
		}
		if w.taken.Load() < next {
			continue
		}
		if n := r.IntN(len(w.servers) + 1); n < len(w.servers) {
			w.mustKillServer(t, n)
		} else {
			w.mustKillSandbox(t)
		}
		next = w.taken.Load() + 40 + r.Int64N(80)
	}
}

// kinds are what a step may be, and how often it is in 100 steps.
var kinds = []struct {
	share int
	do    func(w *tokenWalk, t *testing.T, r *rand.Rand, n int, step int64)
}{
	{17, (*tokenWalk).stepList},
	{3, (*tokenWalk).stepCommand},
	{42, (*tokenWalk).stepChange},
	{17, (*tokenWalk).stepOthers},
	{6, (*tokenWalk).stepNew},
	{15, (*tokenWalk).stepFault},
}

func (w *tokenWalk) step(t *testing.T, r *rand.Rand, n int, step int64) {
	drawn := r.IntN(100)
	for _, k := range kinds {
		if drawn -= k.share; drawn < 0 {
			k.do(w, t, r, n, step)
			return
		}
	}
}

// draw returns one of the tokens and its state as it was heard of last. Those that are gone
// are drawn seldom.
func (w *tokenWalk) draw(r *rand.Rand) (token *walkedToken, id, status string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	for range 5 {
		if token = w.tokens[r.IntN(len(w.tokens))]; token.status != "DEACTIVATED" {
			break
		}
	}
	return token, token.id, token.status
}

func (w *tokenWalk) note(token *walkedToken, step int64, what string, a answer) {
	w.lock.Lock()
	defer w.lock.Unlock()
	said := fmt.Sprint(a.status, " ", a.problem().Code, " ", a.body)
	if a.err != nil {
		said = a.err.Error()
	}
	token.story = append(token.story, fmt.Sprintf("%s step %d: %s: %.220s", time.Now().Format("05.000"), step, what, said))
}
