-- name: InsertJob :one
INSERT INTO jobs (kind, key_of, key_id, arg, created_ms, not_before_ms) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id;

-- name: EnterLane :exec
INSERT INTO job_lanes (key_of, key_id, head, kind, due_ms, claim) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key_of, key_id) DO NOTHING;

-- name: ListDueLanes :many
SELECT key_of, key_id, head, kind, due_ms, claim FROM job_lanes
WHERE kind = sqlc.arg(kind) AND due_ms <= sqlc.arg(now_ms) ORDER BY due_ms LIMIT sqlc.arg(max_rows);

-- ListUntriedLanes lists the due lanes that were never claimed.
-- name: ListUntriedLanes :many
SELECT key_of, key_id, head, kind, due_ms, claim FROM job_lanes
WHERE kind = sqlc.arg(kind) AND claim = 0 AND due_ms <= sqlc.arg(now_ms) ORDER BY due_ms LIMIT sqlc.arg(max_rows);

-- name: ClaimLane :exec
UPDATE job_lanes SET due_ms = ?, claim = claim + 1 WHERE key_of = ? AND key_id = ?;

-- name: BeginAttempt :one
UPDATE jobs SET attempts = attempts + 1 WHERE id = ?
RETURNING arg, attempts;

-- name: ExtendLane :execrows
UPDATE job_lanes SET due_ms = ? WHERE key_of = ? AND key_id = ? AND head = ? AND claim = ?;

-- name: EndClaim :execrows
UPDATE job_lanes SET due_ms = ?, claim = claim + 1 WHERE key_of = ? AND key_id = ? AND head = ? AND claim = ?;

-- name: NextOfLane :one
SELECT id, kind, not_before_ms, claim FROM jobs
WHERE key_of = ? AND key_id = ? AND parked_ms = 0 ORDER BY id LIMIT 1;

-- SetLaneHead goes on with the larger of two counts: of the lane's claims, and of the job's.
-- name: SetLaneHead :exec
UPDATE job_lanes SET head = sqlc.arg(head), kind = sqlc.arg(kind), due_ms = sqlc.arg(due_ms), claim = max(claim, CAST(sqlc.arg(claim) AS INTEGER))
WHERE key_of = sqlc.arg(key_of) AND key_id = sqlc.arg(key_id);

-- name: DeleteLane :exec
DELETE FROM job_lanes WHERE key_of = ? AND key_id = ?;

-- name: JobExists :one
SELECT count(*) FROM jobs WHERE id = ?;

-- name: DeleteJob :exec
DELETE FROM jobs WHERE id = ?;

-- name: NoteAttempt :exec
UPDATE jobs SET attempts = ?, reason = ? WHERE id = ?;

-- name: ParkJob :exec
UPDATE jobs SET parked_ms = ?, attempts = ?, reason = ?, claim = ? WHERE id = ?;

-- name: ListParkedJobs :many
SELECT id, kind, key_of, key_id, arg, attempts, reason, parked_ms FROM jobs
WHERE kind = sqlc.arg(kind) AND parked_ms > 0 AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: UnparkJob :one
UPDATE jobs SET parked_ms = 0, attempts = 0, not_before_ms = 0 WHERE id = ? AND parked_ms > 0
RETURNING kind, key_of, key_id, claim;

-- name: DropParkedJob :execrows
DELETE FROM jobs WHERE id = ? AND parked_ms > 0;

-- name: CountWaitingJobs :one
SELECT count(*) FROM (SELECT 1 FROM jobs WHERE jobs.kind = sqlc.arg(kind) AND jobs.parked_ms = 0 LIMIT sqlc.arg(max_rows));

-- name: CountParkedJobs :one
SELECT count(*) FROM (SELECT 1 FROM jobs WHERE jobs.kind = sqlc.arg(kind) AND jobs.parked_ms > 0 LIMIT sqlc.arg(max_rows));

-- name: OldestJob :one
SELECT created_ms FROM jobs WHERE kind = ? AND parked_ms = 0 ORDER BY id LIMIT 1;
