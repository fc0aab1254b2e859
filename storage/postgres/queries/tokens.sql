-- name: GetToken :one
SELECT * FROM tokens WHERE id = $1;

-- name: GetTokenForUpdate :one
SELECT * FROM tokens WHERE id = $1 FOR UPDATE;

-- name: GetTokenByRef :one
SELECT * FROM tokens
WHERE reference = sqlc.arg(reference) AND requestor = sqlc.arg(requestor) AND scheme = sqlc.arg(scheme);

-- The references of different schemes and requestors hardly ever meet: the caller leaves
-- out what it did not ask for.
-- name: LockTokensByReference :many
SELECT * FROM tokens WHERE reference = ANY(sqlc.arg(token_references)::text[]) FOR UPDATE;

-- name: LockTokens :many
SELECT id FROM tokens WHERE id = ANY(sqlc.arg(ids)::bigint[]) FOR UPDATE;

-- name: ListTokensOfCard :many
SELECT sqlc.embed(tokens),
    coalesce((SELECT l.as_of_ms FROM token_lists AS l WHERE l.card_id = sqlc.arg(card_id)), 0)::bigint AS listed_ms
FROM tokens WHERE tokens.card_id = sqlc.arg(card_id) ORDER BY id;

-- name: ListTokensInChange :many
SELECT tokens.* FROM tokens_in_change JOIN tokens ON id = token_id
WHERE token_id > sqlc.arg(after) ORDER BY token_id LIMIT sqlc.arg(max_rows)::bigint;

-- name: OpenTokenChange :exec
INSERT INTO tokens_in_change (token_id) VALUES ($1);

-- name: CloseTokenChange :exec
DELETE FROM tokens_in_change WHERE token_id = $1;

-- name: ListTokensOfKEK :many
SELECT * FROM tokens WHERE kek = sqlc.arg(kek) AND kek > '' AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: NextTokenKEK :one
SELECT kek FROM tokens WHERE kek > sqlc.arg(after) AND kek > '' ORDER BY kek LIMIT 1;

-- name: ListTokensAfter :many
SELECT * FROM tokens WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows)::bigint;

-- name: RewrapTokens :execrows
UPDATE tokens AS t SET wrapped_key = change.new_key, kek = change.kek
FROM (
    SELECT
        unnest(sqlc.arg(ids)::bigint[])       AS id,
        unnest(sqlc.arg(old_keys)::bytea[])   AS old_key,
        unnest(sqlc.arg(new_keys)::bytea[])   AS new_key,
        unnest(sqlc.arg(keks)::text[])        AS kek
) AS change
WHERE t.id = change.id AND t.wrapped_key = change.old_key;

-- Rows of a call travel together, in one round trip. One that stands already does not
-- come back.
-- name: InsertTokens :batchone
INSERT INTO tokens (
    scheme, requestor, reference, issuer, card_id, pan_reference, wallet, status, holders,
    status_since_ms, requested_ms, expiry_year, expiry_month, device_name, device_type,
    sealed, wrapped_key, kek, first_six, last_four, source, as_of_ms,
    change_id, change_action, change_state, change_reason, change_by, change_client,
    change_channel, change_since_ms, change_outcome
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
    '', '', '', '', '', '', '', 0, ''
)
ON CONFLICT (reference, requestor, scheme) DO NOTHING
RETURNING id;

-- name: UpdateTokens :batchexec
UPDATE tokens SET
    card_id = $2, pan_reference = $3, wallet = $4, status = $5, holders = $6,
    status_since_ms = $7, requested_ms = $8, expiry_year = $9, expiry_month = $10,
    device_name = $11, device_type = $12,
    sealed = $13, wrapped_key = $14, kek = $15, first_six = $16, last_four = $17, source = $18, as_of_ms = $19,
    change_id = $20, change_action = $21, change_state = $22, change_reason = $23, change_by = $24,
    change_client = $25, change_channel = $26, change_since_ms = $27, change_outcome = $28
WHERE id = $1;

-- name: DetachTokens :exec
UPDATE tokens SET
    card_id = 0, pan_reference = '', device_name = '',
    sealed = '', wrapped_key = '', kek = '', first_six = '', last_four = ''
WHERE card_id = sqlc.arg(card_id);

-- name: AddTokenHistory :batchexec
INSERT INTO token_history (
    token_id, at_ms, what, was, becomes, by_whom, channel, reason, change_id, action, answer, reference
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: ListTokenHistory :many
SELECT * FROM token_history WHERE token_id = sqlc.arg(token_id) AND seq < sqlc.arg(before)
ORDER BY seq DESC LIMIT sqlc.arg(max_rows)::bigint;

-- Of a card without tokens.
-- name: GetEmptyTokenList :one
SELECT l.as_of_ms FROM token_lists AS l
WHERE l.card_id = sqlc.arg(card_id) AND NOT EXISTS (SELECT 1 FROM tokens AS t WHERE t.card_id = sqlc.arg(card_id));

-- name: SetTokenList :exec
-- 60000 is storage.MaxWordDelay.
INSERT INTO token_lists AS l (card_id, as_of_ms) VALUES ($1, $2)
ON CONFLICT (card_id) DO UPDATE SET as_of_ms = excluded.as_of_ms
WHERE l.as_of_ms NOT BETWEEN excluded.as_of_ms AND excluded.as_of_ms + 60000;

-- name: UnsetTokenList :exec
UPDATE token_lists SET as_of_ms = 0 WHERE card_id = $1;
