package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/storage/storagetest"
)

// killPoints are the moments of a change at which its server is killed. Each has something
// happen at a call of the scheme; then is what ends the server. The change is drawn out by an
// answer that is lost where its job is to be met.
var killPoints = []struct {
	name string
	set  func(b *between, scheme string, then func())
	want string // what becomes of the token
}{
	{"while a job asks, before the scheme says", func(b *between, s string, then func()) {
		b.once(drop, commands[s])
		b.once(func(w http.ResponseWriter, r *http.Request) { then(); drop(w, r) }, aloneOf[s])
	}, "ACTIVE"},
	{"while a job asks, after the scheme said", func(b *between, s string, then func()) {
		b.once(b.done(func() {}), commands[s])
		b.once(b.done(then), aloneOf[s])
	}, "SUSPENDED"},
	{"before the scheme did it", func(b *between, s string, then func()) {
		b.once(func(w http.ResponseWriter, r *http.Request) { then(); drop(w, r) }, commands[s])
	}, "ACTIVE"},
	{"after the scheme did it", func(b *between, s string, then func()) {
		b.once(b.done(then), commands[s])
	}, "SUSPENDED"},
	{"with the answer on its way", func(b *between, s string, then func()) {
		b.once(func(w http.ResponseWriter, r *http.Request) { b.target.ServeHTTP(w, r); then() }, commands[s])
	}, "SUSPENDED"},
}

// aloneOf are the calls by which the schemes are asked for one token.
var aloneOf = map[string]string{"mdes": "search", "vts": "details"}

// TestAServerIsKilledAtEachPoint kills a server at each moment of a change, before its intent
// among them, and wants the change closed as the scheme has it by the next one.
func TestAServerIsKilledAtEachPoint(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			databaseURL := e.url(t)
			h := mustTokenBox(t, "")
			b, file := mustBetween(t, h.box.file)
			h.mustServers(t, 1, databaseURL, quickSchemes, file)
			wants := map[string]string{}
			for card, scheme := range map[int64]string{7001: "mdes", 7002: "vts"} {
				for _, point := range killPoints {
					token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
					h.mustKillWhile(t, token, "suspend", func(then func()) { point.set(b, scheme, then) })
					wants[token.Reference] = point.want
					b.on(nil, commands[scheme], aloneOf[scheme])
				}
				token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
				h.mustKillWhile(t, token, "resume", func(then func()) { // not allowed, so that the scheme is asked before
					b.once(func(w http.ResponseWriter, r *http.Request) { then(); drop(w, r) }, aloneOf[scheme])
				})
				wants[token.Reference] = "ACTIVE"
				b.on(nil, aloneOf[scheme])
			}
			h.wantAllClosed(t, databaseURL, wants)
		})
	}
}

// mustKillWhile asks for a change that set has something happen to, which ends the server, and
// starts it again.
func (h *tokenHouse) mustKillWhile(t *testing.T, token listedToken, action string, set func(then func())) {
	t.Helper()
	victim := h.servers[0]
	set(sync.OnceFunc(func() {
		_ = victim.cmd.Process.Kill()
		<-victim.exited
	}))
	if a := h.caller(0).changeToken(token.ID, action, "kill-"+randomHex(8), ""); a.err == nil && a.code() != "ok" && a.code() != "scheme_outcome_unknown" {
		t.Errorf("the caller of a server that is killed was answered %v", a)
	}
	select {
	case <-victim.exited:
	case <-time.After(patience):
		t.Fatal("the moment never came")
	}
	h.gate.Lock()
	defer h.gate.Unlock()
	h.servers[0] = h.p.mustServe(t)
}

