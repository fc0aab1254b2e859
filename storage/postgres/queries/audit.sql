-- name: GetAuditHead :one
SELECT seq, hash FROM audit_head;

-- name: ListAuditEntries :many
SELECT * FROM audit_entries WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(max_rows)::bigint;

-- name: InsertCheckpoint :exec
INSERT INTO audit_checkpoints (seq, hash, time_ms, key_id, signature) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (seq) DO NOTHING;

-- name: ListCheckpoints :many
SELECT * FROM audit_checkpoints WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(max_rows)::bigint;

-- name: LastCheckpoint :one
SELECT * FROM audit_checkpoints WHERE seq > 0 ORDER BY seq DESC LIMIT 1;

-- name: Probe :exec
UPDATE probe SET count = count + 1;
