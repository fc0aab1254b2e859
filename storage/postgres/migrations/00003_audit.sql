-- The audit chain. audit_head has one row, the lock and the end of the chain.
-- key_versions is a JSON array of strings.

-- +goose Up
CREATE TABLE audit_head (
    one  bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    seq  bigint NOT NULL,
    hash bytea  NOT NULL
);

INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

-- The sequence is the only index, for entries are read in order. One over card_id
-- was measured: it touches a page of its own for each entry and doubles the cost of
-- an append.
CREATE TABLE audit_entries (
    seq            bigint NOT NULL PRIMARY KEY,
    time_ms        bigint NOT NULL,
    request_id     text   NOT NULL,
    client_id      text   NOT NULL,
    audit_user     text   NOT NULL,
    action         text   NOT NULL,
    issuer         text   NOT NULL,
    card_id        bigint NOT NULL,
    wallet         text   NOT NULL,
    scheme         text   NOT NULL,
    outcome        text   NOT NULL,
    key_versions   text   NOT NULL,
    remote_address text   NOT NULL,
    hash           bytea  NOT NULL
);

CREATE TABLE audit_checkpoints (
    seq       bigint NOT NULL PRIMARY KEY,
    hash      bytea  NOT NULL,
    time_ms   bigint NOT NULL,
    key_id    text   NOT NULL,
    signature bytea  NOT NULL
);

-- +goose Down
DROP TABLE audit_checkpoints;
DROP TABLE audit_entries;
DROP TABLE audit_head;
