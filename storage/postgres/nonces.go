package postgres

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// UseNonces implements storage.Nonces. A replica that comes second waits for the row
// of the first, and then sees that it is not old.
func (s *Store) UseNonces(ctx context.Context, uses []storage.NonceUse) ([]bool, error) {
	if err := storage.CheckNonceUses(uses); err != nil {
		return nil, err
	}
	if len(uses) == 0 {
		return nil, nil
	}
	params := useParams(firstUses(uses), s.clock())
	var written []pgdb.UseNoncesRow
	// Not repeated when the answer was lost: it would find its own rows, and call
	// them reused.
	err := s.retryUndone(ctx, func() error {
		var err error
		if written, err = s.queries.UseNonces(ctx, params); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return freshOf(uses, written), nil
}

// UseNonce implements storage.NoncesTx.
func (t *transaction) UseNonce(use storage.NonceUse) (bool, error) {
	if err := storage.CheckNonceUse(use); err != nil {
		return false, err
	}
	written, err := t.q.UseNonces(t.ctx, useParams([]storage.NonceUse{use}, t.store.clock()))
	if err != nil {
		return false, t.failed(err)
	}
	return len(written) > 0, nil
}

// firstUses returns the first use of each nonce, for one statement cannot change a
// row twice. They are in the order of their keys, so that two replicas that use the
// same nonces at once lock the rows in the same order.
func firstUses(uses []storage.NonceUse) []storage.NonceUse {
	first := slices.Clone(uses)
	slices.SortStableFunc(first, func(a, b storage.NonceUse) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Wallet, b.Wallet), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	return slices.CompactFunc(first, func(a, b storage.NonceUse) bool { return a.Nonce == b.Nonce })
}

// useParams turns uses into one array for each column. now is the clock by which their
// times were taken.
func useParams(uses []storage.NonceUse, now time.Time) pgdb.UseNoncesParams {
	return pgdb.UseNoncesParams{
		SentMs:  now.UnixMilli(),
		Issuers: column(uses, func(u storage.NonceUse) string { return string(u.Issuer) }),
		Wallets: column(uses, func(u storage.NonceUse) string { return string(u.Wallet) }),
		Digests: column(uses, func(u storage.NonceUse) []byte { return u.Digest[:] }),
		UsedMs:  column(uses, func(u storage.NonceUse) int64 { return u.At.UnixMilli() }),
		SinceMs: column(uses, func(u storage.NonceUse) int64 { return u.Since.UnixMilli() }),
	}
}

// freshOf says of each use whether its nonce was written, and for it.
func freshOf(uses []storage.NonceUse, written []pgdb.UseNoncesRow) []bool {
	left := make(map[storage.Nonce]bool, len(written))
	for _, row := range written {
		n := storage.Nonce{Issuer: walletport.IssuerID(row.Issuer), Wallet: walletport.Wallet(row.Wallet)}
		copy(n.Digest[:], row.Digest)
		left[n] = true
	}
	fresh := make([]bool, len(uses))
	for i := range uses {
		fresh[i] = left[uses[i].Nonce]
		left[uses[i].Nonce] = false
	}
	return fresh
}

// ForgetNonces implements storage.Nonces. When the answer to a deletion is lost and
// the call repeated, its nonces are not counted.
func (s *Store) ForgetNonces(ctx context.Context, before time.Time, limit int) (int, error) {
	var forgotten int64
	err := s.retryLost(ctx, func() error {
		var err error
		forgotten, err = s.queries.ForgetNonces(ctx, pgdb.ForgetNoncesParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(forgotten), nil
}
