package e2e_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// enrolRow is a request as an operator's list shows it.
type enrolRow struct {
	ID       string `json:"requestId"`
	Customer string `json:"customerId"`
	Action   string `json:"action"`
	State    string `json:"state"`
	Result   string `json:"result"`
	Faults   []struct {
		Reason string `json:"reason"`
	} `json:"faults"`
	TraceID string `json:"visaTraceId"`
	Sends   int    `json:"sends"`
}

// outcome is SUCCESS, or the reasons of what was wrong, as a caller reads them.
func (r enrolRow) outcome() string {
	if r.Result != "FAILED" {
		return r.Result
	}
	var reasons []string
	for _, f := range r.Faults {
		reasons = append(reasons, f.Reason)
	}
	return strings.Join(reasons, " ")
}

// mustRows returns all requests of the house, in the order in which they were accepted.
func (h *enrolHouse) mustRows(t *testing.T) (rows []enrolRow) {
	t.Helper()
	lines := json.NewDecoder(strings.NewReader(mustRun(t, "", h.at().with("clicktopay", "list", "--issuer", serveIssuer, "--limit", "100000", "--json")...)))
	for lines.More() {
		var row enrolRow
		if err := lines.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows
}

// storedConsumer is a consumer's row.
type storedConsumer struct {
	number                 string
	isEnrolled, isInactive bool
	cards                  []int64 // that are enrolled
	open                   int
}

func mustStoredConsumers(t *testing.T, db *sql.DB) map[string]storedConsumer {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT number, enrolled, inactive, cards, open_count FROM consumers")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]storedConsumer{}
	for rows.Next() {
		var c storedConsumer
		var cards string
		var known []struct {
			ID    int64  `json:"id"`
			State string `json:"state"`
		}
		if err := rows.Scan(&c.number, &c.isEnrolled, &c.isInactive, &cards, &c.open); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(cards), &known); err != nil {
			t.Fatal(err)
		}
		for _, card := range known {
			if card.State == "enrolled" {
				c.cards = append(c.cards, card.ID)
			}
		}
		all[c.number] = c
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// wantTruth wants that everything is as it should be once nobody acts any more.
func (w *enrolWalk) wantTruth(t *testing.T, databaseURL string) {
	t.Helper()
	if a := w.atSandbox(http.MethodDelete, "/faults", ""); a.status != http.StatusNoContent {
		t.Fatalf("the faults are not cleared: %v", a)
	}
	db := w.mustTokenDatabase(t, databaseURL)
	began := time.Now()
	w.wantAllCompleted(t, db)
	t.Logf("seed %d: quiet after %s", w.seed, time.Since(began).Round(time.Millisecond))
	truths, err := w.truths(w.sandbox())
	if err != nil {
		t.Fatal(err)
	}
	rows, tr := w.mustRows(t), mustExport(t, w.at())
	changes := w.wantRecorded(t, rows, tr)
	w.wantTold(t, rows)
	lives, results := map[string]enrolLife{}, map[string]int{}
	for _, row := range rows {
		results[row.outcome()]++
	}
	for _, c := range w.consumers {
		own := slices.DeleteFunc(slices.Clone(rows), func(row enrolRow) bool { return row.Customer != c.number })
		life := enrolLife{newModel(c.enrolConsumer), own, changes, truths[c.number], c.isShared}
		lives[c.number] = life
		for _, p := range life.problems() {
			t.Errorf("seed %d, customer %s: %s\n%s", w.seed, c.number, p, life.storyOf(c))
		}
	}
	w.wantSameEverywhere(t, db, lives)
	mustVerify(t, w.at(), tr)
	t.Logf("seed %d: %d requests of %d calls, %v", w.seed, len(rows), len(w.asked), results)
}

// wantAllCompleted waits until every request is completed.
func (w *enrolWalk) wantAllCompleted(t *testing.T, db *sql.DB) {
	t.Helper()
	end, letGo := time.Now().Add(2*settleTime), time.Now()
	for {
		var open int
		if err := db.QueryRowContext(t.Context(), "SELECT coalesce(sum(open_count), 0) FROM consumers").Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
		if time.Now().After(letGo) {
			for _, c := range w.consumers {
				c.isHeld.Store(true)
				c.isStuck.Store(true)
				w.letGo(c)
			}
			letGo = time.Now().Add(time.Second)
		}
		time.Sleep(5 * pollEvery)
	}
	for _, row := range w.mustRows(t) {
		if row.State != "completed" {
			t.Errorf("seed %d: a request stays open: %+v", w.seed, row)
		}
	}
	t.FailNow()
}

// wantRecorded wants each request recorded when it was accepted and when it ended, and returns
// what each asked for: also those whose answer was lost.
func (w *enrolWalk) wantRecorded(t *testing.T, rows []enrolRow, tr trail) map[string]*enrolChange {
	t.Helper()
	changes, ends := map[string]*enrolChange{}, map[string][]string{}
	for _, r := range tr.records {
		id := r.Details["request"]
		switch c := w.asked[r.RequestID]; {
		case id == "":
		case r.Details["result"] != "":
			ends[id] = append(ends[id], r.Details["result"]+" "+r.Outcome)
		case c != nil && r.Outcome == "ok":
			changes[id] = c
		}
	}
	for _, row := range rows {
		want := "FAILED " + strings.Fields(row.outcome() + " ?")[0]
		if row.Result == "SUCCESS" {
			want = "SUCCESS ok"
		}
		if got := ends[row.ID]; !slices.Equal(got, []string{want}) {
			t.Errorf("seed %d: the end of request %s, %s, is recorded as %q", w.seed, row.ID, row.outcome(), got)
		}
		if c := changes[row.ID]; c == nil || c.action != row.Action || c.consumer.number != row.Customer {
			t.Fatalf("seed %d: request %+v was accepted without a record, or with that of %+v", w.seed, row, c)
		}
	}
	return changes
}

// wantTold wants every request that was accepted among the rows, and its end told to callers
// as it stands there.
func (w *enrolWalk) wantTold(t *testing.T, rows []enrolRow) {
	t.Helper()
	stored := map[string]string{}
	for _, row := range rows {
		stored[row.ID] = row.outcome()
	}
	for n, id := range slices.Compact(slices.Sorted(slices.Values(w.accepted))) {
		status, ok := w.statusOf(t, n, id)
		if !ok || status.Status != "COMPLETED" || status.outcome() != stored[id] || w.outcomes[id] != "" && w.outcomes[id] != stored[id] {
			t.Errorf("seed %d: request %s was accepted, is told to be %+v, was told to be %q, and stored is %q", w.seed, id, status, w.outcomes[id], stored[id])
		}
	}
}

// wantSameEverywhere wants what is stored and what is read to be what Visa has. Where others
// changed what is enrolled, it is after Visa's word was taken.
func (w *enrolWalk) wantSameEverywhere(t *testing.T, db *sql.DB, lives map[string]enrolLife) {
	t.Helper()
	before := mustStoredConsumers(t, db)
	run(t, "", w.at().with("clicktopay", "reconcile", "--issuer", serveIssuer, "--repair", "take", "--rate", "200")...) // 1: data differs, as it was overridden
	after := mustStoredConsumers(t, db)
	for _, c := range w.consumers {
		life, truth := lives[c.number], lives[c.number].truth
		if len(truth.History) == 0 && after[c.number].open == 0 && !after[c.number].isEnrolled {
			continue // nothing reached Visa
		}
		want := storedConsumer{number: c.number, isEnrolled: truth.Status != "NOT_ENROLLED", isInactive: truth.Status == "INACTIVE", cards: c.cardsOf(truth)}
		if fmt.Sprint(after[c.number]) != fmt.Sprint(want) {
			t.Errorf("seed %d, customer %s: stored after a comparison is %+v, want %+v\n%s", w.seed, c.number, after[c.number], want, life.storyOf(c))
		}
		if !c.isShared && fmt.Sprint(before[c.number]) != fmt.Sprint(want) {
			t.Errorf("seed %d, customer %s: stored is %+v, want %+v\n%s", w.seed, c.number, before[c.number], want, life.storyOf(c))
		}
		w.wantRead(t, c, life.model, truth)
	}
}

// cardsOf are the cards that Visa has, in the order of their ids.
func (c enrolConsumer) cardsOf(truth visaTruth) (ids []int64) {
	for _, card := range truth.Cards {
		for k, last := range c.last {
			if strings.HasSuffix(card.AccountNumber, last) {
				ids = append(ids, c.cards[k])
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// wantRead reads a consumer.
func (w *enrolWalk) wantRead(t *testing.T, c *walkedConsumer, model *modelConsumer, truth visaTruth) {
	t.Helper()
	a := w.caller(int(c.cards[0])).clickToPay(http.MethodPost, "/customer/"+c.number, byBID(nil))
	if truth.Status == "NOT_ENROLLED" {
		if a.code() != "customer_not_enrolled" {
			t.Errorf("seed %d, customer %s is not enrolled: %v", w.seed, c.number, a)
		}
		return
	}
	var p profile
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != http.StatusOK {
		t.Errorf("seed %d, customer %s: %v", w.seed, c.number, a)
		return
	}
	var cards []string
	for _, card := range c.cardsOf(truth) {
		cards = append(cards, strconv.FormatInt(card, 10))
	}
	if p.CustomerInformation.Status != truth.Status || len(p.CustomerInformation.Email) != truth.Emails || !slices.Equal(p.cards(), cards) {
		t.Errorf("seed %d, customer %s: read %+v, and Visa has %+v", w.seed, c.number, p, truth)
	}
	if c.isShared {
		return
	}
	cities := map[int64]string{}
	for _, card := range p.PaymentInstruments {
		id, _ := strconv.ParseInt(card.CardID, 10, 64)
		cities[id] = card.BillingAddress.City
	}
	if fmt.Sprint(cities) != fmt.Sprint(model.cities) || !slices.Equal(p.CustomerInformation.Email, model.emails) {
		t.Errorf("seed %d, customer %s: read %+v, want %v %v", w.seed, c.number, p, model.emails, model.cities)
	}
}

// storyOf is what is known of a consumer who is not as they should be.
func (life enrolLife) storyOf(c *walkedConsumer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Visa: %s, %d e-mail addresses, %v; expected %s %v %v\n", life.truth.Status, life.truth.Emails, life.truth.Cards, life.model.status(), life.model.emails, life.model.cities)
	for _, d := range life.truth.History {
		fmt.Fprintf(&b, "  Visa: %s %s by %s for %s: %v, effect %v\n", d.At.Format("05.000"), d.Call, d.By, d.RequestID, d.Outcome, d.TookEffect)
	}
	for _, row := range life.rows {
		fmt.Fprintf(&b, "  row: %+v\n", row)
	}
	for _, line := range c.story {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}
