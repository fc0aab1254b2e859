-- API clients. issuers and scopes are JSON arrays of strings. Ids are ordered by
-- their bytes, as SQLite orders them, whatever the database's collation is.

-- +goose Up
CREATE TABLE clients (
    id                 text   NOT NULL COLLATE "C" PRIMARY KEY,
    name               text   NOT NULL,
    secret_hash        bytea  NOT NULL,
    issuers            text   NOT NULL,
    scopes             text   NOT NULL,
    certificate_sha256 text   NOT NULL,
    created_ms         bigint NOT NULL,
    revoked_ms         bigint -- NULL while the client may call
);

-- +goose Down
DROP TABLE clients;
