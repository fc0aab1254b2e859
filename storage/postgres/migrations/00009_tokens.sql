-- Tokens of cards and their history. Times are milliseconds since 1970, UTC, 0 for none;
-- card_id is 0 once there is no such card any more.

-- +goose Up
-- The id comes from a sequence: that of a row that is gone is not given again.
CREATE TABLE tokens (
    id              bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scheme          text   NOT NULL,
    requestor       text   NOT NULL,
    reference       text   NOT NULL,
    issuer          text   NOT NULL,
    card_id         bigint NOT NULL,
    pan_reference   text   NOT NULL,
    wallet          text   NOT NULL,
    status          text   NOT NULL,
    holders         text   NOT NULL, -- a JSON array of strings
    status_since_ms bigint NOT NULL,
    requested_ms    bigint NOT NULL,
    expiry_year     bigint NOT NULL, -- 0 is not known
    expiry_month    bigint NOT NULL,
    device_name     text   NOT NULL,
    device_type     text   NOT NULL,
    sealed          bytea  NOT NULL, -- the token's number
    wrapped_key     bytea  NOT NULL,
    kek             text   NOT NULL,
    first_six       text   NOT NULL,
    last_four       text   NOT NULL,
    source          text   NOT NULL,
    as_of_ms        bigint NOT NULL,
    change_id       text   NOT NULL, -- of the last change that was asked for here, '' for none
    change_action   text   NOT NULL,
    change_state    text   NOT NULL,
    change_reason   text   NOT NULL,
    change_by       text   NOT NULL,
    change_client   text   NOT NULL,
    change_channel  text   NOT NULL,
    change_since_ms bigint NOT NULL,
    change_outcome  text   NOT NULL,
    change_open     bigint NOT NULL, -- 1 while the change is not resolved, else 0
    UNIQUE (reference, requestor, scheme)
);

-- Those of open changes and of sealed numbers have no other tokens.
CREATE INDEX tokens_by_card   ON tokens (card_id, id);
CREATE INDEX tokens_in_change ON tokens (change_open, id) WHERE change_open = 1;
CREATE INDEX tokens_by_kek    ON tokens (kek, id) WHERE kek > '';

CREATE TABLE token_history (
    seq       bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_id  bigint NOT NULL,
    at_ms     bigint NOT NULL,
    what      text   NOT NULL,
    was       text   NOT NULL,
    becomes   text   NOT NULL,
    by_whom   text   NOT NULL,
    channel   text   NOT NULL,
    reason    text   NOT NULL,
    change_id text   NOT NULL,
    action    text   NOT NULL,
    answer    text   NOT NULL,
    reference text   NOT NULL
);

CREATE INDEX token_history_by_token ON token_history (token_id, seq);

-- When the scheme was last asked for all tokens of a card.
CREATE TABLE token_lists (
    card_id  bigint NOT NULL PRIMARY KEY,
    as_of_ms bigint NOT NULL
);

-- +goose Down
DROP TABLE token_lists;
DROP TABLE token_history;
DROP TABLE tokens;
