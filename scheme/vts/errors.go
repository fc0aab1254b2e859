package vts

import "github.com/walletport/walletport"

// errCardData is about stored card data that Visa would refuse: CodeForbidden, as
// the caller can do nothing about it and this card may not be provisioned.
func errCardData(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeForbidden, "card_data_unusable", "the card's data does not fit Visa: %s", rule)
}

// errKey is about a key that an operator must replace.
func errKey(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "key_unusable", "a key of this card cannot be used; an operator must replace it: %s", rule)
}

// errCustodian is about a key that does not do its work at this moment.
func errCustodian(cause error) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "sealing_unavailable", "the key shared with Visa cannot be used at this moment").WithCause(cause)
}
