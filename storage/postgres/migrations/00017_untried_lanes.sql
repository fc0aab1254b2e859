-- The keys of which no job was ever claimed, the longest due first: they are taken beside those
-- that are tried again and again, of which there may be 100,000.

-- +goose Up
CREATE INDEX job_lanes_untried ON job_lanes (kind, due_ms) WHERE claim = 0;

-- +goose Down
DROP INDEX job_lanes_untried;
