package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to read a database behind the program's back
)

// settleTime bounds how long it may take until no change is open: a job whose questions
// failed waits longer each time.
const settleTime = time.Minute

// storedToken is a token's row.
type storedToken struct {
	id, card                               int64
	ref, status, change, action, state, by string
	holders                                []string
	history                                []storedEntry
}

// storedEntry is one of a token's history.
type storedEntry struct{ what, was, becomes, change, action, channel, answer string }

// mustTokenDatabase opens the issuer's database for reading.
func (h *tokenHouse) mustTokenDatabase(t *testing.T, databaseURL string) *sql.DB {
	t.Helper()
	return h.mustDatabase(t, databaseURL, "?mode=ro")
}

// mustDatabase opens the issuer's database; how is for that of SQLite.
func (h *tokenHouse) mustDatabase(t *testing.T, databaseURL, how string) *sql.DB {
	t.Helper()
	driver, name := "sqlite", "file:"+filepath.Join(h.issuerDir(), "walletport.db")+how
	if databaseURL != "" {
		driver, name = "pgx", databaseURL
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// issuerDir is the folder of the issuer's server.
func (h *tokenHouse) issuerDir() string {
	if h.p != nil {
		return h.p.dir
	}
	return h.dir
}

// mustStoredTokens reads all tokens with their histories.
func mustStoredTokens(t *testing.T, db *sql.DB) []*storedToken {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rows, err := db.QueryContext(ctx, "SELECT id, card_id, reference, status, holders, change_id, change_action, change_state, change_by FROM tokens ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []*storedToken
	for rows.Next() {
		token, holders := &storedToken{}, ""
		if err := rows.Scan(&token.id, &token.card, &token.ref, &token.status, &holders, &token.change, &token.action, &token.state, &token.by); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(holders), &token.holders); err != nil {
			t.Fatal(err)
		}
		all = append(all, token)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, token := range all {
		token.mustReadHistory(ctx, t, db)
	}
	return all
}

func (s *storedToken) mustReadHistory(ctx context.Context, t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(ctx, "SELECT what, was, becomes, change_id, action, channel, answer FROM token_history WHERE token_id = $1 ORDER BY seq", s.id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e storedEntry
		if err := rows.Scan(&e.what, &e.was, &e.becomes, &e.change, &e.action, &e.channel, &e.answer); err != nil {
			t.Fatal(err)
		}
		s.history = append(s.history, e)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// wantSettled wants that everything is as it should be once nobody acts any more.
func (w *tokenWalk) wantSettled(t *testing.T, databaseURL string) {
	t.Helper()
	if a := w.atSandbox(http.MethodDelete, "/faults", ""); a.status != http.StatusNoContent {
		t.Fatalf("the faults are not cleared: %v", a)
	}
	db := w.mustTokenDatabase(t, databaseURL)
	w.wantNoneOpen(t, db)
	truths := w.wantTruth(t, db)
	stored := mustStoredTokens(t, db)
	tr := mustExport(t, w.at())
	outcomes := map[string]int{}
	for _, token := range stored {
		problems := append(token.faultsOfHistory(), token.faultsOfDeeds(truths[token.ref])...)
		problems = append(problems, tr.faultsOf(token)...)
		for _, p := range problems {
			t.Errorf("seed %d, token %d, %s: %s\n%s", w.seed, token.id, token.ref, p, w.storyOf(token, truths[token.ref]))
		}
		for _, e := range token.history {
			outcomes[e.channel+" "+e.what]++
		}
	}
	w.wantAnswersRecorded(t, tr)
	mustVerify(t, w.at(), tr)
	w.wantNoNumbers(t, databaseURL, tr)
	t.Logf("seed %d: %d tokens, %d answers to changes, history %v", w.seed, len(stored), len(w.changes), outcomes)
}

// wantNoneOpen waits until no change is open.
func (w *tokenWalk) wantNoneOpen(t *testing.T, db *sql.DB) {
	t.Helper()
	end := time.Now().Add(settleTime)
	for {
		var open int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM tokens WHERE change_state IN ('asked', 'unknown')").Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
		time.Sleep(10 * pollEvery)
	}
	for _, token := range mustStoredTokens(t, db) {
		if token.state == "asked" || token.state == "unknown" {
			truth, _ := w.truth(token.card, token.ref)
			t.Errorf("seed %d: the change of token %d stays open, its job %s\n%s", w.seed, token.id, jobOf(t, db, token.id), w.storyOf(token, truth))
		}
	}
	t.FailNow()
}

// jobOf is what is known of the job that closes the change of a token.
func jobOf(t *testing.T, db *sql.DB, id int64) string {
	t.Helper()
	var attempts, due int64
	var reason string
	err := db.QueryRowContext(t.Context(), "SELECT j.attempts, j.reason, l.due_ms FROM jobs j JOIN job_lanes l ON l.head = j.id WHERE j.key_id = $1", id).
		Scan(&attempts, &reason, &due)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("was tried %d times, %s, and is due in %s", attempts, reason, time.Until(time.UnixMilli(due)).Round(time.Second))
}

// wantTruth wants every token listed as its scheme has it, and returns what the schemes have.
func (w *tokenWalk) wantTruth(t *testing.T, db *sql.DB) map[string]tokenStory {
	t.Helper()
	truths := map[string]tokenStory{}
	for _, token := range w.tokens {
		truth, err := w.truth(token.card, token.ref)
		if err != nil {
			t.Fatal(err)
		}
		truths[token.ref] = truth
	}
	var differs []string
	is := func() bool {
		differs = nil
		listed := map[string]string{}
		for card := range schemeOf {
			tokens, _ := w.caller(0).tokensOf(card, "end-"+randomHex(8))
			for _, token := range tokens {
				listed[token.Reference] = token.Status
			}
		}
		for ref, truth := range truths {
			if listed[ref] != truth.Status {
				differs = append(differs, ref)
			}
		}
		return len(differs) == 0
	}
	for end := time.Now().Add(patience); !is() && time.Now().Before(end); {
		time.Sleep(10 * pollEvery)
	}
	for _, token := range mustStoredTokens(t, db) {
		truth := truths[token.ref]
		slices.Sort(token.holders)
		slices.Sort(truth.Suspenders)
		isSaid := schemeOf[token.card] == "mdes" && truth.Status == "SUSPENDED" // Visa does not say who holds a token
		if slices.Contains(differs, token.ref) || isSaid && !slices.Equal(token.holders, truth.Suspenders) {
			t.Errorf("seed %d: token %d is not listed as its scheme has it\n%s", w.seed, token.id, w.storyOf(token, truth))
		}
	}
	if len(differs) > 0 {
		t.Errorf("seed %d: not listed as the scheme has them: %v", w.seed, differs)
	}
	return truths
}

// storyOf is what is known of a token that is not as it should be.
func (w *tokenWalk) storyOf(token *storedToken, truth tokenStory) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stored: %s held by %v, change %s %s %s\n", token.status, token.holders, token.change, token.action, token.state)
	fmt.Fprintf(&b, "scheme: %s held by %v\n", truth.Status, truth.Suspenders)
	for _, d := range truth.History {
		fmt.Fprintf(&b, "  scheme: %s %s by %s\n", d.At, d.Call, d.By)
	}
	for _, e := range token.history[max(0, len(token.history)-30):] {
		fmt.Fprintf(&b, "  history: %+v\n", e)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, known := range w.tokens {
		if known.ref == token.ref {
			for _, line := range known.story[max(0, len(known.story)-30):] {
				fmt.Fprintf(&b, "  %s\n", line)
			}
		}
	}
	return b.String()
}

// wantAnswersRecorded wants the end of each change that was answered on record: with the same
// request, or with the change that was waited for.
func (w *tokenWalk) wantAnswersRecorded(t *testing.T, tr trail) {
	t.Helper()
	done := map[string]bool{}
	for _, r := range tr.records {
		if r.Outcome == "ok" {
			done[r.Details["change_id"]] = true
		}
	}
	for _, a := range w.changes {
		recorded := slices.ContainsFunc(tr.byID[a.requestID], func(r record) bool {
			return r.Outcome != "started" && (a.code() != "ok" || done[r.Details["change_id"]])
		})
		if !recorded && a.code() != "audit_unavailable" && a.code() != "store_unavailable" {
			t.Errorf("seed %d: answered %v, recorded %+v", w.seed, a, tr.byID[a.requestID])
		}
	}
}
