-- name: GetToken :one
SELECT * FROM tokens WHERE id = ?;

-- name: GetTokenByRef :one
SELECT * FROM tokens
WHERE reference = sqlc.arg(reference) AND requestor = sqlc.arg(requestor) AND scheme = sqlc.arg(scheme);

-- name: ListTokensOfCard :many
SELECT sqlc.embed(tokens),
    CAST(coalesce((SELECT l.as_of_ms FROM token_lists AS l WHERE l.card_id = sqlc.arg(card_id)), 0) AS INTEGER) AS listed_ms
FROM tokens WHERE tokens.card_id = sqlc.arg(card_id) ORDER BY id;

-- name: ListTokensInChange :many
SELECT * FROM tokens WHERE change_open = 1 AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: ListTokensOfKEK :many
SELECT * FROM tokens WHERE kek = sqlc.arg(kek) AND kek > '' AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: NextTokenKEK :one
SELECT kek FROM tokens WHERE kek > sqlc.arg(after) AND kek > '' ORDER BY kek LIMIT 1;

-- name: ListTokensAfter :many
SELECT * FROM tokens WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: RewrapToken :execrows
UPDATE tokens SET wrapped_key = sqlc.arg(new_key), kek = sqlc.arg(kek)
WHERE id = sqlc.arg(id) AND wrapped_key = sqlc.arg(old_key);

-- name: InsertToken :one
INSERT INTO tokens (
    scheme, requestor, reference, issuer, card_id, pan_reference, wallet, status, holders,
    status_since_ms, requested_ms, expiry_year, expiry_month, device_name, device_type,
    sealed, wrapped_key, kek, first_six, last_four, source, as_of_ms,
    change_id, change_action, change_state, change_reason, change_by, change_client,
    change_channel, change_since_ms, change_outcome, change_open
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', '', '', '', 0, '', 0)
RETURNING id;

-- name: UpdateToken :exec
UPDATE tokens SET
    card_id = ?, pan_reference = ?, wallet = ?, status = ?, holders = ?,
    status_since_ms = ?, requested_ms = ?, expiry_year = ?, expiry_month = ?,
    device_name = ?, device_type = ?,
    sealed = ?, wrapped_key = ?, kek = ?, first_six = ?, last_four = ?, source = ?, as_of_ms = ?,
    change_id = ?, change_action = ?, change_state = ?, change_reason = ?, change_by = ?,
    change_client = ?, change_channel = ?, change_since_ms = ?, change_outcome = ?, change_open = ?
WHERE id = ?;

-- name: DetachTokens :exec
UPDATE tokens SET
    card_id = 0, pan_reference = '', device_name = '',
    sealed = x'', wrapped_key = x'', kek = '', first_six = '', last_four = ''
WHERE card_id = sqlc.arg(card_id);

-- name: AddTokenHistory :exec
INSERT INTO token_history (
    token_id, at_ms, what, was, becomes, by_whom, channel, reason, change_id, action, answer, reference
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: ListTokenHistory :many
SELECT * FROM token_history WHERE token_id = sqlc.arg(token_id) AND seq < sqlc.arg(before)
ORDER BY seq DESC LIMIT sqlc.arg(max_rows);

-- Of a card without tokens.
-- name: GetEmptyTokenList :one
SELECT l.as_of_ms FROM token_lists AS l
WHERE l.card_id = sqlc.arg(card_id) AND NOT EXISTS (SELECT 1 FROM tokens AS t WHERE t.card_id = sqlc.arg(card_id));

-- name: SetTokenList :exec
-- 60000 is storage.MaxWordDelay.
INSERT INTO token_lists (card_id, as_of_ms) VALUES (sqlc.arg(card_id), sqlc.arg(as_of_ms))
ON CONFLICT (card_id) DO UPDATE SET as_of_ms = excluded.as_of_ms
WHERE token_lists.as_of_ms NOT BETWEEN excluded.as_of_ms AND excluded.as_of_ms + 60000;

-- name: UnsetTokenList :exec
UPDATE token_lists SET as_of_ms = 0 WHERE card_id = ?;
