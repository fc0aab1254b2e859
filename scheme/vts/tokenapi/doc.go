// Package tokenapi makes and reads the messages of Visa's token API for issuers (VTIS), by
// which an issuer lists the tokens of its cards and changes them: retrieveTokenInfo,
// details, and lifecycle with its operations.
//
// It does no I/O and never reads the clock. Messages makes requests, each signed by
// x-pay-token, and reads answers; whoever speaks HTTP sends one and hands the other in.
// Card numbers travel as encryptedData, encrypted to Visa and signed by the issuer, and
// token numbers come back the same way.
//
// Visa does not publish this API. What is known comes from processors' documents and code
// in the field, and where they are silent or disagree, the choice is a field of Profile.
// The sources, by the keys that the comments use:
//
//	XP1    Visa developer pages on x-pay-token
//	XPT    Visa's developer community, replies of its support on x-pay-token
//	VMCP   github.com/visa/mcp, the API client of Visa's agent toolkit
//	SRCN   Visa Secure Remote Commerce, enrolment notifications: encryptedData
//	FIS-T  processor OpenAPI (Fiserv FirstVision), tokenization
//	FIS-L  the same, life cycle
//	FIS-V  the same, Visa VTS
//	FC     field code: issuers' back ends and their tests
package tokenapi
