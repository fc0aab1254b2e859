package e2e_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

// changeOnce is changeToken under an Idempotency-Key.
func (c caller) changeOnce(id, action, key string) answer {
	r, err := http.NewRequest(http.MethodPut, c.base+"/v1/tokens/"+id+"/"+action+"?auditUser=ada%40bank.example", http.NoBody)
	if err != nil {
		return answer{err: err}
	}
	r.Header.Set("X-Request-Id", action+"-"+randomHex(8))
	r.Header.Set("Idempotency-Key", key)
	c.authorize(r)
	return c.do(r)
}

// TestAKeyCountsOnAllReplicas sends one request again and again to two replicas: while it
// runs, when it is done, and when the one that ran it was killed.
func TestAKeyCountsOnAllReplicas(t *testing.T) {
	t.Parallel()
	databaseURL := storagetest.Postgres(t)
	h := mustTokenBox(t, "")
	b, file := mustBetween(t, h.box.file)
	h.mustServers(t, 2, databaseURL, quickSchemes, file)
	token := h.mustFindToken(t, 7001, h.mustAddToken(t, 7001, "ACTIVE"))
	sent, goOn := make(chan struct{}), make(chan struct{})
	b.once(func(w http.ResponseWriter, r *http.Request) {
		close(sent)
		<-goOn
		b.target.ServeHTTP(w, r)
	}, commands["mdes"])
	var first answer
	var callers sync.WaitGroup
	callers.Go(func() { first = h.caller(0).changeOnce(token.ID, "suspend", "one") })
	<-sent
	for n := range 2 {
		if a := h.caller(n).changeOnce(token.ID, "suspend", "one"); a.code() != "idempotency_in_progress" || a.header.Get("Retry-After") != "1" {
			t.Errorf("replica %d, while it runs: %v", n, a)
		}
	}
	close(goOn)
	callers.Wait()
	if first.code() != "ok" || first.header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("the first: %v", first)
	}
	if a := h.caller(1).changeToken(token.ID, "resume", "resume-"+randomHex(8), ""); a.code() != "ok" {
		t.Fatalf("resumed without a key: %v", a)
	}
	again := make([]answer, 2)
	for n := range again {
		again[n] = h.caller(n).changeOnce(token.ID, "suspend", "one")
		if again[n].status != first.status || again[n].body != first.body || again[n].header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("replica %d: %v, and the first was %v", n, again[n], first)
		}
		if a := h.caller(n).changeOnce(token.ID, "deactivate", "one"); a.status != http.StatusUnprocessableEntity || a.code() != "idempotency_key_reused" {
			t.Errorf("replica %d, another request: %v", n, a)
		}
	}
	if n := b.count(commands["mdes"]); n != 1 {
		t.Errorf("the scheme was sent %d suspensions, want 1", n)
	}
	tr := mustExport(t, h.at())
	for _, a := range again {
		if found := tr.byID[a.requestID]; len(found) != 1 || found[0].Outcome != "ok" || found[0].Action != "tokens.suspend" || found[0].AuditUser != "ada@bank.example" || found[0].Details["repeats"] != first.requestID {
			t.Errorf("recorded of %v: %+v", a, found)
		}
	}

	t.Run("killed", func(t *testing.T) {
		before := b.count(commands["mdes"])
		h.mustKillWhileOnce(t, token, "two", func(then func()) { b.once(b.done(then), commands["mdes"]) })
		if a := h.caller(1).changeOnce(token.ID, "suspend", "two"); a.code() != "idempotency_in_progress" {
			t.Errorf("within the lease: %v", a)
		}
		mustExec(t, mustConnect(t, databaseURL), "UPDATE answers SET until_ms = 0 WHERE status = 0") // as if it were over
		var a answer
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			if a = h.caller(1).changeOnce(token.ID, "suspend", "two"); a.status != http.StatusServiceUnavailable {
				break
			}
		}
		if a.code() != "ok" {
			t.Errorf("after it: %v", a)
		}
		if n := b.count(commands["mdes"]) - before; n != 1 {
			t.Errorf("the scheme was sent %d changes, want 1", n)
		}
	})
	mustVerify(t, h.at(), mustExport(t, h.at()))
}

// mustKillWhileOnce has the first server killed while it suspends a token under a key, at a
// moment that set chooses, and starts it again.
func (h *tokenHouse) mustKillWhileOnce(t *testing.T, token listedToken, key string, set func(then func())) {
	t.Helper()
	victim := h.servers[0]
	set(sync.OnceFunc(func() {
		_ = victim.cmd.Process.Kill()
		<-victim.exited
	}))
	if a := h.caller(0).changeOnce(token.ID, "suspend", key); a.err == nil {
		t.Errorf("the caller of a server that is killed was answered %v", a)
	}
	h.gate.Lock()
	defer h.gate.Unlock()
	h.servers[0] = h.p.mustServe(t)
}
