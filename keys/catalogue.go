package keys

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Catalogue is what a custodian knows of all its keys, in the order in which they came.
// Its methods are the rules of a key's life. They change nothing: a custodian asks them
// and does the act.
type Catalogue []Meta

// Retirement says what a retirement does about the work of the key.
type Retirement int

// A key that nothing replaces is retired only EvenIfNeeded: calls that need it are
// refused from then on. That is for a key that has leaked.
const (
	IfReplaced Retirement = iota
	EvenIfNeeded
)

// Find returns the key of that id. The error is CodeNotFound, reason key_not_found.
func (c Catalogue) Find(id ID) (Meta, error) {
	for _, m := range c {
		if m.ID == id {
			return m, nil
		}
	}
	return Meta{}, errNotFound()
}

func errNotFound() error {
	return walletport.Errorf(walletport.CodeNotFound, "key_not_found", "there is no key of that id")
}

// Next returns the version of a new key: one above all of its purpose and issuer, and
// above spec.After.
func (c Catalogue) Next(spec Spec) int {
	version := spec.After
	for _, m := range c {
		if m.Purpose == spec.Purpose && m.Issuer == spec.Issuer {
			version = max(version, m.Version)
		}
	}
	return version + 1
}

// MayActivate returns nil if the key can serve from t on. The reasons of its errors are
// key_not_found, key_destroyed and key_expired.
func (c Catalogue) MayActivate(id ID, t time.Time) error {
	m, err := c.alive(id)
	if err != nil {
		return err
	}
	if !m.ValidUntil.IsZero() && !m.ValidUntil.After(t) {
		return walletport.Errorf(walletport.CodeInvalid, "key_expired", "the validity of the key or of its certificate has ended")
	}
	return nil
}

// MayRetire returns nil if the key can be taken out of new work at t. The reasons of its
// errors are key_not_found, key_destroyed and, unless how is EvenIfNeeded, key_needed.
func (c Catalogue) MayRetire(id ID, how Retirement, t time.Time) error {
	m, err := c.alive(id)
	if err != nil {
		return err
	}
	if how == EvenIfNeeded || !m.ServesAt(t) || c.hasSubstitute(m, t) {
		return nil
	}
	return walletport.Errorf(walletport.CodeConflict, "key_needed", "no other active key serves what this one serves; activate one before; for a key that has leaked, keys retire --needed retires it all the same")
}

// MayDestroy returns nil if the secret half of the key can be destroyed. The reasons of
// its errors are key_not_found, key_destroyed, key_not_retired and, for the keys of
// others, which have no secret half here, key_unfit.
func (c Catalogue) MayDestroy(id ID) error {
	m, err := c.alive(id)
	switch {
	case err != nil:
		return err
	case !m.Purpose.HasSecretHalf():
		return walletport.Errorf(walletport.CodeInvalid, "key_unfit", "a key of purpose %s is the other side's: its public half alone is here, and there is nothing to destroy", m.Purpose)
	case m.State != Retired:
		return walletport.Errorf(walletport.CodeConflict, "key_not_retired", "the key is %s, and only a retired key is destroyed: retire it before", m.State)
	}
	return nil
}

// alive returns the key of that id unless it was destroyed.
func (c Catalogue) alive(id ID) (Meta, error) {
	m, err := c.Find(id)
	if err == nil && m.State == Destroyed {
		err = walletport.Errorf(walletport.CodeConflict, "key_destroyed", "the key was destroyed: its secret half is gone, and nothing brings it back")
	}
	return m, err
}

// hasSubstitute reports whether a single other key serves every card that m does.
func (c Catalogue) hasSubstitute(m Meta, t time.Time) bool {
	return slices.ContainsFunc(c, func(other Meta) bool {
		return other.ID != m.ID && other.Purpose == m.Purpose && other.ServesAt(t) &&
			(other.Issuer == "" || other.Issuer == m.Issuer) &&
			(len(other.BINs) == 0 || slices.Equal(other.BINs, m.BINs))
	})
}
