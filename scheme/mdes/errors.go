package mdes

import "github.com/walletport/walletport"

// errCardData is about stored card data that MDES would refuse: CodeForbidden, as
// the caller can do nothing about it and this card may not be provisioned.
func errCardData(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeForbidden, "card_data_unusable", "the card's data does not fit MDES: %s", rule)
}

// errKey is about a key that an operator must replace.
func errKey(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "key_unusable", "a key of this card cannot be used; an operator must replace it: %s", rule)
}

// errPayload is about a structure that can be seen to be wrong without a key.
func errPayload(field, rule string) *walletport.Error {
	err := walletport.ErrField("payload_malformed", field, rule)
	err.Message = "the payload is malformed: " + err.Message
	return err
}

// errCryptography is the one answer for all that goes wrong once a key is in play
// (MDES: CRYPTOGRAPHY_ERROR).
func errCryptography() *walletport.Error {
	return walletport.Errorf(walletport.CodeInvalid, "cryptography_error", "the payload cannot be decrypted")
}

// errTAV is about a TAV that does not prove what it should.
func errTAV(reason, message string) *walletport.Error {
	return walletport.Errorf(walletport.CodeInvalid, reason, "%s", message)
}
