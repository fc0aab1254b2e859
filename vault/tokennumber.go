package vault

import (
	"context"
	"errors"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// The envelope of a token number, see envelope.go. What names the row is what it has before
// it has an id: issuer, scheme, requestor, reference.
//
// The plaintext is the count of digits (1 byte), the digits, and zeros up to 32 bytes: every
// number seals to the same size.
const (
	tokenNumberVersion = 1
	tokenPlainBytes    = 32
)

var sealedTokenNumber = sealedKind{
	name: "token number", fault: walletport.Errorf(walletport.CodeInternal, reasonTokenDamaged, "the stored token number cannot be used"),
	tag: "walletport token number v", keyTag: "walletport token data key v1",
}

func bindTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef) binding {
	return sealedTokenNumber.bind(string(issuer), string(ref.Scheme), ref.Requestor, ref.Reference)
}

func envelopeOfNumber(n *storage.TokenNumber) envelope {
	return envelope{n.Sealed, n.WrappedKey, n.KEK}
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
	if !isZeros(padding) {
		return walletport.PAN{}, errPlain
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
	plain := appendTokenPlain(make([]byte, 0, tokenPlainBytes), number.Reveal())
	defer clear(plain)
	e, err := bindTokenNumber(issuer, ref).seal(kek, tokenNumberVersion, plain)
	sealed.Sealed, sealed.WrappedKey, sealed.KEK = e.Sealed, e.WrappedKey, e.KEK
	return sealed, err
}

// tokenKEK selects the key for a token number, by as many of its digits as its row has, so
// that a re-wrap chooses as sealing did.
func (v *Vault) tokenKEK(ring *keys.Ring, issuer walletport.IssuerID, n *storage.TokenNumber) (*keys.Key, error) {
	return ring.Select(keys.VaultKEK, issuer, n.FirstSix, v.Clock())
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
	bound := bindTokenNumber(issuer, ref)
	plain, err := bound.open(ring, envelopeOfNumber(n), tokenNumberVersion)
	if err != nil {
		return walletport.PAN{}, err
	}
	defer clear(plain)
	number, err := parseTokenPlain(plain)
	if err != nil {
		return walletport.PAN{}, bound.damaged(n.KEK, "the opened number is malformed")
	}
	if number.FirstSix() != n.FirstSix || number.LastFour() != n.LastFour {
		number.Wipe()
		return walletport.PAN{}, bound.damaged(n.KEK, "the number does not agree with its first six or last four digits")
	}
	return number, nil
}

// reasonTokenDamaged is the reason of token numbers that do not open.
const reasonTokenDamaged = "token_damaged"

// checkTokenNumber reports whether the number of a token is as it was sealed: nil, or the
// errors of OpenTokenNumber.
func (v *Vault) checkTokenNumber(t storage.Token) error {
	number, err := v.OpenTokenNumber(t.Issuer, t.Ref, t.Number)
	number.Wipe()
	return err
}

// tokensOf returns up to limit tokens of the issuer ("" for all) that have a number sealed,
// with ids above after, in id order.
func (v *Vault) tokensOf(ctx context.Context, issuer walletport.IssuerID, after walletport.TokenID, limit int) ([]storage.Token, error) {
	for {
		tokens, err := v.Tokens.TokensAfter(ctx, after, limit)
		if err != nil || len(tokens) == 0 {
			return nil, err
		}
		after = tokens[len(tokens)-1].ID
		tokens = slices.DeleteFunc(tokens, func(t storage.Token) bool {
			return issuer != "" && t.Issuer != issuer || envelopeOfNumber(&t.Number).isEmpty()
		})
		if len(tokens) > 0 {
			return tokens, nil
		}
	}
}
