package tokenapi

import (
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Sizes in characters.
const (
	maxOperator    = 16 // operatorID [FIS-L, FIS-T]
	operatorDigest = 8
)

// operatorID is the operatorID of an auditUser, at most 16 ASCII characters. A short one
// goes as it is. Of another the first 7 characters that Visa surely takes are kept, and
// "-" and 8 letters from a to p follow, the first 4 bytes of its SHA-256: so two users
// hardly share an id, and who knows an auditUser finds it again. The digest has no digits,
// so that it never makes a card number.
func operatorID(by walletport.AuditUser) string {
	const marks = "@._-"
	if len(by) <= maxOperator && walletport.IsAlnum(string(by), marks) {
		return string(by)
	}
	kept := strings.Map(func(r rune) rune {
		if r < 0x80 && walletport.IsAlnum(string(r), marks) {
			return r
		}
		return -1
	}, string(by))
	if limit := maxOperator - 1 - operatorDigest; len(kept) > limit {
		kept = kept[:limit]
	}
	return kept + "-" + scheme.LetterDigest(string(by), operatorDigest)
}
