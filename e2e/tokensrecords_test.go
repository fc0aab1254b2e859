package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// faultsOfHistory looks for changes that the table forbids, and for changes without an end.
func (s *storedToken) faultsOfHistory() (faults []string) {
	asked, ended := map[string]bool{}, map[string]int{}
	for _, e := range s.history {
		switch e.what {
		case "asked":
			if to, allowed := tokenTable[e.was][e.action]; !allowed || to != e.becomes {
				faults = append(faults, fmt.Sprintf("%s was sent for a token that was known as %s", e.action, e.was))
			}
			if asked[e.change] {
				faults = append(faults, "the change "+e.change+" was asked for twice")
			}
			asked[e.change] = true
		case "done", "not_done":
			ended[e.change]++
		}
	}
	for change := range asked {
		if ended[change] != 1 {
			faults = append(faults, fmt.Sprintf("the change %s has %d ends", change, ended[change]))
		}
	}
	for change := range ended {
		if !asked[change] {
			faults = append(faults, "the change "+change+" ended, and nobody had asked")
		}
	}
	return faults
}

// deedsOf are what the schemes call what an action does.
var deedsOf = map[string][]string{
	"activate": {"activate", "CALL_CENTER_ACTIVATION"}, "suspend": {"suspend", "SUSPEND"},
	"resume": {"unsuspend", "RESUME"}, "deactivate": {"delete", "DELETE"},
}

// undoneWithin is for how long a deed must have stood to be seen by whoever looks.
const undoneWithin = 5 * time.Second

// wasUndone reports whether somebody else did something right after the issuer did.
func wasUndone(truth tokenStory) bool {
	for i, d := range truth.History {
		next := truth.History[i+1:]
		if d.By == "ISSUER" && len(next) > 0 && next[0].By != "ISSUER" && next[0].At.Sub(d.At) < undoneWithin {
			return true
		}
	}
	return false
}

// faultsOfDeeds compares what the scheme did for the issuer with what the issuer knows to be
// done: nothing was sent twice, and nothing was done that is taken for not done. That others
// did what the issuer wanted counts as done. What others undid at once may be taken for not
// done: Visa keeps no history that could be asked, and in Mastercard's an entry may be of an
// earlier change that a job closed right before.
func (s *storedToken) faultsOfDeeds(truth tokenStory) (faults []string) {
	known := map[string]int{}
	for _, e := range s.history {
		isJudged := e.what == "not_done" && e.channel == "job"
		if e.what == "done" || isJudged && (schemeOf[s.card] == "vts" || wasUndone(truth)) {
			known[e.action]++
		}
	}
	for action, calls := range deedsOf {
		did := 0
		for _, d := range truth.History {
			if d.By == "ISSUER" && (d.Call == calls[0] || d.Call == calls[1]) {
				did++
			}
		}
		if did > known[action] {
			faults = append(faults, fmt.Sprintf("the scheme did %s %d times, and %d are known to be done", action, did, known[action]))
		}
	}
	return faults
}

// faultsOf looks for changes of a token without their records: one that it was begun, and one
// of each end that the history has.
func (tr trail) faultsOf(token *storedToken) (faults []string) {
	began, ended := map[string]int{}, map[string]map[string]bool{}
	for _, r := range tr.records {
		change := r.Details["change_id"]
		if change == "" || r.Details["token_id"] != strconv.FormatInt(token.id, 10) {
			continue
		}
		if r.Outcome == "started" {
			began[change]++
			if to, allowed := tokenTable[r.Details["from_status"]][strings.TrimPrefix(r.Action, "tokens.")]; !allowed || to != r.Details["to_status"] {
				faults = append(faults, fmt.Sprintf("recorded as begun: %+v", r))
			}
			continue
		}
		if ended[change] == nil {
			ended[change] = map[string]bool{}
		}
		ended[change][r.Outcome] = true
	}
	for _, e := range token.history {
		wants := map[string]string{"done": "ok", "not_done": e.answer, "unknown": "scheme_outcome_unknown"}
		switch want, isEnd := wants[e.what]; {
		case e.what == "asked" && began[e.change] != 1:
			faults = append(faults, fmt.Sprintf("%d records that the change %s was begun", began[e.change], e.change))
		case isEnd && !ended[e.change][want]:
			faults = append(faults, fmt.Sprintf("no record that the change %s ended as %s %s, only %v", e.change, e.what, e.answer, ended[e.change]))
		}
	}
	return faults
}

