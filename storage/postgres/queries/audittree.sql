-- name: ListAuditHashes :many
SELECT seq, hash FROM audit_entries WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(max_rows)::bigint;

-- name: InsertTreeNodes :exec
INSERT INTO audit_tree (level, number, hash)
SELECT
    unnest(sqlc.arg(levels)::bigint[]),
    unnest(sqlc.arg(numbers)::bigint[]),
    unnest(sqlc.arg(hashes)::bytea[])
ON CONFLICT (level, number) DO NOTHING;

-- name: ListTreeNodes :many
SELECT * FROM audit_tree WHERE level = sqlc.arg(level) AND number >= sqlc.arg(first) ORDER BY number LIMIT sqlc.arg(max_rows)::bigint;

-- name: LastTreeNode :one
SELECT number FROM audit_tree WHERE level = $1 ORDER BY number DESC LIMIT 1;

-- name: InsertNote :exec
INSERT INTO audit_notes (size, note) VALUES ($1, $2)
ON CONFLICT (size) DO NOTHING;

-- name: ListNotes :many
SELECT * FROM audit_notes WHERE size > sqlc.arg(after) ORDER BY size LIMIT sqlc.arg(max_rows)::bigint;

-- name: LastNote :one
SELECT * FROM audit_notes WHERE size > 0 ORDER BY size DESC LIMIT 1;

-- name: InsertCosignature :exec
INSERT INTO audit_cosignatures (witness, size, line) VALUES ($1, $2, $3)
ON CONFLICT (witness, size) DO UPDATE SET line = excluded.line;

-- name: ListCosignatures :many
SELECT * FROM audit_cosignatures WHERE size = $1 ORDER BY witness;

-- name: LastCosignature :one
SELECT * FROM audit_cosignatures WHERE witness = $1 ORDER BY size DESC LIMIT 1;
