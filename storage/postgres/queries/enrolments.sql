-- name: GetEnrolmentRequest :one
SELECT * FROM enrolment_requests WHERE id = $1;

-- name: GetEnrolmentRequestByNo :one
SELECT * FROM enrolment_requests WHERE no = $1;

-- name: GetEnrolmentRequestForUpdate :one
SELECT * FROM enrolment_requests WHERE no = $1 FOR UPDATE;

-- In the lists an empty issuer or state is every one, and failed -1 is failed or not. ended_max is 0 for
-- open ones alone, else the last moment of all.
-- name: ListRequestsOfCustomer :many
SELECT * FROM enrolment_requests
WHERE customer_id = sqlc.arg(customer_id) AND no < sqlc.arg(before)
    AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '') AND (state = sqlc.arg(state) OR sqlc.arg(state) = '')
    AND (failed = sqlc.arg(failed) OR sqlc.arg(failed) = -1) AND ended_ms <= sqlc.arg(ended_max)
ORDER BY no DESC LIMIT sqlc.arg(max_rows)::bigint;

-- Each open one is looked up by its number: a join might read all requests in the order of
-- theirs. The rows come in any order.
-- name: ListOpenRequests :many
SELECT * FROM enrolment_requests WHERE no = ANY (ARRAY(
    SELECT o.no FROM enrolment_requests_open AS o
    WHERE o.no < sqlc.arg(before) AND (
        SELECT (r.issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '') AND (r.state = sqlc.arg(state) OR sqlc.arg(state) = '')
        FROM enrolment_requests AS r WHERE r.no = o.no
    )
    ORDER BY o.no DESC LIMIT sqlc.arg(max_rows)::bigint
));

-- name: ListFailedRequests :many
SELECT * FROM enrolment_requests
WHERE failed = 1 AND no < sqlc.arg(before) AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY no DESC LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListRequestsOfIssuer :many
SELECT * FROM enrolment_requests
WHERE issuer = sqlc.arg(issuer) AND no < sqlc.arg(before)
    AND (state = sqlc.arg(state) OR sqlc.arg(state) = '') AND (failed = sqlc.arg(failed) OR sqlc.arg(failed) = -1)
ORDER BY no DESC LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListRequests :many
SELECT * FROM enrolment_requests
WHERE no < sqlc.arg(before)
    AND (state = sqlc.arg(state) OR sqlc.arg(state) = '') AND (failed = sqlc.arg(failed) OR sqlc.arg(failed) = -1)
ORDER BY no DESC LIMIT sqlc.arg(max_rows)::bigint;

-- The ages are of what was accepted first of a state, 0 of one that no request has.
-- name: CountOpenRequests :one
SELECT
    count(*) FILTER (WHERE state = 'accepted')    AS accepted,
    count(*) FILTER (WHERE state = 'sent')        AS sent,
    count(*) FILTER (WHERE state = 'in_progress') AS in_progress,
    coalesce(max(age_ms) FILTER (WHERE state = 'accepted'), 0)::bigint    AS oldest_accepted,
    coalesce(max(age_ms) FILTER (WHERE state = 'sent'), 0)::bigint        AS oldest_sent,
    coalesce(max(age_ms) FILTER (WHERE state = 'in_progress'), 0)::bigint AS oldest_in_progress
FROM (
    SELECT r.state, (extract(epoch FROM statement_timestamp()) * 1000)::bigint - r.accepted_ms AS age_ms
    FROM enrolment_requests AS r
    WHERE r.no = ANY (ARRAY(SELECT o.no FROM enrolment_requests_open AS o ORDER BY o.no LIMIT sqlc.arg(max_rows)::bigint))
) AS counted;

-- What was completed before then was accepted before then. Each row is taken before it is
-- deleted: those that another replica deletes are passed over.
-- name: DeleteEnrolmentRequests :execrows
DELETE FROM enrolment_requests WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM enrolment_requests
    WHERE accepted_ms < sqlc.arg(before_ms)::bigint AND ended_ms > 0 AND ended_ms < sqlc.arg(before_ms)::bigint
    ORDER BY accepted_ms LIMIT sqlc.arg(max_rows)::bigint
    FOR UPDATE SKIP LOCKED
));

-- name: ListRequestsOfKEK :many
SELECT * FROM enrolment_requests WHERE kek = sqlc.arg(kek) AND kek > '' AND no > sqlc.arg(after)
ORDER BY no LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListSealedRequests :many
SELECT * FROM enrolment_requests
WHERE kek > '' AND no > sqlc.arg(after) AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY no LIMIT sqlc.arg(max_rows)::bigint;

-- name: NextRequestKEK :one
SELECT kek FROM enrolment_requests WHERE kek > sqlc.arg(after) AND kek > '' ORDER BY kek LIMIT 1;

-- name: RewrapRequests :execrows
UPDATE enrolment_requests AS r SET wrapped_key = change.new_key, kek = change.kek
FROM (
    SELECT
        unnest(sqlc.arg(ids)::bigint[])     AS no,
        unnest(sqlc.arg(old_keys)::bytea[]) AS old_key,
        unnest(sqlc.arg(new_keys)::bytea[]) AS new_key,
        unnest(sqlc.arg(keks)::text[])      AS kek
) AS change
WHERE r.no = change.no AND r.wrapped_key = change.old_key;

-- name: InsertEnrolmentRequest :one
WITH added AS (
    INSERT INTO enrolment_requests (
        id, action, customer_id, bid, issuer, number, card_id, print, sealed, wrapped_key, kek,
        state, failed, faults, reference, sends, sent_ms, accepted_ms, updated_ms, ended_ms, by_whom, client, channel
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '[]', $13, $14, $15, $16, $17, 0, $18, $19, $20)
    RETURNING no
)
INSERT INTO enrolment_requests_open (no) SELECT added.no FROM added
RETURNING no;

-- name: UpdateEnrolmentRequest :exec
UPDATE enrolment_requests SET
    print = $2, sealed = $3, wrapped_key = $4, kek = $5, state = $6, failed = $7, faults = $8,
    reference = $9, sends = $10, sent_ms = $11, updated_ms = $12, ended_ms = $13
WHERE no = $1;

-- name: CloseEnrolmentRequest :exec
DELETE FROM enrolment_requests_open WHERE no = $1;
