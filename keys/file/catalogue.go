package file

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
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
	CheckValue        string              `json:"checkValue,omitempty"` // of destroyed secret keys; that of others is computed
	Sandbox           bool                `json:"sandbox,omitempty"`

	Certificate []byte   `json:"certificate,omitempty"` // X.509 DER
	Chain       [][]byte `json:"chain,omitempty"`       // X.509 DER, of the certificates above it
	OpenPGP     []byte   `json:"openpgp,omitempty"`     // transferable public key (RFC 4880 section 11.1), binary
	Public      []byte   `json:"public,omitempty"`      // SubjectPublicKeyInfo DER
	Private     []byte   `json:"private,omitempty"`     // PKCS#8 DER
	Secret      []byte   `json:"secret,omitempty"`      // 32 bytes of an AES or HMAC key, 16 of a TDEA key, or the text that Visa issued
}

// wipe clears what is secret.
func (c *catalogue) wipe() {
	for _, e := range c.Keys {
		if e == nil { // as damaged JSON may have it
			continue
		}
		clear(e.Private)
		clear(e.Secret)
	}
}

// seal returns the age file of the catalogue.
func (c *catalogue) seal(secret Secret) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the catalogue: %w", err)
	}
	defer clear(plain)
	return sealPlain(secret, plain)
}

func sealPlain(secret Secret, plain []byte) ([]byte, error) {
	recipient, err := secret.recipient()
	if err != nil {
		return nil, err
	}
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
	fileKey, payload, err := openHeader(sealed, identity)
	if _, wrongSecret := errors.AsType[*age.NoIdentityMatchError](err); wrongSecret {
		return nil, walletport.Errorf(walletport.CodeInvalid, "keystore_secret", "the %s does not open the key store", secret.of.kind).WithCause(err)
	}
	if err != nil { // its text repeats lines of the file, which may be a secret that was named in the store's place
		return nil, damaged.WithCause(errors.New("it does not begin as an age file does, or its header is damaged"))
	}
	defer clear(fileKey)
	plain, err := openPayload(fileKey, payload)
	if err != nil {
		return nil, damaged.WithCause(err)
	}
	defer clear(plain)
	return parseCatalogue(plain)
}

// parseCatalogue reads the JSON that seal wrote, and leaves no copy of what is secret in it but
// those that wipe clears: json.Unmarshal reads where plain is, while a json.Decoder copies it into
// buffers of its own. The reason is keystore_damaged.
func parseCatalogue(plain []byte) (*catalogue, error) {
	c := &catalogue{}
	if err := c.parse(plain); err != nil {
		c.wipe()
		return nil, err
	}
	return c, nil
}

func (c *catalogue) parse(plain []byte) error {
	if json.Unmarshal(plain, c) != nil || hasUnknown(plain) {
		return walletport.Errorf(walletport.CodeUnsupported, "keystore_damaged", "the key store was made by another version of walletport").WithCause(errors.New("its JSON is not as expected"))
	}
	if c.Format != formatVersion {
		return walletport.Errorf(walletport.CodeUnsupported, "keystore_damaged", "the key store has format %d, this version reads %d", c.Format, formatVersion)
	}
	if i := slices.Index(c.Keys, nil); i >= 0 {
		return walletport.Errorf(walletport.CodeInvalid, "keystore_damaged", "entry %d of the key store's list is null, not a key", i+1)
	}
	return nil
}

// unread is a value of JSON that is passed over, without a copy.
type unread struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*unread) UnmarshalJSON([]byte) error { return nil }

// hasUnknown reports whether the catalogue or an entry has a member that it has no field for: one
// that means something to a newer version must not get lost at the next write.
func hasUnknown(plain []byte) bool {
	var all map[string]unread
	var list struct {
		Keys []map[string]unread `json:"keys"`
	}
	if errors.Join(json.Unmarshal(plain, &all), json.Unmarshal(plain, &list)) != nil || hasOthers(all, reflect.TypeFor[catalogue]()) {
		return true
	}
	return slices.ContainsFunc(list.Keys, func(e map[string]unread) bool { return hasOthers(e, reflect.TypeFor[entry]()) })
}

// hasOthers reports whether an object has other members than the fields of a type.
func hasOthers(object map[string]unread, of reflect.Type) bool {
	known := 0
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if _, ok := object[name]; ok {
			known++
		}
	}
	return known < len(object)
}

