-- name: GetCard :one
SELECT * FROM cards WHERE id = $1;

-- name: GetCards :many
SELECT * FROM cards WHERE id = ANY(sqlc.arg(ids)::bigint[]);

-- Whole batches go in one statement, as arrays with one element a card. A row that
-- stays as it is does not come back; xmax is 0 on a row that was never updated.
-- name: UpsertCards :many
INSERT INTO cards AS c (
    id, issuer, customer_id, scheme, product, status, expiry_year, expiry_month,
    bin, last_four, pan_index, sealed, wrapped_key, kek, content_mac, updated_ms
)
SELECT
    unnest(sqlc.arg(ids)::bigint[]),
    unnest(sqlc.arg(issuers)::text[]),
    unnest(sqlc.arg(customer_ids)::text[]),
    unnest(sqlc.arg(schemes)::text[]),
    unnest(sqlc.arg(products)::text[]),
    unnest(sqlc.arg(statuses)::text[]),
    unnest(sqlc.arg(expiry_years)::bigint[]),
    unnest(sqlc.arg(expiry_months)::bigint[]),
    unnest(sqlc.arg(bins)::text[]),
    unnest(sqlc.arg(last_fours)::text[]),
    unnest(sqlc.arg(pan_indexes)::bytea[]),
    unnest(sqlc.arg(sealed)::bytea[]),
    unnest(sqlc.arg(wrapped_keys)::bytea[]),
    unnest(sqlc.arg(keks)::text[]),
    unnest(sqlc.arg(content_macs)::bytea[]),
    unnest(sqlc.arg(updated_ms)::bigint[])
ON CONFLICT (id) DO UPDATE SET
    customer_id  = excluded.customer_id,
    scheme       = excluded.scheme,
    product      = excluded.product,
    status       = excluded.status,
    expiry_year  = excluded.expiry_year,
    expiry_month = excluded.expiry_month,
    bin          = excluded.bin,
    last_four    = excluded.last_four,
    pan_index    = excluded.pan_index,
    sealed       = excluded.sealed,
    wrapped_key  = excluded.wrapped_key,
    kek          = excluded.kek,
    content_mac  = excluded.content_mac,
    updated_ms   = excluded.updated_ms
WHERE c.issuer = excluded.issuer
  AND (c.content_mac <> excluded.content_mac OR length(excluded.content_mac) = 0)
RETURNING c.id, (c.xmax = 0)::boolean AS inserted;

-- name: AddCards :many
INSERT INTO cards (
    id, issuer, customer_id, scheme, product, status, expiry_year, expiry_month,
    bin, last_four, pan_index, sealed, wrapped_key, kek, content_mac, updated_ms
)
SELECT
    unnest(sqlc.arg(ids)::bigint[]),
    unnest(sqlc.arg(issuers)::text[]),
    unnest(sqlc.arg(customer_ids)::text[]),
    unnest(sqlc.arg(schemes)::text[]),
    unnest(sqlc.arg(products)::text[]),
    unnest(sqlc.arg(statuses)::text[]),
    unnest(sqlc.arg(expiry_years)::bigint[]),
    unnest(sqlc.arg(expiry_months)::bigint[]),
    unnest(sqlc.arg(bins)::text[]),
    unnest(sqlc.arg(last_fours)::text[]),
    unnest(sqlc.arg(pan_indexes)::bytea[]),
    unnest(sqlc.arg(sealed)::bytea[]),
    unnest(sqlc.arg(wrapped_keys)::bytea[]),
    unnest(sqlc.arg(keks)::text[]),
    unnest(sqlc.arg(content_macs)::bytea[]),
    unnest(sqlc.arg(updated_ms)::bigint[])
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- Rows are locked in id order, so that two imports that change the same cards at once
-- wait for one another and do not lock each other out.
-- name: LockCards :many
SELECT id, content_mac FROM cards WHERE id = ANY(sqlc.arg(ids)::bigint[]) ORDER BY id FOR UPDATE;

-- name: ReplaceCards :many
UPDATE cards AS c SET
    customer_id  = change.customer_id,
    scheme       = change.scheme,
    product      = change.product,
    status       = change.status,
    expiry_year  = change.expiry_year,
    expiry_month = change.expiry_month,
    bin          = change.bin,
    last_four    = change.last_four,
    pan_index    = change.pan_index,
    sealed       = change.sealed,
    wrapped_key  = change.wrapped_key,
    kek          = change.kek,
    content_mac  = change.content_mac,
    updated_ms   = change.updated_ms
