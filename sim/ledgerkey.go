package sim

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
)

const keyBytes = 32

// openKey reads the key behind the PAN references, or makes it; a
// crash leaves none or a whole one.
func openKey(path string, rand io.Reader) ([]byte, error) {
	key, err := disk.Read(path, 1<<10)
	switch {
	case err == nil && len(key) == keyBytes:
		return key, nil
	case err == nil:
		return nil, walletport.Errorf(walletport.CodeInternal, "sim_state_corrupt", "%s does not hold %d bytes", keyFile, keyBytes)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, unavailable(fmt.Errorf("read key: %w", err))
	}
	key = make([]byte, keyBytes)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, noRandom(err)
	}
	if err := disk.Replace(path, key); err != nil {
		return nil, unavailable(fmt.Errorf("write key: %w", err))
	}
	return key, nil
}
