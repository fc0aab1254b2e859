// Package seal holds the cryptographic envelopes that wallets and schemes share:
// bytes in, bytes out. It does no I/O, knows no card, and never logs. The
// envelopes:
//
//   - Suite: RSA key transport plus AES, as MDES uses it (Mastercard
//     "encryptedPayload": OpenAPI documents of MDES Pre-Digitization 2.0.33 and Token
//     Connect 2.11; the shape of Mastercard's client-encryption libraries).
//   - SealJWE: the compact JWE of RFC 7516 with a shared secret, alg A256GCMKW and
//     enc A256GCM, as Visa takes it.
//   - SealOAEPJWE: a compact JWE with alg RSA-OAEP-256 and enc A128GCM or A256GCM, as
//     Visa's message level encryption takes and gives whole bodies.
//   - SealSignedJWE: a JWE with alg RSA-OAEP-256 and enc A256GCM inside a JWS with alg
//     PS256, as Visa's token API takes card numbers and gives token numbers.
//   - OpenPGP: a message of RFC 4880, signed and encrypted, as Google takes its
//     opaque payment card.
//
// All sizes are in bytes unless a name says bits.
package seal
