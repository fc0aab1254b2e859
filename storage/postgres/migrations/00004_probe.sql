-- One row that the readiness probe writes, for nothing else proves that the
-- database takes writes.

-- +goose Up
CREATE TABLE probe (
    one   bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    count bigint NOT NULL
);

INSERT INTO probe (one, count) VALUES (1, 0);

-- +goose Down
DROP TABLE probe;
