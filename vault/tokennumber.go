package vault

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// The envelope of a token number is made as a card's is, see envelope.go:
//
//	Sealed     = version (1 byte) ‖ AES-256-GCM(data key, plaintext)
//	WrappedKey = KEK.Wrap(data key)
//
// Its associated data begins with tags of its own, so that no card's envelope passes for a
// token's, and binds what a row has before it has an id:
//
//	of Sealed:     "walletport token number v" and the version, issuer, scheme, requestor, reference
//	of WrappedKey: "walletport token data key v1", issuer, scheme, requestor, reference, id of the KEK
//
// The plaintext is the count of digits (1 byte), the digits, and zeros up to 32 bytes: every
// number seals to the same size.
const (
	tokenNumberTag     = "walletport token number v"
	tokenKeyTag        = "walletport token data key v1"
	tokenNumberVersion = 1
	tokenPlainBytes    = 32
)

func appendTokenData(to []byte, version byte, issuer walletport.IssuerID, ref walletport.TokenRef) []byte {
	to = appendTag(to, tokenNumberTag, version)
	return appendTokenRef(to, issuer, ref)
}

func appendTokenKeyData(to []byte, issuer walletport.IssuerID, ref walletport.TokenRef, kek keys.ID) []byte {
	to = appendField(to, tokenKeyTag)
	to = appendTokenRef(to, issuer, ref)
	return appendField(to, string(kek))
}

func appendTokenRef(to []byte, issuer walletport.IssuerID, ref walletport.TokenRef) []byte {
	for _, text := range [...]string{string(issuer), string(ref.Scheme), ref.Requestor, ref.Reference} {
		to = appendField(to, text)
	}
	return to
}

func appendTokenPlain(to, digits []byte) []byte {
	start := len(to)
	to = append(to, byte(len(digits)))
	to = append(to, digits...)
	for len(to)-start < tokenPlainBytes {
		to = append(to, 0)
	}
	return to
}

// parseTokenPlain reads what appendTokenPlain wrote.
func parseTokenPlain(plain []byte) (walletport.PAN, error) {
	if len(plain) != tokenPlainBytes || int(plain[0]) >= tokenPlainBytes {
		return walletport.PAN{}, errPlain
	}
	digits, padding := plain[1:1+plain[0]], plain[1+plain[0]:]
	for _, b := range padding {
		if b != 0 {
			return walletport.PAN{}, errPlain
		}
	}
	return walletport.ParsePAN(digits)
}

// SealTokenNumber seals the number of a token for the row of that issuer and reference,
// under a data key of its own. First six and last four digits stay in clear. The caller
// keeps and wipes the number. A missing key is CodeUnavailable, reason key_unavailable.
func (v *Vault) SealTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef, number walletport.PAN) (storage.TokenNumber, error) {
	if number.IsZero() {
		return storage.TokenNumber{}, errors.New("there is no token number to seal")
	}
	sealed := storage.TokenNumber{FirstSix: number.FirstSix(), LastFour: number.LastFour()}
	kek, err := v.tokenKEK(v.newestRing(), issuer, &sealed)
	if err != nil {
		return storage.TokenNumber{}, err
	}
	if err := sealTokenNumber(&sealed, kek, issuer, ref, number); err != nil {
		return storage.TokenNumber{}, fmt.Errorf("seal token number: %w", err)
	}
	return sealed, nil
}

// tokenKEK selects the key for a token number, by as many of its digits as its row has, so
// that a re-wrap chooses as sealing did.
func (v *Vault) tokenKEK(ring *keys.Ring, issuer walletport.IssuerID, n *storage.TokenNumber) (*keys.Key, error) {
	return ring.Select(keys.VaultKEK, issuer, n.FirstSix, v.Clock())
}

