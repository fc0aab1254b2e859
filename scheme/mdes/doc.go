// Package mdes makes and reads the structures of Mastercard's Digital Enablement
// Service: the encrypted payload, the Issuer Initiated Digitization Data (IIDD)
// in both of its shapes, and the Tokenization Authentication Value (TAV), the
// issuer's signed proof that a card may be tokenised without a further step.
//
// It does no I/O and never reads the clock. It knows no wallet: what a wallet
// does with an IIDD is the business of wallet/*.
//
// Where sources disagree or are silent, the choice is a field of Profile. The
// sources, by the keys that the comments use:
//
//	S2   MDES Pre-Digitization OpenAPI 2.0.33
//	S3   MDES Customer Service OpenAPI 2.2.2
//	S4   MDES Token Connect OpenAPI 2.11
//	S6   MDES Digital Enablement OpenAPI 1.3.0
//	S8   field code: an Android wallet module whose comments restate the TAV rules
//	S9   field data: opaque card strings left in public sample apps
//	S10  Mastercard Processing Digital, sandbox samples
//	S11  field code: the Samsung Pay framework, a consumer of IIDD
//	S12  processor documentation (Thredd)
//	S13  processor documentation (Fiserv FirstVision)
//	S14  processor documentation (Paymentology)
//	S15  processor documentation (Pomelo)
//	S17  issues and pull requests of Mastercard's client-encryption libraries
//	S18  wikis of those libraries: service configurations for MDES
package mdes
