-- name: InsertAnswer :execrows
INSERT INTO answers (key_digest, request_digest, holder, claimed_ms, until_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key_digest) DO NOTHING;

-- RetakeAnswer takes the place of what no longer counts, or of a claim of the same request
-- whose time is over: of that, what it made stays.
-- name: RetakeAnswer :one
UPDATE answers SET
    request_digest = sqlc.arg(request_digest), holder = sqlc.arg(holder), claimed_ms = sqlc.arg(claimed_ms), until_ms = sqlc.arg(until_ms),
    status = 0, outcome = '', content_type = '', body = x'', request_id = '',
    made = CASE WHEN claimed_ms < sqlc.arg(since_ms) THEN '' ELSE made END
WHERE key_digest = sqlc.arg(key_digest) AND (claimed_ms < sqlc.arg(since_ms)
    OR status = 0 AND request_digest = sqlc.arg(request_digest) AND until_ms < sqlc.arg(claimed_ms))
RETURNING made;

-- name: GetAnswer :one
SELECT * FROM answers WHERE key_digest = sqlc.arg(key_digest);

-- name: KeepAnswer :execrows
UPDATE answers SET
    status = sqlc.arg(status), outcome = sqlc.arg(outcome), content_type = sqlc.arg(content_type), body = sqlc.arg(body), request_id = sqlc.arg(request_id)
WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder);

-- name: NoteMade :execrows
UPDATE answers SET made = sqlc.arg(made) WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder) AND status = 0;

-- name: DropAnswer :execrows
DELETE FROM answers WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder) AND status = 0 AND made = '';

-- name: EndLease :exec
UPDATE answers SET until_ms = 0 WHERE key_digest = sqlc.arg(key_digest) AND holder = sqlc.arg(holder) AND status = 0;

-- name: ForgetAnswers :execrows
DELETE FROM answers WHERE key_digest IN (
    SELECT old.key_digest FROM answers AS old
    WHERE old.claimed_ms < sqlc.arg(before_ms) ORDER BY old.claimed_ms LIMIT sqlc.arg(max_rows)
);
