-- Sealed cards. Times are milliseconds since 1970, UTC.

-- +goose Up
CREATE TABLE cards (
    id           INTEGER PRIMARY KEY,
    issuer       TEXT    NOT NULL,
    customer_id  TEXT    NOT NULL,
    scheme       TEXT    NOT NULL,
    product      TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    expiry_year  INTEGER NOT NULL,
    expiry_month INTEGER NOT NULL,
    bin          TEXT    NOT NULL,
    last_four    TEXT    NOT NULL,
    pan_index    BLOB    NOT NULL,
    sealed       BLOB    NOT NULL,
    wrapped_key  BLOB    NOT NULL,
    kek          TEXT    NOT NULL,
    content_mac  BLOB    NOT NULL,
    updated_ms   INTEGER NOT NULL
) STRICT;

-- Every index of SQLite ends in the row id, which is the card id here: these
-- three also give their cards in id order.
CREATE INDEX cards_by_pan    ON cards (pan_index);
CREATE INDEX cards_by_issuer ON cards (issuer);
CREATE INDEX cards_by_kek    ON cards (kek);

-- +goose Down
DROP TABLE cards;
