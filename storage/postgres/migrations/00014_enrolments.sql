-- Click to Pay: consumers, the requests that change them, and who wants none of it. What is
-- personal in a request is sealed, and wiped when it is completed. Times are milliseconds
-- since 1970, UTC, 0 for none.

-- +goose Up
CREATE TABLE consumers (
    customer_id bigint NOT NULL, -- customers.id
    bid         text   NOT NULL,
    issuer      text   NOT NULL,
    number      text   NOT NULL, -- the customer's, as cards have it
    enrolled    bigint NOT NULL, -- 1 or 0
    inactive    bigint NOT NULL, -- 1 or 0
    cards       text   NOT NULL, -- a JSON array of objects
    as_of_ms    bigint NOT NULL,
    open_count  bigint NOT NULL, -- requests that are not completed
    last_id     text   NOT NULL, -- of the request that was accepted last, '' for none
    last_print  bytea  NOT NULL,
    last_open   bigint NOT NULL, -- 1 or 0
    PRIMARY KEY (customer_id, bid)
) WITH (fillfactor = 85);

CREATE INDEX consumers_by_issuer ON consumers (issuer, customer_id, bid);

-- The number comes from a sequence: that of a row that is gone is not given again. A request
-- is changed three times and more within seconds. A column that an index is of, or by which it
-- chooses its rows, makes PostgreSQL write a new entry into every index of the table whenever
-- that column changes, so the indexes are of what stays: which requests are open stands in a
-- table of its own, and old ones are found by when they were accepted. Only a failure, and
-- the end of something sealed, write entries. A row's next versions have room on its own page.
CREATE TABLE enrolment_requests (
    no          bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text   NOT NULL UNIQUE,
    action      text   NOT NULL,
    customer_id bigint NOT NULL,
    bid         text   NOT NULL,
    issuer      text   NOT NULL,
    number      text   NOT NULL,
    card_id     bigint NOT NULL, -- 0 for none
    print       bytea  NOT NULL,
    sealed      bytea  NOT NULL,
    wrapped_key bytea  NOT NULL,
    kek         text   NOT NULL,
    state       text   NOT NULL,
    failed      bigint NOT NULL, -- 1 of a completed one that failed, else 0
    faults      text   NOT NULL, -- a JSON array of objects
    reference   text   NOT NULL,
    sends       bigint NOT NULL,
    sent_ms     bigint NOT NULL,
    accepted_ms bigint NOT NULL,
    updated_ms  bigint NOT NULL,
    ended_ms    bigint NOT NULL, -- 0 until it is completed
    by_whom     text   NOT NULL,
    client      text   NOT NULL,
    channel     text   NOT NULL
) WITH (fillfactor = 75);

-- The last three have failed and sealed ones alone.
CREATE INDEX enrolment_requests_by_customer ON enrolment_requests (customer_id, no);
CREATE INDEX enrolment_requests_by_issuer   ON enrolment_requests (issuer, no);
CREATE INDEX enrolment_requests_by_time     ON enrolment_requests (accepted_ms); -- for the deletion of old ones
CREATE INDEX enrolment_requests_failed      ON enrolment_requests (no) WHERE failed = 1;
CREATE INDEX enrolment_requests_by_kek      ON enrolment_requests (kek, no) WHERE kek > '';
CREATE INDEX enrolment_requests_sealed      ON enrolment_requests (no) WHERE kek > '';

-- Those that are not completed.
CREATE TABLE enrolment_requests_open (no bigint NOT NULL PRIMARY KEY);

CREATE TABLE opt_outs (
    issuer  text   NOT NULL,
    number  text   NOT NULL, -- the customer's
    by_whom text   NOT NULL,
    at_ms   bigint NOT NULL,
    PRIMARY KEY (issuer, number)
);

-- +goose Down
DROP TABLE opt_outs;
DROP TABLE enrolment_requests_open;
DROP TABLE enrolment_requests;
DROP TABLE consumers;