// wantNoNumbers looks for the numbers of cards and tokens wherever something is written.
func (w *tokenWalk) wantNoNumbers(t *testing.T, databaseURL string, tr trail) {
	t.Helper()
	numbers := w.mustNumbers(t)
	logs := w.box.out.String()
	for _, s := range w.servers {
		logs += s.out.String()
	}
	for _, p := range w.killed {
		logs += p.out.String()
	}
	places := map[string]string{"the audit export": tr.text, "the logs": logs, "the metrics": w.caller(0).get("/metrics").body}
	places["tokens list"] = mustRun(t, "", w.at().with("tokens", "list", "7002")...)
	for _, token := range w.tokens[:4] {
		places["tokens show "+token.id] = mustRun(t, "", w.at().with("tokens", "show", token.id)...) +
			mustRun(t, "", w.at().with("tokens", "show", token.id, "--json")...)
	}
	if w.p != nil {
		if places["the traces"] = w.spans.received.String(); !strings.Contains(places["the traces"], "/v1/tokens/{tokenId}/{action}") {
			t.Error("no spans arrived")
		}
	}
	if databaseURL == "" {
		for _, name := range []string{"walletport.db", "walletport.db-wal"} {
			places[name] = mustRead(t, filepath.Join(w.issuerDir(), name))
		}
		if !strings.Contains(places["walletport.db"]+places["walletport.db-wal"], w.tokens[0].ref) {
			t.Error("the database does not hold a token: there is nothing to look through")
		}
	} else {
		root, own := mustClusterOf(t, databaseURL)
		for _, folder := range []string{own, "pg_wal"} {
			places[folder] = mustReadAll(t, filepath.Join(root, folder))
		}
		if log, err := os.ReadFile(filepath.Join(filepath.Dir(root), "log")); err == nil {
			places["the log of the database"] = string(log)
		}
		if !strings.Contains(places[own], w.tokens[0].ref) {
			t.Error("the database does not hold a token: there is nothing to look through")
		}
	}
	for place, content := range places {
		for i, number := range numbers {
			for j, form := range forms(number) {
				if strings.Contains(content, form) {
					t.Errorf("seed %d: %s holds number %d in form %d", w.seed, place, i, j)
				}
			}
		}
	}
}

// mustNumbers returns the numbers of the cards and, as far as the schemes tell, of the tokens.
func (w *tokenWalk) mustNumbers(t *testing.T) (numbers []string) {
	t.Helper()
	for _, card := range typedCards {
		numbers = append(numbers, card.text("pan"))
	}
	c := w.numbersCaller(t)
	for card := range schemeOf {
		tokens, a := c.tokensOf(card, "numbers-"+randomHex(8))
		if a.err != nil {
			t.Fatal(a.err)
		}
		for _, token := range tokens {
			if len(token.Number) == 16 && !strings.Contains(token.Number, "*") && len(numbers) < 20 {
				numbers = append(numbers, token.Number)
			}
		}
	}
	if len(numbers) < 8 {
		t.Errorf("%d numbers are known: too few to look for", len(numbers))
	}
	return numbers
}

// numbersCaller is one who may see whole numbers.
func (w *tokenWalk) numbersCaller(t *testing.T) caller {
	t.Helper()
	if w.p != nil {
		return newCaller(w.caller(0).base, w.p.mustClient(t, "tokens:read", "--scope", "tokens:number"))
	}
	c := w.caller(0)
	c.authorize = withHeader("Authorization", "Bearer "+w.box.file.Credentials.Bearer)
	return c
}
