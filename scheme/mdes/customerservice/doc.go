// Package customerservice makes and reads the messages of Mastercard's MDES Customer
// Service API, by which an issuer lists the tokens of its cards and changes them: search,
// activate, suspend, unsuspend, delete, status history, activation methods, resending a
// code, and the search for a token requestor.
//
// It does no I/O and never reads the clock. Messages makes requests, each signed by OAuth
// 1.0a, and reads answers; whoever speaks HTTP sends one and hands the other in. An answer
// is read with suspicion: Mastercard's examples and schema disagree about numbers and
// strings, the status of an application's error is not documented, and the gateway has
// errors of its own.
//
// Where sources are silent, the choice is a field of Profile. The sources, by the keys
// that the comments use:
//
//	S3      MDES Customer Service OpenAPI 2.2.2, and its documentation
//	CS-207  specification 2.0.7 with examples
//	CS-GEN  client documents that were generated of it
//	NOV24, MAR26  release notes of November 2024 and March 2026
package customerservice
