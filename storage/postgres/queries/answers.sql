-- ClaimAnswer writes a row that is new, or takes the place of one that no longer counts, or
-- of a claim of the same request whose time is over: of that, what it made stays. It may be
-- asked again when its answer was lost: it finds its own claim.
-- name: ClaimAnswer :one
INSERT INTO answers AS a (key_digest, request_digest, holder, claimed_ms, until_ms)
VALUES (sqlc.arg(key_digest), sqlc.arg(request_digest), sqlc.arg(holder), sqlc.arg(claimed_ms), sqlc.arg(until_ms))
ON CONFLICT (key_digest) DO UPDATE SET
    request_digest = excluded.request_digest, holder = excluded.holder, claimed_ms = excluded.claimed_ms, until_ms = excluded.until_ms,
    status = 0, outcome = '', content_type = '', body = '', request_id = '',
    made = CASE WHEN a.claimed_ms < sqlc.arg(since_ms)::bigint THEN '' ELSE a.made END
WHERE a.claimed_ms < sqlc.arg(since_ms)::bigint
    OR a.status = 0 AND a.request_digest = excluded.request_digest AND (a.until_ms < excluded.claimed_ms OR a.holder = excluded.holder)
RETURNING made;

-- name: GetAnswer :one
SELECT * FROM answers WHERE key_digest = sqlc.arg(key_digest);

-- name: KeepAnswer :execrows
UPDATE answers SET
    status = sqlc.arg(status), outcome = sqlc.arg(outcome), content_type = sqlc.arg(content_type), body = sqlc.arg(body), request_id = sqlc.arg(request_id)
WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder);

-- NoteMade locks the row of the key until the commit, so that nobody takes it over meanwhile.
-- name: NoteMade :execrows
UPDATE answers SET made = sqlc.arg(made) WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder) AND status = 0;

-- name: DropAnswer :execrows
DELETE FROM answers WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder) AND status = 0 AND made = '';

-- name: EndLease :exec
UPDATE answers SET until_ms = 0 WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder) AND status = 0;

-- ForgetAnswers takes each row for itself before it deletes it, as ForgetNonces does.
-- name: ForgetAnswers :execrows
DELETE FROM answers WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM answers
    WHERE claimed_ms < sqlc.arg(before_ms)::bigint ORDER BY claimed_ms LIMIT sqlc.arg(max_rows)::bigint
    FOR UPDATE SKIP LOCKED
));
