package sqlite_test

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"
)

// whole are the queries that read a table from end to end, on purpose.
var whole = map[string]string{
	"ListClients":  "lists all clients, in the order of the table",
	"GetAuditHead": "the table has one row",
	"SetAuditHead": "the table has one row",
	"Probe":        "the table has one row",
	"CountImports": "the table has a row for each import that is under way or was broken off",

	"ListFindsOfCard": "reads the values of all cards, if an import is under way or was broken off",

	"CountWaitingJobs":  "scans what its index has listed, up to a limit",
	"CountParkedJobs":   "scans what its index has listed, up to a limit",
	"CountOpenRequests": "scans what its index has listed, up to a limit",
}

// byIndex are the queries that must go by a certain index. By the primary key they
// would neither scan nor sort, but pass over the rows of everybody else.
var byIndex = map[string]string{
	"ListCardsOfPAN":          "PRIMARY KEY",
	"ListCardsOfIssuer":       "cards_by_issuer",
	"ListCardsOfCustomer":     "PRIMARY KEY",
	"ListCardsOfLastFour":     "PRIMARY KEY",
	"ListCardsOfKEK":          "cards_by_kek",
	"NextCardIssuer":          "cards_by_issuer",
	"NextCardKEK":             "cards_by_kek",
	"ForgetNonces":            "nonces_by_time",
	"ForgetAnswers":           "answers_by_time",
	"ListTokensOfCard":        "tokens_by_card",
	"GetEmptyTokenList":       "tokens_by_card",
	"DetachTokens":            "tokens_by_card",
	"ListTokensInChange":      "tokens_in_change",
	"ListTokensOfKEK":         "tokens_by_kek",
	"NextTokenKEK":            "tokens_by_kek",
	"ListTokenHistory":        "token_history_by_token",
	"GetTokenByRef":           "sqlite_autoindex_tokens_1",
	"GetCustomer":             "sqlite_autoindex_customers_1",
	"ListCustomersOfIssuer":   "customers_by_issuer",
	"ListCustomersOfKEK":      "customers_by_kek",
	"NextCustomerKEK":         "customers_by_kek",
	"GetConsumer":             "PRIMARY KEY",
	"ListConsumersOf":         "PRIMARY KEY",
	"ListConsumersOfIssuer":   "consumers_by_issuer",
	"ListOptOutsOf":           "PRIMARY KEY",
	"ListOptOuts":             "PRIMARY KEY",
	"GetEnrolmentRequest":     "sqlite_autoindex_enrolment_requests_1",
	"ListRequestsOfCustomer":  "enrolment_requests_by_customer",
	"ListOpenRequests":        "enrolment_requests_open",
	"ListFailedRequests":      "enrolment_requests_failed",
	"ListRequestsOfIssuer":    "enrolment_requests_by_issuer",
	"CountOpenRequests":       "enrolment_requests_open",
	"DeleteEnrolmentRequests": "enrolment_requests_by_time",
	"ListRequestsOfKEK":       "enrolment_requests_by_kek",
	"NextRequestKEK":          "enrolment_requests_by_kek",
	"ListSealedRequests":      "enrolment_requests_open",
	"ListDueLanes":            "job_lanes_by_due",
	"ListUntriedLanes":        "job_lanes_untried",
	"NextOfLane":              "jobs_by_key",
	"ListParkedJobs":          "jobs_parked",
	"CountWaitingJobs":        "jobs_waiting",
	"CountParkedJobs":         "jobs_parked",
	"OldestJob":               "jobs_waiting",
}

// TestQueriesUseIndexes asks SQLite how it would run each query: no scan of a table
// and no sorting, whose cost would grow with the table.
func TestQueriesUseIndexes(t *testing.T) {
	s := mustOpenMade(t, migrated(t))
	parameter, embedded := regexp.MustCompile(`sqlc\.arg\(\w+\)`), regexp.MustCompile(`sqlc\.embed\((\w+)\)`)
	seen := 0
	for _, path := range mustGlob(t, "queries/*.sql") {
		for _, part := range strings.Split(string(mustRead(t, path)), "-- name: ")[1:] {
			header, query, _ := strings.Cut(part, "\n")
			name, _, _ := strings.Cut(header, " ")
			query = embedded.ReplaceAllString(parameter.ReplaceAllString(query, "?"), "$1.*")
			seen++
			plan := strings.ReplaceAll(explain(t, s.ReadDB(), query), "SCAN wanted VIRTUAL TABLE", "") // the ids that are asked for
			if _, ok := whole[name]; !ok && strings.Contains(plan, "SCAN") {
				t.Errorf("%s scans a table: %s", name, plan)
			}
			if !strings.Contains(plan, byIndex[name]) {
				t.Errorf("%s does not go by %s: %s", name, byIndex[name], plan)
			}
			if strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s sorts: %s", name, plan)
			}
		}
	}
	if seen < 20 {
		t.Errorf("found %d queries, want at least 20", seen)
	}
}

// explain returns the query plan.
func explain(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("explain %s: %v", query, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "; ")
}
