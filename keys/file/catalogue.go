package file

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// formatVersion is the version of the JSON below.
const formatVersion = 1

// catalogue is the content of the key store.
type catalogue struct {
	Format int      `json:"format"`
	Keys   []*entry `json:"keys"`
}

// entry is one key: what keys.Meta says of it, and its material.
type entry struct {
	ID                keys.ID             `json:"id"`
	Purpose           keys.Purpose        `json:"purpose"`
	Issuer            walletport.IssuerID `json:"issuer,omitempty"`
	BINs              []string            `json:"bins,omitempty"`
	ValidFrom         time.Time           `json:"validFrom"`
	ValidUntil        time.Time           `json:"validUntil,omitzero"`
	Version           int                 `json:"version"`
	State             keys.State          `json:"state"`
	Algorithm         string              `json:"algorithm"`
	Fingerprint       string              `json:"fingerprint"` // of public keys; older stores have one of the id for secret keys, which says nothing
	Alias             string              `json:"alias,omitempty"`
	SchemeFingerprint string              `json:"schemeFingerprint,omitempty"`
	Sandbox           bool                `json:"sandbox,omitempty"`

	Certificate []byte `json:"certificate,omitempty"` // X.509 DER
	OpenPGP     []byte `json:"openpgp,omitempty"`     // transferable public key (RFC 4880 section 11.1), binary
	Public      []byte `json:"public,omitempty"`      // SubjectPublicKeyInfo DER
	Private     []byte `json:"private,omitempty"`     // PKCS#8 DER
	Secret      []byte `json:"secret,omitempty"`      // 32 bytes of an AES or HMAC key, 16 of a TDEA key, or the text that Visa issued
}

// wipe clears what is secret.
func (c *catalogue) wipe() {
	for _, e := range c.Keys {
		clear(e.Private)
		clear(e.Secret)
	}
}

// find returns the entry of that id, or CodeNotFound, reason key_not_found.
func (c *catalogue) find(id keys.ID) (*entry, error) {
	for _, e := range c.Keys {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, walletport.Errorf(walletport.CodeNotFound, "key_not_found", "there is no key of that id")
}

// seal returns the age file of the catalogue.
func (c *catalogue) seal(secret Secret) ([]byte, error) {
	recipient, err := secret.recipient()
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the catalogue: %w", err)
	}
	defer clear(plain)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipient)
	if err != nil {
		return nil, fmt.Errorf("seal the catalogue: %w", err)
	}
	_, err = w.Write(plain)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("seal the catalogue: %w", err)
	}
	return sealed.Bytes(), nil
}

// openCatalogue opens what seal made. The reasons are keystore_secret and
// keystore_damaged.
func openCatalogue(sealed []byte, secret Secret) (*catalogue, error) {
	identity, err := secret.identity()
	if err != nil {
		return nil, err
	}
	damaged := walletport.Errorf(walletport.CodeInvalid, "keystore_damaged", "the key store is damaged or no key store")
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if _, wrongSecret := errors.AsType[*age.NoIdentityMatchError](err); wrongSecret {
		return nil, walletport.Errorf(walletport.CodeInvalid, "keystore_secret", "the %s does not open the key store", secret.of.kind).WithCause(err)
	}
	if err != nil { // its text repeats lines of the file, which may be a secret that was named in the store's place
		return nil, damaged.WithCause(errors.New("it does not begin as an age file does, or its header is damaged"))
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFileBytes))
	defer clear(plain)
	if err != nil {
		return nil, damaged.WithCause(err)
	}
	return parseCatalogue(plain)
}

// parseCatalogue reads the JSON that seal wrote. The reason is keystore_damaged.
func parseCatalogue(plain []byte) (*catalogue, error) {
	var c catalogue
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields() // a member that means something to a newer version must not get lost at the next write
	if err := decoder.Decode(&c); err != nil {
		return nil, walletport.Errorf(walletport.CodeUnsupported, "keystore_damaged", "the key store was made by another version of walletport").WithCause(errors.New("its JSON is not as expected"))
	}
	if c.Format != formatVersion {
		return nil, walletport.Errorf(walletport.CodeUnsupported, "keystore_damaged", "the key store has format %d, this version reads %d", c.Format, formatVersion)
	}
	if i := slices.Index(c.Keys, nil); i >= 0 {
		return nil, walletport.Errorf(walletport.CodeInvalid, "keystore_damaged", "entry %d of the key store's list is null, not a key", i+1)
	}
	return &c, nil
}

