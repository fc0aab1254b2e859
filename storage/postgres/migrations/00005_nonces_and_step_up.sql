-- What device wallets need: their nonces, each used once, and the proof of strong
-- authentication beside an audited act. digest is the SHA-256 of the nonce.

-- +goose Up
CREATE TABLE nonces (
    issuer  text   NOT NULL,
    wallet  text   NOT NULL,
    digest  bytea  NOT NULL,
    used_ms bigint NOT NULL,
    PRIMARY KEY (issuer, wallet, digest)
);

-- For the deletion of old uses.
CREATE INDEX nonces_by_time ON nonces (used_ms);

-- A replica of the version before goes on writing entries while this one starts.
ALTER TABLE audit_entries ADD COLUMN step_up text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_entries DROP COLUMN step_up;
DROP TABLE nonces;
