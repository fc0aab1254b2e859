package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/walletport/walletport/disk"
)

// readInput reads a whole file of at most limit bytes; "-" is standard input. It
// gives up when ctx ends, for nobody may ever write to a pipe.
func readInput(ctx context.Context, stdin io.Reader, path string, limit int64) ([]byte, error) {
	if path != "-" && !disk.IsDescriptor(path) {
		return disk.Read(path, limit)
	}
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	type input struct {
		data []byte
		err  error
	}
	read := make(chan input, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(in, limit+1))
		read <- input{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-read:
		if int64(len(got.data)) > limit {
			clear(got.data)
			return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
		}
		return got.data, got.err
	}
}
