-- name: GetEnrolmentRequest :one
SELECT * FROM enrolment_requests WHERE id = ?;

-- name: GetEnrolmentRequestByNo :one
SELECT * FROM enrolment_requests WHERE no = ?;

-- In the lists an empty issuer or state is every one, and failed -1 is failed or not. ended_max is 0 for
-- open ones alone, else the last moment of all.
-- name: ListRequestsOfCustomer :many
SELECT * FROM enrolment_requests
WHERE customer_id = sqlc.arg(customer_id) AND no < sqlc.arg(before)
    AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '') AND (state = sqlc.arg(state) OR sqlc.arg(state) = '')
    AND (failed = sqlc.arg(failed) OR sqlc.arg(failed) = -1) AND ended_ms <= sqlc.arg(ended_max)
ORDER BY no DESC LIMIT sqlc.arg(max_rows);

-- name: ListOpenRequests :many
SELECT * FROM enrolment_requests
WHERE ended_ms = 0 AND no < sqlc.arg(before)
    AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '') AND (state = sqlc.arg(state) OR sqlc.arg(state) = '')
ORDER BY no DESC LIMIT sqlc.arg(max_rows);

-- name: ListFailedRequests :many
SELECT * FROM enrolment_requests
WHERE failed = 1 AND no < sqlc.arg(before) AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY no DESC LIMIT sqlc.arg(max_rows);

-- name: ListRequestsOfIssuer :many
SELECT * FROM enrolment_requests
WHERE issuer = sqlc.arg(issuer) AND no < sqlc.arg(before)
    AND (state = sqlc.arg(state) OR sqlc.arg(state) = '') AND (failed = sqlc.arg(failed) OR sqlc.arg(failed) = -1)
ORDER BY no DESC LIMIT sqlc.arg(max_rows);

-- name: ListRequests :many
SELECT * FROM enrolment_requests
WHERE no < sqlc.arg(before)
    AND (state = sqlc.arg(state) OR sqlc.arg(state) = '') AND (failed = sqlc.arg(failed) OR sqlc.arg(failed) = -1)
ORDER BY no DESC LIMIT sqlc.arg(max_rows);

-- The first ones are 0 of a state that no request has.
-- name: CountOpenRequests :one
SELECT
    CAST(coalesce(sum(counted.state = 'accepted'), 0) AS INTEGER)    AS accepted,
    CAST(coalesce(sum(counted.state = 'sent'), 0) AS INTEGER)        AS sent,
    CAST(coalesce(sum(counted.state = 'in_progress'), 0) AS INTEGER) AS in_progress,
    CAST(coalesce(min(CASE WHEN counted.state = 'accepted' THEN counted.accepted_ms END), 0) AS INTEGER)    AS first_accepted,
    CAST(coalesce(min(CASE WHEN counted.state = 'sent' THEN counted.accepted_ms END), 0) AS INTEGER)        AS first_sent,
    CAST(coalesce(min(CASE WHEN counted.state = 'in_progress' THEN counted.accepted_ms END), 0) AS INTEGER) AS first_in_progress
FROM (
    SELECT r.state, r.accepted_ms FROM enrolment_requests AS r WHERE r.ended_ms = 0 ORDER BY r.no LIMIT sqlc.arg(max_rows)
) AS counted;

-- What was completed before then was accepted before then.
-- name: DeleteEnrolmentRequests :execrows
DELETE FROM enrolment_requests WHERE no IN (
    SELECT old.no FROM enrolment_requests AS old
    WHERE old.accepted_ms < sqlc.arg(before_ms) AND old.ended_ms > 0 AND old.ended_ms < sqlc.arg(before_ms)
    ORDER BY old.accepted_ms LIMIT sqlc.arg(max_rows)
);

-- name: ListRequestsOfKEK :many
SELECT * FROM enrolment_requests WHERE kek = sqlc.arg(kek) AND kek > '' AND no > sqlc.arg(after)
ORDER BY no LIMIT sqlc.arg(max_rows);

-- None that is completed has anything sealed.
-- name: ListSealedRequests :many
SELECT * FROM enrolment_requests
WHERE ended_ms = 0 AND no > sqlc.arg(after) AND length(sealed) > 0 AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY no LIMIT sqlc.arg(max_rows);

-- name: NextRequestKEK :one
SELECT kek FROM enrolment_requests WHERE kek > sqlc.arg(after) AND kek > '' ORDER BY kek LIMIT 1;

-- name: RewrapRequest :execrows
UPDATE enrolment_requests SET wrapped_key = sqlc.arg(new_key), kek = sqlc.arg(kek)
WHERE no = sqlc.arg(no) AND wrapped_key = sqlc.arg(old_key);

-- name: InsertEnrolmentRequest :one
INSERT INTO enrolment_requests (
    id, action, customer_id, bid, issuer, number, card_id, print, sealed, wrapped_key, kek,
    state, failed, faults, reference, sends, sent_ms, accepted_ms, updated_ms, ended_ms, by_whom, client, channel
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '[]', ?, ?, ?, ?, ?, 0, ?, ?, ?)
RETURNING no;

-- name: UpdateEnrolmentRequest :exec
UPDATE enrolment_requests SET
    print = ?, sealed = ?, wrapped_key = ?, kek = ?, state = ?, failed = ?, faults = ?,
    reference = ?, sends = ?, sent_ms = ?, updated_ms = ?, ended_ms = ?
WHERE no = ?;
