// Package vtssim is the other side of a Visa provisioning: a simulated Visa Token
// Service. It opens the push payload of Google Pay and Samsung Pay (a compact JWE,
// "encPaymentInstrument") and the strings under a WSD key that Apple Pay carries
// (MBPAC, the activation data, and MBPAD, an encrypted card number) the way a strict
// receiver would, names every rule it checked and the first fault it found, and
// makes tokens of what it accepts.
//
// It shares no code with the encoders, so that one misreading of the format cannot
// hide on both sides: it imports the standard library and the words of the root
// package and of sim only. It is tolerant exactly where the public sources are:
// order of header members, an absent typ, channelSecurityContext or iat, iat as
// text or number, isIDnV as text or boolean, unknown members, the padding of an
// MBPAC, and the older prefixes MPAC and MPAD.
//
// Unlike a real scheme it explains every failure of a key or a tag, by trying what
// people do wrong. That makes it an oracle by design: give it test keys only.
//
// A PAN leaves this package masked, never whole, and a name not at all. Formats:
// Visa In-App Provisioning, RFC 7516, RFC 7518 section 4.7, NIST SP 800-67 (TDEA).
package vtssim
