package googlepay

import (
	"maps"
	"sync/atomic"

	"github.com/walletport/walletport/seal"
)

// maxCertificates bounds what is remembered; rotation leaves a few behind.
const maxCertificates = 256

// certificates remembers certificates by their bytes, for reading one costs more
// than the rest of an opaque payment card beside RSA. Readers take no lock: the map
// behind the pointer is never changed, a new one takes its place.
type certificates struct {
	known atomic.Pointer[map[string]*seal.OpenPGPCertificate]
}

func (c *certificates) parse(binary []byte) (*seal.OpenPGPCertificate, error) {
	if known := c.known.Load(); known != nil {
		if certificate := (*known)[string(binary)]; certificate != nil {
			return certificate, nil
		}
	}
	certificate, err := seal.ParseOpenPGPCertificate(binary)
	if err != nil {
		return nil, err
	}
	c.remember(string(binary), certificate)
	return certificate, nil
}

// remember starts anew when there are too many: those in use come back at their
// next use.
func (c *certificates) remember(binary string, certificate *seal.OpenPGPCertificate) {
	for {
		old := c.known.Load()
		next := map[string]*seal.OpenPGPCertificate{}
		if old != nil && len(*old) < maxCertificates {
			next = maps.Clone(*old)
		}
		next[binary] = certificate
		if c.known.CompareAndSwap(old, &next) {
			return
		}
	}
}
