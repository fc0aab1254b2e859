-- The audit chain. audit_head has one row, the lock and the end of the chain.
-- key_versions is a JSON array of strings.

-- +goose Up
CREATE TABLE audit_head (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;

INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, zeroblob(32));

-- The sequence is the only index, for entries are read in order. One over card_id
-- was measured: it touches a page of its own for each entry and doubles the cost of
-- an append.
CREATE TABLE audit_entries (
    seq            INTEGER PRIMARY KEY,
    time_ms        INTEGER NOT NULL,
    request_id     TEXT    NOT NULL,
    client_id      TEXT    NOT NULL,
    audit_user     TEXT    NOT NULL,
    action         TEXT    NOT NULL,
    issuer         TEXT    NOT NULL,
    card_id        INTEGER NOT NULL,
    wallet         TEXT    NOT NULL,
    scheme         TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    key_versions   TEXT    NOT NULL,
    remote_address TEXT    NOT NULL,
    hash           BLOB    NOT NULL
) STRICT;

CREATE TABLE audit_checkpoints (
    seq       INTEGER PRIMARY KEY,
    hash      BLOB    NOT NULL,
    time_ms   INTEGER NOT NULL,
    key_id    TEXT    NOT NULL,
    signature BLOB    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE audit_checkpoints;
DROP TABLE audit_entries;
DROP TABLE audit_head;
