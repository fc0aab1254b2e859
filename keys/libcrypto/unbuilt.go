//go:build static || !(linux || darwin) || !(amd64 || arm64)

package libcrypto

import (
	"errors"

	"github.com/walletport/walletport/keys"
)

var errNotBuilt = errors.New("this program was built without it")

// Open says that there is no engine in this program.
func Open() (keys.RSAEngine, error) {
	return nil, &openError{Library: "libcrypto", Reason: errNotBuilt, Detail: "the tag static, or a system that it is not for"}
}
