-- Uses come as arrays with one element a use, each nonce once, in the order of their
-- keys: the rows are locked in it, and until the commit. One that stays as it is does
-- not come back.
-- name: UseNonces :many
WITH uses AS (
    SELECT
        unnest(sqlc.arg(issuers)::text[])    AS issuer,
        unnest(sqlc.arg(wallets)::text[])    AS wallet,
        unnest(sqlc.arg(digests)::bytea[])   AS digest,
        unnest(sqlc.arg(used_ms)::bigint[])  AS used_ms,
        unnest(sqlc.arg(since_ms)::bigint[]) AS since_ms
)
INSERT INTO nonces AS n (issuer, wallet, digest, used_ms)
SELECT issuer, wallet, digest, used_ms FROM uses
ON CONFLICT (issuer, wallet, digest) DO UPDATE SET used_ms = excluded.used_ms
WHERE n.used_ms < (
    SELECT u.since_ms FROM uses AS u
    WHERE (u.issuer, u.wallet, u.digest) = (excluded.issuer, excluded.wallet, excluded.digest)
)
RETURNING n.issuer, n.wallet, n.digest;

-- ForgetNonces takes each row for itself before it deletes it: one that a replica
-- renews at this moment is passed over, as are those that another replica deletes.
-- name: ForgetNonces :execrows
DELETE FROM nonces WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM nonces
    WHERE used_ms < sqlc.arg(before_ms)::bigint ORDER BY used_ms LIMIT sqlc.arg(max_rows)::bigint
    FOR UPDATE SKIP LOCKED
));
