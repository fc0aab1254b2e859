-- By what a card is found, in a table of its own, in the order of the values. An index of cards
-- is written when the card is, at a place that depends on the value: a digest of a PAN may be
-- anywhere, so that each new card wrote a page of its own. Here an import writes the values of a
-- whole file in their order, before the cards, and each page once.
--
-- A card never stands without its values, for the triggers add what is not there. A value may
-- stand without its card, for a while or for good: whoever looks asks the card too.

-- +goose Up
DROP INDEX cards_by_pan;
DROP INDEX cards_by_customer;
DROP INDEX cards_by_last_four;

CREATE TABLE card_finds (
    attribute INTEGER NOT NULL, -- 1 the PAN's index, 2 the customer number, 3 the last four digits
    value     BLOB    NOT NULL, -- of texts UTF-8
    card_id   INTEGER NOT NULL,
    PRIMARY KEY (attribute, value, card_id)
) STRICT, WITHOUT ROWID;

INSERT INTO card_finds SELECT 1, pan_index, id FROM cards WHERE length(pan_index) > 0 ORDER BY pan_index, id;
INSERT INTO card_finds SELECT 2, CAST(customer_id AS BLOB), id FROM cards WHERE customer_id > '' ORDER BY CAST(customer_id AS BLOB), id;
INSERT INTO card_finds SELECT 3, CAST(last_four AS BLOB), id FROM cards WHERE last_four > '' ORDER BY CAST(last_four AS BLOB), id;

-- +goose StatementBegin
CREATE TRIGGER cards_found_new AFTER INSERT ON cards BEGIN
    INSERT OR IGNORE INTO card_finds
    SELECT 1, NEW.pan_index, NEW.id WHERE length(NEW.pan_index) > 0
    UNION ALL SELECT 2, CAST(NEW.customer_id AS BLOB), NEW.id WHERE NEW.customer_id > ''
    UNION ALL SELECT 3, CAST(NEW.last_four AS BLOB), NEW.id WHERE NEW.last_four > '';
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER cards_found_otherwise AFTER UPDATE OF id, pan_index, customer_id, last_four ON cards
WHEN (NEW.id, NEW.pan_index, NEW.customer_id, NEW.last_four) IS NOT (OLD.id, OLD.pan_index, OLD.customer_id, OLD.last_four) BEGIN
    DELETE FROM card_finds WHERE attribute = 1 AND value = OLD.pan_index AND card_id = OLD.id;
    DELETE FROM card_finds WHERE attribute = 2 AND value = CAST(OLD.customer_id AS BLOB) AND card_id = OLD.id;
    DELETE FROM card_finds WHERE attribute = 3 AND value = CAST(OLD.last_four AS BLOB) AND card_id = OLD.id;
    INSERT OR IGNORE INTO card_finds
    SELECT 1, NEW.pan_index, NEW.id WHERE length(NEW.pan_index) > 0
    UNION ALL SELECT 2, CAST(NEW.customer_id AS BLOB), NEW.id WHERE NEW.customer_id > ''
    UNION ALL SELECT 3, CAST(NEW.last_four AS BLOB), NEW.id WHERE NEW.last_four > '';
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER cards_found_no_more AFTER DELETE ON cards BEGIN
    DELETE FROM card_finds WHERE attribute = 1 AND value = OLD.pan_index AND card_id = OLD.id;
    DELETE FROM card_finds WHERE attribute = 2 AND value = CAST(OLD.customer_id AS BLOB) AND card_id = OLD.id;
    DELETE FROM card_finds WHERE attribute = 3 AND value = CAST(OLD.last_four AS BLOB) AND card_id = OLD.id;
END;
-- +goose StatementEnd

-- Imports of files that are under way, or were broken off: how far they came stands here in the
-- commits of their rows.
CREATE TABLE imports (
    id       TEXT    NOT NULL PRIMARY KEY, -- of the file and of what is to be done with it
    holder   TEXT    NOT NULL,             -- of which process it is, in random digits
    who      TEXT    NOT NULL,             -- who runs it, for operators
    began_ms INTEGER NOT NULL,
    beat_ms  INTEGER NOT NULL,             -- when the holder was last heard of
    state    BLOB    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE imports;
DROP TRIGGER cards_found_no_more;
DROP TRIGGER cards_found_otherwise;
DROP TRIGGER cards_found_new;
DROP TABLE card_finds;
CREATE INDEX cards_by_pan       ON cards (pan_index);
CREATE INDEX cards_by_customer  ON cards (customer_id);
CREATE INDEX cards_by_last_four ON cards (last_four);
