// Package seal holds the cryptographic envelopes that wallets and schemes share:
// bytes in, bytes out. It does no I/O, knows no JSON, no hex and no card, and
// never logs. So far there is one envelope, RSA key transport plus AES, as MDES
// uses it (Mastercard "encryptedPayload": OpenAPI documents of MDES
// Pre-Digitization 2.0.33 and Token Connect 2.11; the shape of Mastercard's
// client-encryption libraries).
//
// All sizes are in bytes unless a name says bits.
package seal
