package seal

import (
	"crypto/aes"
	"crypto/subtle"
)

const blockBytes = aes.BlockSize

// pad returns a copy of plaintext with PKCS#7 padding (RFC 5652 section 6.3).
func pad(plaintext []byte) []byte {
	n := blockBytes - len(plaintext)%blockBytes
	padded := make([]byte, len(plaintext)+n)
	copy(padded, plaintext)
	for i := len(plaintext); i < len(padded); i++ {
		padded[i] = byte(n)
	}
	return padded
}

// unpad returns data without its PKCS#7 padding, and whether that was right. data
// has at least one whole block. The time does not depend on the padding's bytes.
func unpad(data []byte) ([]byte, bool) {
	last := data[len(data)-blockBytes:]
	n := int(last[blockBytes-1])
	good := subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, blockBytes)
	for i, b := range last {
		isPadding := subtle.ConstantTimeLessOrEq(blockBytes-i, n)
		good &= subtle.ConstantTimeByteEq(b, byte(n)) | (1 ^ isPadding)
	}
	if good != 1 {
		return data, false
	}
	return data[:len(data)-n], true
}
