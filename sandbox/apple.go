package sandbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/walletport/walletport/sim/applesim"
)

// appleRootName is the file in a sandbox's folder that its configuration trusts
// in Apple's place.
const appleRootName = "apple-root.pem"

// openAppleAuthority reads the chain that stands for Apple's, or makes and writes
// it, its root in a file of its own beside it.
func openAppleAuthority(dir string, clock func() time.Time) (*applesim.Authority, error) {
	path := filepath.Join(dir, "apple-authority.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeAppleAuthority(clock()); err == nil {
			err = writeFileAtomically(path, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("simulated Apple: %w", err)
	}
	authority, err := applesim.ParseAuthority(text)
	if err != nil {
		return nil, fmt.Errorf("simulated Apple, %s: %w", path, err)
	}
	bundle, err := authority.PEM()
	if err != nil {
		return nil, err
	}
	return authority, writeFileAtomically(filepath.Join(dir, appleRootName), []byte(bundle.RootCertificate))
}

func makeAppleAuthority(now time.Time) ([]byte, error) {
	authority, err := applesim.NewAuthority(rand.Reader, now)
	if err != nil {
		return nil, err
	}
	bundle, err := authority.PEM()
	return bundle.Join(), err
}
