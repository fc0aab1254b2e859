package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

// TestClickToPayOfARandomWalk has issuers enrol, change and delete many consumers at random,
// with faults on the way to Visa, others who act on the same consumers, and kills of everything
// that runs, 5,000 steps in all. When it is quiet again each request that was accepted is
// completed and says what Visa did, what is stored and read is what Visa has, nothing was
// applied twice, and no two requests of one consumer overlapped.
func TestClickToPayOfARandomWalk(t *testing.T) {
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
		{"the sandbox alone", 1, 1500, 0, sqlite},
		{"the sandbox alone on PostgreSQL", 2, 1200, 0, postgres},
		{"a server of its own", 3, 1100, 1, sqlite},
		{"two replicas", 4, 1200, 2, postgres},
	} {
		// All at once, for they mostly wait: that of parallel tests is as many as processors.
		walks.Go(func() {
			t.Run(c.name, func(t *testing.T) {
				databaseURL := c.url(t)
				w := &enrolWalk{
					enrolHouse: mustEnrolHouse(t, walkedConsumers, c.servers, databaseURL), seed: c.seed, steps: int64(c.steps),
					ended: make(chan struct{}), asked: map[string]*enrolChange{}, outcomes: map[string]string{},
				}
				for i, consumer := range w.enrolHouse.consumers {
					w.consumers = append(w.consumers, &walkedConsumer{enrolConsumer: consumer, isShared: i%5 == 0})
					w.consumers[i].isGone.Store(true)
				}
				w.walk(t)
				w.wantTruth(t, databaseURL)
			})
		})
	}
}

const (
	walkedConsumers = 60
	enrolCallers    = 16
)

// enrolWalk is random steps of several callers at once. The same seed has each caller try the
// same; how they meet is different each time.
type enrolWalk struct {
	*enrolHouse

	seed      uint64
	steps     int64
	taken     atomic.Int64  // steps that were begun
	ended     chan struct{} // closed when all callers have ended
	consumers []*walkedConsumer

	lock     sync.Mutex
	asked    map[string]*enrolChange // by the id of the call that asked for it
	accepted []string                // requests, each once or several times
	outcomes map[string]string       // of those that were seen completed
	keyed    []*enrolChange          // whose calls had an Idempotency-Key
}

// walkedConsumer is a consumer as the callers know it.
type walkedConsumer struct {
	enrolConsumer

	isShared bool         // others change what is enrolled
	gate     sync.RWMutex // held for writing by a caller who wants no other one to ask for something
	isHeld   atomic.Bool  // another writer may have the lock
	isStuck  atomic.Bool  // Visa may have been told to let a request wait
	isGone   atomic.Bool  // nothing was enrolled, as it was heard of last
	lock     sync.Mutex
	open     []string // requests that were not seen completed; guarded by lock
	story    []string // what happened; guarded by lock
}

func (c *walkedConsumer) note(format string, args ...any) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.story = append(c.story, time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
}

func (w *enrolWalk) walk(t *testing.T) {
	t.Helper()
	var callers sync.WaitGroup
	for n := range enrolCallers {
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
func (w *enrolWalk) killUntilEnd(t *testing.T) {
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

// enrolKinds are what a step may be, and how often it is in 100 steps.
var enrolKinds = []struct {
	share int
	do    func(w *enrolWalk, t *testing.T, r *rand.Rand, n int, step int64)
}{
	{55, (*enrolWalk).stepChange},
	{5, (*enrolWalk).stepTwice},
	{6, (*enrolWalk).stepKeyAgain},
	{11, (*enrolWalk).stepStatus},
	{6, (*enrolWalk).stepRead},
	{9, (*enrolWalk).stepOthers},
	{8, (*enrolWalk).stepFault},
}

func (w *enrolWalk) step(t *testing.T, r *rand.Rand, n int, step int64) {
	drawn := r.IntN(100)
	for _, k := range enrolKinds {
		if drawn -= k.share; drawn < 0 {
			k.do(w, t, r, n, step)
			return
		}
	}
}

// draw returns one of the consumers.
func (w *enrolWalk) draw(r *rand.Rand) *walkedConsumer { return w.consumers[r.IntN(len(w.consumers))] }

// enrolPaths are the calls that change something.
var enrolPaths = map[string]struct{ method, path string }{
	"enrol_customer":      {http.MethodPost, "/enroll/customer/%s"},
	"enrol_card":          {http.MethodPost, "/enroll/card/%s"},
	"update_customer":     {http.MethodPut, "/update/customer/%s"},
	"update_card":         {http.MethodPut, "/update/card/%s"},
	"deactivate_customer": {http.MethodPut, "/update/customer/%s/status"},
	"activate_customer":   {http.MethodPut, "/update/customer/%s/status"},
	"delete_card":         {http.MethodPost, "/delete/card/%s"},
	"delete_customer":     {http.MethodPost, "/delete/customer/%s"},
}

// enrolChange is a change that is asked for.
type enrolChange struct {
	consumer *walkedConsumer
	action   string
	card     int64    // 0 of those that are about none
	emails   []string // that override those which are stored; nil overrides nothing
	city     string   // same
	key      string   // Idempotency-Key, or ""
	id       string   // of the request, once it is known; guarded by enrolWalk.lock
}

// path is where a change is asked for.
func (c *enrolChange) path() string {
	of := c.consumer.number
	switch c.action {
	case "enrol_card", "update_card", "delete_card":
		of = fmt.Sprint(c.card)
	}
	return fmt.Sprintf(enrolPaths[c.action].path, of)
}

func (c *enrolChange) body() members {
	body := byBID(nil)
	switch c.action {
	case "enrol_customer":
		body["cardId"] = []int64{c.card}
	case "deactivate_customer", "activate_customer":
		body["active"] = c.action == "activate_customer"
	}
	if c.emails != nil {
		body["overrides"] = members{"emails": c.emails}
	}
	if c.city != "" {
		body["cardOverrides"] = members{"city": c.city}
	}
	return body
}

// drawChange draws what may be asked for of a consumer.
func (c *walkedConsumer) drawChange(r *rand.Rand) *enrolChange {
	change, likely := &enrolChange{consumer: c, action: enrolActions[r.IntN(len(enrolActions))]}, r.IntN(4) > 0
	if likely && c.isGone.CompareAndSwap(true, false) {
		change.action = "enrol_customer"
	}
	hasEmails, hasCity := false, false
	switch change.action {
	case "enrol_customer":
		hasEmails, hasCity = true, true
	case "enrol_card", "update_card":
		hasCity = true
	case "update_customer":
		hasEmails = true
	}
	email, isOverridden, isOfCard := r.IntN(3), r.IntN(2) == 0, r.IntN(len(c.cards))
	if hasEmails && isOverridden {
		change.emails = [][]string{{"a@mail.example"}, {"a@mail.example", "b@mail.example"}, {"c@mail.example"}}[email]
	}
	if hasCity && isOverridden {
		change.city = []string{"Bern", "Oslo", "Rome"}[email]
	}
	switch change.action {
	case "enrol_customer", "enrol_card", "update_card", "delete_card":
		change.card = c.cards[isOfCard]
	}
	return change
}

// enrolActions are the actions, as often as they are drawn.
var enrolActions = []string{
	"enrol_customer", "enrol_card", "enrol_card", "enrol_card", "update_customer", "update_customer", "update_customer", "update_card", "update_card",
	"update_card", "deactivate_customer", "activate_customer", "delete_card", "delete_card", "delete_customer",
}
