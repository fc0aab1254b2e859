package file

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// Spec describes a key that is to be added.
type Spec struct {
	Purpose    keys.Purpose
	Issuer     walletport.IssuerID // "" serves every issuer
	BINs       []keys.BINRange     // empty serves every BIN
	ValidFrom  time.Time           // zero means now
	ValidUntil time.Time           // zero never ends; a certificate's end may come before. Generated opc-signing keys: zero is one year
	// Algorithm of a generated key: RSA-2048, RSA-3072 or RSA-4096 for tav-signing,
	// where empty means the first, and for opc-signing, where it means the second; the
	// other purposes have one each.
	Algorithm         string
	Alias             string // see keys.Meta; vts-push and wsd keys need theirs
	SchemeFingerprint string // see keys.Meta
	Activate          bool   // false leaves the key pending
	// AsIs takes an imported key although something about it looks wrong: a key usage
	// that forbids the purpose, the parity of a WSD key, quotes, blanks or a name around
	// a shared secret.
	AsIs    bool
	Sandbox bool
	// After is the version that the new key's must be above, whatever the store has: of a
	// key that it has lost, so that no id means two keys. 0 is none.
	After int
}

// Import adds the key in data: PEM or DER of a certificate, public or private key, a
// PKCS#7 bundle, PKCS#12 (which password opens; nil otherwise), an OpenPGP key for the
// opc purposes
// (public for opc-encryption, private for opc-signing), the text of the shared secret for
// vts-push, or for the other secret purposes 32 bytes (wsd: 16) as hex or base64.
// The reasons of its errors are key_malformed, key_encrypted, key_unfit,
// key_expired, key_exists. The caller wipes data.
func (s *Store) Import(spec Spec, data, password []byte) (keys.Meta, error) {
	m, err := parseMaterial(spec, data, password)
	if err != nil {
		return keys.Meta{}, err
	}
	return s.add(spec, m)
}

// Check says what Import would make of data, and stores nothing. Its errors are those
// of Import.
func (s *Store) Check(spec Spec, data, password []byte) (keys.Meta, error) {
	m, err := parseMaterial(spec, data, password)
	if err != nil {
		return keys.Meta{}, err
	}
	c, _, err := s.read()
	if err != nil {
		return keys.Meta{}, err
	}
	defer c.wipe()
	return s.addTo(c, spec, m)
}

func (s *Store) add(spec Spec, m material) (meta keys.Meta, err error) {
	err = s.change(func(c *catalogue) error {
		meta, err = s.addTo(c, spec, m)
		return err
	})
	return meta, err
}

// addTo makes the entry of a key, with the next version, and adds it to c.
func (s *Store) addTo(c *catalogue, spec Spec, m material) (keys.Meta, error) {
	if err := checkSpec(spec); err != nil {
		return keys.Meta{}, err
	}
	e, err := newEntry(spec, m, s.config.Clock())
	if err != nil {
		return keys.Meta{}, err
	}
	e.Version = spec.After
	for _, other := range c.Keys {
		if other.Purpose == e.Purpose && other.Issuer == e.Issuer {
			e.Version = max(e.Version, other.Version)
		}
	}
	e.Version++
	e.ID = keys.NewID(e.Purpose, e.Issuer, e.Version)
	if slices.ContainsFunc(c.Keys, e.repeats) {
		return keys.Meta{}, walletport.Errorf(walletport.CodeConflict, "key_exists", "the key store has this key already; a key has one purpose and one version")
	}
	c.Keys = append(c.Keys, e)
	return e.meta()
}

// newEntry proves that the material fits the purpose and is good now or later.
func newEntry(spec Spec, m material, now time.Time) (*entry, error) {
	e := &entry{
		Purpose: spec.Purpose, Issuer: spec.Issuer, ValidFrom: spec.ValidFrom.UTC(), ValidUntil: spec.ValidUntil.UTC(), State: keys.Pending,
		Alias: spec.Alias, SchemeFingerprint: spec.SchemeFingerprint, Sandbox: spec.Sandbox,
	}
	if spec.Activate {
		e.State = keys.Active
	}
	if spec.ValidFrom.IsZero() {
		e.ValidFrom = now.UTC().Truncate(time.Second)
	}
	for _, r := range spec.BINs {
		e.BINs = append(e.BINs, r.String())
	}
	if err := m.fill(e, now); err != nil {
		return nil, err
	}
	if err := checkUse(spec, m); err != nil {
		return nil, err
	}
	if m.certificate != nil {
		// NotAfter is the last good second (RFC 5280 section 4.1.2.5); ValidUntil is the
		// first bad one.
		e.narrow(m.certificate.NotBefore, m.certificate.NotAfter.Add(time.Second))
	}
	if !e.ValidUntil.IsZero() && (!e.ValidUntil.After(e.ValidFrom) || !e.ValidUntil.After(now)) {
		return nil, errEnded(e.ValidUntil)
	}
	return e, nil
}

