package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // names are read as they are spelled, and none twice
)

const (
	maxJWKSBytes = 1 << 20
	// maxJWKSKeys bounds what one token can make us try.
	maxJWKSKeys = 64
	// minRSABits refuses keys that are too short to trust.
	minRSABits = 2048
)

// keySet is the usable public keys of one authority, as they were read. It never
// changes: another reading with other keys makes another keySet.
type keySet struct {
	keys   []jose.JSONWebKey
	digest [sha256.Size]byte // of the keys' text: equal texts are equal sets
	// skipped says of each key of the text that is not used, why: an authority may
	// have keys of other kinds, for others.
	skipped []string
}

// parseKeySet reads a JWK set (RFC 7517). A set without a key that can verify a
// token is an error, which says of each key why it cannot.
func parseKeySet(text []byte) (*keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("what was read is no JWK set in JSON") // the library's words repeat the text
	}
	switch {
	case set.Keys == nil:
		return nil, errors.New("what was read has no member keys, so it is no JWK set")
	case len(set.Keys) == 0:
		return nil, errors.New("the JWK set is empty")
	case len(set.Keys) > maxJWKSKeys:
		return nil, fmt.Errorf("the JWK set has more than %d keys", maxJWKSKeys)
	}
	read := &keySet{digest: sha256.Sum256(text)}
	for i, raw := range set.Keys {
		key, err := parseKey(raw)
		if err != nil {
			read.skipped = append(read.skipped, fmt.Sprintf("key %d: %v", i+1, err))
			continue
		}
		read.keys = append(read.keys, key)
	}
	if len(read.keys) == 0 {
		return nil, fmt.Errorf("the JWK set has no key that can verify a token: %q", read.skipped)
	}
	return read, nil
}

// parseKey reads one JWK that is meant for verifying, and that one of our
// algorithms can use.
func parseKey(raw []byte) (jose.JSONWebKey, error) {
	var key jose.JSONWebKey
	var meant struct {
		Use        *string  `json:"use"`
		Operations []string `json:"key_ops"`
		Algorithm  *string  `json:"alg"`
	}
	if err := json.Unmarshal(raw, &meant); err != nil {
		return key, errors.New("it is malformed")
	}
	switch {
	case meant.Use != nil && *meant.Use != "sig":
		return key, errors.New("its use is another than sig")
	case meant.Operations != nil && !slices.Contains(meant.Operations, "verify"):
		return key, errors.New("its key_ops do not have verify")
	case meant.Algorithm != nil && !slices.Contains(allowedAlgorithms, jose.SignatureAlgorithm(*meant.Algorithm)):
		return key, errors.New("its alg is none of ES256, RS256, PS256 and EdDSA")
	}
	if err := key.UnmarshalJSON(raw); err != nil {
		return key, errors.New("it is malformed, of an unknown kind, or an RSA key above 4096 bits")
	}
	return key, checkKey(key)
}

func checkKey(key jose.JSONWebKey) error {
	var kind string
	switch public := key.Key.(type) {
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return errors.New("its curve is another than P-256")
		}
		kind = "E"
	case ed25519.PublicKey:
		kind = "Ed"
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits {
			return errors.New("an RSA key has at least 2048 bits")
		}
		kind = "R"
	default:
		return errors.New("it is no public key")
	}
	if !slices.Contains(algorithmsOf[kind], jose.SignatureAlgorithm(key.Algorithm)) && key.Algorithm != "" {
		return errors.New("its alg does not fit its kty")
	}
	return nil
}

// algorithmsOf says what a kind of key can do.
var algorithmsOf = map[string][]jose.SignatureAlgorithm{
	"E": {jose.ES256}, "Ed": {jose.EdDSA}, "R": {jose.RS256, jose.PS256},
}

// verifies reports whether one of the keys signed the token. Where token and key
// both have a key id, or the key an algorithm, they must agree; of several keys
// with one id any will do.
func (s *keySet) verifies(token *jose.JSONWebSignature) bool {
	header := token.Signatures[0].Header
	for i := range s.keys {
		key := &s.keys[i]
		if header.KeyID != "" && key.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if _, err := token.Verify(key); err == nil {
			return true
		}
	}
	return false
}

// has reports whether a key has the token's key id.
func (s *keySet) has(token *jose.JSONWebSignature) bool {
	id := token.Signatures[0].Header.KeyID
	return id != "" && slices.ContainsFunc(s.keys, func(k jose.JSONWebKey) bool { return k.KeyID == id })
}
