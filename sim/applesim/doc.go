// Package applesim is the other side of an Apple Pay in-app provisioning: it makes
// the certificates that PassKit gives an app, hands out nonces, and opens what an
// issuer's server answers (activationData, encryptedPassData, ephemeralPublicKey)
// the way Apple does, names every rule it checked and the first fault it found.
// Where the envelope does not open it tries the mistakes seen in the field, so
// that the fault has a name. What only the scheme can judge, the activation data,
// goes on to a simulated scheme.
//
// It shares no code with the encoders, so that one misreading of the format cannot
// hide on both sides. Unlike Apple it explains every failure: give it test keys
// only.
//
// A PAN leaves this package masked, never whole; a cardholder's name does not leave
// it. Formats: Apple's PassKit documentation of PKAddPaymentPassRequest, scheme
// ECC_V2; NIST SP 800-56A (the key derivation); SP 800-38D (GCM).
package applesim
