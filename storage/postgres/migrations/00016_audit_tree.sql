-- The Merkle tree over the audit chain, its signed notes, and what witnesses confirmed.

-- +goose Up
-- The root of each complete part of 256, 65536, … records (level 1, 2, …). Level 0, one
-- hash a record, is made of audit_entries, so the tree costs less than a byte a record.
CREATE TABLE audit_tree (
    level  bigint NOT NULL,
    number bigint NOT NULL, -- of the part, from 0
    hash   bytea  NOT NULL,
    PRIMARY KEY (level, number)
);

CREATE TABLE audit_notes (
    size bigint NOT NULL PRIMARY KEY, -- records that the tree has
    note text   NOT NULL              -- C2SP signed note
);

CREATE TABLE audit_cosignatures (
    witness text   NOT NULL,
    size    bigint NOT NULL,
    line    text   NOT NULL, -- signature line of a signed note
    PRIMARY KEY (witness, size)
);

CREATE INDEX audit_cosignatures_by_size ON audit_cosignatures (size, witness);

-- +goose Down
DROP TABLE audit_cosignatures;
DROP TABLE audit_notes;
DROP TABLE audit_tree;
