-- name: GetCustomer :one
SELECT * FROM customers WHERE customer_id = sqlc.arg(customer_id) AND issuer = sqlc.arg(issuer);

-- name: GetCustomerForUpdate :one
SELECT * FROM customers WHERE customer_id = sqlc.arg(customer_id) AND issuer = sqlc.arg(issuer) FOR UPDATE;

-- name: GetCustomerByID :one
SELECT * FROM customers WHERE id = $1;

-- One that has the number of one key and the issuer of another comes too.
-- name: GetCustomers :many
SELECT * FROM customers
WHERE customer_id = ANY(sqlc.arg(customer_ids)::text[]) AND issuer = ANY(sqlc.arg(issuers)::text[]);

-- name: ListCustomersAfter :many
SELECT * FROM customers WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListCustomersOfIssuer :many
SELECT * FROM customers WHERE issuer = sqlc.arg(issuer) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListCustomersOfKEK :many
SELECT * FROM customers WHERE kek = sqlc.arg(kek) AND kek > '' AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: NextCustomerKEK :one
SELECT kek FROM customers WHERE kek > sqlc.arg(after) AND kek > '' ORDER BY kek LIMIT 1;

-- Rows come as arrays with one element a customer, no key twice. A row that stays as it is
-- does not come back; xmax is 0 on a row that was never updated.
-- name: UpsertCustomers :many
INSERT INTO customers AS c (issuer, customer_id, forgotten, sealed, wrapped_key, kek, content_mac, updated_ms)
SELECT
    unnest(sqlc.arg(issuers)::text[]),
    unnest(sqlc.arg(customer_ids)::text[]),
    unnest(sqlc.arg(forgotten)::bigint[]),
    unnest(sqlc.arg(sealed)::bytea[]),
    unnest(sqlc.arg(wrapped_keys)::bytea[]),
    unnest(sqlc.arg(keks)::text[]),
    unnest(sqlc.arg(content_macs)::bytea[]),
    unnest(sqlc.arg(updated_ms)::bigint[])
ON CONFLICT (customer_id, issuer) DO UPDATE SET
    forgotten   = excluded.forgotten,
    sealed      = excluded.sealed,
    wrapped_key = excluded.wrapped_key,
    kek         = excluded.kek,
    content_mac = excluded.content_mac,
    updated_ms  = excluded.updated_ms
WHERE c.content_mac <> excluded.content_mac OR length(excluded.content_mac) = 0
RETURNING (c.xmax = 0)::boolean AS inserted;

-- Rows are locked in id order, as LockCards does.
-- name: LockCustomers :many
SELECT id FROM customers WHERE id = ANY(sqlc.arg(ids)::bigint[]) ORDER BY id FOR UPDATE;

-- name: AddCustomers :many
INSERT INTO customers (issuer, customer_id, forgotten, sealed, wrapped_key, kek, content_mac, updated_ms)
SELECT
    unnest(sqlc.arg(issuers)::text[]),
    unnest(sqlc.arg(customer_ids)::text[]),
    unnest(sqlc.arg(forgotten)::bigint[]),
    unnest(sqlc.arg(sealed)::bytea[]),
    unnest(sqlc.arg(wrapped_keys)::bytea[]),
    unnest(sqlc.arg(keks)::text[]),
    unnest(sqlc.arg(content_macs)::bytea[]),
    unnest(sqlc.arg(updated_ms)::bigint[])
ON CONFLICT (customer_id, issuer) DO NOTHING
RETURNING issuer, customer_id;

-- name: ReplaceCustomers :many
UPDATE customers AS c SET
    forgotten   = change.forgotten,
    sealed      = change.sealed,
    wrapped_key = change.wrapped_key,
    kek         = change.kek,
    content_mac = change.content_mac,
    updated_ms  = change.updated_ms
FROM (
    SELECT
        unnest(sqlc.arg(ids)::bigint[])         AS id,
        unnest(sqlc.arg(forgotten)::bigint[])   AS forgotten,
        unnest(sqlc.arg(sealed)::bytea[])       AS sealed,
        unnest(sqlc.arg(wrapped_keys)::bytea[]) AS wrapped_key,
        unnest(sqlc.arg(keks)::text[])          AS kek,
        unnest(sqlc.arg(content_macs)::bytea[]) AS content_mac,
        unnest(sqlc.arg(updated_ms)::bigint[])  AS updated_ms,
        unnest(sqlc.arg(replaces)::bytea[])     AS replaces
) AS change
WHERE c.id = change.id AND c.content_mac = change.replaces
RETURNING c.issuer, c.customer_id;

-- name: UpdateCustomer :exec
UPDATE customers SET forgotten = $2, sealed = $3, wrapped_key = $4, kek = $5, content_mac = $6, updated_ms = $7
WHERE id = $1;

-- name: RewrapCustomers :execrows
UPDATE customers AS c SET wrapped_key = change.new_key, kek = change.kek
FROM (
    SELECT
        unnest(sqlc.arg(ids)::bigint[])     AS id,
        unnest(sqlc.arg(old_keys)::bytea[]) AS old_key,
        unnest(sqlc.arg(new_keys)::bytea[]) AS new_key,
        unnest(sqlc.arg(keks)::text[])      AS kek
) AS change
WHERE c.id = change.id AND c.wrapped_key = change.old_key;
