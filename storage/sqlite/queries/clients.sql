-- name: InsertClient :execrows
INSERT INTO clients (
    id, name, secret_hash, issuers, scopes, certificate_sha256, created_ms, revoked_ms
) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING;

-- name: GetClient :one
SELECT * FROM clients WHERE id = ?;

-- name: ListClients :many
SELECT * FROM clients ORDER BY id;

-- name: RevokeClient :execrows
UPDATE clients SET revoked_ms = coalesce(revoked_ms, sqlc.arg(revoked_ms)) WHERE id = sqlc.arg(id);
