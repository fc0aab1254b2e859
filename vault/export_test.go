package vault

import (
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/cardfile"
)

// The parsers, for fuzzing and for comparison with other readers.
var (
	ParsePlain  = parsePlain
	AppendPlain = appendPlain
)

// AddText gives cards one more text, in a version of rows of its own, and returns what
// takes it away again. It stands in for a column of the database.
func AddText(text func(*walletport.CardSummary) *string) (remove func()) {
	before := fields
	newestVersion++
	added := clearText(cardfile.Product, newestVersion, text, func(string, walletport.PAN) string { return "" })
	added.read, added.take = nil, nil // no file has it
	fields = append(slices.Clone(before), added)
	return func() {
		fields = before
		newestVersion--
	}
}
