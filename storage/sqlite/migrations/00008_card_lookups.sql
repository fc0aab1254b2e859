-- Cards are looked for by customer and by last four digits. Every index of SQLite ends
-- in the row id, which is the card id here.

-- +goose Up
CREATE INDEX cards_by_customer  ON cards (customer_id);
CREATE INDEX cards_by_last_four ON cards (last_four);

-- +goose Down
DROP INDEX cards_by_last_four;
DROP INDEX cards_by_customer;
