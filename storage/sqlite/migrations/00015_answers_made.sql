-- What the request that has an idempotency key made, noted in the commit that made it: the id
-- of a request or of a change of a token, '' for nothing yet. Whoever takes the key over from a
-- server that died answers for that, and does not make it again.

-- +goose Up
ALTER TABLE answers ADD COLUMN made TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE answers DROP COLUMN made;