FROM (
    SELECT
        unnest(sqlc.arg(ids)::bigint[])           AS id,
        unnest(sqlc.arg(customer_ids)::text[])    AS customer_id,
        unnest(sqlc.arg(schemes)::text[])         AS scheme,
        unnest(sqlc.arg(products)::text[])        AS product,
        unnest(sqlc.arg(statuses)::text[])        AS status,
        unnest(sqlc.arg(expiry_years)::bigint[])  AS expiry_year,
        unnest(sqlc.arg(expiry_months)::bigint[]) AS expiry_month,
        unnest(sqlc.arg(bins)::text[])            AS bin,
        unnest(sqlc.arg(last_fours)::text[])      AS last_four,
        unnest(sqlc.arg(pan_indexes)::bytea[])    AS pan_index,
        unnest(sqlc.arg(sealed)::bytea[])         AS sealed,
        unnest(sqlc.arg(wrapped_keys)::bytea[])   AS wrapped_key,
        unnest(sqlc.arg(keks)::text[])            AS kek,
        unnest(sqlc.arg(content_macs)::bytea[])   AS content_mac,
        unnest(sqlc.arg(updated_ms)::bigint[])    AS updated_ms,
        unnest(sqlc.arg(replaces)::bytea[])       AS replaces
) AS change
WHERE c.id = change.id AND c.content_mac = change.replaces
RETURNING c.id;

-- name: GetCardForUpdate :one
SELECT * FROM cards WHERE id = $1 FOR UPDATE;

-- name: UpdateCard :exec
UPDATE cards SET
    customer_id = $2, scheme = $3, product = $4, status = $5, expiry_year = $6, expiry_month = $7,
    bin = $8, last_four = $9, pan_index = $10, sealed = $11, wrapped_key = $12, kek = $13,
    content_mac = $14, updated_ms = $15
WHERE id = $1;

-- name: DeleteCard :execrows
DELETE FROM cards WHERE id = $1;

-- name: IssuersOfCards :many
SELECT id, issuer FROM cards WHERE id = ANY(sqlc.arg(ids)::bigint[]);

-- name: ListCards :many
SELECT * FROM cards WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListCardsOfIssuer :many
SELECT * FROM cards WHERE issuer = sqlc.arg(issuer) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- A value may stand in card_finds without its card: the card is asked too.
-- name: ListCardsOfPAN :many
SELECT cards.* FROM card_finds AS f JOIN cards ON cards.id = f.card_id AND cards.pan_index = f.value
WHERE f.attribute = 1 AND f.value = sqlc.arg(pan_index) ORDER BY f.card_id;

-- name: ListCardsOfCustomer :many
SELECT cards.* FROM card_finds AS f JOIN cards ON cards.id = f.card_id AND cards.customer_id = sqlc.arg(customer_id)
WHERE f.attribute = 2 AND f.value = convert_to(sqlc.arg(customer_id), 'UTF8') AND f.card_id > sqlc.arg(after)
  AND (cards.issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY f.card_id LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListCardsOfLastFour :many
SELECT cards.* FROM card_finds AS f JOIN cards ON cards.id = f.card_id AND cards.last_four = sqlc.arg(last_four)
WHERE f.attribute = 3 AND f.value = convert_to(sqlc.arg(last_four), 'UTF8') AND f.card_id > sqlc.arg(after)
  AND (cards.issuer = sqlc.arg(issuer) OR sqlc.arg(issuer) = '')
ORDER BY f.card_id LIMIT sqlc.arg(max_rows)::bigint;

-- name: ListCardsOfKEK :many
SELECT * FROM cards WHERE kek = sqlc.arg(kek) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: RewrapCards :execrows
UPDATE cards AS c SET wrapped_key = change.new_key, kek = change.kek
FROM (
    SELECT
        unnest(sqlc.arg(ids)::bigint[])       AS id,
        unnest(sqlc.arg(old_keys)::bytea[])   AS old_key,
        unnest(sqlc.arg(new_keys)::bytea[])   AS new_key,
        unnest(sqlc.arg(keks)::text[])        AS kek
) AS change
WHERE c.id = change.id AND c.wrapped_key = change.old_key;

-- name: NextCardIssuer :one
SELECT issuer FROM cards WHERE issuer > sqlc.arg(after) ORDER BY issuer LIMIT 1;

-- name: NextCardKEK :one
SELECT kek FROM cards WHERE kek > sqlc.arg(after) ORDER BY kek LIMIT 1;
