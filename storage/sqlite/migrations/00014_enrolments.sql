-- Click to Pay: consumers, the requests that change them, and who wants none of it. What is
-- personal in a request is sealed, and wiped when it is completed. Times are milliseconds
-- since 1970, UTC, 0 for none.

-- +goose Up
CREATE TABLE consumers (
    customer_id INTEGER NOT NULL, -- customers.id
    bid         TEXT    NOT NULL,
    issuer      TEXT    NOT NULL,
    number      TEXT    NOT NULL, -- the customer's, as cards have it
    enrolled    INTEGER NOT NULL, -- 1 or 0
    inactive    INTEGER NOT NULL, -- 1 or 0
    cards       TEXT    NOT NULL, -- a JSON array of objects
    as_of_ms    INTEGER NOT NULL,
    open_count  INTEGER NOT NULL, -- requests that are not completed
    last_id     TEXT    NOT NULL, -- of the request that was accepted last, '' for none
    last_print  BLOB    NOT NULL,
    last_open   INTEGER NOT NULL, -- 1 or 0
    PRIMARY KEY (customer_id, bid)
) STRICT, WITHOUT ROWID;

CREATE INDEX consumers_by_issuer ON consumers (issuer, customer_id, bid);

-- AUTOINCREMENT: the number of a row that is gone is not given again.
CREATE TABLE enrolment_requests (
    no          INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    action      TEXT    NOT NULL,
    customer_id INTEGER NOT NULL,
    bid         TEXT    NOT NULL,
    issuer      TEXT    NOT NULL,
    number      TEXT    NOT NULL,
    card_id     INTEGER NOT NULL, -- 0 for none
    print       BLOB    NOT NULL,
    sealed      BLOB    NOT NULL,
    wrapped_key BLOB    NOT NULL,
    kek         TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    failed      INTEGER NOT NULL, -- 1 of a completed one that failed, else 0
    faults      TEXT    NOT NULL, -- a JSON array of objects
    reference   TEXT    NOT NULL,
    sends       INTEGER NOT NULL,
    sent_ms     INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    ended_ms    INTEGER NOT NULL, -- 0 until it is completed
    by_whom     TEXT    NOT NULL,
    client      TEXT    NOT NULL,
    channel     TEXT    NOT NULL
) STRICT;

-- Every index of SQLite ends in the row id, which is the number here: these give their requests
-- in the order of numbers. The last three have open, failed and sealed ones alone.
CREATE INDEX enrolment_requests_by_customer ON enrolment_requests (customer_id);
CREATE INDEX enrolment_requests_by_issuer   ON enrolment_requests (issuer);
CREATE INDEX enrolment_requests_by_time     ON enrolment_requests (accepted_ms); -- for the deletion of old ones
CREATE INDEX enrolment_requests_open        ON enrolment_requests (ended_ms) WHERE ended_ms = 0;
CREATE INDEX enrolment_requests_failed      ON enrolment_requests (failed) WHERE failed = 1;
CREATE INDEX enrolment_requests_by_kek      ON enrolment_requests (kek) WHERE kek > '';

CREATE TABLE opt_outs (
    issuer  TEXT    NOT NULL,
    number  TEXT    NOT NULL, -- the customer's
    by_whom TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (issuer, number)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE opt_outs;
DROP TABLE enrolment_requests;
DROP TABLE consumers;
