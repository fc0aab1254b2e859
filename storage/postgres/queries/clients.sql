-- name: InsertClient :execrows
INSERT INTO clients (
    id, name, secret_hash, issuers, scopes, certificate_sha256, created_ms, revoked_ms
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO NOTHING;

-- name: GetClient :one
SELECT * FROM clients WHERE id = $1;

-- name: ListClients :many
SELECT * FROM clients ORDER BY id;

-- name: RevokeClient :execrows
UPDATE clients SET revoked_ms = coalesce(revoked_ms, sqlc.arg(revoked_ms)::bigint) WHERE id = sqlc.arg(id);
