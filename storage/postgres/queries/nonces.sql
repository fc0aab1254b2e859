-- Uses come as arrays with one element a use, each nonce once, in the order of their
-- keys: the rows are locked in it, and until the commit. One that stays as it is does
-- not come back. Times are moved to the clock of the server, for replicas' may differ:
-- by as much as it is ahead of sent_ms, the replica's clock when it sent this. Less
-- than 5 seconds is the way that the statement took.
-- name: UseNonces :many
WITH clock AS (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint - sqlc.arg(sent_ms)::bigint AS ahead
), uses AS (
    SELECT issuer, wallet, digest, used_ms + moved AS used_ms, since_ms + moved AS since_ms
    FROM (
        SELECT
            unnest(sqlc.arg(issuers)::text[])    AS issuer,
            unnest(sqlc.arg(wallets)::text[])    AS wallet,
            unnest(sqlc.arg(digests)::bytea[])   AS digest,
            unnest(sqlc.arg(used_ms)::bigint[])  AS used_ms,
            unnest(sqlc.arg(since_ms)::bigint[]) AS since_ms,
            (CASE WHEN abs(ahead) < 5000 THEN 0 ELSE ahead END)::bigint AS moved
        FROM clock
    ) AS sent
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
