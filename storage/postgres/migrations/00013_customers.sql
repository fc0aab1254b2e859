-- Customers of issuers: what is personal is sealed. Times are milliseconds since 1970, UTC.

-- +goose Up
-- The id comes from a sequence: that of a row that is gone is not given again.
CREATE TABLE customers (
    id          bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issuer      text   NOT NULL,
    customer_id text   NOT NULL, -- the issuer's number, as cards have it
    forgotten   bigint NOT NULL, -- 1 once the personal data was erased, else 0
    sealed      bytea  NOT NULL,
    wrapped_key bytea  NOT NULL,
    kek         text   NOT NULL,
    content_mac bytea  NOT NULL,
    updated_ms  bigint NOT NULL,
    UNIQUE (customer_id, issuer)
);

-- That of keys has nobody who was forgotten.
CREATE INDEX customers_by_issuer ON customers (issuer, id);
CREATE INDEX customers_by_kek    ON customers (kek, id) WHERE kek > '';

-- +goose Down
DROP TABLE customers;
