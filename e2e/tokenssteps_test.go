package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

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
