// Package mdessim is the other side of a provisioning: a simulated Mastercard
// MDES. It opens digitizationData (base64 of the Issuer Initiated Digitization
// Data, "IIDD") and Tokenization Authentication Values (TAV) the way a strict
// receiver would, names every rule it checked and the first fault it found, and
// makes tokens of what it accepts.
//
// It shares no code with the encoders, so that one misreading of the format cannot
// hide on both sides: it imports the standard library and the words of the root
// package only. It is tolerant exactly where the public specifications are:
// member order, hex case, both shapes, PKCS#1 v1.5 when oaepHashingAlgorithm is
// absent, a missing IV, GCM, TAV versions 2, 3 and 4.
//
// Unlike a real MDES it explains every failure, padding and key wrapping
// included. That makes it a padding oracle by design: give it test keys only.
//
// A PAN leaves this package masked, never whole. Formats: MDES Pre-Digitization
// API 2.0, MDES Digital Enablement API 1.3, RFC 8017.
package mdessim
