package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
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
				w := &tokenWalk{seed: c.seed, steps: int64(c.steps), ended: make(chan struct{})}
				databaseURL := c.url(t)
				w.tokenHouse = mustTokenHouse(t, c.servers, databaseURL, walkConfig, walkEnv...)
				w.walk(t)
				w.wantSettled(t, databaseURL)
			})
		})
	}
}

// The walk asks the schemes often. A server of its own never leaves them alone; that of the
// sandbox does, as by default.
const walkConfig = "tokens: {max_age: 500ms}\n"

var walkEnv = []string{"WALLETPORT_TOKENS__MAX_AGE=500ms"}

// tokenWalk is random steps of several callers at once. The same seed has each caller try
// the same; how they meet is different each time.
type tokenWalk struct {
	*tokenHouse

	seed  uint64
	steps int64
	taken atomic.Int64  // steps that were begun
	ended chan struct{} // closed when all callers have ended

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
		next = w.taken.Load() + 60 + r.Int64N(100)
	}
}

// kinds are what a step may be, and how often it is in 100 steps.
var kinds = []struct {
	share int
	do    func(w *tokenWalk, t *testing.T, r *rand.Rand, n int, step int64)
}{
	{20, (*tokenWalk).stepList},
	{2, (*tokenWalk).stepCommand},
	{42, (*tokenWalk).stepChange},
	{19, (*tokenWalk).stepOthers},
	{6, (*tokenWalk).stepNew},
	{11, (*tokenWalk).stepFault},
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

// stepList asks for the tokens of a card.
func (w *tokenWalk) stepList(t *testing.T, r *rand.Rand, n int, step int64) {
	card := []int64{7001, 7002, 7003, 7004}[r.IntN(4)]
	listed, a := w.caller(n).tokensOf(card, fmt.Sprintf("list-%d-%d", w.seed, step))
	if a.err != nil {
		return // it was killed
	}
	if a.status != http.StatusOK {
		if a.status != http.StatusServiceUnavailable && a.status != http.StatusTooManyRequests {
			t.Errorf("seed %d step %d: a list: %v", w.seed, step, a)
		}
		return
	}
	w.learn(listed)
}

// learn keeps what was listed.
func (w *tokenWalk) learn(listed []listedToken) {
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, l := range listed {
		for _, token := range w.tokens {
			if token.ref == l.Reference {
				token.id, token.status = l.ID, l.Status
			}
		}
	}
}

// stepChange asks for a change: mostly one that the table allows, and seldom the last one.
func (w *tokenWalk) stepChange(t *testing.T, r *rand.Rand, n int, step int64) {
	token, id, status := w.draw(r)
	if id == "" {
		w.stepList(t, r, n, step)
		return
	}
	action := []string{"activate", "suspend", "resume", "suspend", "resume", "deactivate"}[r.IntN(6)]
	if choices := actionsOf(status); len(choices) > 0 && r.IntN(10) < 7 {
		action = choices[r.IntN(len(choices))]
	}
	if action == "deactivate" && r.IntN(4) > 0 {
		action = "suspend"
	}
	reason := []string{"", "", "lost", "stolen", "fraud", "closed", "other"}[r.IntN(7)]
	a := w.caller(n).changeToken(id, action, fmt.Sprintf("change-%d-%d", w.seed, step), reason)
	w.note(token, step, action, a)
	if a.err != nil {
		return
	}
	if !slices.Contains(changeAnswers, a.code()) {
		t.Errorf("seed %d step %d: %s of token %s: %v", w.seed, step, action, id, a)
	}
	w.lock.Lock()
	w.changes = append(w.changes, a)
	w.lock.Unlock()
	if a.status == http.StatusOK {
		w.learn([]listedToken{a.mustToken(t)})
	}
}

// stepCommand has an operator change a token, by a process of its own on the same database,
// and kills every second one at any moment.
func (w *tokenWalk) stepCommand(t *testing.T, r *rand.Rand, n int, step int64) {
	token, id, status := w.draw(r)
	choices := actionsOf(status)
	lives := 100*time.Millisecond + time.Duration(r.Int64N(int64(900*time.Millisecond)))
	isKilled := r.IntN(2) == 0
	if id == "" || len(choices) == 0 {
		w.stepList(t, r, n, step)
		return
	}
	if !isKilled {
		lives = runTimeout
	}
	ctx, cancel := context.WithTimeout(t.Context(), lives)
	defer cancel()
	action := choices[r.IntN(len(choices))]
	cmd := exec.CommandContext(ctx, built.path, w.at().with("tokens", action, id, "--reason", "other")...)
	cmd.Env = cleanEnv()
	out, err := cmd.CombinedOutput()
	if !isKilled && ctx.Err() != nil {
		t.Errorf("seed %d step %d: the command does not end: %s", w.seed, step, out)
	}
	w.note(token, step, "command "+action, answer{err: fmt.Errorf("%w %s", err, out)})
}

// changeAnswers are what a change may be answered while schemes fail at random.
var changeAnswers = []string{
	"ok", "token_transition_not_allowed", "suspended_by_others", "token_change_in_progress", "scheme_outcome_unknown",
	"scheme_unavailable", "scheme_no_answer", "scheme_answer_unreadable", "scheme_rate_limited", "scheme_access_refused",
	"scheme_request_refused", "scheme_refused", "scheme_signature_spent", "audit_unavailable", "store_unavailable", "timed_out",
}

// actionsOf are what the table allows, in an order that is always the same.
func actionsOf(status string) (actions []string) {
	for action := range tokenTable[status] {
		actions = append(actions, action)
	}
	slices.Sort(actions)
	return actions
}

// stepOthers has the cardholder or the token requestor do something.
func (w *tokenWalk) stepOthers(_ *testing.T, r *rand.Rand, _ int, step int64) {
	token, _, _ := w.draw(r)
	as := []string{"CARDHOLDER", "TOKEN_REQUESTOR"}[r.IntN(2)]
	do := []string{"suspend", "resume", "resume", "suspend", "resume", "resume", "delete"}[r.IntN(7)]
	if do == "delete" && r.IntN(3) > 0 {
		do = "resume"
	}
	a := w.act(token.card, token.ref, as, do)
	if a.status == http.StatusOK {
		w.note(token, step, as+" "+do, a)
	}
}

// enoughTokens are so many that are alive that no more are needed.
const enoughTokens = 20

// stepNew puts a card into a wallet again, which the issuer sees with the next list.
func (w *tokenWalk) stepNew(t *testing.T, r *rand.Rand, n int, step int64) {
	w.lock.Lock()
	alive := 0
	for _, token := range w.tokens {
		if token.status != "DEACTIVATED" {
			alive++
		}
	}
	w.lock.Unlock()
	card := []int64{7001, 7002, 7003, 7004}[r.IntN(4)]
	inactive := r.IntN(2) == 0
	if alive >= enoughTokens {
		w.stepList(t, r, n, step)
		return
	}
	ref, err := w.newToken(card, inactive, fmt.Sprintf("new-%d-%d", w.seed, step))
	if err != nil {
		return // the sandbox was killed
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	known := slices.ContainsFunc(w.tokens, func(token *walkedToken) bool { return token.ref == ref })
	if !known { // else it is one that came back to the phone
		w.tokens = append(w.tokens, &walkedToken{card: card, ref: ref, status: "ACTIVE"})
	}
}

// What may go wrong, as often as it stands here, and where.
var (
	walkFaults = []string{
		"slow", "error_5xx", "error_5xx", "drop_before", "drop_before", "drop_after_commit", "drop_after_commit", "drop_after_commit",
		"garbage", "garbage", "wrong_key", "wrong_signature", "rate_limited",
	}
	walkCalls = map[string][]string{
		"mdes": strings.Fields("* search statushistory activate suspend suspend unsuspend unsuspend delete"),
		"vts":  strings.Fields("* retrieveTokenInfo details lifecycle lifecycle lifecycle"),
	}
)

// stepFault has something go wrong with one of the next calls.
func (w *tokenWalk) stepFault(t *testing.T, r *rand.Rand, _ int, step int64) {
	scheme := []string{"mdes", "vts"}[r.IntN(2)]
	calls := walkCalls[scheme]
	a := w.fault(scheme, calls[r.IntN(len(calls))], walkFaults[r.IntN(len(walkFaults))], 1+r.IntN(2), r.Uint64N(1000))
	if a.err == nil && a.status != http.StatusCreated {
		t.Errorf("seed %d step %d: a fault: %v", w.seed, step, a)
	}
}
