-- name: GetCustomer :one
SELECT * FROM customers WHERE customer_id = sqlc.arg(customer_id) AND issuer = sqlc.arg(issuer);

-- name: GetCustomerByID :one
SELECT * FROM customers WHERE id = ?;

-- name: ListCustomersAfter :many
SELECT * FROM customers WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListCustomersOfIssuer :many
SELECT * FROM customers WHERE issuer = sqlc.arg(issuer) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListCustomersOfKEK :many
SELECT * FROM customers WHERE kek = sqlc.arg(kek) AND kek > '' AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: NextCustomerKEK :one
SELECT kek FROM customers WHERE kek > sqlc.arg(after) AND kek > '' ORDER BY kek LIMIT 1;

-- name: InsertCustomer :exec
INSERT INTO customers (issuer, customer_id, forgotten, sealed, wrapped_key, kek, content_mac, updated_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: UpdateCustomer :exec
UPDATE customers SET forgotten = ?, sealed = ?, wrapped_key = ?, kek = ?, content_mac = ?, updated_ms = ?
WHERE id = ?;

-- name: RewrapCustomer :execrows
UPDATE customers SET wrapped_key = sqlc.arg(new_key), kek = sqlc.arg(kek)
WHERE id = sqlc.arg(id) AND wrapped_key = sqlc.arg(old_key);
