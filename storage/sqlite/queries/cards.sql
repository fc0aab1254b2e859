-- name: GetCard :one
SELECT * FROM cards WHERE id = ?;

-- The ids come as a JSON array: one prepared statement for any number of them.
-- name: GetCards :many
SELECT cards.* FROM json_each(sqlc.arg(ids)) AS wanted JOIN cards ON cards.id = wanted.value;

-- name: CardState :one
SELECT issuer, content_mac FROM cards WHERE id = ?;

-- name: InsertCard :exec
INSERT INTO cards (
    id, issuer, customer_id, scheme, product, status, expiry_year, expiry_month,
    bin, last_four, pan_index, sealed, wrapped_key, kek, content_mac, updated_ms
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: UpdateCard :exec
UPDATE cards SET
    customer_id = ?, scheme = ?, product = ?, status = ?, expiry_year = ?, expiry_month = ?,
    bin = ?, last_four = ?, pan_index = ?, sealed = ?, wrapped_key = ?, kek = ?,
    content_mac = ?, updated_ms = ?
WHERE id = ?;

-- name: DeleteCard :execrows
DELETE FROM cards WHERE id = ?;

-- name: ListCards :many
SELECT * FROM cards WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListCardsOfIssuer :many
SELECT * FROM cards WHERE issuer = sqlc.arg(issuer) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListCardsOfPAN :many
SELECT * FROM cards WHERE pan_index = ? ORDER BY id;

-- name: ListCardsOfCustomer :many
SELECT * FROM cards
WHERE customer_id = sqlc.arg(customer_id) AND id > sqlc.arg(after) AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListCardsOfLastFour :many
SELECT * FROM cards
WHERE last_four = sqlc.arg(last_four) AND id > sqlc.arg(after) AND (issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListCardsOfKEK :many
SELECT * FROM cards WHERE kek = sqlc.arg(kek) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: RewrapCard :execrows
UPDATE cards SET wrapped_key = sqlc.arg(new_key), kek = sqlc.arg(kek)
WHERE id = sqlc.arg(id) AND wrapped_key = sqlc.arg(old_key);

-- name: NextCardIssuer :one
SELECT issuer FROM cards WHERE issuer > sqlc.arg(after) ORDER BY issuer LIMIT 1;

-- name: NextCardKEK :one
SELECT kek FROM cards WHERE kek > sqlc.arg(after) ORDER BY kek LIMIT 1;
