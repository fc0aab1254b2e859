-- The first answers to requests under idempotency keys. key_digest is of client and key,
-- request_digest of what is asked for; holder is drawn for each claim. status is 0 until the
-- request is answered, and until_ms is when a claim that was not answered holds up nobody
-- any more.

-- +goose Up
CREATE TABLE answers (
    key_digest     bytea   NOT NULL PRIMARY KEY,
    request_digest bytea   NOT NULL,
    holder         bytea   NOT NULL,
    claimed_ms     bigint  NOT NULL,
    until_ms       bigint  NOT NULL,
    status         bigint  NOT NULL DEFAULT 0,
    outcome        text    NOT NULL DEFAULT '',
    content_type   text    NOT NULL DEFAULT '',
    body           bytea   NOT NULL DEFAULT '',
    request_id     text    NOT NULL DEFAULT ''
);

-- For the deletion of old ones.
CREATE INDEX answers_by_time ON answers (claimed_ms);

-- +goose Down
DROP TABLE answers;
