-- name: ListAuditHashes :many
SELECT seq, hash FROM audit_entries WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(max_rows);

-- name: InsertTreeNode :exec
INSERT INTO audit_tree (level, number, hash) VALUES (?, ?, ?)
ON CONFLICT (level, number) DO NOTHING;

-- name: ListTreeNodes :many
SELECT * FROM audit_tree WHERE level = sqlc.arg(level) AND number >= sqlc.arg(first) ORDER BY number LIMIT sqlc.arg(max_rows);

-- name: LastTreeNode :one
SELECT number FROM audit_tree WHERE level = ? ORDER BY number DESC LIMIT 1;

-- name: InsertNote :exec
INSERT INTO audit_notes (size, note) VALUES (?, ?)
ON CONFLICT (size) DO NOTHING;

-- name: ListNotes :many
SELECT * FROM audit_notes WHERE size > sqlc.arg(after) ORDER BY size LIMIT sqlc.arg(max_rows);

-- name: LastNote :one
SELECT * FROM audit_notes WHERE size > 0 ORDER BY size DESC LIMIT 1;

-- name: InsertCosignature :exec
INSERT INTO audit_cosignatures (witness, size, line) VALUES (?, ?, ?)
ON CONFLICT (witness, size) DO UPDATE SET line = excluded.line;

-- name: ListCosignatures :many
SELECT * FROM audit_cosignatures WHERE size = ? ORDER BY witness;

-- name: LastCosignature :one
SELECT * FROM audit_cosignatures WHERE witness = ? ORDER BY size DESC LIMIT 1;
