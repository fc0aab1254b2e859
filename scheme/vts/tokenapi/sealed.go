package tokenapi

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// Limits of encryptedData and of its keys.
const (
	maxEncryptedChars = 7000 // [FIS-T]
	minRSABits        = 2048
)

// sealCard returns the encryptedData that names a card: the JWS over the JWE of
// {"cardholderInfo":{"primaryAccountNumber":"…"}}.
func (m *Messages) sealCard(in scheme.CardTokensInput) (string, error) {
	visas, err := rsaKey(in.Access.Recipient.Public)
	if err != nil {
		return "", errKey("the encryption key of Visa " + err.Error())
	}
	if in.Access.Signer.Key == nil {
		return "", errKey("there is no signing key")
	}
	if _, err := rsaKey(in.Access.Signer.Key.Public()); err != nil {
		return "", errKey("the signing key " + err.Error())
	}
	for _, id := range []string{in.Access.Recipient.KeyID, in.Access.Signer.Alias} {
		if id == "" || !walletport.IsPrintable(id, `"\`) {
			return "", errKey(`each key has a key id (kid) of printable ASCII without '"' and '\'`)
		}
	}
	text := make([]byte, 0, 128) // a buffer that grew would leave the number behind
	defer func() { clear(text[:cap(text)]) }()
	text = append(append(text, `{"`...), m.profile.CardholderName...)
	text = append(append(text, `":{"primaryAccountNumber":"`...), in.PAN.Reveal()...)
	text = append(text, `"}}`...)
	header := m.profile.header(in.Access, in.Now)
	sealed, err := seal.SealSignedJWE(in.Rand, header, seal.Recipient{Public: visas, OAEP: in.Access.Recipient.OAEP}, in.Access.Signer.Key, text)
	if errors.Is(err, seal.ErrSign) {
		return "", walletport.Errorf(walletport.CodeUnavailable, "signing_unavailable", "the key that signs for Visa cannot sign at this moment").WithCause(err)
	}
	if err != nil {
		return "", walletport.Errorf(walletport.CodeUnavailable, "sealing_unavailable", "the card number cannot be sealed for Visa at this moment").WithCause(err)
	}
	if len(sealed) > maxEncryptedChars {
		return "", errKey("what they make is longer than Visa takes")
	}
	return string(sealed), nil
}

func (p Profile) header(access scheme.Access, now time.Time) seal.SignedJWEHeader {
	h := seal.SignedJWEHeader{SignerKeyID: access.Signer.Alias, RecipientKeyID: access.Recipient.KeyID}
	switch p.IssuedAt {
	case Milliseconds:
		h.IssuedAt, h.IssuedAtForm = now.UnixMilli(), seal.IssuedAtNumber
	case SecondsText:
		h.IssuedAt, h.IssuedAtForm = now.Unix(), seal.IssuedAtText
	case WithoutTheTime:
	}
	return h
}

func rsaKey(public any) (*rsa.PublicKey, error) {
	k, ok := public.(*rsa.PublicKey)
	if !ok || k.N.BitLen() < minRSABits {
		return nil, errors.New("is no RSA key of 2048 bits or more")
	}
	return k, nil
}

// open returns the plaintext of an encryptedData, which the caller wipes. Its errors are
// for operators; they name key ids and nothing of the content.
func open(access scheme.Access, encrypted string) ([]byte, error) {
	if len(encrypted) > maxEncryptedChars {
		return nil, errors.New("encryptedData has more than 7000 characters")
	}
	parsed, err := seal.ParseSignedJWE([]byte(strings.TrimSpace(encrypted)))
	if err != nil {
		return nil, errors.New("encryptedData is no JWE in a JWS with the agreed algorithms")
	}
	openers := slices.DeleteFunc(slices.Clone(access.Openers), func(o scheme.Opener) bool {
		return o.KeyID != parsed.RecipientKeyID || o.Key == nil
	})
	if len(openers) == 0 {
		return nil, fmt.Errorf("encryptedData is sealed to a key that is not here: kid %s", shownKeyID(parsed.RecipientKeyID))
	}
	known := false
	for _, v := range access.Verifiers {
		sender, err := rsaKey(v.Public)
		if err != nil || v.KeyID != parsed.SignerKeyID {
			continue
		}
		known = true
		for _, o := range openers { // a renewed key may keep its kid
			if text, err := parsed.Open(sender, o.Key); err == nil {
				return text, nil
			}
		}
	}
	if !known {
		return nil, fmt.Errorf("encryptedData is signed with a key that is not here: kid %s", shownKeyID(parsed.SignerKeyID))
	}
	return nil, errors.New("encryptedData does not open: its signature is not of Visa's key, it is sealed to another key than its kid says, or our key does not work")
}

// shownKeyID returns a kid for operators, or what is wrong with it.
func shownKeyID(id string) string {
	const maxShown = 64
	if id == "" || len(id) > maxShown || !walletport.IsAlnum(id, "._-") || walletport.SuspectsPAN(id) {
		return "(none that can be shown)"
	}
	return id
}
