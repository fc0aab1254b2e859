// Package access says with which keys a scheme is asked, and selects them.
package access

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// Keys says with which keys an interface of a scheme is asked, by purpose; "" is none.
type Keys struct {
	Signing      keys.Purpose // of scheme.Access.Signer
	Recipient    keys.Purpose // of Recipient
	Secret       keys.Purpose // of Secret
	Login        keys.Purpose // of Login, where there is such a key: a connection may say enough of who calls
	Verification keys.Purpose // of Verifiers: all that are not destroyed
	Opening      keys.Purpose // of Openers: all that are not destroyed
}

// Purposes lists those that there must be a key of.
func (k Keys) Purposes() []keys.Purpose {
	all := []keys.Purpose{k.Signing, k.Recipient, k.Secret, k.Verification, k.Opening}
	return slices.DeleteFunc(all, func(p keys.Purpose) bool { return p == "" })
}

// Select selects the keys of an issuer and a BIN at that time, and names those that requests
// are made with. The error is CodeUnavailable, reason key_unavailable.
func (k Keys) Select(ring *keys.Ring, issuer walletport.IssuerID, bin string, at time.Time) (a scheme.Access, used []string, err error) {
	login := k.Login
	if _, err := ring.Select(login, issuer, bin, at); err != nil {
		login = "" // nobody has given us one
	}
	selected, used, err := ring.SelectAll(issuer, bin, at, k.Signing, k.Recipient, k.Secret, login)
	if err != nil {
		return scheme.Access{}, nil, err
	}
	signing, recipient, secret := selected[0], selected[1], selected[2]
	a = scheme.Access{
		Signer: scheme.Signer{Key: signing.Signer, Alias: signing.Alias},
		Recipient: scheme.Recipient{
			Public: recipient.Public, OAEP: recipient.OAEP, Certificate: recipient.Certificate, Fingerprint: recipient.SchemeFingerprint, KeyID: recipient.Alias,
		},
		Secret: scheme.SharedSecret{MAC: secret.MAC, KeyID: secret.Alias},
		Login:  selected[3].Login,
	}
	for _, key := range ring.All() {
		if key.State == keys.Destroyed || key.Issuer != "" && key.Issuer != issuer {
			continue
		}
		if k.Verification != "" && key.Purpose == k.Verification {
			a.Verifiers = append(a.Verifiers, scheme.Verifier{Public: key.Public, KeyID: key.Alias})
		}
		if k.Opening != "" && key.Purpose == k.Opening {
			a.Openers = append(a.Openers, scheme.Opener{Key: key.Decrypter, KeyID: key.Alias})
		}
	}
	return a, used, nil
}
