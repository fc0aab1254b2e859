-- The Merkle tree over the audit chain, its signed notes, and what witnesses confirmed.

-- +goose Up
-- The root of each complete part of 256, 65536, … records (level 1, 2, …). Level 0, one
-- hash a record, is made of audit_entries, so the tree costs 0.2 bytes a record.
CREATE TABLE audit_tree (
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL, -- of the part, from 0
    hash   BLOB    NOT NULL,
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_notes (
    size INTEGER PRIMARY KEY, -- records that the tree has
    note TEXT    NOT NULL     -- C2SP signed note
) STRICT;

CREATE TABLE audit_cosignatures (
    witness TEXT    NOT NULL,
    size    INTEGER NOT NULL,
    line    TEXT    NOT NULL, -- signature line of a signed note
    PRIMARY KEY (witness, size)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_cosignatures_by_size ON audit_cosignatures (size);

-- +goose Down
DROP TABLE audit_cosignatures;
DROP TABLE audit_notes;
DROP TABLE audit_tree;
