-- The row of a key counts the claims of its first job, and is deleted when all jobs of the key
-- are done or parked. A job that is parked remembers how far its claims were counted, so that
-- none of them holds again after the job was re-driven.

-- +goose Up
ALTER TABLE jobs ADD COLUMN claim bigint NOT NULL DEFAULT 0; -- 0 of a job that was never parked

-- +goose Down
ALTER TABLE jobs DROP COLUMN claim;
