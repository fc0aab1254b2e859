-- By what a card is found, in a table of its own. An index of cards is written when the card is,
-- at a place that depends on the value: a digest of a PAN may be anywhere, so that each new card
-- wrote a page of its own, and each checkpoint the whole page once more. Here an import writes the
-- values of a whole file in their order, before the cards, and each page once.
--
-- A card never stands without its values, for the triggers add what is not there. A value may
-- stand without its card, for a while or for good: whoever looks asks the card too.

-- +goose Up
DROP INDEX cards_by_pan;
DROP INDEX cards_by_customer;
DROP INDEX cards_by_last_four;

CREATE TABLE card_finds (
    attribute smallint NOT NULL, -- 1 the PAN's index, 2 the customer number, 3 the last four digits
    value     bytea    NOT NULL, -- of texts UTF-8
    card_id   bigint   NOT NULL
);

INSERT INTO card_finds SELECT 1, pan_index, id FROM cards WHERE length(pan_index) > 0;
INSERT INTO card_finds SELECT 2, convert_to(customer_id, 'UTF8'), id FROM cards WHERE customer_id > '';
INSERT INTO card_finds SELECT 3, convert_to(last_four, 'UTF8'), id FROM cards WHERE last_four > '';
ALTER TABLE card_finds ADD PRIMARY KEY (attribute, value, card_id);

-- The values of cards that a statement has made or changed. A value that another transaction is
-- about to take away is waited for, and added again.
-- +goose StatementBegin
CREATE FUNCTION note_card_finds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO card_finds
    SELECT 1, pan_index, id FROM made WHERE length(pan_index) > 0
    UNION ALL SELECT 2, convert_to(customer_id, 'UTF8'), id FROM made WHERE customer_id > ''
    UNION ALL SELECT 3, convert_to(last_four, 'UTF8'), id FROM made WHERE last_four > ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION change_card_finds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM card_finds AS f USING gone, made WHERE gone.id = made.id
        AND gone.pan_index <> made.pan_index AND (f.attribute, f.value, f.card_id) = (1, gone.pan_index, gone.id);
    DELETE FROM card_finds AS f USING gone, made WHERE gone.id = made.id
        AND gone.customer_id <> made.customer_id AND (f.attribute, f.value, f.card_id) = (2, convert_to(gone.customer_id, 'UTF8'), gone.id);
    DELETE FROM card_finds AS f USING gone, made WHERE gone.id = made.id
        AND gone.last_four <> made.last_four AND (f.attribute, f.value, f.card_id) = (3, convert_to(gone.last_four, 'UTF8'), gone.id);
    INSERT INTO card_finds
    SELECT 1, made.pan_index, made.id FROM made JOIN gone ON gone.id = made.id WHERE gone.pan_index <> made.pan_index AND length(made.pan_index) > 0
    UNION ALL SELECT 2, convert_to(made.customer_id, 'UTF8'), made.id FROM made JOIN gone ON gone.id = made.id WHERE gone.customer_id <> made.customer_id AND made.customer_id > ''
    UNION ALL SELECT 3, convert_to(made.last_four, 'UTF8'), made.id FROM made JOIN gone ON gone.id = made.id WHERE gone.last_four <> made.last_four AND made.last_four > ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION drop_card_finds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM card_finds AS f USING gone WHERE (f.attribute, f.value, f.card_id) = (1, gone.pan_index, gone.id);
    DELETE FROM card_finds AS f USING gone WHERE (f.attribute, f.value, f.card_id) = (2, convert_to(gone.customer_id, 'UTF8'), gone.id);
    DELETE FROM card_finds AS f USING gone WHERE (f.attribute, f.value, f.card_id) = (3, convert_to(gone.last_four, 'UTF8'), gone.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER cards_found_new AFTER INSERT ON cards
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION note_card_finds();
CREATE TRIGGER cards_found_otherwise AFTER UPDATE ON cards
    REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION change_card_finds();
CREATE TRIGGER cards_found_no_more AFTER DELETE ON cards
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION drop_card_finds();

-- Imports of files that are under way, or were broken off: how far they came stands here in the
-- commits of their rows.
CREATE TABLE imports (
    id       text   NOT NULL PRIMARY KEY, -- of the file and of what is to be done with it
    holder   text   NOT NULL,             -- of which process it is, in random digits
    who      text   NOT NULL,             -- who runs it, for operators
    began_ms bigint NOT NULL,
    beat_ms  bigint NOT NULL,             -- when the holder was last heard of
    state    bytea  NOT NULL
);

-- +goose Down
DROP TABLE imports;
DROP TRIGGER cards_found_no_more ON cards;
DROP TRIGGER cards_found_otherwise ON cards;
DROP TRIGGER cards_found_new ON cards;
DROP FUNCTION drop_card_finds();
DROP FUNCTION change_card_finds();
DROP FUNCTION note_card_finds();
DROP TABLE card_finds;
CREATE INDEX cards_by_pan       ON cards (pan_index, id);
CREATE INDEX cards_by_customer  ON cards (customer_id, id);
CREATE INDEX cards_by_last_four ON cards (last_four, id);
