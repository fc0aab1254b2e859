// Package walletport holds the words of the product: cards, PANs, schemes,
// actors, audit records and errors. It is types and pure functions over the
// standard library only; every other package may import it, it imports none.
//
// What walletport is, and how its packages fit together: docs/architecture.md.
package walletport

//go:generate go test -run ^TestErrorsPageListsTheCodesOfTheAPI$ . -update