func sealTokenNumber(to *storage.TokenNumber, kek *keys.Key, issuer walletport.IssuerID, ref walletport.TokenRef, number walletport.PAN) error {
	var dataKey [dataKeyBytes]byte
	defer clear(dataKey[:])
	if _, err := io.ReadFull(rand.Reader, dataKey[:]); err != nil {
		return err
	}
	aead, err := newAEAD(dataKey[:])
	if err != nil {
		return err
	}
	plain := appendTokenPlain(make([]byte, 0, tokenPlainBytes), number.Reveal())
	defer clear(plain)
	to.Sealed = make([]byte, 1, 1+len(plain)+aead.Overhead())
	to.Sealed[0] = tokenNumberVersion
	to.Sealed = aead.Seal(to.Sealed, nil, plain, appendTokenData(nil, tokenNumberVersion, issuer, ref)) //nolint:gosec // G407: this AEAD takes no nonce, it draws one
	to.WrappedKey, err = kek.KEK.Wrap(dataKey[:], appendTokenKeyData(nil, issuer, ref, kek.ID))
	to.KEK = string(kek.ID)
	return err
}

// OpenTokenNumber opens what SealTokenNumber made for the same issuer and reference. The
// caller wipes the number. What was not sealed as it stands, for this row, is CodeInternal,
// reason token_damaged: other sealed bytes, another wrapped key, other digits in clear. A
// key-encryption key that is not in the catalogue is CodeUnavailable, reason
// key_unavailable.
func (v *Vault) OpenTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef, sealed storage.TokenNumber) (walletport.PAN, error) {
	return openWith(v, func(ring *keys.Ring) (walletport.PAN, error) { return openTokenNumber(ring, issuer, ref, &sealed) })
}

func openTokenNumber(ring *keys.Ring, issuer walletport.IssuerID, ref walletport.TokenRef, n *storage.TokenNumber) (walletport.PAN, error) {
	kek, ok := ring.ByID(keys.ID(n.KEK))
	switch {
	case len(n.Sealed) == 0:
		return walletport.PAN{}, errTokenDamaged(n, "no number is sealed")
	case n.Sealed[0] != tokenNumberVersion:
		return walletport.PAN{}, errTokenDamaged(n, "the sealed number has a version that this program does not know")
	case !ok || kek.KEK == nil:
		return walletport.PAN{}, walletport.Errorf(walletport.CodeUnavailable, reasonNoKey, "the key that seals this token number is not in the key store")
	}
	dataKey, err := kek.KEK.Unwrap(n.WrappedKey, appendTokenKeyData(nil, issuer, ref, kek.ID))
	if err != nil {
		return walletport.PAN{}, errTokenDamaged(n, "the data key does not unwrap")
	}
	defer clear(dataKey)
	aead, err := newAEAD(dataKey)
	if err != nil || len(dataKey) != dataKeyBytes {
		return walletport.PAN{}, errTokenDamaged(n, "the data key is malformed")
	}
	plain, err := aead.Open(nil, nil, n.Sealed[1:], appendTokenData(nil, n.Sealed[0], issuer, ref))
	if err != nil {
		return walletport.PAN{}, errTokenDamaged(n, "the sealed number does not open")
	}
	defer clear(plain)
	number, err := parseTokenPlain(plain)
	if err != nil {
		return walletport.PAN{}, errTokenDamaged(n, "the opened number is malformed")
	}
	if number.FirstSix() != n.FirstSix || number.LastFour() != n.LastFour {
		number.Wipe()
		return walletport.PAN{}, errTokenDamaged(n, "the number does not agree with its first six or last four digits")
	}
	return number, nil
}

// reasonTokenDamaged is the reason of token numbers that do not open.
const reasonTokenDamaged = "token_damaged"

func errTokenDamaged(n *storage.TokenNumber, what string) error {
	return walletport.Errorf(walletport.CodeInternal, reasonTokenDamaged, "the stored token number cannot be used").
		WithCause(fmt.Errorf("token number under %s: %s", n.KEK, what))
}

// hasSealed reports whether a row has a number that is sealed, or what is left of one.
func hasSealed(n *storage.TokenNumber) bool {
	return len(n.Sealed) > 0 || len(n.WrappedKey) > 0 || n.KEK != ""
}

// checkTokenNumber reports whether the number of a token is as it was sealed: nil, or the
// errors of OpenTokenNumber.
func (v *Vault) checkTokenNumber(t storage.Token) error {
	number, err := v.OpenTokenNumber(t.Issuer, t.Ref, t.Number)
	number.Wipe()
	return err
}
