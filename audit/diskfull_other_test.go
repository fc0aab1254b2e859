//go:build !unix

package audit_test

import (
	"context"
	"errors"
	"io"

	"github.com/walletport/walletport/audit"
)

func recordUntilFull(context.Context, *audit.Log, io.Writer) error {
	return errors.New("this system has no limit on the size of files")
}
