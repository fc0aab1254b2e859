-- name: AddCardFind :exec
INSERT OR IGNORE INTO card_finds (attribute, value, card_id) VALUES (?, ?, ?);

-- One if the value stands and its card has it not.
-- name: CountFreeFind :one
SELECT count(*) FROM card_finds
WHERE attribute = ? AND value = ? AND card_id = ? AND NOT EXISTS (
    SELECT 1 FROM cards WHERE cards.id = card_finds.card_id AND CASE card_finds.attribute
        WHEN 1 THEN cards.pan_index WHEN 2 THEN CAST(cards.customer_id AS BLOB) ELSE CAST(cards.last_four AS BLOB)
    END = card_finds.value
);

-- name: DropCardFind :exec
DELETE FROM card_finds
WHERE attribute = ? AND value = ? AND card_id = ? AND NOT EXISTS (
    SELECT 1 FROM cards WHERE cards.id = card_finds.card_id AND CASE card_finds.attribute
        WHEN 1 THEN cards.pan_index WHEN 2 THEN CAST(cards.customer_id AS BLOB) ELSE CAST(cards.last_four AS BLOB)
    END = card_finds.value
);

-- name: CountImports :one
SELECT count(*) FROM imports;

-- name: ListFindsOfCard :many
SELECT attribute, value FROM card_finds WHERE card_id = ?;

-- name: GetImport :one
SELECT * FROM imports WHERE id = ?;

-- name: AddImport :execrows
INSERT INTO imports (id, holder, who, began_ms, beat_ms, state) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: TakeImport :execrows
UPDATE imports SET holder = sqlc.arg(holder), who = sqlc.arg(who), began_ms = sqlc.arg(began_ms), beat_ms = sqlc.arg(beat_ms), state = sqlc.arg(state)
WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder_before);

-- name: MarkImport :execrows
UPDATE imports SET beat_ms = sqlc.arg(beat_ms), state = sqlc.arg(state) WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);

-- name: DeleteImport :execrows
DELETE FROM imports WHERE id = sqlc.arg(id) AND holder = sqlc.arg(holder);
