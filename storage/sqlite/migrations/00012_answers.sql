-- The first answers to requests under idempotency keys. key_digest is of client and key,
-- request_digest of what is asked for; holder is drawn for each claim. status is 0 until the
-- request is answered, and until_ms is when a claim that was not answered holds up nobody
-- any more.

-- +goose Up
CREATE TABLE answers (
    key_digest     BLOB    NOT NULL PRIMARY KEY,
    request_digest BLOB    NOT NULL,
    holder         BLOB    NOT NULL,
    claimed_ms     INTEGER NOT NULL,
    until_ms       INTEGER NOT NULL,
    status         INTEGER NOT NULL DEFAULT 0,
    outcome        TEXT    NOT NULL DEFAULT '',
    content_type   TEXT    NOT NULL DEFAULT '',
    body           BLOB    NOT NULL DEFAULT x'',
    request_id     TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- For the deletion of old ones.
CREATE INDEX answers_by_time ON answers (claimed_ms);

-- +goose Down
DROP TABLE answers;
