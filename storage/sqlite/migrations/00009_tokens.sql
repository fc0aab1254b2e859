-- Tokens of cards and their history. Times are milliseconds since 1970, UTC, 0 for none;
-- card_id is 0 once there is no such card any more.

-- +goose Up
-- AUTOINCREMENT: the id of a row that is gone is not given again.
CREATE TABLE tokens (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    scheme          TEXT    NOT NULL,
    requestor       TEXT    NOT NULL,
    reference       TEXT    NOT NULL,
    issuer          TEXT    NOT NULL,
    card_id         INTEGER NOT NULL,
    pan_reference   TEXT    NOT NULL,
    wallet          TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    holders         TEXT    NOT NULL, -- a JSON array of strings
    status_since_ms INTEGER NOT NULL,
    requested_ms    INTEGER NOT NULL,
    expiry_year     INTEGER NOT NULL, -- 0 is not known
    expiry_month    INTEGER NOT NULL,
    device_name     TEXT    NOT NULL,
    device_type     TEXT    NOT NULL,
    sealed          BLOB    NOT NULL, -- the token's number
    wrapped_key     BLOB    NOT NULL,
    kek             TEXT    NOT NULL,
    first_six       TEXT    NOT NULL,
    last_four       TEXT    NOT NULL,
    source          TEXT    NOT NULL,
    as_of_ms        INTEGER NOT NULL,
    change_id       TEXT    NOT NULL, -- of the last change that was asked for here, '' for none
    change_action   TEXT    NOT NULL,
    change_state    TEXT    NOT NULL,
    change_reason   TEXT    NOT NULL,
    change_by       TEXT    NOT NULL,
    change_client   TEXT    NOT NULL,
    change_channel  TEXT    NOT NULL,
    change_since_ms INTEGER NOT NULL,
    change_outcome  TEXT    NOT NULL,
    change_open     INTEGER NOT NULL, -- 1 while the change is not resolved, else 0
    UNIQUE (reference, requestor, scheme)
) STRICT;

-- Every index of SQLite ends in the row id, which is the token id here: these give their
-- tokens in id order. Those of open changes and of sealed numbers have no other tokens.
CREATE INDEX tokens_by_card   ON tokens (card_id);
CREATE INDEX tokens_in_change ON tokens (change_open) WHERE change_open = 1;
CREATE INDEX tokens_by_kek    ON tokens (kek) WHERE kek > '';

CREATE TABLE token_history (
    seq       INTEGER PRIMARY KEY,
    token_id  INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    what      TEXT    NOT NULL,
    was       TEXT    NOT NULL,
    becomes   TEXT    NOT NULL,
    by_whom   TEXT    NOT NULL,
    channel   TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    change_id TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    answer    TEXT    NOT NULL,
    reference TEXT    NOT NULL
) STRICT;

CREATE INDEX token_history_by_token ON token_history (token_id);

-- When the scheme was last asked for all tokens of a card.
CREATE TABLE token_lists (
    card_id  INTEGER PRIMARY KEY,
    as_of_ms INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE token_lists;
DROP TABLE token_history;
DROP TABLE tokens;
