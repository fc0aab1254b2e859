package applepay

import (
	"encoding/hex"

	"github.com/walletport/walletport"
)

// Limits of what PassKit's callback gives, in bytes. Inferred: Apple names none.
// Seen were nonces of 4 and 6 bytes, and signatures of 81.
const (
	maxNonceBytes          = 64
	maxNonceSignatureBytes = 512
)

// The fields as the API spells them.
const (
	fieldNonce          = "nonce"
	fieldNonceSignature = "nonceSignature"
	fieldCertificates   = "certificates"
)

// ParseNonce reads nonce (1 to 64 bytes) and signature (1 to 512 bytes), both in
// lower-case hex and nothing else: eight hex digits are good base64 too, so that
// guessing would be wrong at times. Errors are CodeInvalid with the field, reasons
// apple_nonce_missing, apple_nonce_malformed, apple_nonce_too_long, and the same
// with apple_nonce_signature.
func (*Encoder) ParseNonce(nonce, signature string) (n, s []byte, err error) {
	n, fault := parseLowerHex(nonce, maxNonceBytes)
	switch fault {
	case hexMissing:
		return nil, nil, errField(fieldNonce, "apple_nonce_missing", "the nonce is missing: send what PassKit gave the app, in lower-case hex")
	case hexTooLong:
		return nil, nil, errField(fieldNonce, "apple_nonce_too_long", "the nonce has at most 64 bytes, 128 hex digits")
	case hexMalformed:
		return nil, nil, errField(fieldNonce, "apple_nonce_malformed", "the nonce is lower-case hex, two digits a byte")
	}
	s, fault = parseLowerHex(signature, maxNonceSignatureBytes)
	switch fault {
	case hexMissing:
		return nil, nil, errField(fieldNonceSignature, "apple_nonce_signature_missing", "the nonce signature is missing: send what PassKit gave the app, in lower-case hex")
	case hexTooLong:
		return nil, nil, errField(fieldNonceSignature, "apple_nonce_signature_too_long", "the nonce signature has at most 512 bytes, 1024 hex digits")
	case hexMalformed:
		return nil, nil, errField(fieldNonceSignature, "apple_nonce_signature_malformed", "the nonce signature is lower-case hex, two digits a byte")
	}
	return n, s, nil
}

// hexFault is what is wrong with a hex text.
type hexFault string

const (
	hexMissing   hexFault = "missing"
	hexTooLong   hexFault = "too long"
	hexMalformed hexFault = "malformed"
)

// parseLowerHex returns the bytes, or a fault.
func parseLowerHex(text string, maxBytes int) ([]byte, hexFault) {
	if text == "" {
		return nil, hexMissing
	}
	if len(text) > 2*maxBytes {
		return nil, hexTooLong
	}
	for i := range len(text) {
		if text[i] >= 'A' && text[i] <= 'F' {
			return nil, hexMalformed
		}
	}
	decoded, err := hex.DecodeString(text)
	if err != nil {
		return nil, hexMalformed
	}
	return decoded, ""
}

// errField is about one field of the request. The message holds none of it.
func errField(field, reason, message string) *walletport.Error {
	err := walletport.ErrField(reason, field, message)
	err.Message = message
	return err
}
