package activation

import (
	"encoding/hex"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

const (
	maxNonceBytes    = 64 // 4 and 6 have been seen
	maxTokenRefChars = 64 // Mastercard's limit; 48 have been seen
)

// read looks at the request alone, and returns what it gives for the proof.
func (r Request) read() (scheme.ActivationInput, error) {
	if len(r.TokenUniqueReference) > maxTokenRefChars || !walletport.IsAlnum(r.TokenUniqueReference, "-_") {
		return scheme.ActivationInput{}, walletport.ErrField("token_unique_reference_malformed", "tokenUniqueReference", "must be at most 64 letters, digits, '-' and '_'")
	}
	if walletport.IsPAN(r.TokenUniqueReference) {
		return scheme.ActivationInput{}, errReferencePAN()
	}
	if len(r.Nonce) > hex.EncodedLen(maxNonceBytes) {
		return scheme.ActivationInput{}, walletport.ErrField("nonce_too_long", "nonce", "must be at most 64 bytes, 128 hex digits")
	}
	nonce, err := hex.DecodeString(r.Nonce)
	if err != nil || hex.EncodeToString(nonce) != r.Nonce { // upper case is another text of the same bytes
		return scheme.ActivationInput{}, walletport.ErrField("nonce_malformed", "nonce", "must be lower-case hex, two digits a byte")
	}
	return scheme.ActivationInput{Nonce: nonce, TokenUniqueReference: r.TokenUniqueReference}, nil
}

func errReferencePAN() error {
	return walletport.ErrField("token_unique_reference_contains_pan", "tokenUniqueReference", "must not contain a card number")
}
