// Package material is what all custodians do alike with the material of a key: it reads
// the forms in which keys come (PEM, DER, PKCS#7, PKCS#12, OpenPGP, hex, base64, text)
// and names what is no key, proves that a key fits its purpose, makes keys, and writes
// the public half for the other side. It keeps nothing and does no I/O.
//
// A custodian of files seals what it gets from here; one of an HSM puts the private half
// or the secret into the HSM and keeps the rest.
package material

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// Key is the material of one key that fits its purpose. Parts that the purpose does not
// have are nil.
type Key struct {
	// Meta is the catalogue entry, but for ID and Version, which the custodian gives.
	keys.Meta
	Certificate *x509.Certificate   // if it came as one
	Chain       []*x509.Certificate // see keys.Key
	Public      crypto.PublicKey
	Private     crypto.Signer // of Public: *rsa.PrivateKey, or an engine's where a custodian puts it in, *ecdsa.PrivateKey or ed25519.PrivateKey
	Secret      []byte        // an AES or HMAC key of 32 bytes, a TDEA key of 16, or the text that Visa issued
	OpenPGP     []byte        // transferable public key (RFC 4880 section 11.1), binary, of the opc purposes
}

// Read reads the key in data, which password opens where the form has one, and proves
// that it is what spec says at now. Spec.Validate comes first. The other reasons of its
// errors are key_malformed, key_encrypted, key_unfit and key_expired, all CodeInvalid; none
// shows a part of data. The key shares no memory with data or password.
func Read(spec keys.Spec, data, password []byte, now time.Time) (*Key, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	raw, err := parse(spec, data, password)
	if err != nil {
		return nil, err
	}
	return fit(spec, raw, now)
}

// Generate makes the key that spec describes, in the memory of this process. Spec.Validate
// comes first; the other reasons of its errors are key_unfit and key_expired.
func Generate(spec keys.Spec, now time.Time) (*Key, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	raw, err := generate(spec, now)
	if err != nil {
		return nil, err
	}
	return fit(spec, raw, now)
}

// material is a key as generated or parsed. Parts that it lacks are nil.
type material struct {
	certificate *x509.Certificate
	others      []*x509.Certificate // that came beside it
	public      crypto.PublicKey    // of a lone public key
	private     crypto.Signer
	secret      []byte
	typed       bool // the secret was read, not generated
	openPGP     *openPGPKey
}

// fit proves that the material fits the purpose and is good now or later.
func fit(spec keys.Spec, raw material, now time.Time) (*Key, error) {
	k := &Key{Meta: keys.Meta{
		Purpose: spec.Purpose, Issuer: spec.Issuer, BINs: spec.BINs, ValidFrom: spec.ValidFrom.UTC(), ValidUntil: spec.ValidUntil.UTC(),
		State: keys.Pending, Alias: spec.Alias, SchemeFingerprint: spec.SchemeFingerprint, Sandbox: spec.Sandbox,
	}}
	if spec.Activate {
		k.State = keys.Active
	}
	if spec.ValidFrom.IsZero() {
		k.ValidFrom = now.UTC().Truncate(time.Second)
	}
	if err := raw.fill(k, now); err != nil {
		return nil, err
	}
	if err := checkUse(spec, raw); err != nil {
		return nil, err
	}
	if raw.certificate != nil {
		// NotAfter is the last good second (RFC 5280 section 4.1.2.5); ValidUntil is the
		// first bad one.
		k.narrow(raw.certificate.NotBefore, raw.certificate.NotAfter.Add(time.Second))
	}
	for _, c := range k.Chain {
		k.narrow(c.NotBefore, c.NotAfter.Add(time.Second))
	}
	if !k.ValidUntil.IsZero() && (!k.ValidUntil.After(k.ValidFrom) || !k.ValidUntil.After(now)) {
		return nil, errEnded(k.ValidUntil)
	}
	return k, nil
}

func errExpired() error {
	return walletport.Errorf(walletport.CodeInvalid, "key_expired", "the validity of the key or of its certificate has ended")
}

func errEnded(until time.Time) error {
	return walletport.Errorf(walletport.CodeInvalid, "key_expired",
		"the validity of the key or of its certificate has ended, at %s, or ends before it begins", until.UTC().Format(time.RFC3339))
}

// narrow cuts the validity to that of a certificate; a zero until has no end.
func (k *Key) narrow(from, until time.Time) {
	if from.After(k.ValidFrom) {
		k.ValidFrom = from.UTC()
	}
	if !until.IsZero() && (k.ValidUntil.IsZero() || until.Before(k.ValidUntil)) {
		k.ValidUntil = until.UTC()
	}
}
