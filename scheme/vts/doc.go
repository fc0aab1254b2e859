// Package vts makes the structures of the Visa Token Service: the push payload, a
// compact JWE with the card and what the wallet said of itself (Visa's
// encPaymentInstrument), and the two WSD strings, MBPAC (activation data that
// answer a wallet's nonce) and MBPAD (a card number that only Visa reads). It also
// reads push payloads. PaySignature signs requests to Visa's APIs by x-pay-token.
//
// It does no I/O and never reads the clock. It knows no wallet: what a wallet does
// with a JWE is the business of wallet/*.
//
// Visa publishes the JWE's header and cryptography, but neither its content nor the
// WSD strings. Where sources disagree or are silent, the choice is a field of
// Profile. The sources, by the keys that the comments use:
//
//	IAP    Visa In-App Provisioning: OpenAPI document and samples
//	SRCJS  Visa Secure Remote Commerce, JavaScript reference: Java and Node samples
//	VMCP   github.com/visa/mcp, the API client of Visa's agent toolkit
//	XP1    Visa developer pages on x-pay-token
//	XPT    Visa's developer community, replies of its support on x-pay-token
//	COM    Visa's developer community, replies of its support on encPaymentInstrument
//	BEP    processor documentation (bePaid)
//	FIS-V  processor OpenAPI (Fiserv FirstVision), Visa VTS
//	FIS-T  the same, tokenization
//	FIS-G  processor documentation (Fiserv FirstVision), Google and Samsung Pay
//	FIS-A  the same, Apple Pay
//	THR    processor documentation (Thredd), Google payload
//	FC     field code: an issuer's back end
//	DRV    field code: github.com/drvpereira/applepay-crypto
//	OUT    a packaged component for issuers (OutSystems Forge 22527)
package vts
