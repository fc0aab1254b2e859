package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport/storage"
)

// right is one that a role needs on a table, or on a column of it.
type right struct{ privilege, table, column string }

func (r right) String() string {
	if r.column != "" {
		return r.privilege + " (" + r.column + ") on " + r.table
	}
	return r.privilege + " on " + r.table
}

// servingRights are what serve needs: those that docs/operations.md grants its role.
func servingRights() []right {
	return []right{
		{"SELECT", "goose_db_version", ""},
		{"SELECT", "audit_entries", ""}, {"INSERT", "audit_entries", ""},
		{"SELECT", "audit_checkpoints", ""}, {"INSERT", "audit_checkpoints", ""},
		{"SELECT", "audit_tree", ""}, {"INSERT", "audit_tree", ""},
		{"SELECT", "audit_notes", ""}, {"INSERT", "audit_notes", ""},
		{"SELECT", "audit_cosignatures", ""}, {"INSERT", "audit_cosignatures", ""}, {"UPDATE", "audit_cosignatures", "line"},
		{"SELECT", "audit_head", ""}, {"UPDATE", "audit_head", ""},
		{"SELECT", "probe", ""}, {"UPDATE", "probe", ""},
		{"SELECT", "cards", ""}, {"SELECT", "card_finds", ""},
		{"SELECT", "clients", ""}, {"UPDATE", "clients", "last_used_ms"},
		{"SELECT", "nonces", ""}, {"INSERT", "nonces", ""}, {"UPDATE", "nonces", ""}, {"DELETE", "nonces", ""},
		{"SELECT", "answers", ""}, {"INSERT", "answers", ""}, {"UPDATE", "answers", ""}, {"DELETE", "answers", ""},
		{"SELECT", "tokens", ""}, {"INSERT", "tokens", ""}, {"UPDATE", "tokens", ""},
		{"SELECT", "token_lists", ""}, {"INSERT", "token_lists", ""}, {"UPDATE", "token_lists", ""},
		{"SELECT", "token_history", ""}, {"INSERT", "token_history", ""},
		{"SELECT", "tokens_in_change", ""}, {"INSERT", "tokens_in_change", ""}, {"DELETE", "tokens_in_change", ""},
		{"SELECT", "customers", ""},
		{"SELECT", "consumers", ""}, {"INSERT", "consumers", ""}, {"UPDATE", "consumers", ""}, {"DELETE", "consumers", ""},
		{"SELECT", "enrolment_requests", ""}, {"INSERT", "enrolment_requests", ""}, {"UPDATE", "enrolment_requests", ""}, {"DELETE", "enrolment_requests", ""},
		{"SELECT", "enrolment_requests_open", ""}, {"INSERT", "enrolment_requests_open", ""}, {"DELETE", "enrolment_requests_open", ""},
		{"SELECT", "opt_outs", ""},
		{"SELECT", "jobs", ""}, {"INSERT", "jobs", ""}, {"UPDATE", "jobs", ""}, {"DELETE", "jobs", ""},
		{"SELECT", "job_lanes", ""}, {"INSERT", "job_lanes", ""}, {"UPDATE", "job_lanes", ""}, {"DELETE", "job_lanes", ""},
	}
}

// missingRights is of a table that is not there too.
const missingRights = `SELECT n FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS needed(p, t, c, n)
WHERE NOT coalesce(CASE c WHEN '' THEN has_table_privilege(to_regclass(t), p) ELSE has_column_privilege(to_regclass(t), c, p) END, false)
ORDER BY n`

// checkRights returns CodeUnavailable, reason database_rights, naming every right of
// servingRights that the session's role lacks.
func checkRights(ctx context.Context, pool *pgxpool.Pool) error {
	needed := servingRights()
	var privileges, tables, columns []string
	for _, r := range needed {
		privileges, tables, columns = append(privileges, r.privilege), append(tables, r.table), append(columns, r.column)
	}
	rows, err := pool.Query(ctx, missingRights, privileges, tables, columns)
	if err != nil {
		return unavailable(ctx, err)
	}
	defer rows.Close()
	var missing []string
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return unavailable(ctx, err)
		}
		missing = append(missing, needed[n-1].String())
	}
	if err := rows.Err(); err != nil {
		return unavailable(ctx, err)
	}
	if len(missing) > 0 {
		return storage.ErrRights(strings.Join(missing, ", "))
	}
	return nil
}

// checkUsage returns CodeUnavailable, reason database_rights, where there are tables in
// a schema that the role may not use: it sees none, as in an empty database.
func checkUsage(ctx context.Context, pool *pgxpool.Pool) error {
	var schema string
	err := pool.QueryRow(ctx, `SELECT coalesce(min(relnamespace::regnamespace::text), '') FROM pg_class
WHERE relname = 'goose_db_version' AND relkind = 'r' AND NOT has_schema_privilege(relnamespace, 'USAGE')`).Scan(&schema)
	if err != nil {
		return unavailable(ctx, err)
	}
	if schema != "" {
		return storage.ErrRights("USAGE on the schema " + schema)
	}
	return nil
}
