// Package customerservice is the Customer Service API of the simulated Mastercard MDES, over
// HTTP as a stranger meets it: an issuer searches tokens of a card and activates, suspends,
// unsuspends and deletes them. A request is let in by its OAuth 1.0a signature, checked
// with the quirk that Mastercard's gateway has, and encrypted fields are opened with code
// of the simulator's own. What others do to a token, a sandbox's test does by Acts.
//
// Public documentation: MDES Customer Service API 2.2.2 and its release notes up to October
// 2026. Where it is silent, comments say what was inferred. As far as it allows several
// spellings (numbers or strings, offsets of time), an answer has one by the seed and its
// number.
package customerservice
