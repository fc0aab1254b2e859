package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// notNow is what any call may be answered while everything is killed at random.
var notNow = []string{"audit_unavailable", "store_unavailable", "timed_out"}

// ask asks for a change and returns the id of its request; "" where it was not accepted, or
// nobody knows.
func (w *enrolWalk) ask(t *testing.T, n int, name string, c *enrolChange) (string, answer) {
	w.lock.Lock()
	w.asked[name] = c
	w.lock.Unlock()
	headers := []func(*http.Request){withHeader("X-Request-Id", name)}
	if c.key != "" {
		headers = append(headers, withHeader("Idempotency-Key", c.key))
	}
	a := w.caller(n).clickToPay(enrolPaths[c.action].method, c.path(), c.body(), headers...)
	var said struct {
		RequestTraceID string `json:"requestTraceId"`
	}
	if a.err == nil && a.status == http.StatusAccepted {
		a.err = json.Unmarshal([]byte(a.body), &said)
	}
	c.consumer.note("%s: %s %d %v %q: %s %.120v", name, c.action, c.card, c.emails, c.city, said.RequestTraceID, a.problem().Code)
	if said.RequestTraceID == "" {
		return "", a
	}
	w.lock.Lock()
	w.accepted, c.id = append(w.accepted, said.RequestTraceID), said.RequestTraceID
	w.lock.Unlock()
	c.consumer.lock.Lock()
	c.consumer.open = append(c.consumer.open, said.RequestTraceID)
	c.consumer.lock.Unlock()
	return said.RequestTraceID, a
}

// wantAsked wants a change accepted, or refused by nothing but a kill.
func (w *enrolWalk) wantAsked(t *testing.T, name string, a answer, others ...string) {
	t.Helper()
	if a.err == nil && a.status != http.StatusAccepted && !slices.Contains(append(others, notNow...), a.code()) {
		t.Errorf("seed %d, %s: %v", w.seed, name, a)
	}
}

// enoughOpen is how many requests of one consumer may be open before nothing more is asked for.
const enoughOpen = 3

func (c *walkedConsumer) firstOpen() (id string, isEnough bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.open) == 0 {
		return "", false
	}
	return c.open[0], len(c.open) >= enoughOpen
}

// stepChange asks for a change; one in four has a key by which it is once.
func (w *enrolWalk) stepChange(t *testing.T, r *rand.Rand, n int, step int64) {
	consumer := w.draw(r)
	change, isKeyed := consumer.drawChange(r), r.IntN(4) == 0
	if id, isEnough := consumer.firstOpen(); isEnough {
		w.lookAt(t, n, consumer, id)
		return
	}
	consumer.gate.RLock()
	defer consumer.gate.RUnlock()
	name := fmt.Sprintf("change-%d-%d", w.seed, step)
	if isKeyed {
		change.key = "key-" + name
	}
	_, a := w.ask(t, n, name, change)
	w.wantAsked(t, name, a)
	if isKeyed {
		w.lock.Lock()
		w.keyed = append(w.keyed, change)
		w.lock.Unlock()
	}
}

// stepTwice asks for the same twice, and nobody for anything else of this consumer meanwhile:
// the second call is given the first's request, unless that is completed.
func (w *enrolWalk) stepTwice(t *testing.T, r *rand.Rand, n int, step int64) {
	consumer := w.draw(r)
	change := consumer.drawChange(r)
	consumer.gate.Lock()
	defer consumer.gate.Unlock()
	name := fmt.Sprintf("twice-%d-%d", w.seed, step)
	first, a := w.ask(t, n, name+"-a", change)
	w.wantAsked(t, name, a)
	second, b := w.ask(t, n+1, name+"-b", change)
	w.wantAsked(t, name, b)
	if first == "" || second == "" || first == second {
		return
	}
	if status, ok := w.statusOf(t, n, first); ok && status.Status != "COMPLETED" {
		t.Errorf("seed %d, %s: the same is asked for by %s and by %s, and the first is %s", w.seed, name, first, second, status.Status)
	}
}

