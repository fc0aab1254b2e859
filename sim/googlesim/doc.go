// Package googlesim is the other side of a Google Pay push provisioning: it hands out
// sessions with their device and wallet ids, opens the Google opaque payment card
// ("OPC") packet by packet the way Google does, names every rule it checked and the
// first fault it found, and hands the scheme's own payload on to a simulated scheme.
//
// It shares no code with the encoders, so that one misreading of the format cannot
// hide on both sides. The OpenPGP library under both is the same, but it is used for
// its packets only: which packets there must be, in which versions, of which
// algorithms, is decided here. Unlike Google it explains every failure: give it test
// keys only.
//
// A PAN leaves this package masked, never whole. Formats: Google's specification of
// the opaque payment card; RFC 4880.
package googlesim
