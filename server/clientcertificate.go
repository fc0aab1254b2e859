package server

import (
	"crypto/tls"
	"time"

	"github.com/walletport/walletport/keys"
)

// clientCertificate returns what finds the client certificate for a new connection: that
// of the newest key of the purpose that serves then, with its chain. Where there is none
// the connection has no certificate, for not every scheme asks for one.
func clientCertificate(source keys.Source, purpose keys.Purpose, clock func() time.Time) func() (*tls.Certificate, error) {
	return func() (*tls.Certificate, error) {
		k, err := source.Current().Select(purpose, "", "", clock())
		if err != nil {
			return &tls.Certificate{}, nil //nolint:nilerr // there is no such key
		}
		offered := &tls.Certificate{Certificate: [][]byte{k.Certificate.Raw}, PrivateKey: k.Signer, Leaf: k.Certificate}
		for _, above := range k.Chain {
			offered.Certificate = append(offered.Certificate, above.Raw)
		}
		return offered, nil
	}
}