// ring builds the handles of every key; those of RSA by engine.
func (c *catalogue) ring(engine keys.RSAEngine) (*keys.Ring, error) {
	all := make([]*keys.Key, 0, len(c.Keys))
	for _, e := range c.Keys {
		if slices.ContainsFunc(all, func(k *keys.Key) bool { return k.ID == e.ID }) {
			return nil, damagedKey(e.ID, errors.New("its id stands twice"))
		}
		k, err := e.key(engine)
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

// newEntry holds what m is, without id and version.
func newEntry(m *material.Key) (*entry, error) {
	e := &entry{
		Purpose: m.Purpose, Issuer: m.Issuer, ValidFrom: m.ValidFrom, ValidUntil: m.ValidUntil, State: m.State, Algorithm: m.Algorithm,
		Fingerprint: m.Fingerprint, Alias: m.Alias, SchemeFingerprint: m.SchemeFingerprint, Sandbox: m.Sandbox,
		OpenPGP: m.OpenPGP, Secret: m.Secret,
	}
	for _, r := range m.BINs {
		e.BINs = append(e.BINs, r.String())
	}
	if m.Certificate != nil {
		e.Certificate = m.Certificate.Raw
	}
	for _, c := range m.Chain {
		e.Chain = append(e.Chain, c.Raw)
	}
	var err error
	if m.Public != nil {
		if e.Public, err = x509.MarshalPKIXPublicKey(m.Public); err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
	}
	if m.Private != nil {
		if e.Private, err = x509.MarshalPKCS8PrivateKey(m.Private); err != nil {
			return nil, fmt.Errorf("private key: %w", err)
		}
	}
	return e, nil
}

// key builds the handles.
func (e *entry) key(engine keys.RSAEngine) (*keys.Key, error) {
	meta, err := e.meta()
	if err != nil {
		return nil, err
	}
	m := material.Key{Meta: meta, Secret: e.Secret, OpenPGP: e.OpenPGP}
	if e.Purpose.HasPublicHalf() {
		if m.Public, err = x509.ParsePKIXPublicKey(e.Public); err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
	}
	if e.Certificate != nil {
		if m.Certificate, err = x509.ParseCertificate(e.Certificate); err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
	}
	for _, der := range e.Chain {
		above, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate of its chain: %w", err)
		}
		m.Chain = append(m.Chain, above)
	}
	if e.Private != nil {
		if m.Private, err = e.private(m.Public, engine); err != nil {
			return nil, err
		}
	}
	return m.Handles(engine)
}

// private makes the private half of public, one of RSA by engine.
func (e *entry) private(public crypto.PublicKey, engine keys.RSAEngine) (crypto.Signer, error) {
	if _, ok := public.(*rsa.PublicKey); ok {
		return engine.Private(e.Private)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(e.Private)
	if err != nil {
		return nil, errors.New("its private key does not parse")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("its private key does not sign")
	}
	return private, nil
}

// metas returns the catalogue without what is secret.
func (c *catalogue) metas() (keys.Catalogue, error) {
	all := make(keys.Catalogue, 0, len(c.Keys))
	for _, e := range c.Keys {
		meta, err := e.meta()
		if err != nil {
			return nil, damagedKey(e.ID, err)
		}
		all = append(all, meta)
	}
	return all, nil
}

func (e *entry) meta() (keys.Meta, error) {
	m := keys.Meta{
		ID: e.ID, Purpose: e.Purpose, Issuer: e.Issuer, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil, Version: e.Version,
		State: e.State, Algorithm: e.Algorithm, Fingerprint: e.Fingerprint, Alias: e.Alias,
		SchemeFingerprint: e.SchemeFingerprint, Sandbox: e.Sandbox,
	}
	if !e.Purpose.HasPublicHalf() {
		m.Fingerprint, m.CheckValue = "", e.CheckValue
	}
	for _, text := range e.BINs {
		r, err := keys.ParseBINRange(text)
		if err != nil {
			return keys.Meta{}, err
		}
		m.BINs = append(m.BINs, r)
	}
	switch e.State {
	case keys.Destroyed:
		if e.Secret != nil || e.Private != nil {
			return keys.Meta{}, errors.New("it is destroyed, and its secret half is here")
		}
		return m, nil
	case keys.Pending, keys.Active, keys.Retired:
	default:
		return keys.Meta{}, errors.New("its state is none of pending, active, retired, destroyed")
	}
	var err error
	if !e.Purpose.HasPublicHalf() {
		m.CheckValue, err = keys.CheckValueOf(e.Purpose, e.Secret)
	}
	return m, err
}
