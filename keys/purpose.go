package keys

import (
	"slices"
	"strconv"

	"github.com/walletport/walletport"
)

// Purposes returns every purpose of this release.
func Purposes() []Purpose {
	return []Purpose{MDESEncryption, TAVSigning, VTSPush, WSD, OPCEncryption, OPCSigning, VaultKEK, VaultIndex, AuditCheckpoint}
}

// ParsePurpose reads a purpose's name. The error is CodeInvalid, reason key_purpose.
func ParsePurpose(text string) (Purpose, error) {
	if p := Purpose(text); slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", walletport.Errorf(walletport.CodeInvalid, "key_purpose",
		"the purpose is one of mdes-encryption, tav-signing, vts-push, wsd, opc-encryption, opc-signing, vault-kek, vault-index, audit-checkpoint")
}

// HasSecretHalf reports whether a custodian has more than the public half of the
// purpose's keys. Of Mastercard's and Google's it has not.
func (p Purpose) HasSecretHalf() bool { return p != MDESEncryption && p != OPCEncryption }

// HasPublicHalf reports whether the purpose's keys have a public half at all: the others
// are secret keys, known by their check value.
func (p Purpose) HasPublicHalf() bool {
	switch p {
	case VTSPush, WSD, VaultKEK, VaultIndex:
		return false
	case MDESEncryption, TAVSigning, OPCEncryption, OPCSigning, AuditCheckpoint:
	}
	return true
}

// NewID names version n of the keys of a purpose and issuer ("" for all).
func NewID(p Purpose, issuer walletport.IssuerID, n int) ID {
	id := string(p) + "-v" + strconv.Itoa(n)
	if issuer != "" {
		id = string(issuer) + "-" + id
	}
	return ID(id)
}
