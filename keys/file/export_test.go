package file

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

// ParseMaterial is the parser of imported keys.
var ParseMaterial = parseMaterial
