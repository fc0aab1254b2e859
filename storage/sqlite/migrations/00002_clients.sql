-- API clients. issuers and scopes are JSON arrays of strings.

-- +goose Up
CREATE TABLE clients (
    id                 TEXT    NOT NULL PRIMARY KEY,
    name               TEXT    NOT NULL,
    secret_hash        BLOB    NOT NULL,
    issuers            TEXT    NOT NULL,
    scopes             TEXT    NOT NULL,
    certificate_sha256 TEXT    NOT NULL,
    created_ms         INTEGER NOT NULL,
    revoked_ms         INTEGER -- NULL while the client may call
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE clients;
