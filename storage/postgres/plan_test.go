package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// whole are the queries that read a table from end to end, on purpose.
var whole = map[string]string{
	"GetAuditHead": "the table has one row",
	"Probe":        "the table has one row",
}

// byIndex are the queries that must go by a certain index. By the primary key they
// would neither scan nor sort, but pass over the rows of everybody else.
var byIndex = map[string]string{
	"ListCardsOfPAN":          "card_finds_pkey",
	"ListCardsOfIssuer":       "cards_by_issuer",
	"ListCardsOfCustomer":     "card_finds_pkey",
	"ListCardsOfLastFour":     "card_finds_pkey",
	"ReadCardFinds":           "card_finds_pkey",
	"ListCardsOfKEK":          "cards_by_kek",
	"NextCardIssuer":          "cards_by_issuer",
	"NextCardKEK":             "cards_by_kek",
	"ForgetNonces":            "nonces_by_time",
	"ForgetAnswers":           "answers_by_time",
	"ListCosignatures":        "audit_cosignatures_by_size",
	"LastCosignature":         "audit_cosignatures_pkey",
	"ListTokensOfCard":        "tokens_by_card",
	"GetEmptyTokenList":       "tokens_by_card",
	"DetachTokens":            "tokens_by_card",
	"ListTokensInChange":      "tokens_in_change_pkey",
	"ListTokensOfKEK":         "tokens_by_kek",
	"NextTokenKEK":            "tokens_by_kek",
	"ListTokenHistory":        "token_history_by_token",
	"LockTokensByReference":   "tokens_reference_requestor_scheme_key",
	"GetTokenByRef":           "tokens_reference_requestor_scheme_key",
	"GetCustomer":             "customers_customer_id_issuer_key",
	"GetCustomers":            "customers_customer_id_issuer_key",
	"GetCustomerForUpdate":    "customers_customer_id_issuer_key",
	"ListCustomersOfIssuer":   "customers_by_issuer",
	"ListCustomersOfKEK":      "customers_by_kek",
	"NextCustomerKEK":         "customers_by_kek",
	"GetConsumer":             "consumers_pkey",
	"GetConsumerForUpdate":    "consumers_pkey",
	"ListConsumersOf":         "consumers_pkey",
	"ListConsumersOfIssuer":   "consumers_by_issuer",
	"ListOptOutsOf":           "opt_outs_pkey",
	"ListOptOuts":             "opt_outs_pkey",
	"GetEnrolmentRequest":     "enrolment_requests_id_key",
	"ListRequestsOfCustomer":  "enrolment_requests_by_customer",
	"ListOpenRequests":        "enrolment_requests_open_pkey",
	"ListFailedRequests":      "enrolment_requests_failed",
	"ListRequestsOfIssuer":    "enrolment_requests_by_issuer",
	"CountOpenRequests":       "enrolment_requests_open_pkey",
	"DeleteEnrolmentRequests": "enrolment_requests_by_time",
	"ListRequestsOfKEK":       "enrolment_requests_by_kek",
	"NextRequestKEK":          "enrolment_requests_by_kek",
	"ListSealedRequests":      "enrolment_requests_sealed",
	"ListDueKinds":            "job_lanes_by_due",
	"ClaimUntriedLanes":       "job_lanes_untried",
	"ClaimLanes":              "job_lanes_by_due",
	"NextOfLane":              "jobs_by_key",
	"ListParkedJobs":          "jobs_parked",
	"CountWaitingJobs":        "jobs_waiting",
	"CountParkedJobs":         "jobs_parked",
	"OldestJob":               "jobs_waiting",
}

// TestQueriesUseIndexes asks the planner how it would run each query if tables were
// large, that is when it may not scan them: no scan and no sorting, whose cost would
// grow with the table.
func TestQueriesUseIndexes(t *testing.T) {
	url := migrated(t)
	conn, err := pgx.Connect(t.Context(), url+"&enable_seqscan=off&enable_bitmapscan=off&plan_cache_mode=force_generic_plan")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	paths, err := filepath.Glob("queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(content), "-- name: ")[1:] {
			header, query, _ := strings.Cut(part, "\n")
			name, _, _ := strings.Cut(header, " ")
			if _, ok := whole[name]; ok {
				continue
			}
			seen++
			plan := explain(t, conn, name, query)
			if !strings.Contains(plan, byIndex[name]) {
				t.Errorf("%s does not go by %s: %s", name, byIndex[name], plan)
			}
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
				t.Errorf("%s scans or sorts:\n%s", name, plan)
			}
		}
	}
	if seen < 14 {
		t.Errorf("found %d queries, want at least 14", seen)
	}
}

// TestAChangeLeavesTheIndexesAlone: a change that touches a column of any index, or of its
// condition, writes a new entry into all of them. What a token's or a request's way changes, but
// for its failure and the end of what is sealed, is in none.
func TestAChangeLeavesTheIndexesAlone(t *testing.T) {
	url := migrated(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for table, want := range map[string][]string{
		"tokens":             {"card_id", "id", "kek", "reference", "requestor", "scheme"},
		"consumers":          {"bid", "customer_id", "issuer"},
		"enrolment_requests": {"accepted_ms", "customer_id", "failed", "id", "issuer", "kek", "no"},
	} {
		if columns := indexedColumns(t, conn, table); !slices.Equal(columns, want) {
			t.Errorf("indexes of %s are of %v, want %v", table, columns, want)
		}
	}
}

// indexedColumns are those that an index has as its key or in its condition, which depends on
// them.
func indexedColumns(t *testing.T, conn *pgx.Conn, table string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
SELECT DISTINCT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND (
    a.attnum = ANY (i.indkey) OR EXISTS (SELECT FROM pg_depend d WHERE d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)
) WHERE i.indrelid = $1::text::regclass AND a.attnum > 0 ORDER BY 1`, table)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// explain returns the plan of a query of which nothing but its text is known.
func explain(t *testing.T, conn *pgx.Conn, name, query string) string {
	t.Helper()
	query, count := numberParameters(query)
	if _, err := conn.Exec(t.Context(), "PREPARE "+name+" AS "+query); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	execute := "EXPLAIN EXECUTE " + name
	if count > 0 {
		execute += "(NULL" + strings.Repeat(", NULL", count-1) + ")"
	}
	return explained(t, conn, execute)
}

// explained returns what an EXPLAIN says.
func explained(t *testing.T, conn *pgx.Conn, statement string) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return strings.Join(lines, "\n")
}

// numberParameters turns sqlc.arg(name) into $1, $2, …, and counts the parameters; it
// writes sqlc.embed(table) as table.*.
func numberParameters(query string) (string, int) {
	query = regexp.MustCompile(`sqlc\.embed\((\w+)\)`).ReplaceAllString(query, "$1.*")
	names := map[string]int{}
	query = regexp.MustCompile(`sqlc\.arg\((\w+)\)`).ReplaceAllStringFunc(query, func(arg string) string {
		if names[arg] == 0 {
			names[arg] = len(names) + 1
		}
		return fmt.Sprintf("$%d", names[arg])
	})
	count := len(names)
	for _, number := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(query, -1) {
		if n, err := strconv.Atoi(number[1]); err == nil {
			count = max(count, n)
		}
	}
	return query, count
}
