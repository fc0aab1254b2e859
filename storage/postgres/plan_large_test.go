package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// dense are queries of which every third row is one, of an issuer or of a key: they may as well
// go by the numbers.
var dense = map[string]bool{"ListRequestsOfIssuer": true, "ListRequestsOfKEK": true}

// TestQueriesOfManyRequests asks the planner how it runs the queries of requests when it knows
// that there are 100,000 open ones and as many that are completed, and may do as it likes: by a
// scan of them it would read what is long over.
func TestQueriesOfManyRequests(t *testing.T) {
	url := migrated(t)
	conn, err := pgx.Connect(t.Context(), url+"&plan_cache_mode=force_generic_plan")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range []string{`
INSERT INTO enrolment_requests (
    id, action, customer_id, bid, issuer, number, card_id, print, sealed, wrapped_key, kek,
    state, failed, faults, reference, sends, sent_ms, accepted_ms, updated_ms, ended_ms, by_whom, client, channel
) SELECT
    n::text, 'enrol_card', n % 100000, '123456', 'issuer ' || n % 3, n::text, n, '', 'sealed', 'key',
    CASE WHEN n > 100000 THEN 'kek/' || n % 3 ELSE '' END, CASE WHEN n > 100000 THEN 'accepted' ELSE 'completed' END,
    CASE WHEN n <= 100000 AND n % 50 = 0 THEN 1 ELSE 0 END, '[]', 'trace', 1, n, n, n,
    CASE WHEN n > 100000 THEN 0 ELSE n END, 'someone', 'client', 'portfolio'
FROM generate_series(1, 200000) AS n`,
		"INSERT INTO enrolment_requests_open SELECT no FROM enrolment_requests WHERE ended_ms = 0",
		"ANALYZE",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile("queries/enrolments.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(content), "-- name: ")[1:] {
		header, query, _ := strings.Cut(part, "\n")
		name, _, _ := strings.Cut(header, " ")
		plan := explain(t, conn, name, query)
		if !dense[name] && !strings.Contains(plan, byIndex[name]) {
			t.Errorf("%s does not go by %s:\n%s", name, byIndex[name], plan)
		}
		for _, scan := range []string{"Seq Scan", "Sort", "Merge Join", "Hash Join"} {
			if strings.Contains(plan, scan) {
				t.Errorf("%s has a %s:\n%s", name, scan, plan)
			}
		}
	}
}
