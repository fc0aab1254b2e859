package keys

import (
	"context"
	"time"
)

// Custody is a custodian: it keeps keys in a file, an HSM or another service, lets them
// be used through the Ring, changes them and notices what others change. Each custodian
// has a room of its own below this one, passes keystest.RunCustody, and is chosen by the
// configuration in one place.
type Custody interface {
	Custodian
	Watcher
}

// Custodian is the contract of management: what may be done with keys beside using
// them. The rules of a key's life are those of Catalogue.
//
// An act is done whole or not at all. When it returns without an error, what it did is
// durable and stands in Current; another process that has the same keys open sees it at
// its next look (see Watcher). A Ring that was given out before does not change. Ids and
// versions are never used twice, also not after a key was destroyed.
//
// ctx bounds how long an act waits, and one whose ctx has ended before it begins changes
// nothing. The returned Meta is that of the key as it is after the act. Custodians are
// safe for concurrent use, also by several processes.
//
// The public half of a key needs no act: it stands in the Ring, and ExportPublic of
// keys/material writes it in the form that the other side takes.
//
// The errors of all acts are walletport.Error:
//
//	key_purpose, issuer_malformed, bin_range, key_alias   CodeInvalid   the Spec is not good
//	key_malformed   CodeInvalid    data is no key in a form that is read
//	key_encrypted   CodeInvalid    the password is missing or wrong
//	key_unfit       CodeInvalid    the key does not fit its purpose, or the act does not fit the key
//	key_expired     CodeInvalid    the key's validity has ended
//	key_exists      CodeConflict   the custodian has the key already, or had it
//	key_not_found   CodeNotFound   no key has that id
//	key_needed      CodeConflict   no other key would do the work of the one to retire
//	key_not_retired CodeConflict   only a retired key is destroyed
//	key_destroyed   CodeConflict   nothing can be done with a key that was destroyed
//
// Those of the place where the keys are kept have the same reasons for every custodian:
// keystore_missing, keystore_permissions, keystore_secret (what opens it), keystore_damaged,
// keystore_busy (another process changes it) and keystore_unavailable; keys/file adds
// file_owner, of a file that is another user's. An act that ctx stopped returns the error of
// ctx. No error shows any part of data, password or a card
// number.
type Custodian interface {
	Source
	// Generate makes a key. Those of others, of which there is no secret half here, are
	// key_unfit. A generated vts-push, vts-api or wsd key is for sandboxes and tests: Visa
	// issues the real ones.
	Generate(ctx context.Context, spec Spec) (Meta, error)
	// Import adds the key in data, in any form that keys/material reads; password opens
	// it where the form has one, else it is nil. The caller may wipe both afterwards.
	Import(ctx context.Context, spec Spec, data, password []byte) (Meta, error)
	// Check says what Import would make of data, with the errors of Import, and stores
	// nothing.
	Check(ctx context.Context, spec Spec, data, password []byte) (Meta, error)
	// Activate makes a key serve, a retired one again too. Keys that were active stay so:
	// the newest serves new work, the others open and verify until they are retired.
	Activate(ctx context.Context, id ID) (Meta, error)
	// Retire takes a key out of new work; it still opens and verifies.
	Retire(ctx context.Context, id ID, how Retirement) (Meta, error)
	// Destroy makes the secret half of a retired key impossible to use and to read, for
	// good. Its entry and its public half stay, so that old trails and catalogues still
	// name it. Whether something is left that only this key opens the custodian cannot
	// know: the caller asks before. Copies of the store that others made still have it.
	Destroy(ctx context.Context, id ID) (Meta, error)
}

// Watcher is how a server that uses keys follows what others change. Its methods are
// safe for concurrent use.
type Watcher interface {
	Refresher
	// Run follows the keys until ctx ends, and returns nil then. When they cannot be read
	// those that were read before go on serving, and Stale says so.
	Run(ctx context.Context) error
	// Reload reads the keys now, whether or not they seem changed. After an error those
	// that were read before go on serving.
	Reload(ctx context.Context) error
	// Stale returns since when and why the keys cannot be read as they are now; because
	// is nil when all is well.
	Stale() (since time.Time, because error)
}