// stepKeyAgain makes a call with a key again: as it was, or with another content.
func (w *enrolWalk) stepKeyAgain(t *testing.T, r *rand.Rand, n int, step int64) {
	w.lock.Lock()
	if len(w.keyed) == 0 {
		w.lock.Unlock()
		return
	}
	change := w.keyed[r.IntN(len(w.keyed))]
	first := change.id
	w.lock.Unlock()
	isOther := r.IntN(3) == 0 && first != ""
	change.consumer.gate.RLock()
	defer change.consumer.gate.RUnlock()
	name := fmt.Sprintf("again-%d-%d", w.seed, step)
	if !isOther {
		id, a := w.ask(t, n, name, change)
		w.wantAsked(t, name, a, "idempotency_in_progress")
		if first != "" && id != "" && id != first {
			t.Errorf("seed %d, %s: the same key was given %s and %s", w.seed, name, first, id)
		}
		return
	}
	other := *change
	if other.action = "delete_customer"; change.action == other.action {
		other.action = "activate_customer"
	}
	other.card, other.emails, other.city = 0, nil, ""
	if _, a := w.ask(t, n, name, &other); a.err == nil && a.code() != "idempotency_key_reused" && !slices.Contains(notNow, a.code()) {
		t.Errorf("seed %d, %s: another request by a key that was used: %v", w.seed, name, a)
	}
}

// statusOf asks how far a request has come; ok is false where that is not known now.
func (w *enrolWalk) statusOf(t *testing.T, n int, id string) (status requestStatus, ok bool) {
	a := w.caller(n).clickToPay(http.MethodGet, "/status/"+id, nil)
	if a.err != nil || slices.Contains(notNow, a.code()) {
		return status, false
	}
	if err := json.Unmarshal([]byte(a.body), &status); err != nil || a.status != http.StatusOK {
		t.Errorf("seed %d: the status of %s: %v", w.seed, id, a)
		return status, false
	}
	return status, true
}

// stepStatus asks how far a request has come that was accepted some time.
func (w *enrolWalk) stepStatus(t *testing.T, r *rand.Rand, n int, step int64) {
	consumer := w.draw(r)
	if id, _ := consumer.firstOpen(); id != "" {
		w.lookAt(t, n, consumer, id)
		return
	}
	w.lock.Lock()
	id := ""
	if len(w.accepted) > 0 {
		id = w.accepted[r.IntN(len(w.accepted))]
	}
	w.lock.Unlock()
	if id != "" {
		w.lookAt(t, n, nil, id)
	}
}

// lookAt asks how far a request has come. How it ended never changes: whoever had been told
// before this one asked. An answer may be on its way while others are told more.
func (w *enrolWalk) lookAt(t *testing.T, n int, consumer *walkedConsumer, id string) {
	w.lock.Lock()
	before, wasCompleted := w.outcomes[id]
	w.lock.Unlock()
	status, ok := w.statusOf(t, n, id)
	if !ok {
		return
	}
	w.lock.Lock()
	if status.Status == "COMPLETED" {
		w.outcomes[id] = status.outcome()
	}
	w.lock.Unlock()
	if wasCompleted && (status.Status != "COMPLETED" || status.outcome() != before) {
		t.Errorf("seed %d: request %s had ended: %s, and now is %+v", w.seed, id, before, status)
	}
	if status.Status != "COMPLETED" || consumer == nil {
		return
	}
	consumer.isGone.Store(status.outcome() == "VIDC-2001")
	consumer.lock.Lock()
	defer consumer.lock.Unlock()
	consumer.open = slices.DeleteFunc(consumer.open, func(open string) bool { return open == id })
}

// readAnswers are what a read may be answered while Visa fails at random.
var readAnswers = []string{
	"ok", "customer_not_enrolled", "clicktopay_busy", "scheme_busy", "scheme_unavailable", "scheme_no_answer", "scheme_answer_unreadable", "scheme_rate_limited",
	"scheme_access_refused", "scheme_request_refused", "scheme_signature_spent",
}

func (w *enrolWalk) stepRead(t *testing.T, r *rand.Rand, n int, step int64) {
	consumer := w.draw(r)
	a := w.caller(n).clickToPay(http.MethodPost, "/customer/"+consumer.number, byBID(nil))
	if a.err == nil && !slices.Contains(append(readAnswers, notNow...), a.code()) {
		t.Errorf("seed %d step %d: a read: %v", w.seed, step, a)
	}
}

