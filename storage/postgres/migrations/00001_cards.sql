-- Sealed cards. Times are milliseconds since 1970, UTC.

-- +goose Up
CREATE TABLE cards (
    id           bigint NOT NULL PRIMARY KEY,
    issuer       text   NOT NULL,
    customer_id  text   NOT NULL,
    scheme       text   NOT NULL,
    product      text   NOT NULL,
    status       text   NOT NULL,
    expiry_year  bigint NOT NULL,
    expiry_month bigint NOT NULL,
    bin          text   NOT NULL,
    last_four    text   NOT NULL,
    pan_index    bytea  NOT NULL,
    sealed       bytea  NOT NULL,
    wrapped_key  bytea  NOT NULL,
    kek          text   NOT NULL,
    content_mac  bytea  NOT NULL,
    updated_ms   bigint NOT NULL
);

CREATE INDEX cards_by_pan    ON cards (pan_index, id);
CREATE INDEX cards_by_issuer ON cards (issuer, id);
CREATE INDEX cards_by_kek    ON cards (kek, id);

-- +goose Down
DROP TABLE cards;