// ring builds the handles of every key.
func (c *catalogue) ring() (*keys.Ring, error) {
	all := make([]*keys.Key, 0, len(c.Keys))
	for _, e := range c.Keys {
		if slices.ContainsFunc(all, func(k *keys.Key) bool { return k.ID == e.ID }) {
			return nil, damagedKey(e.ID, errors.New("its id stands twice"))
		}
		k, err := e.key()
		if err != nil {
			return nil, damagedKey(e.ID, err)
		}
		all = append(all, k)
	}
	return keys.NewRing(all), nil
}

func damagedKey(id keys.ID, cause error) error {
	return walletport.Errorf(walletport.CodeInvalid, "keystore_damaged", "key %s of the key store is not usable", id).WithCause(cause)
}

func (e *entry) key() (*keys.Key, error) {
	meta, err := e.meta()
	if err != nil {
		return nil, err
	}
	k := &keys.Key{Meta: meta}
	switch e.Purpose {
	case keys.MDESEncryption:
		err = e.addPublic(k)
	case keys.TAVSigning, keys.AuditCheckpoint:
		err = e.addPair(k)
	case keys.OPCEncryption:
		if err = e.addPublic(k); err == nil {
			err = e.addOpenPGP(k)
		}
	case keys.OPCSigning:
		if err = e.addPair(k); err == nil {
			err = e.addOpenPGP(k)
		}
	case keys.VTSPush:
		k.KEK, err = keys.NewSharedSecretKEK(e.Secret)
	case keys.WSD:
		k.TDEA, err = keys.NewTDEA(e.Secret)
	case keys.VaultKEK:
		k.KEK, err = keys.NewKEK(e.Secret)
	case keys.VaultIndex:
		k.MAC, err = keys.NewMAC(e.Secret)
	default:
		err = errors.New("its purpose is unknown to this version of walletport")
	}
	return k, err
}

func (e *entry) meta() (keys.Meta, error) {
	m := keys.Meta{
		ID: e.ID, Purpose: e.Purpose, Issuer: e.Issuer, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil, Version: e.Version,
		State: e.State, Algorithm: e.Algorithm, Fingerprint: e.Fingerprint, Alias: e.Alias,
		SchemeFingerprint: e.SchemeFingerprint, Sandbox: e.Sandbox,
	}
	if e.isSecret() {
		checkValue, err := keys.CheckValueOf(e.Purpose, e.Secret)
		if err != nil {
			return keys.Meta{}, err
		}
		m.Fingerprint, m.CheckValue = "", checkValue
	}
	for _, text := range e.BINs {
		r, err := keys.ParseBINRange(text)
		if err != nil {
			return keys.Meta{}, err
		}
		m.BINs = append(m.BINs, r)
	}
	switch e.State {
	case keys.Pending, keys.Active, keys.Retired:
		return m, nil
	}
	return keys.Meta{}, errors.New("its state is none of pending, active, retired")
}

// isSecret reports whether the key has no public half.
func (e *entry) isSecret() bool {
	switch e.Purpose {
	case keys.VTSPush, keys.WSD, keys.VaultKEK, keys.VaultIndex:
		return true
	case keys.MDESEncryption, keys.TAVSigning, keys.OPCEncryption, keys.OPCSigning, keys.AuditCheckpoint:
	}
	return false
}

func (e *entry) addPublic(k *keys.Key) error {
	public, err := x509.ParsePKIXPublicKey(e.Public)
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	k.Public = public
	if e.Certificate == nil {
		return nil
	}
	k.Certificate, err = x509.ParseCertificate(e.Certificate)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	return nil
}

func (e *entry) addPair(k *keys.Key) error {
	if err := e.addPublic(k); err != nil {
		return err
	}
	return e.addSigner(k)
}

func (e *entry) addSigner(k *keys.Key) error {
	parsed, err := x509.ParsePKCS8PrivateKey(e.Private) // precomputes RSA keys
	if err != nil {
		return errors.New("its private key does not parse")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return errors.New("its private key does not sign")
	}
	if !samePublic(private.Public(), k.Public) {
		return errors.New("its private key is not that of its public key")
	}
	k.Signer, err = keys.NewSigner(private)
	return err
}

// samePublic compares public keys of any kinds.
func samePublic(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}
