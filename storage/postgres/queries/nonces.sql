-- name: UseNonce :execrows
INSERT INTO nonces (issuer, wallet, digest, used_ms)
VALUES (sqlc.arg(issuer), sqlc.arg(wallet), sqlc.arg(digest), sqlc.arg(used_ms))
ON CONFLICT (issuer, wallet, digest) DO UPDATE SET used_ms = excluded.used_ms
WHERE nonces.used_ms < sqlc.arg(since_ms)::bigint;

-- ForgetNonces takes each row for itself before it deletes it: one that a replica
-- renews at this moment is passed over, as are those that another replica deletes.
-- name: ForgetNonces :execrows
DELETE FROM nonces WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM nonces
    WHERE used_ms < sqlc.arg(before_ms)::bigint ORDER BY used_ms LIMIT sqlc.arg(max_rows)::bigint
    FOR UPDATE SKIP LOCKED
));
