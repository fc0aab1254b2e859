-- The queue of background work. jobs has each job until it is done, job_lanes a row for
-- each key with jobs that are not parked: which is the first of them, when it is due, and
-- the number of its claim. A claim moves due_ms to the end of its lease, so that a lane
-- whose claimer died is due again by itself. Numbers only: no text of a job is a caller's.

-- +goose Up
-- AUTOINCREMENT gives no number twice.
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT   NOT NULL,
    key_of        TEXT   NOT NULL,
    key_id        INTEGER NOT NULL,
    arg           INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    parked_ms     INTEGER NOT NULL DEFAULT 0, -- 0 while the job is not parked
    reason        TEXT   NOT NULL DEFAULT '' -- of the last attempt's error
) STRICT;

-- What comes next in a key, what waits of a kind, and what is parked of it.
CREATE INDEX jobs_by_key ON jobs (key_of, key_id, id) WHERE parked_ms = 0;
CREATE INDEX jobs_waiting ON jobs (kind, id) WHERE parked_ms = 0;
CREATE INDEX jobs_parked ON jobs (kind, id) WHERE parked_ms > 0;

CREATE TABLE job_lanes (
    key_of TEXT   NOT NULL,
    key_id INTEGER NOT NULL,
    head   INTEGER NOT NULL, -- id of the first job
    kind   TEXT   NOT NULL, -- of the first job
    due_ms INTEGER NOT NULL,
    claim  INTEGER NOT NULL, -- counts the claims and their ends
    PRIMARY KEY (key_of, key_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_lanes_by_due ON job_lanes (kind, due_ms);

-- +goose Down
DROP TABLE job_lanes;
DROP TABLE jobs;
