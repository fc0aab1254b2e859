-- The life of an API client's secret: the one before, until when that one still
-- works, the client's end and its last use. Times are milliseconds since 1970, UTC.

-- +goose Up
ALTER TABLE clients ADD COLUMN previous_hash     bytea  NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN previous_until_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN expires_ms        bigint; -- NULL never ends
ALTER TABLE clients ADD COLUMN last_used_ms      bigint; -- NULL was never used

-- +goose Down
ALTER TABLE clients DROP COLUMN last_used_ms;
ALTER TABLE clients DROP COLUMN expires_ms;
ALTER TABLE clients DROP COLUMN previous_until_ms;
ALTER TABLE clients DROP COLUMN previous_hash;
