// Package tokenapi is the token API of the simulated Visa Token Service (VTIS), over HTTP
// as a stranger meets it: an issuer lists the tokens of a card, asks for the details of one
// and changes its life cycle. A request is let in by its x-pay-token, and encryptedData, a
// JWE inside a JWS, is opened and made with code of the simulator's own. What others do to
// a token, a sandbox's test does by Acts.
//
// Visa does not publish this API: it is known from processors' documents and code in the
// field. Where they are silent, comments say what was inferred. As far as they disagree on
// how a value is written (numbers or strings, names in base64 or not), an answer has one
// spelling by the seed and its number.
//
// Formats: RFC 7515, RFC 7516, RFC 7518 (PS256, RSA-OAEP-256, A256GCM).
package tokenapi
