package file

import (
	"bytes"
	"context"
	"crypto/subtle"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
)

// Generate implements keys.Custodian.
func (s *Store) Generate(ctx context.Context, spec keys.Spec) (keys.Meta, error) {
	m, err := material.Generate(spec, s.config.Clock())
	if err != nil {
		return keys.Meta{}, err
	}
	return s.add(ctx, spec, m)
}

// Import implements keys.Custodian.
func (s *Store) Import(ctx context.Context, spec keys.Spec, data, password []byte) (keys.Meta, error) {
	m, err := material.Read(spec, data, password, s.config.Clock())
	if err != nil {
		return keys.Meta{}, err
	}
	return s.add(ctx, spec, m)
}

// Check implements keys.Custodian.
func (s *Store) Check(ctx context.Context, spec keys.Spec, data, password []byte) (keys.Meta, error) {
	m, err := material.Read(spec, data, password, s.config.Clock())
	if err != nil {
		return keys.Meta{}, err
	}
	if err := ctx.Err(); err != nil {
		return keys.Meta{}, err
	}
	c, _, err := s.read()
	if err != nil {
		return keys.Meta{}, err
	}
	defer c.wipe()
	return c.add(spec, m)
}

func (s *Store) add(ctx context.Context, spec keys.Spec, m *material.Key) (meta keys.Meta, err error) {
	err = s.change(ctx, func(c *catalogue) error {
		meta, err = c.add(spec, m)
		return err
	})
	return meta, err
}

// add makes the entry of a key, with the next version.
func (c *catalogue) add(spec keys.Spec, m *material.Key) (keys.Meta, error) {
	known, err := c.metas()
	if err != nil {
		return keys.Meta{}, err
	}
	e, err := newEntry(m)
	if err != nil {
		return keys.Meta{}, err
	}
	e.Version = known.Next(spec)
	e.ID = keys.NewID(e.Purpose, e.Issuer, e.Version)
	for _, other := range c.Keys {
		same, err := e.repeats(other)
		if err != nil {
			return keys.Meta{}, err
		}
		if same {
			return keys.Meta{}, walletport.Errorf(walletport.CodeConflict, "key_exists", "the key store has this key already, or had it; a key has one purpose and one version")
		}
	}
	c.Keys = append(c.Keys, e)
	return e.meta()
}

// repeats reports whether other is the same key. The public keys of Mastercard and
// Google may come again for another issuer or with a renewed certificate, and so may those
// by which TLS names us, unless they were destroyed.
func (e *entry) repeats(other *entry) (bool, error) {
	if e.Secret != nil {
		return e.repeatsSecret(other)
	}
	if e.Fingerprint != other.Fingerprint {
		return false, nil
	}
	isGone := e.Purpose.HasSecretHalf() && other.State == keys.Destroyed
	if !e.Purpose.MayBeRenewed() || isGone || e.Purpose != other.Purpose {
		return true, nil
	}
	return e.Issuer == other.Issuer && bytes.Equal(e.Certificate, other.Certificate) && slices.EqualFunc(e.Chain, other.Chain, bytes.Equal) &&
		bytes.Equal(e.OpenPGP, other.OpenPGP), nil
}

// repeatsSecret compares secrets, whatever their purposes. Of a destroyed key the check
// value is left, which another key has by chance once in 2^24 times or less often.
func (e *entry) repeatsSecret(other *entry) (bool, error) {
	if other.State != keys.Destroyed {
		return subtle.ConstantTimeCompare(e.Secret, other.Secret) == 1, nil
	}
	if other.Purpose != e.Purpose {
		return false, nil
	}
	checkValue, err := keys.CheckValueOf(e.Purpose, e.Secret)
	return checkValue == other.CheckValue, err
}

// Activate implements keys.Custodian.
func (s *Store) Activate(ctx context.Context, id keys.ID) (keys.Meta, error) {
	return s.changeState(ctx, id, keys.Active, func(all keys.Catalogue) error { return all.MayActivate(id, s.config.Clock()) })
}

// Retire implements keys.Custodian.
func (s *Store) Retire(ctx context.Context, id keys.ID, how keys.Retirement) (keys.Meta, error) {
	return s.changeState(ctx, id, keys.Retired, func(all keys.Catalogue) error { return all.MayRetire(id, how, s.config.Clock()) })
}

// Destroy implements keys.Custodian: the secret half is not in the file that is written.
// The file that it replaces is gone from the folder, and what a disk keeps of it is as
// sealed as it was.
func (s *Store) Destroy(ctx context.Context, id keys.ID) (keys.Meta, error) {
	return s.changeState(ctx, id, keys.Destroyed, func(all keys.Catalogue) error { return all.MayDestroy(id) })
}

// changeState gives a key another state, if may, asked about all keys, lets it.
func (s *Store) changeState(ctx context.Context, id keys.ID, to keys.State, may func(keys.Catalogue) error) (changed keys.Meta, err error) {
	err = s.change(ctx, func(c *catalogue) error {
		all, err := c.metas()
		if err != nil {
			return err
		}
		if err := may(all); err != nil {
			return err
		}
		e := c.Keys[slices.IndexFunc(c.Keys, func(e *entry) bool { return e.ID == id })] // may has found it
		if to == keys.Destroyed {
			if err := e.destroy(); err != nil {
				return err
			}
		}
		e.State = to
		changed, err = e.meta()
		return err
	})
	return changed, err
}

// destroy leaves of an entry what is not secret.
func (e *entry) destroy() error {
	if !e.Purpose.HasPublicHalf() {
		checkValue, err := keys.CheckValueOf(e.Purpose, e.Secret)
		if err != nil {
			return err
		}
		e.CheckValue = checkValue
	}
	clear(e.Private)
	clear(e.Secret)
	e.Private, e.Secret = nil, nil
	return nil
}
