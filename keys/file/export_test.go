package file

import (
	"encoding/json"
	"os"

	"github.com/walletport/walletport/keys"
)

// Cheap lowers the work factor of a passphrase, which is dear by design: tests
// would take a second and 256 MiB for each opening.
func (s Secret) Cheap() Secret {
	return Secret{&secretText{text: s.of.text, workFactor: 2}}
}

// WithWorkFactor seals with a header that claims another cost.
func (s Secret) WithWorkFactor(n int) Secret {
	return Secret{&secretText{text: s.of.text, workFactor: n}}
}

// Seal seals JSON as a key store, for tests of what it holds.
func Seal(secret Secret, c Catalogue) ([]byte, error) { return c.seal(secret) }

// Catalogue and Entry are the JSON.
type (
	Catalogue = catalogue
	Entry     = entry
)

// Lock takes the lock of another process.
var Lock = lock

// OpenPlain reads the JSON of a key store, makes its keys and wipes it.
func OpenPlain(plain []byte) error {
	c, err := parseCatalogue(plain)
	if err != nil {
		return err
	}
	defer c.wipe()
	_, err = c.ring(keys.GoRSA{})
	return err
}

// Unseal returns the JSON of a key store.
func Unseal(c Config) ([]byte, error) {
	sealed, err := os.ReadFile(c.Path)
	if err != nil {
		return nil, err
	}
	opened, err := openCatalogue(sealed, c.Secret)
	if err != nil {
		return nil, err
	}
	return json.Marshal(opened)
}

// SealPlain and OpenSealed are the two ends of what a key store is sealed by, whatever it holds.
func SealPlain(secret Secret, plain []byte) ([]byte, error) { return sealPlain(secret, plain) }

// OpenHeader returns what follows the header of what SealPlain made, and the key of it.
func OpenHeader(secret Secret, sealed []byte) (fileKey, payload []byte, err error) {
	identity, err := secret.identity()
	if err != nil {
		return nil, nil, err
	}
	return openHeader(sealed, identity)
}

// OpenSealed opens what SealPlain made.
func OpenSealed(secret Secret, sealed []byte) ([]byte, error) {
	fileKey, payload, err := OpenHeader(secret, sealed)
	if err != nil {
		return nil, err
	}
	return openPayload(fileKey, payload)
}
