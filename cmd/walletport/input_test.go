//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/sandbox"
)

// A named pipe that nobody writes to would hold a command, or a server's start, for
// ever.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	for name, path := range map[string]string{"a named pipe": pipe, "a folder": t.TempDir(), "a device": "/dev/zero"} {
		t.Run(name, func(t *testing.T) {
			for what, read := range map[string]func() error{
				"an argument": func() error {
					_, err := readInput(t.Context(), strings.NewReader(""), path, 10)
					return err
				},
				"a secret": func() error {
					_, err := config.SecretRef("file:" + path).Resolve()
					return err
				},
				"the configuration": func() error {
					_, err := config.Load(path)
					return err
				},
				"a checkpoint key": func() error {
					_, err := readCheckpointKey(path)
					return err
				},
				"sandbox.json": func() error {
					_, err := sandbox.Inspect(nil, path)
					return err
				},
			} {
				if err := read(); walletport.ReasonOf(err) != "file_kind" || !strings.Contains(err.Error(), name) {
					t.Errorf("%s: %v, want that it is %s", what, err, name)
				}
			}
		})
	}
}

func TestInputIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	for _, c := range []struct {
		name, path string
		limit      int64
		fits       bool
	}{
		{"a file", path, 10, true},
		{"a larger file", path, 9, false},
		{"standard input", "-", 10, true},
		{"more on standard input", "-", 9, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := readInput(t.Context(), strings.NewReader("0123456789"), c.path, c.limit)
			if (err == nil) != c.fits || c.fits && string(data) != "0123456789" {
				t.Errorf("readInput = %q, %v", data, err)
			}
		})
	}
}

func TestAPipeOfTheShellIsReadAndASignalEndsTheWait(t *testing.T) {
	silent, silentEnd, err := os.Pipe()
	must(t, err)
	defer silentEnd.Close()
	defer silent.Close()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := readInput(ctx, nil, descriptor(silent), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("readInput after a signal: %v", err)
	}
	reader, writer, err := os.Pipe()
	must(t, err)
	defer reader.Close()
	_, err = io.WriteString(writer, "swordfish\n")
	must(t, err)
	must(t, writer.Close())
	if secret, err := config.SecretRef("file:" + descriptor(reader)).Resolve(); err != nil || string(secret) != "swordfish" {
		t.Errorf("resolve = %q, %v", secret, err)
	}
}

// descriptor is how a shell hands over an open file.
func descriptor(f *os.File) string { return fmt.Sprintf("/dev/fd/%d", f.Fd()) }
