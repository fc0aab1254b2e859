package e2e_test

import (
	"net/http"
	"testing"
)

// unkept has the database refuse answers under idempotency keys, and nothing else.
var unkept = map[string]string{
	"SQLite": "CREATE TRIGGER unkept BEFORE UPDATE OF status ON answers WHEN NEW.status <> 0 BEGIN SELECT RAISE(ABORT, 'not kept'); END",
	"PostgreSQL": `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not kept'; END $$;
CREATE TRIGGER unkept BEFORE UPDATE OF status ON answers FOR EACH ROW WHEN (NEW.status <> 0) EXECUTE FUNCTION refuse()`,
}

// TestAKeyIsOfOneRequestThoughItsServerDied between the commit of the request and the keeping of
// its answer: when the request is completed, the call with its key is answered with it, and
// nothing is asked of Visa a second time.
func TestAKeyIsOfOneRequestThoughItsServerDied(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			url := e.url(t)
			h := mustEnrolHouse(t, 1, 1, url)
			customer := h.consumers[0]
			db := h.mustDatabase(t, url, "?_pragma=busy_timeout(10000)")
			exec := func(statement string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			id := h.caller(0).mustAccept(t, http.MethodPost, "/enroll/customer/"+customer.number, byBID(members{"cardId": []int64{customer.cards[0]}}))
			if how := h.caller(0).mustComplete(t, id); how != "SUCCESS" {
				t.Fatalf("the enrolment ended: %s", how)
			}

			exec(unkept[e.name])
			path, body, key := "/update/customer/"+customer.number+"/status", members{"active": false}, withHeader("Idempotency-Key", "one")
			first := h.caller(0).mustAccept(t, http.MethodPut, path, body, key)
			h.servers[0].mustKill(t)
			exec(map[string]string{"SQLite": "DROP TRIGGER unkept", "PostgreSQL": "DROP TRIGGER unkept ON answers"}[e.name])
			h.servers[0] = h.p.mustServe(t)
			if how := h.caller(0).mustComplete(t, first); how != "SUCCESS" {
				t.Fatalf("the change ended: %s", how)
			}
			if a := h.caller(0).clickToPay(http.MethodPut, path, body, key); a.code() != "idempotency_in_progress" {
				t.Errorf("within the lease: %v", a)
			}
			exec("UPDATE answers SET until_ms = 0 WHERE status = 0") // as if it were over
			for range 2 {
				if again := h.caller(0).mustAccept(t, http.MethodPut, path, body, key); again != first {
					t.Errorf("again %s, and the first was %s", again, first)
				}
			}
			if rows := h.mustRows(t); len(rows) != 2 {
				t.Errorf("there are %d requests, want 2: %+v", len(rows), rows)
			}
			truths, err := h.truths(h.sandbox())
			if err != nil {
				t.Fatal(err)
			}
			if deeds := truths[customer.number].History; len(deeds) != 2 {
				t.Errorf("Visa did %+v", deeds)
			}
		})
	}
}
