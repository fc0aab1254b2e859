-- Values come as arrays with one element each, in their order.
-- name: AddCardFinds :exec
INSERT INTO card_finds (attribute, value, card_id)
SELECT unnest(sqlc.arg(attributes)::smallint[]), unnest(sqlc.arg(vals)::bytea[]), unnest(sqlc.arg(card_ids)::bigint[])
ON CONFLICT DO NOTHING;

-- A card that another transaction is storing has looked for its values already, and is not seen
-- yet: its table is locked against writers until the commit.
-- name: LockCardsTable :exec
LOCK TABLE cards IN SHARE MODE;

-- name: DropCardFinds :exec
DELETE FROM card_finds AS f
USING (
    SELECT
        unnest(sqlc.arg(attributes)::smallint[]) AS attribute,
        unnest(sqlc.arg(vals)::bytea[])          AS value,
        unnest(sqlc.arg(card_ids)::bigint[])     AS card_id
) AS found
WHERE f.attribute = found.attribute AND f.value = found.value AND f.card_id = found.card_id AND NOT EXISTS (
    SELECT 1 FROM cards WHERE cards.id = f.card_id AND CASE f.attribute
        WHEN 1 THEN cards.pan_index WHEN 2 THEN convert_to(cards.customer_id, 'UTF8') ELSE convert_to(cards.last_four, 'UTF8')
    END = f.value
);

-- name: GetImport :one
SELECT * FROM imports WHERE id = $1;

-- name: AddImport :execrows
INSERT INTO imports (id, holder, who, began_ms, beat_ms, state) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: TakeImport :execrows
UPDATE imports SET holder = sqlc.arg(holder), who = sqlc.arg(who), began_ms = sqlc.arg(began_ms), beat_ms = sqlc.arg(beat_ms), state = sqlc.arg(state)
WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder_before);

-- name: MarkImport :execrows
UPDATE imports SET beat_ms = sqlc.arg(beat_ms), state = sqlc.arg(state) WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);

-- name: BeatImport :execrows
UPDATE imports SET beat_ms = sqlc.arg(beat_ms) WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);

-- name: DeleteImport :exec
DELETE FROM imports WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);
