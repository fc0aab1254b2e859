package sandbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim/googlesim"
)

// openGoogleKey reads the key that stands for Google's, or makes and writes it.
func openGoogleKey(path string, clock func() time.Time) (*googlesim.Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeGoogleKey(clock()); err == nil {
			err = writeFileAtomically(path, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("simulated Google key: %w", err)
	}
	key, err := googlesim.ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("simulated Google key %s: %w", path, err)
	}
	return key, nil
}

func makeGoogleKey(now time.Time) ([]byte, error) {
	key, err := googlesim.NewKey(rand.Reader, now)
	if err != nil {
		return nil, err
	}
	text, err := key.Private()
	return []byte(text), err
}

// googlePay is the wallet that opens opaque cards. It knows the certificates of the
// issuer as they are at the moment of each call.
func (o *otherSide) googlePay(settings config.Config, issuer keys.Source) (http.Handler, error) {
	return googlesim.New(googlesim.Config{
		Google: []*googlesim.Key{o.keys.google},
		Issuers: func() openpgp.EntityList {
			var registered openpgp.EntityList
			for _, k := range publishedKeys(issuer.Current(), keys.OPCSigning) {
				if k.OpenPGP == nil {
					continue
				}
				if list, err := openpgp.ReadKeyRing(bytes.NewReader(k.OpenPGP.Certificate)); err == nil {
					registered = append(registered, list...)
				}
			}
			return registered
		},
		Networks: o.networks(walletport.GooglePay, settings), Rand: rand.Reader, Now: o.clock,
	})
}

// googleSecrets holds armored OpenPGP.
type googleSecrets struct {
	OPCPrivateKey   string `json:"opcPrivateKey"`
	IssuerPublicKey string `json:"issuerPublicKey"`
}

// keys is what the simulated Google opens cards with.
func (g googleSecrets) keys() (googlesim.Keys, error) {
	own, err := googlesim.ParseKey(g.OPCPrivateKey)
	if err != nil {
		return googlesim.Keys{}, err
	}
	issuers, err := googlesim.ParseCertificates(g.IssuerPublicKey)
	return googlesim.Keys{Google: []*googlesim.Key{own}, Issuers: issuers}, err
}
