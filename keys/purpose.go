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

// NewID names version n of the keys of a purpose and issuer ("" for all).
func NewID(p Purpose, issuer walletport.IssuerID, n int) ID {
	id := string(p) + "-v" + strconv.Itoa(n)
	if issuer != "" {
		id = string(issuer) + "-" + id
	}
	return ID(id)
}
