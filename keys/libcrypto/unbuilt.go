//go:build static || !(linux || darwin) || !(amd64 || arm64)

package libcrypto

import "github.com/walletport/walletport/keys"

// Open says that there is no engine in this program.
func Open() (keys.RSAEngine, error) {
	return nil, &openError{Library: "libcrypto", Reason: errNotBuilt, Detail: "the tag static, or a system that it is not for"}
}
