-- Times are of the server's clock, in milliseconds, as the statement began.

-- EnterLane makes or finds the row of a key, and locks it until the commit: who enqueues
-- for the key meanwhile waits, so that ids of one key are in the order of the commits.
-- head is 0 of a new one.
-- name: EnterLane :one
INSERT INTO job_lanes AS l (key_of, key_id, head, kind, due_ms, claim)
VALUES (sqlc.arg(key_of), sqlc.arg(key_id), 0, sqlc.arg(kind),
    (extract(epoch FROM statement_timestamp()) * 1000)::bigint + sqlc.arg(delay_ms)::bigint, 0)
ON CONFLICT (key_of, key_id) DO UPDATE SET claim = l.claim
RETURNING l.head;

-- name: InsertJob :one
INSERT INTO jobs (kind, key_of, key_id, arg, created_ms, not_before_ms)
VALUES (sqlc.arg(kind), sqlc.arg(key_of), sqlc.arg(key_id), sqlc.arg(arg),
    (extract(epoch FROM statement_timestamp()) * 1000)::bigint,
    (extract(epoch FROM statement_timestamp()) * 1000)::bigint + sqlc.arg(delay_ms)::bigint)
RETURNING id;

-- name: SetNewHead :exec
UPDATE job_lanes SET head = sqlc.arg(head), claim = sqlc.arg(claim) WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id);

-- name: ListDueKinds :many
SELECT wanted.kind::text AS kind FROM unnest(sqlc.arg(kinds)::text[]) AS wanted(kind)
WHERE EXISTS (
    SELECT 1 FROM job_lanes AS l
    WHERE l.kind = wanted.kind AND l.due_ms <= (extract(epoch FROM statement_timestamp()) * 1000)::bigint
);

-- ClaimUntriedLanes claims lanes that were never claimed, and ClaimLanes any. They pass over
-- those that somebody else claims, or enqueues for. Times are as the transaction began, so
-- that what the one claimed is not due for the other. waited_ms is since the lane was due.
-- name: ClaimUntriedLanes :many
WITH due AS (
    SELECT d.key_of, d.key_id, d.due_ms FROM job_lanes AS d
    WHERE d.kind = sqlc.arg(kind) AND d.claim = 0 AND d.due_ms <= (extract(epoch FROM now()) * 1000)::bigint
    ORDER BY d.due_ms LIMIT sqlc.arg(max_rows)::bigint
    FOR UPDATE SKIP LOCKED
)
UPDATE job_lanes AS l
SET due_ms = (extract(epoch FROM now()) * 1000)::bigint + sqlc.arg(lease_ms)::bigint, claim = l.claim + 1
FROM due
WHERE (l.key_of, l.key_id) = (due.key_of, due.key_id)
RETURNING l.key_of, l.key_id, l.head, l.claim,
    ((extract(epoch FROM now()) * 1000)::bigint - due.due_ms)::bigint AS waited_ms;

-- name: ClaimLanes :many
WITH due AS (
    SELECT d.key_of, d.key_id, d.due_ms FROM job_lanes AS d
    WHERE d.kind = sqlc.arg(kind) AND d.due_ms <= (extract(epoch FROM now()) * 1000)::bigint
    ORDER BY d.due_ms LIMIT sqlc.arg(max_rows)::bigint
    FOR UPDATE SKIP LOCKED
)
UPDATE job_lanes AS l
SET due_ms = (extract(epoch FROM now()) * 1000)::bigint + sqlc.arg(lease_ms)::bigint, claim = l.claim + 1
FROM due
WHERE (l.key_of, l.key_id) = (due.key_of, due.key_id)
RETURNING l.key_of, l.key_id, l.head, l.claim,
    ((extract(epoch FROM now()) * 1000)::bigint - due.due_ms)::bigint AS waited_ms;

-- name: BeginAttempt :one
UPDATE jobs SET attempts = attempts + 1 WHERE id = sqlc.arg(id)
RETURNING arg, attempts;

-- name: ExtendLane :execrows
UPDATE job_lanes SET due_ms = (extract(epoch FROM statement_timestamp()) * 1000)::bigint + sqlc.arg(lease_ms)::bigint
WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id) AND head = sqlc.arg(head) AND claim = sqlc.arg(claim);

-- EndClaim locks the row of the key, so that the statements after it see each job of it.
-- name: EndClaim :execrows
UPDATE job_lanes SET due_ms = (extract(epoch FROM statement_timestamp()) * 1000)::bigint + sqlc.arg(delay_ms)::bigint, claim = claim + 1
WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id) AND head = sqlc.arg(head) AND claim = sqlc.arg(claim);

-- name: NextOfLane :one
SELECT id, kind, not_before_ms, claim FROM jobs
WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id) AND parked_ms = 0 ORDER BY id LIMIT 1;

-- SetLaneHead goes on with the larger of two counts: of the lane's claims, and of the job's.
-- name: SetLaneHead :exec
UPDATE job_lanes SET head = sqlc.arg(head), kind = sqlc.arg(kind), claim = greatest(claim, sqlc.arg(claim)::bigint),
    due_ms = greatest((extract(epoch FROM statement_timestamp()) * 1000)::bigint, sqlc.arg(not_before_ms)::bigint)
WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id);

-- name: DeleteLane :exec
DELETE FROM job_lanes WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id);

-- name: JobExists :one
SELECT count(*) FROM jobs WHERE id = sqlc.arg(id);

-- name: DeleteJob :exec
DELETE FROM jobs WHERE id = sqlc.arg(id);

-- name: NoteAttempt :exec
UPDATE jobs SET attempts = sqlc.arg(attempts), reason = sqlc.arg(reason) WHERE id = sqlc.arg(id);

-- name: ParkJob :exec
UPDATE jobs SET parked_ms = (extract(epoch FROM statement_timestamp()) * 1000)::bigint,
    attempts = sqlc.arg(attempts), reason = sqlc.arg(reason), claim = sqlc.arg(claim) WHERE id = sqlc.arg(id);

-- name: ListParkedJobs :many
SELECT id, kind, key_of, key_id, arg, attempts, reason, parked_ms FROM jobs
WHERE kind = sqlc.arg(kind) AND parked_ms > 0 AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: GetParkedJob :one
SELECT kind, key_of, key_id FROM jobs WHERE id = sqlc.arg(id) AND parked_ms > 0;

-- name: UnparkJob :one
UPDATE jobs SET parked_ms = 0, attempts = 0, not_before_ms = 0 WHERE id = sqlc.arg(id) AND parked_ms > 0
RETURNING claim;

-- name: DropParkedJob :execrows
DELETE FROM jobs WHERE id = sqlc.arg(id) AND parked_ms > 0;

-- name: CountWaitingJobs :one
SELECT count(*) FROM (SELECT 1 FROM jobs WHERE kind = sqlc.arg(kind) AND parked_ms = 0 LIMIT sqlc.arg(max_rows)::bigint) AS counted;

-- name: CountParkedJobs :one
SELECT count(*) FROM (SELECT 1 FROM jobs WHERE kind = sqlc.arg(kind) AND parked_ms > 0 LIMIT sqlc.arg(max_rows)::bigint) AS counted;

-- OldestJob returns for how long the first job of a kind has been there.
-- name: OldestJob :one
SELECT ((extract(epoch FROM statement_timestamp()) * 1000)::bigint - created_ms)::bigint AS age_ms FROM jobs
WHERE kind = sqlc.arg(kind) AND parked_ms = 0 ORDER BY id LIMIT 1;
