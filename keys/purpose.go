package keys

import (
	"slices"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
)

// Purposes returns every purpose of this release.
func Purposes() []Purpose {
	return []Purpose{
		MDESEncryption, TAVSigning, MDESOAuth, MDESCSEncryption, MDESCSDecryption,
		VTSPush, WSD, VTSAPI, VTSSigning, VTSVerification, VTSEncryption, VTSDecryption,
		ClickToPayAPI, ClickToPayLogin, ClickToPayEncryption, ClickToPayDecryption,
		MDESTLS, VTSTLS, ClickToPayTLS, OPCEncryption, OPCSigning, VaultKEK, VaultIndex, AuditCheckpoint,
	}
}

// ParsePurpose reads a purpose's name. The error is CodeInvalid, reason key_purpose.
func ParsePurpose(text string) (Purpose, error) {
	if p := Purpose(text); slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", walletport.Errorf(walletport.CodeInvalid, "key_purpose",
		"the purpose is one of %s", strings.Join(names(), ", "))
}

func names() []string {
	all := Purposes()
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = string(p)
	}
	return texts
}

// HasSecretHalf reports whether a custodian has more than the public half of the
// purpose's keys. Of those that are the other side's it has not.
func (p Purpose) HasSecretHalf() bool {
	switch p {
	case MDESEncryption, MDESCSEncryption, VTSVerification, VTSEncryption, ClickToPayEncryption, OPCEncryption:
		return false
	case TAVSigning, MDESOAuth, MDESCSDecryption, VTSPush, WSD, VTSAPI, VTSSigning, VTSDecryption, ClickToPayAPI, ClickToPayLogin, ClickToPayDecryption, MDESTLS, VTSTLS, ClickToPayTLS, OPCSigning, VaultKEK, VaultIndex, AuditCheckpoint:
	}
	return true
}

// HasPublicHalf reports whether the purpose's keys have a public half at all: the others
// are secret keys, known by their check value.
func (p Purpose) HasPublicHalf() bool {
	switch p {
	case VTSPush, WSD, VTSAPI, ClickToPayAPI, ClickToPayLogin, VaultKEK, VaultIndex:
		return false
	case MDESEncryption, TAVSigning, MDESOAuth, MDESCSEncryption, MDESCSDecryption, VTSSigning, VTSVerification, VTSEncryption, VTSDecryption, ClickToPayEncryption, ClickToPayDecryption, MDESTLS, VTSTLS, ClickToPayTLS, OPCEncryption, OPCSigning, AuditCheckpoint:
	}
	return true
}

// IsSealedTo reports whether content keys are encrypted to the purpose's keys by RSA-OAEP.
func (p Purpose) IsSealedTo() bool {
	return slices.Contains([]Purpose{MDESEncryption, MDESCSEncryption, VTSEncryption, ClickToPayEncryption}, p)
}

// MayBeRenewed reports whether a key of the purpose may come in again with another
// certificate: so may those of others, and those by which TLS names us.
func (p Purpose) MayBeRenewed() bool { return !p.HasSecretHalf() || p.isOfConnections() }

// isOfConnections reports whether the purpose's keys are of TLS connections, which the cards
// of all issuers share.
func (p Purpose) isOfConnections() bool { return p == MDESTLS || p == VTSTLS || p == ClickToPayTLS }

// NewID names version n of the keys of a purpose and issuer ("" for all).
func NewID(p Purpose, issuer walletport.IssuerID, n int) ID {
	id := string(p) + "-v" + strconv.Itoa(n)
	if issuer != "" {
		id = string(issuer) + "-" + id
	}
	return ID(id)
}
