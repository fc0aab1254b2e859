-- name: InsertClient :execrows
INSERT INTO clients (
    id, name, secret_hash, issuers, scopes, certificate_sha256, created_ms, revoked_ms,
    previous_hash, previous_until_ms, expires_ms, last_used_ms
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (id) DO NOTHING;

-- name: GetClient :one
SELECT * FROM clients WHERE id = $1;

-- name: GetClientForUpdate :one
SELECT * FROM clients WHERE id = $1 FOR UPDATE;

-- name: ListClients :many
SELECT * FROM clients ORDER BY id;

-- name: UpdateClient :exec
UPDATE clients SET
    name = $2, secret_hash = $3, issuers = $4, scopes = $5, certificate_sha256 = $6,
    revoked_ms = $7, previous_hash = $8, previous_until_ms = $9, expires_ms = $10
WHERE id = $1;

-- name: UseClient :exec
UPDATE clients SET last_used_ms = sqlc.arg(used_ms)::bigint
WHERE id = sqlc.arg(id) AND coalesce(last_used_ms, 0) < sqlc.arg(used_ms)::bigint;
