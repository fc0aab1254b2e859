-- name: InsertClient :execrows
INSERT INTO clients (
    id, name, secret_hash, issuers, scopes, certificate_sha256, created_ms, revoked_ms,
    previous_hash, previous_until_ms, expires_ms, last_used_ms
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING;

-- name: GetClient :one
SELECT * FROM clients WHERE id = ?;

-- name: ListClients :many
SELECT * FROM clients ORDER BY id;

-- name: UpdateClient :exec
UPDATE clients SET
    name = ?, secret_hash = ?, issuers = ?, scopes = ?, certificate_sha256 = ?,
    revoked_ms = ?, previous_hash = ?, previous_until_ms = ?, expires_ms = ?
WHERE id = ?;

-- name: UseClient :exec
UPDATE clients SET last_used_ms = sqlc.arg(used_ms)
WHERE id = sqlc.arg(id) AND coalesce(last_used_ms, 0) < sqlc.arg(used_ms);
