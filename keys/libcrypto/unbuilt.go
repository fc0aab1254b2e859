//go:build static || !(linux || darwin) || !(amd64 || arm64)

package libcrypto

import "github.com/walletport/walletport/keys"

// Open returns an *OpenError of ErrNotBuilt.
func Open() (keys.RSAEngine, error) {
	return nil, &OpenError{Library: "libcrypto", Reason: ErrNotBuilt, Detail: "the tag static, or a system that it is not for"}
}