// wantAllClosed waits until no change is open, and wants each token as it should be and as its
// scheme has it, with all records.
func (h *tokenHouse) wantAllClosed(t *testing.T, databaseURL string, wants map[string]string) {
	t.Helper()
	w := &tokenWalk{tokenHouse: h}
	db := h.mustTokenDatabase(t, databaseURL)
	w.wantNoneOpen(t, db)
	tr := mustExport(t, h.at())
	for _, token := range mustStoredTokens(t, db) {
		truth, err := h.truth(token.card, token.ref)
		if want := wants[token.ref]; err != nil || truth.Status != want || token.status != want {
			t.Errorf("token %d should be %s, %v\n%s", token.id, want, err, w.storyOf(token, truth))
		}
		for _, p := range slices.Concat(token.faultsOfHistory(), token.faultsOfDeeds(truth), tr.faultsOf(token)) {
			t.Errorf("token %d: %s\n%s", token.id, p, w.storyOf(token, truth))
		}
	}
	mustVerify(t, h.at(), tr)
}

// TestTwoReplicasChangeOneToken: the same change is one change, whoever asks for it, and
// another one has to wait.
func TestTwoReplicasChangeOneToken(t *testing.T) {
	t.Parallel()
	databaseURL := storagetest.Postgres(t)
	h := mustTokenBox(t, "")
	b, file := mustBetween(t, h.box.file)
	h.mustServers(t, 2, databaseURL, quickSchemes, file)
	wants := map[string]string{}
	for card, scheme := range map[int64]string{7001: "mdes", 7002: "vts"} {
		token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
		wants[token.Reference] = "SUSPENDED"
		sent, goOn := make(chan struct{}), make(chan struct{})
		b.once(func(w http.ResponseWriter, r *http.Request) {
			close(sent)
			<-goOn
			b.target.ServeHTTP(w, r)
		}, commands[scheme])
		answers := make([]answer, 3)
		var callers sync.WaitGroup
		ask := func(n int) {
			callers.Go(func() { answers[n] = h.caller(n).changeToken(token.ID, "suspend", scheme+"-"+randomHex(8), "") })
		}
		ask(0)
		<-sent
		if a := h.caller(1).changeToken(token.ID, "deactivate", scheme+"-other", ""); a.status != http.StatusConflict || a.problem().Code != "token_change_in_progress" {
			t.Errorf("%s: another change: %v", scheme, a)
		}
		ask(1)
		ask(2)
		close(goOn)
		callers.Wait()
		for _, a := range answers {
			if a.code() != "ok" && a.code() != "token_transition_not_allowed" { // who came when it was done
				t.Errorf("%s: the same change: %v", scheme, a)
			}
		}
		if n := b.count(commands[scheme]); n != 1 {
			t.Errorf("%s: sent %d times", scheme, n)
		}
		b.on(nil, commands[scheme])
	}
	h.wantAllClosed(t, databaseURL, wants)
}

// TestTheDatabaseGoesAwayDuringAChange takes PostgreSQL away while a change is with the
// scheme, which does it or not.
func TestTheDatabaseGoesAwayDuringAChange(t *testing.T) {
	t.Parallel()
	databaseURL := storagetest.Postgres(t)
	database, through := mustLine(t, databaseURL)
	h := mustTokenBox(t, "")
	b, file := mustBetween(t, h.box.file)
	h.mustServers(t, 1, through, quickSchemes+"audit: {commit_timeout: 2s}\n", file)
	wants := map[string]string{}
	for _, c := range []struct {
		name   string
		card   int64
		status string
		play   http.HandlerFunc
	}{
		{"between intent and scheme", 7001, "ACTIVE", func(w http.ResponseWriter, r *http.Request) {
			database.set(lineCut)
			drop(w, r)
		}},
		{"between answer and outcome", 7002, "SUSPENDED", func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			b.target.ServeHTTP(answer, r)
			database.set(lineCut)
			w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := commands[schemeOf[c.card]]
			token := h.mustFindToken(t, c.card, h.mustAddToken(t, c.card, "ACTIVE"))
			wants[token.Reference] = c.status
			b.once(c.play, call)
			a := h.caller(0).changeToken(token.ID, "suspend", "away-"+randomHex(8), "")
			if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("the change: %v", a)
			}
			database.set(lineWorks)
			b.on(nil, call)
			eventually(t, "the server is ready again", h.caller(0).isReady)
		})
	}
	h.wantAllClosed(t, databaseURL, wants)
}
