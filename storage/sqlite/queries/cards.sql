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

-- A value may stand in card_finds without its card: the card is asked too. CROSS JOIN keeps the
-- order of the two tables.
-- name: ListCardsOfPAN :many
SELECT cards.* FROM card_finds AS f CROSS JOIN cards
WHERE f.attribute = 1 AND f.value = sqlc.arg(pan_index) AND cards.id = f.card_id AND cards.pan_index = sqlc.arg(pan_index)
ORDER BY f.card_id;

-- name: ListCardsOfCustomer :many
SELECT cards.* FROM card_finds AS f CROSS JOIN cards
WHERE cards.customer_id = sqlc.arg(customer_id) AND f.attribute = 2 AND f.value = CAST(sqlc.arg(customer_id) AS BLOB) AND f.card_id > sqlc.arg(after)
  AND cards.id = f.card_id AND (cards.issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY f.card_id LIMIT sqlc.arg(max_rows);

-- name: ListCardsOfLastFour :many
SELECT cards.* FROM card_finds AS f CROSS JOIN cards
WHERE cards.last_four = sqlc.arg(last_four) AND f.attribute = 3 AND f.value = CAST(sqlc.arg(last_four) AS BLOB) AND f.card_id > sqlc.arg(after)
  AND cards.id = f.card_id AND (cards.issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY f.card_id LIMIT sqlc.arg(max_rows);

-- name: ListCardsOfKEK :many
SELECT * FROM cards WHERE kek = sqlc.arg(kek) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: RewrapCard :execrows
UPDATE cards SET wrapped_key = sqlc.arg(new_key), kek = sqlc.arg(kek)
WHERE id = sqlc.arg(id) AND wrapped_key = sqlc.arg(old_key);

-- name: NextCardIssuer :one
SELECT issuer FROM cards WHERE issuer > sqlc.arg(after) ORDER BY issuer LIMIT 1;

-- name: NextCardKEK :one
SELECT kek FROM cards WHERE kek > sqlc.arg(after) ORDER BY kek LIMIT 1;
