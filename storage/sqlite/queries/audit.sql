-- name: GetAuditHead :one
SELECT seq, hash FROM audit_head;

-- name: SetAuditHead :exec
UPDATE audit_head SET seq = ?, hash = ?;

-- name: ListAuditEntries :many
SELECT * FROM audit_entries WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(max_rows);

-- name: InsertCheckpoint :exec
INSERT INTO audit_checkpoints (seq, hash, time_ms, key_id, signature) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (seq) DO NOTHING;

-- name: ListCheckpoints :many
SELECT * FROM audit_checkpoints WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(max_rows);

-- name: LastCheckpoint :one
SELECT * FROM audit_checkpoints WHERE seq > 0 ORDER BY seq DESC LIMIT 1;

-- name: Probe :exec
UPDATE probe SET count = count + 1;
