-- What device wallets need: their nonces, each used once, and the proof of strong
-- authentication beside an audited act. digest is the SHA-256 of the nonce.

-- +goose Up
CREATE TABLE nonces (
    issuer  TEXT    NOT NULL,
    wallet  TEXT    NOT NULL,
    digest  BLOB    NOT NULL,
    used_ms INTEGER NOT NULL,
    PRIMARY KEY (issuer, wallet, digest)
) STRICT, WITHOUT ROWID;

-- For the deletion of old uses.
CREATE INDEX nonces_by_time ON nonces (used_ms);

-- A server of the version before goes on writing entries while this one starts.
ALTER TABLE audit_entries ADD COLUMN step_up TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_entries DROP COLUMN step_up;
DROP TABLE nonces;
