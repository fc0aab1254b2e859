-- name: GetConsumer :one
SELECT * FROM consumers WHERE customer_id = sqlc.arg(customer_id) AND bid = sqlc.arg(bid);

-- name: GetConsumerForUpdate :one
SELECT * FROM consumers WHERE customer_id = sqlc.arg(customer_id) AND bid = sqlc.arg(bid) FOR UPDATE;

-- InsertConsumer waits for whoever inserts the same row, and then inserts none.
-- name: InsertConsumer :execrows
INSERT INTO consumers (
    customer_id, bid, issuer, number, enrolled, inactive, cards, as_of_ms, open_count, last_id, last_print, last_open
) VALUES ($1, $2, $3, $4, 0, 0, '[]', 0, 0, '', '', 0)
ON CONFLICT (customer_id, bid) DO NOTHING;

-- name: UpdateConsumer :exec
UPDATE consumers SET
    enrolled = $3, inactive = $4, cards = $5, as_of_ms = $6, open_count = $7, last_id = $8, last_print = $9, last_open = $10
WHERE customer_id = $1 AND bid = $2;

-- name: DeleteConsumer :exec
DELETE FROM consumers WHERE customer_id = $1 AND bid = $2;

-- name: ListConsumersOf :many
SELECT * FROM consumers WHERE customer_id = ANY(sqlc.arg(customers)::bigint[]);

-- name: ListConsumersOfIssuer :many
SELECT * FROM consumers
WHERE issuer = sqlc.arg(issuer) AND (customer_id, bid) > (sqlc.arg(customer_id)::bigint, sqlc.arg(bid)::text)
ORDER BY customer_id, bid LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListOptOutsOf :many
SELECT * FROM opt_outs WHERE issuer = sqlc.arg(issuer) AND number = ANY(sqlc.arg(numbers)::text[]);

-- name: ListOptOuts :many
SELECT * FROM opt_outs WHERE issuer = sqlc.arg(issuer) AND number > sqlc.arg(after)
ORDER BY number LIMIT sqlc.arg(max_rows)::bigint;

-- name: InsertOptOut :execrows
INSERT INTO opt_outs (issuer, number, by_whom, at_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT (issuer, number) DO NOTHING;

-- name: DeleteOptOut :execrows
DELETE FROM opt_outs WHERE issuer = $1 AND number = $2;
