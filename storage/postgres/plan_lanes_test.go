package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestClaimsOfManyLanes asks the planner how it claims when it knows that there are 100,000
// lanes, nearly all of which were tried, and may do as it likes. It is asked so often that it
// has chosen between a plan for all values and one for these.
func TestClaimsOfManyLanes(t *testing.T) {
	url := migrated(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	mustExec := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	mustExec(`
INSERT INTO job_lanes (key_of, key_id, head, kind, due_ms, claim)
SELECT 'customer', n, n, 'clicktopay.request', n, CASE WHEN n % 1000 = 0 THEN 0 ELSE n END FROM generate_series(1, 100000) AS n`)
	mustExec("ANALYZE")
	content, err := os.ReadFile("queries/jobs.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ClaimUntriedLanes", "ClaimLanes"} {
		_, query, _ := strings.Cut(string(content), "-- name: "+name+" :many\n")
		query, _, _ = strings.Cut(query, "-- name: ")
		query, _ = numberParameters(query)
		mustExec("PREPARE " + name + " AS " + query)
		var plan string
		for range 10 {
			plan = explained(t, conn, "EXPLAIN EXECUTE "+name+"('clicktopay.request', 8, 5000)")
		}
		if !strings.Contains(plan, byIndex[name]) || !strings.Contains(plan, "job_lanes_pkey") {
			t.Errorf("%s does not go by %s and the key:\n%s", name, byIndex[name], plan)
		}
		for _, scan := range []string{"Seq Scan", "Sort", "Merge Join", "Hash Join"} {
			if strings.Contains(plan, scan) {
				t.Errorf("%s has a %s:\n%s", name, scan, plan)
			}
		}
	}
}
