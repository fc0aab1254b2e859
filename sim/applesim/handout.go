package applesim

import (
	"encoding/hex"
	"io"
	"time"

	"github.com/walletport/walletport/sim"
)

// Sizes as Apple's samples have them. What is inside of a signature is not public;
// its first byte is 40.
const (
	nonceBytes         = 4
	signatureBytes     = 81
	signatureFirstByte = 0x40
)

// nonceLifetime is inferred: Apple's is not public. PassKit waits for 20 seconds.
const nonceLifetime = 5 * time.Minute

// signatures are what the wallet handed out, by nonce; both in lower-case hex.
type signatures = sim.Handouts[string]

// handOut draws a nonce and its signature. A nonce that is known is drawn again.
func handOut(to *signatures, rand io.Reader) (nonce, signature string, err error) {
	var raw [nonceBytes + signatureBytes]byte
	for {
		if _, err := io.ReadFull(rand, raw[:]); err != nil {
			return "", "", noRandom(err)
		}
		raw[nonceBytes] = signatureFirstByte
		nonce, signature := hex.EncodeToString(raw[:nonceBytes]), hex.EncodeToString(raw[nonceBytes:])
		if to.Add(nonce, signature) {
			return nonce, signature, nil
		}
	}
}

// findPair returns the pair of which one half was handed out, or both.
func findPair(among *signatures, nonce, signature string) (sim.Handout[string], bool) {
	if pair, ok := among.Get(nonce); ok {
		return pair, true
	}
	return among.Find(func(_, other string) bool { return other == signature || other == nonce })
}