// othersActs are what others do: to the request that runs, or the next one, and with the lock;
// and to consumers who are shared also to what is enrolled.
var othersActs = [][2]string{
	{"VISA", "decline"}, {"CARDHOLDER", "decline"}, {"VISA", "omit_details"}, {"VISA", "divide"}, {"VISA", "stall"}, {"ANOTHER_WRITER", "lock"},
	{"ANOTHER_WRITER", "deactivate"}, {"CARDHOLDER", "opt_out"}, {"CARDHOLDER", "remove_card"},
}

const actsOnRequests = 6

func (w *enrolWalk) stepOthers(t *testing.T, r *rand.Rand, n int, step int64) {
	for _, c := range w.consumers { // of earlier steps, whose request had not come then
		w.letGo(c)
	}
	consumer, pause := w.draw(r), time.Duration(r.Int64N(int64(700*time.Millisecond)))
	kinds := actsOnRequests // of othersActs
	if consumer.isShared {
		kinds = len(othersActs)
	}
	act, card := othersActs[r.IntN(kinds)], ""
	if act[1] == "remove_card" {
		truths, err := w.truths(w.sandbox())
		cards := truths[consumer.number].Cards
		if err != nil || len(cards) == 0 {
			return
		}
		card = cards[r.IntN(len(cards))].Reference
	}
	a := w.acts(consumer.number, act[0], act[1], card)
	consumer.note("step %d: %s %s: %d", step, act[0], act[1], a.status)
	if a.err == nil && a.status != http.StatusOK && a.status != http.StatusConflict {
		t.Errorf("seed %d step %d: %v: %v", w.seed, step, act, a)
	}
	switch act[1] {
	case "lock":
		w.stepChangeOf(t, r, n, step, consumer)
		time.Sleep(pause)
		consumer.isHeld.Store(true)
	case "stall":
		w.stepChangeOf(t, r, n, step, consumer)
		time.Sleep(pause)
		consumer.isStuck.Store(true)
	}
	w.letGo(consumer)
}

func (w *enrolWalk) stepChangeOf(t *testing.T, r *rand.Rand, n int, step int64, consumer *walkedConsumer) {
	consumer.gate.RLock()
	defer consumer.gate.RUnlock()
	name := fmt.Sprintf("held-%d-%d", w.seed, step)
	_, a := w.ask(t, n, name, consumer.drawChange(r))
	w.wantAsked(t, name, a)
}

// letGo ends what keeps the requests of a consumer waiting. Where none waits yet, the next one
// will.
func (w *enrolWalk) letGo(c *walkedConsumer) {
	for _, held := range []struct {
		is     *atomic.Bool
		as, do string
	}{{&c.isHeld, "ANOTHER_WRITER", "unlock"}, {&c.isStuck, "VISA", "go_on"}} {
		if !held.is.Load() {
			continue
		}
		if a := w.acts(c.number, held.as, held.do, ""); a.err == nil && a.status == http.StatusOK {
			held.is.Store(false)
			c.note("%s", held.do)
		}
	}
}

var (
	enrolFaults = []string{
		"slow", "slow", "error_5xx", "error_5xx", "drop_before", "drop_before", "drop_after_commit", "drop_after_commit", "drop_after_commit",
		"garbage", "garbage", "wrong_key", "wrong_signature", "rate_limited",
	}
	enrolFaulty = []string{
		"*", "getData", "requestStatus", "requestStatus", "enrollData", "enrollData", "enrollPaymentInstruments", "enrollPaymentInstruments", "manageConsumerInformation",
		"manageConsumerInformation", "managePaymentInstruments", "managePaymentInstruments", "deleteConsumerInformation", "deletePaymentInstruments",
	}
)

// stepFault has something go wrong with one of the next calls. What is slow is at most 2 s
// late, if it is done late: the time after which a lost request is thought to be lost is longer.
func (w *enrolWalk) stepFault(t *testing.T, r *rand.Rand, _ int, step int64) {
	call, fault, times, seed := enrolFaulty[r.IntN(len(enrolFaulty))], enrolFaults[r.IntN(len(enrolFaults))], 1+r.IntN(2), r.Uint64N(1000)
	if fault == "slow" {
		seed = seed % 3
	}
	a := w.fault("clicktopay", call, fault, times, seed)
	if a.err == nil && a.status != http.StatusCreated {
		t.Errorf("seed %d step %d: a fault: %v", w.seed, step, a)
	}
}