func errExpired() error {
	return walletport.Errorf(walletport.CodeInvalid, "key_expired", "the validity of the key or of its certificate has ended")
}

func errEnded(until time.Time) error {
	return walletport.Errorf(walletport.CodeInvalid, "key_expired",
		"the validity of the key or of its certificate has ended, at %s, or ends before it begins", until.UTC().Format(time.RFC3339))
}

// narrow cuts the validity to that of a certificate; a zero until has no end.
func (e *entry) narrow(from, until time.Time) {
	if from.After(e.ValidFrom) {
		e.ValidFrom = from.UTC()
	}
	if !until.IsZero() && (e.ValidUntil.IsZero() || until.Before(e.ValidUntil)) {
		e.ValidUntil = until.UTC()
	}
}

// repeats reports whether other is the same key. The public keys of Mastercard and
// Google may come again for another issuer or with a renewed certificate.
func (e *entry) repeats(other *entry) bool {
	if e.Secret != nil {
		return subtle.ConstantTimeCompare(e.Secret, other.Secret) == 1
	}
	if e.Fingerprint != other.Fingerprint {
		return false
	}
	theirs := e.Purpose == keys.MDESEncryption || e.Purpose == keys.OPCEncryption
	if !theirs || e.Purpose != other.Purpose {
		return true
	}
	return e.Issuer == other.Issuer && bytes.Equal(e.Certificate, other.Certificate) && bytes.Equal(e.OpenPGP, other.OpenPGP)
}

// Activate makes a key serve, a retired one again too. Keys that were active stay
// so: the newest serves new work, the others open and verify until they are
// retired. A key whose validity has ended is CodeInvalid, reason key_expired.
func (s *Store) Activate(id keys.ID) error {
	return s.change(func(c *catalogue) error {
		e, err := c.find(id)
		if err != nil {
			return err
		}
		if !e.ValidUntil.IsZero() && !e.ValidUntil.After(s.config.Clock()) {
			return errExpired()
		}
		e.State = keys.Active
		return nil
	})
}

// Retire takes a key out of new work; it still opens and verifies. It refuses with
// CodeConflict, reason key_needed, when no other key would do its work.
func (s *Store) Retire(id keys.ID) error {
	return s.change(func(c *catalogue) error {
		e, err := c.find(id)
		if err != nil {
			return err
		}
		if e.servesAt(s.config.Clock()) && !c.hasSubstitute(e, s.config.Clock()) {
			return walletport.Errorf(walletport.CodeConflict, "key_needed", "no other active key serves what this one serves; activate one before; for a key that has leaked, keys retire --needed retires it all the same")
		}
		e.State = keys.Retired
		return nil
	})
}

// RetireNeeded retires a key even when no other does its work: calls that need it
// are refused from then on. It is for a key that has leaked.
func (s *Store) RetireNeeded(id keys.ID) error {
	return s.change(func(c *catalogue) error {
		e, err := c.find(id)
		if err != nil {
			return err
		}
		e.State = keys.Retired
		return nil
	})
}

func (e *entry) servesAt(t time.Time) bool {
	return keys.Meta{State: e.State, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil}.ServesAt(t)
}

// hasSubstitute reports whether a single other key serves every card that e does.
func (c *catalogue) hasSubstitute(e *entry, now time.Time) bool {
	return slices.ContainsFunc(c.Keys, func(other *entry) bool {
		return other != e && other.Purpose == e.Purpose && other.servesAt(now) &&
			(other.Issuer == "" || other.Issuer == e.Issuer) &&
			(len(other.BINs) == 0 || slices.Equal(other.BINs, e.BINs))
	})
}

// ExportPublic returns what the other side may have of a key: the OpenPGP
// certificate of an opc key in ASCII armor; else, as PEM, the certificate if it came
// as one or the SubjectPublicKeyInfo. A secret key has no public half: CodeInvalid,
// reason key_unfit.
func (s *Store) ExportPublic(id keys.ID) ([]byte, error) {
	k, ok := s.Current().ByID(id)
	switch {
	case !ok:
		return nil, walletport.Errorf(walletport.CodeNotFound, "key_not_found", "there is no key of that id")
	case k.OpenPGP != nil:
		return armorCertificate(k.OpenPGP.Certificate)
	case k.Certificate != nil:
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate.Raw}), nil
	case k.Public == nil:
		return nil, errUnfit("a secret key has no public half")
	}
	spki, err := x509.MarshalPKIXPublicKey(k.Public)
	if err != nil {
		return nil, fmt.Errorf("public key of %s: %w", id, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), nil
}

// material is a key as generated or parsed. Parts that it lacks are nil.
type material struct {
	certificate *x509.Certificate
	public      crypto.PublicKey // of a lone public key
	private     crypto.Signer
	secret      []byte
	typed       bool // the secret was read, not generated
	openPGP     *openPGPKey
}
