-- name: GetConsumer :one
SELECT * FROM consumers WHERE customer_id = sqlc.arg(customer_id) AND bid = sqlc.arg(bid);

-- The customers come as a JSON array: one prepared statement for any number of them.
-- name: ListConsumersOf :many
SELECT consumers.* FROM json_each(sqlc.arg(customers)) AS wanted JOIN consumers ON consumers.customer_id = wanted.value;

-- name: ListConsumersOfIssuer :many
SELECT * FROM consumers
WHERE issuer = sqlc.arg(issuer) AND (customer_id, bid) > (sqlc.arg(customer_id), CAST(sqlc.arg(bid) AS TEXT))
ORDER BY customer_id, bid LIMIT sqlc.arg(max_rows);

-- name: PutConsumer :exec
INSERT INTO consumers (
    customer_id, bid, issuer, number, enrolled, inactive, cards, as_of_ms, open_count, last_id, last_print, last_open
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (customer_id, bid) DO UPDATE SET
    enrolled = excluded.enrolled, inactive = excluded.inactive, cards = excluded.cards, as_of_ms = excluded.as_of_ms,
    open_count = excluded.open_count, last_id = excluded.last_id, last_print = excluded.last_print, last_open = excluded.last_open;

-- The numbers come as a JSON array.
-- name: ListOptOutsOf :many
SELECT opt_outs.* FROM json_each(sqlc.arg(numbers)) AS wanted
JOIN opt_outs ON opt_outs.number = wanted.value AND opt_outs.issuer = sqlc.arg(issuer);

-- name: ListOptOuts :many
SELECT * FROM opt_outs WHERE issuer = sqlc.arg(issuer) AND number > sqlc.arg(after)
ORDER BY number LIMIT sqlc.arg(max_rows);

-- name: InsertOptOut :execrows
INSERT INTO opt_outs (issuer, number, by_whom, at_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (issuer, number) DO NOTHING;

-- name: DeleteOptOut :execrows
DELETE FROM opt_outs WHERE issuer = sqlc.arg(issuer) AND number = sqlc.arg(number);
