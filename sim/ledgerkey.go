package sim

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/walletport/walletport"
)

const keyBytes = 32

// openKey reads the key behind the PAN references, or makes it. It is written
// beside and renamed, so that a crash leaves none or a whole one.
func openKey(path string, rand io.Reader) ([]byte, error) {
	key, err := os.ReadFile(path)
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
	if err := writeSynced(path+".new", key); err != nil {
		return nil, unavailable(fmt.Errorf("write key: %w", err))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, unavailable(fmt.Errorf("place key: %w", err))
	}
	return key, nil
}

func writeSynced(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, errWrite := file.Write(data)
	return errors.Join(errWrite, file.Sync(), file.Close())
}

// syncDir makes new names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return unavailable(fmt.Errorf("open folder: %w", err))
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return unavailable(fmt.Errorf("sync folder: %w", err))
	}
	return nil
}
