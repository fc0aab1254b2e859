-- Customers of issuers: what is personal is sealed. Times are milliseconds since 1970, UTC.

-- +goose Up
-- AUTOINCREMENT: the id of a row that is gone is not given again.
CREATE TABLE customers (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer      TEXT    NOT NULL,
    customer_id TEXT    NOT NULL, -- the issuer's number, as cards have it
    forgotten   INTEGER NOT NULL, -- 1 once the personal data was erased, else 0
    sealed      BLOB    NOT NULL,
    wrapped_key BLOB    NOT NULL,
    kek         TEXT    NOT NULL,
    content_mac BLOB    NOT NULL,
    updated_ms  INTEGER NOT NULL,
    UNIQUE (customer_id, issuer)
) STRICT;

-- Every index of SQLite ends in the row id, which is the customer's here: these give their
-- customers in id order. That of keys has nobody who was forgotten.
CREATE INDEX customers_by_issuer ON customers (issuer);
CREATE INDEX customers_by_kek    ON customers (kek) WHERE kek > '';

-- +goose Down
DROP TABLE customers;
