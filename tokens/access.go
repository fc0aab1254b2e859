package tokens

import (
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
)

// AccessKeys says with which keys a scheme is asked, by purpose; "" is none.
type AccessKeys struct {
	Signing      keys.Purpose // of Access.Signer
	Recipient    keys.Purpose // of Access.Recipient
	Secret       keys.Purpose // of Access.Secret
	Verification keys.Purpose // of Access.Verifiers: all that are not destroyed
	Opening      keys.Purpose // of Access.Openers: all that are not destroyed
}

// Purposes lists those that there must be a key of.
func (k AccessKeys) Purposes() []keys.Purpose {
	all := []keys.Purpose{k.Signing, k.Recipient, k.Secret, k.Verification, k.Opening}
	return slices.DeleteFunc(all, func(p keys.Purpose) bool { return p == "" })
}

// access selects the keys of an issuer and a BIN, and names those that requests are made
// with. The error is CodeUnavailable, reason key_unavailable.
func (f *Flow) access(s Scheme, issuer walletport.IssuerID, bin string) (a scheme.Access, used []string, err error) {
	ring := f.Keys.Current()
	selected, used, err := ring.SelectAll(issuer, bin, f.Clock(), s.Keys.Signing, s.Keys.Recipient, s.Keys.Secret)
	if err != nil {
		return scheme.Access{}, nil, err
	}
	signing, recipient, secret := selected[0], selected[1], selected[2]
	a = scheme.Access{
		Signer: scheme.Signer{Key: signing.Signer, Alias: signing.Alias},
		Recipient: scheme.Recipient{
			Public: recipient.Public, Certificate: recipient.Certificate, Fingerprint: recipient.SchemeFingerprint, KeyID: recipient.Alias,
		},
		Secret: scheme.SharedSecret{MAC: secret.MAC, KeyID: secret.Alias},
	}
	for _, key := range ring.All() {
		if key.State == keys.Destroyed || key.Issuer != "" && key.Issuer != issuer {
			continue
		}
		if key.Purpose == s.Keys.Verification {
			a.Verifiers = append(a.Verifiers, scheme.Verifier{Public: key.Public, KeyID: key.Alias})
		}
		if key.Purpose == s.Keys.Opening {
			a.Openers = append(a.Openers, scheme.Opener{Key: key.Decrypter, KeyID: key.Alias})
		}
	}
	return a, used, nil
}
