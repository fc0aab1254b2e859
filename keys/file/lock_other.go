//go:build !unix

package file

import (
	"context"
	"errors"
	"time"
)

// lock refuses: without flock two operators could undo each other's change, and
// file modes would not keep others out either.
func lock(context.Context, string, time.Duration) (func(), error) {
	return nil, errUnavailable("the key store can be changed on a Unix system only", errors.ErrUnsupported)
}
