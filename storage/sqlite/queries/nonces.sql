-- name: InsertNonce :execrows
INSERT INTO nonces (issuer, wallet, digest, used_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (issuer, wallet, digest) DO NOTHING;

-- name: RenewNonce :execrows
UPDATE nonces SET used_ms = sqlc.arg(used_ms)
WHERE issuer = sqlc.arg(issuer) AND wallet = sqlc.arg(wallet) AND digest = sqlc.arg(digest)
    AND used_ms < sqlc.arg(since_ms);

-- name: ForgetNonces :execrows
DELETE FROM nonces WHERE (issuer, wallet, digest) IN (
    SELECT old.issuer, old.wallet, old.digest FROM nonces AS old
    WHERE old.used_ms < sqlc.arg(before_ms) ORDER BY old.used_ms LIMIT sqlc.arg(max_rows)
);
