package server

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/applepay"
)

// appleEncoder is Apple Pay's encoder with the roots of the files as they are: the
// encoder itself never changes, so another one takes its place. It implements
// wallet.PassEncoder and reloader.
type appleEncoder struct {
	config  config.ApplePay
	current atomic.Pointer[pinnedEncoder]
}

// pinnedEncoder is an encoder with the roots that it was made with.
type pinnedEncoder struct {
	*applepay.Encoder
	roots []*x509.Certificate
}

var _ wallet.PassEncoder = (*appleEncoder)(nil)

func openAppleEncoder(c config.ApplePay) (*appleEncoder, error) {
	e := &appleEncoder{config: c}
	return e, e.Reload(context.Background())
}

// Reload implements reloader. Roots that are as they were change nothing, so that
// the encoder keeps what it remembers of chains.
func (e *appleEncoder) Reload(context.Context) error {
	roots, err := readRoots(e.config.RootFiles)
	if err != nil {
		return err
	}
	before := e.current.Load()
	if before != nil && sameCertificates(before.roots, roots) {
		return nil
	}
	encoder, err := applepay.New(e.config.Format, roots)
	if err != nil {
		return err
	}
	e.current.Store(&pinnedEncoder{encoder, roots})
	return nil
}

func sameCertificates(a, b []*x509.Certificate) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i].Raw, b[i].Raw) {
			return false
		}
	}
	return true
}

// ParseNonce implements wallet.PassEncoder.
func (e *appleEncoder) ParseNonce(nonce, signature string) (n, s []byte, err error) {
	return e.current.Load().ParseNonce(nonce, signature)
}

// CheckChain implements wallet.PassEncoder.
func (e *appleEncoder) CheckChain(certificates []string, now time.Time) (wallet.PassRecipient, error) {
	return e.current.Load().CheckChain(certificates, now)
}

// NeedsSealedNumber implements wallet.PassEncoder.
func (e *appleEncoder) NeedsSealedNumber(scheme walletport.SchemeID) bool {
	return e.current.Load().NeedsSealedNumber(scheme)
}

// EncodePass implements wallet.PassEncoder.
func (e *appleEncoder) EncodePass(in wallet.PassInput) (wallet.Pass, error) {
	return e.current.Load().EncodePass(in)
}

// maxCertificateFileBytes bounds files of certificates and their keys.
const maxCertificateFileBytes = 1 << 20

// readRoots reads certificates, several in a file if it has them.
func readRoots(paths []string) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for _, path := range paths {
		text, err := disk.Read(path, maxCertificateFileBytes)
		if err != nil {
			return nil, fmt.Errorf("wallets.applepay.root_files: %w", err)
		}
		before := len(roots)
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			root, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("wallets.applepay.root_files: %s: %w", path, err)
			}
			roots = append(roots, root)
		}
		if len(roots) == before {
			return nil, fmt.Errorf("wallets.applepay.root_files: %s holds no certificate in PEM", path)
		}
	}
	return roots, nil
}
