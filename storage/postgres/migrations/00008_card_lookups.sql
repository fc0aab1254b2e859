-- Cards are looked for by customer and by last four digits.

-- +goose Up
CREATE INDEX cards_by_customer  ON cards (customer_id, id);
CREATE INDEX cards_by_last_four ON cards (last_four, id);

-- +goose Down
DROP INDEX cards_by_last_four;
DROP INDEX cards_by_customer;
