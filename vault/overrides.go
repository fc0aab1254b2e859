package vault

import (
	"encoding/binary"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// The envelope of what a request of Click to Pay says beyond what is stored, see envelope.go.
// What names the row is the issuer and the request's own id, which is known before the row.
//
// The plaintext is the length of the content (4 bytes, big-endian), the content, and zeros up
// to a multiple of 512 bytes, so that most requests seal to one size. The content is the
// caller's own affair.
const (
	overridesVersion     = 1
	overridesPaddedTo    = 512
	overridesLengthBytes = 4
)

var sealedOverrides = sealedKind{
	name: "request", fault: walletport.Errorf(walletport.CodeInternal, reasonOverridesDamaged, "the stored request cannot be used"),
	tag: "walletport overrides v", keyTag: "walletport overrides data key v1",
}

func bindOverrides(issuer walletport.IssuerID, id string) binding {
	return sealedOverrides.bind(string(issuer), id)
}

// padOverrides writes the plaintext of a content.
func padOverrides(content []byte) []byte {
	length := overridesLengthBytes + len(content)
	length += (overridesPaddedTo - length%overridesPaddedTo) % overridesPaddedTo
	plain := make([]byte, overridesLengthBytes, length)
	binary.BigEndian.PutUint32(plain, uint32(len(content)))
	return append(plain, content...)[:length]
}

// unpadOverrides returns the content that padOverrides wrote, as a slice of plain.
func unpadOverrides(plain []byte) ([]byte, error) {
	if len(plain) == 0 || len(plain)%overridesPaddedTo != 0 {
		return nil, errPlain
	}
	length, rest := uint64(binary.BigEndian.Uint32(plain)), plain[overridesLengthBytes:]
	if length > uint64(len(rest)) || uint64(len(rest))-length >= overridesPaddedTo || !isZeros(rest[length:]) {
		return nil, errPlain
	}
	return rest[:length], nil
}

// SealOverrides seals what the request of that issuer and id says, under a data key of its
// own. Nothing to say is sealed as nothing. The caller keeps and wipes plain. A missing key
// is CodeUnavailable, reason key_unavailable.
//
// The key is one that serves the issuer whatever the card, as for customers.
func (v *Vault) SealOverrides(issuer walletport.IssuerID, id string, plain []byte) (storage.SealedOverrides, error) {
	if len(plain) == 0 {
		return storage.SealedOverrides{}, nil
	}
	kek, err := v.issuerKEK(v.newestRing(), issuer)
	if err != nil {
		return storage.SealedOverrides{}, err
	}
	padded := padOverrides(plain)
	defer clear(padded)
	sealed, err := bindOverrides(issuer, id).seal(kek, overridesVersion, padded)
	return storage.SealedOverrides(sealed), err
}

// OpenOverrides opens what SealOverrides made for the same issuer and id; the caller wipes
// it. What was not sealed as it stands, for this request, is CodeInternal, reason
// overrides_damaged. A key-encryption key that is not in the catalogue is CodeUnavailable,
// reason key_unavailable.
func (v *Vault) OpenOverrides(issuer walletport.IssuerID, id string, sealed storage.SealedOverrides) ([]byte, error) {
	if envelope(sealed).isEmpty() {
		return nil, nil
	}
	return openWith(v, func(ring *keys.Ring) ([]byte, error) { return openOverrides(ring, issuer, id, envelope(sealed)) })
}

func openOverrides(ring *keys.Ring, issuer walletport.IssuerID, id string, sealed envelope) ([]byte, error) {
	bound := bindOverrides(issuer, id)
	plain, err := bound.open(ring, sealed, overridesVersion)
	if err != nil {
		return nil, err
	}
	content, err := unpadOverrides(plain)
	if err != nil {
		clear(plain)
		return nil, bound.damaged(sealed.KEK, "the opened request is malformed")
	}
	return content, nil
}

// checkOverrides reports whether what a request says is as it was sealed: nil, or the errors
// of OpenOverrides.
func (v *Vault) checkOverrides(r storage.EnrolmentRequest) error {
	plain, err := v.OpenOverrides(r.Issuer, r.ID, r.Overrides)
	clear(plain)
	return err
}

// overridesPrintTag begins what OverridesPrint is over, so that it is no index of a PAN and
// no MAC of a card or customer, which the same key makes.
const overridesPrintTag = "walletport overrides print v1"

// OverridesPrint returns the HMAC-SHA-256 of a content under the index key that serves the
// issuer, 32 bytes: it says whether two contents are the same, and nothing of them. After a
// rotation of that key the same content has another print. The caller wipes content. A
// missing key is CodeUnavailable, reason key_unavailable.
func (v *Vault) OverridesPrint(issuer walletport.IssuerID, content []byte) ([]byte, error) {
	index, err := v.newestRing().Select(keys.VaultIndex, issuer, "", v.Clock())
	if err != nil {
		return nil, err
	}
	text := make([]byte, 0, 12+len(overridesPrintTag)+len(issuer)+len(content)) // three lengths; grown, it would leave copies behind
	text = appendField(text, overridesPrintTag)
	text = appendField(text, string(issuer))
	text = appendField(text, content)
	defer clear(text)
	return index.MAC.Sum(text), nil
}

// reasonOverridesDamaged is the reason of requests that do not open.
const reasonOverridesDamaged = "overrides_damaged"
