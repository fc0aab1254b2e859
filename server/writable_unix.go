//go:build unix

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// checkWritable reports whether this user may write a SQLite file and make those that
// belong to it beside it.
func checkWritable(path string) error {
	err := unix.Access(path, unix.R_OK|unix.W_OK)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	folder := filepath.Dir(path)
	if err := unix.Access(folder, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("the folder %s, where SQLite keeps its log beside the database, cannot be written: %w", folder, err)
	}
	return nil
}
