-- What else is to be said of an audited act: a JSON object of texts, '' for none.

-- +goose Up
-- A replica of the version before goes on writing entries while this one starts.
ALTER TABLE audit_entries ADD COLUMN details text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_entries DROP COLUMN details;
