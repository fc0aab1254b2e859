package storage

import (
	"context"
	"errors"

	"github.com/walletport/walletport"
)

// ErrUnavailable returns the answer for a database that cannot do what was
// asked, with the driver's error as cause. When ctx has ended, its error is in
// the chain too: errors.Is(err, context.Canceled) tells a caller who left from a
// database that failed, whatever the driver made of it.
func ErrUnavailable(ctx context.Context, cause error) *walletport.Error {
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(cause, ctxErr) {
		cause = errors.Join(ctxErr, cause)
	}
	return walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "the database is not available, try again").WithCause(cause)
}

// ErrRights returns the answer for a role of the database that lacks rights, which
// missing names; "" where the database did not say which. Trying again does not help.
func ErrRights(missing string) *walletport.Error {
	if missing != "" {
		missing = " (missing: " + missing + ")"
	}
	return walletport.Errorf(walletport.CodeUnavailable, "database_rights",
		"the database denies permission%s: see the GRANTs in docs/operations.md", missing)
}

// ErrClientNotFound returns the answer for an API client that does not exist.
func ErrClientNotFound() *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "client_not_found", "there is no API client of that id")
}

// ErrClientExists returns the answer for an API client whose id is taken.
func ErrClientExists() *walletport.Error {
	return walletport.Errorf(walletport.CodeConflict, "client_exists", "there is an API client of that id")
}

// ErrNonceReused returns the answer for a wallet's nonce that was used before.
func ErrNonceReused() *walletport.Error {
	return walletport.Errorf(walletport.CodeConflict, "nonce_reused", "the wallet's nonce was used before, start again in the wallet")
}

// CheckClientID returns CodeNotFound for an id that no client can have, because
// no engine keeps it: looking for it is an error of PostgreSQL.
func CheckClientID(id string) error {
	if !CanKeep(id) {
		return ErrClientNotFound()
	}
	return nil
}
