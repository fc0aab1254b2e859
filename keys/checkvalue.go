package keys

import (
	"crypto/des" //nolint:gosec // G502: Visa's WSD format is TDEA
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// Lengths of a check value in bytes: three are what Visa, and every HSM, compares for
// a TDEA key. One of four says to whoever guesses a key as good as nothing, for so
// many keys share it, and tells any two keys of a store apart.
const (
	tdeaCheckBytes = 3
	checkBytes     = 4
)

// checkText is what is digested for a check value, with the purpose behind it: a
// secret that serves two purposes has two, and no room digests such a text otherwise.
const checkText = "walletport key check value 1 "

// CheckValueOf returns Meta.CheckValue of a secret key, by which two people, or two
// stores, see that they hold the same key without showing it. It is upper-case hex:
//
//   - for WSD the key check value (KCV) that Visa and HSMs print: the first 3 bytes of
//     8 zero bytes encrypted with the key
//   - for the other secret purposes the first 4 bytes of HMAC-SHA-256 under the
//     secret, over "walletport key check value 1 " and the purpose's name
//
// The caller may wipe secret.
func CheckValueOf(p Purpose, secret []byte) (string, error) {
	if p == WSD {
		key, err := NewTDEA(secret)
		if err != nil {
			return "", err
		}
		encrypted, err := key.EncryptBlocks(make([]byte, des.BlockSize))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%X", encrypted[:tdeaCheckBytes]), nil
	}
	digest := hmac.New(sha256.New, secret)
	digest.Write([]byte(checkText + string(p)))
	return fmt.Sprintf("%X", digest.Sum(nil)[:checkBytes]), nil
}
