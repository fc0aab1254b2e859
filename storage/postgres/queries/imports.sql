-- Values come as arrays with one element each, in their order.
-- name: AddCardFinds :exec
INSERT INTO card_finds (attribute, value, card_id)
SELECT unnest(sqlc.arg(attributes)::smallint[]), unnest(sqlc.arg(vals)::bytea[]), unnest(sqlc.arg(card_ids)::bigint[])
ON CONFLICT DO NOTHING;

-- What somebody else has locked is passed over: nobody waits for it.
-- name: DropCardFinds :execrows
DELETE FROM card_finds AS f
USING (
    SELECT s.attribute, s.value, s.card_id
    FROM (
        SELECT
            unnest(sqlc.arg(attributes)::smallint[]) AS attribute,
            unnest(sqlc.arg(vals)::bytea[])          AS value,
            unnest(sqlc.arg(card_ids)::bigint[])     AS card_id
    ) AS found
    JOIN card_finds AS s ON s.attribute = found.attribute AND s.value = found.value AND s.card_id = found.card_id
    WHERE NOT EXISTS (
        SELECT 1 FROM cards WHERE cards.id = s.card_id AND CASE s.attribute
            WHEN 1 THEN cards.pan_index WHEN 2 THEN convert_to(cards.customer_id, 'UTF8') ELSE convert_to(cards.last_four, 'UTF8')
        END = s.value
    )
    FOR UPDATE OF s SKIP LOCKED
) AS free
WHERE f.attribute = free.attribute AND f.value = free.value AND f.card_id = free.card_id;

-- The transactions that have written cards, or are about to.
-- name: ListCardWriters :many
SELECT virtualtransaction::text AS writer FROM pg_catalog.pg_locks
WHERE locktype = 'relation' AND relation = 'cards'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND pid IS DISTINCT FROM pg_backend_pid();

-- ReadCardFinds reads values that were stored just now. The first one to read a row notes on its
-- page that the transaction of the row is committed, and so changes the page. Here all rows of a
-- page are read while it is in memory; later each card of an import would read, change and have
-- written one page for each of its values.
-- name: ReadCardFinds :one
SELECT count(*) FROM (
    SELECT
        unnest(sqlc.arg(attributes)::smallint[]) AS attribute,
        unnest(sqlc.arg(vals)::bytea[])          AS value,
        unnest(sqlc.arg(card_ids)::bigint[])     AS card_id
) AS found
CROSS JOIN LATERAL (
    SELECT 1 FROM card_finds AS f
    WHERE f.attribute = found.attribute AND f.value = found.value AND f.card_id = found.card_id LIMIT 1 -- one by one, whatever the table's size was when it was planned
) AS stored;

-- name: AddFindsOfCards :exec
INSERT INTO card_finds (attribute, value, card_id)
SELECT found.attribute, found.value, found.card_id
FROM (
    SELECT
        unnest(sqlc.arg(attributes)::smallint[]) AS attribute,
        unnest(sqlc.arg(vals)::bytea[])          AS value,
        unnest(sqlc.arg(card_ids)::bigint[])     AS card_id
) AS found
JOIN cards ON cards.id = found.card_id AND CASE found.attribute
    WHEN 1 THEN cards.pan_index WHEN 2 THEN convert_to(cards.customer_id, 'UTF8') ELSE convert_to(cards.last_four, 'UTF8')
END = found.value
ON CONFLICT DO NOTHING;

-- name: ListFindsOfCard :many
SELECT attribute, value FROM card_finds WHERE card_id = $1 AND EXISTS (SELECT 1 FROM imports);

-- name: GetImport :one
SELECT * FROM imports WHERE id = $1;

-- name: AddImport :execrows
INSERT INTO imports (id, holder, who, began_ms, beat_ms, state) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: TakeImport :execrows
UPDATE imports SET holder = sqlc.arg(holder), who = sqlc.arg(who), began_ms = sqlc.arg(began_ms), beat_ms = sqlc.arg(beat_ms), state = sqlc.arg(state)
WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder_before);

-- name: MarkImport :execrows
UPDATE imports SET beat_ms = sqlc.arg(beat_ms), state = sqlc.arg(state) WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);

-- name: DeleteImport :execrows
DELETE FROM imports WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);
