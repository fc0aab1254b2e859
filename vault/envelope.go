package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// The envelope of a card:
//
//	Sealed     = version of the row (1 byte) ‖ AES-256-GCM(data key, plaintext)
//	WrappedKey = KEK.Wrap(data key)
//
// GCM is cipher.NewGCMWithRandomNonce: nonce (12) ‖ ciphertext ‖ tag (16). A data
// key seals one card once, so that its nonce cannot repeat.
//
// Associated data is a sequence of fields, each behind its length in 4 bytes, so
// that no two sequences give the same bytes:
//
//	of Sealed:     "walletport card v" and the version, issuer, card id (8 bytes)
//	of WrappedKey: "walletport data key v1", issuer, card id, id of the KEK
//
// The KEK's id is bound to the wrapped key alone, for a rotation replaces the
// wrapped key and leaves the sealed card. Binding it keeps an attacker from naming
// another key version than the one that wrapped.
const (
	cardTag      = "walletport card v"
	dataKeyTag   = "walletport data key v1"
	dataKeyBytes = 32
)

func appendCardData(to []byte, version byte, c *walletport.CardSummary) []byte {
	to = appendTag(to, cardTag, version)
	to = appendField(to, string(c.Issuer))
	return appendNumber(to, uint64(c.ID))
}

func appendKeyData(to []byte, c *walletport.CardSummary, kek keys.ID) []byte {
	to = appendField(to, dataKeyTag)
	to = appendField(to, string(c.Issuer))
	to = appendNumber(to, uint64(c.ID))
	return appendField(to, string(kek))
}

// The plaintext of a card: PAN length (1 byte), PAN digits, name length (2 bytes,
// big-endian), name in UTF-8, zeros up to a multiple of 64 bytes. The padding hides
// how long PAN and name are: nearly every card seals to the same size.
const paddedTo = 64

func appendPlain(to, pan, name []byte) []byte {
	start := len(to)
	to = append(to, byte(len(pan)))
	to = append(to, pan...)
	to = binary.BigEndian.AppendUint16(to, uint16(len(name)))
	to = append(to, name...)
	for (len(to)-start)%paddedTo != 0 {
		to = append(to, 0)
	}
	return to
}

var errPlain = errors.New("what was opened is not of the expected form")

// maxPlainBytes is never less than what appendPlain writes for a card that the vault
// takes: a name of 64 characters of four bytes, and the padding.
const maxPlainBytes = 384

// parsePlain reads what appendPlain wrote. The name is a slice of plain.
func parsePlain(plain []byte) (walletport.PAN, []byte, error) {
	if len(plain) == 0 || len(plain)%paddedTo != 0 || int(plain[0])+3 > len(plain) {
		return walletport.PAN{}, nil, errPlain
	}
	digits, rest := plain[1:1+plain[0]], plain[1+plain[0]:]
	nameBytes := int(binary.BigEndian.Uint16(rest))
	if rest = rest[2:]; nameBytes > len(rest) {
		return walletport.PAN{}, nil, errPlain
	}
	padding := rest[nameBytes:]
	if len(padding) >= paddedTo {
		return walletport.PAN{}, nil, errPlain
	}
	for _, b := range padding {
		if b != 0 {
			return walletport.PAN{}, nil, errPlain
		}
	}
	pan, err := walletport.ParsePAN(digits)
	return pan, rest[:nameBytes], err
}

// sealer seals cards one after the other with the keys of one catalogue. Its
// buffers hold card data: wipe it after use. It is not safe for concurrent use.
type sealer struct {
	ring           *keys.Ring
	now            time.Time
	dataKey        [dataKeyBytes]byte
	plain, content []byte // these hold a PAN
	bound          []byte // associated data
}

func newSealer(ring *keys.Ring, now time.Time) *sealer {
	return &sealer{
		ring: ring, now: now,
		plain: make([]byte, 0, maxPlainBytes), content: make([]byte, 0, maxContentBytes), // grown, they would leave copies behind
	}
}

func (s *sealer) wipe() {
	clear(s.dataKey[:])
	clear(s.plain[:cap(s.plain)])
	clear(s.content[:cap(s.content)])
}

// seal makes the row of a card that checkCard found good, of the newest version.
func (s *sealer) seal(card *walletport.Card) (storage.Card, error) {
	row := storage.Card{CardSummary: card.CardSummary, UpdatedAt: s.now}
	row.BIN, row.LastFour = card.PAN.BIN(), card.PAN.LastFour()
	var err error
	if row.Scheme, err = card.PAN.Scheme(); err != nil {
		return storage.Card{}, err
	}
	kek, err := s.ring.Select(keys.VaultKEK, row.Issuer, row.BIN, s.now)
	if err != nil {
		return storage.Card{}, err
	}
	index, err := s.ring.Select(keys.VaultIndex, row.Issuer, row.BIN, s.now)
	if err != nil {
		return storage.Card{}, err
	}
	digits, name := card.PAN.Reveal(), card.CardholderName.Reveal()
	s.content = appendContent(s.content[:0], newestVersion, &row.CardSummary, digits, name)
	row.PANIndex, row.ContentMAC = index.MAC.Sum(digits), index.MAC.Sum(s.content)
	s.plain = appendPlain(s.plain[:0], digits, name)
	if err := s.envelope(&row, kek); err != nil {
		return storage.Card{}, fmt.Errorf("seal card: %w", err)
	}
	return row, nil
}

// envelope seals s.plain into row under a fresh data key.
func (s *sealer) envelope(row *storage.Card, kek *keys.Key) error {
	if _, err := io.ReadFull(rand.Reader, s.dataKey[:]); err != nil {
		return err
	}
	aead, err := newAEAD(s.dataKey[:])
	if err != nil {
		return err
	}
	s.bound = appendCardData(s.bound[:0], newestVersion, &row.CardSummary)
	row.Sealed = make([]byte, 1, 1+len(s.plain)+aead.Overhead())
	row.Sealed[0] = newestVersion
	row.Sealed = aead.Seal(row.Sealed, nil, s.plain, s.bound) //nolint:gosec // G407: this AEAD takes no nonce, it draws one
	s.bound = appendKeyData(s.bound[:0], &row.CardSummary, kek.ID)
	row.WrappedKey, err = kek.KEK.Wrap(s.dataKey[:], s.bound)
	row.KEK = string(kek.ID)
	return err
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// wipeCard clears what is secret of a card.
func wipeCard(card *walletport.Card) {
	card.PAN.Wipe()
	card.CardholderName.Wipe()
}

// open returns the card of a row. The caller wipes it.
func open(ring *keys.Ring, row *storage.Card) (*walletport.Card, error) {
	if row.Status == walletport.CardForgotten {
		if err := checkForgotten(ring, row); err != nil {
			return nil, err
		}
		return nil, errForgotten()
	}
	kek, ok := ring.ByID(keys.ID(row.KEK))
	if !ok || kek.KEK == nil {
		return nil, walletport.Errorf(walletport.CodeUnavailable, reasonNoKey, "the key that seals this card is not in the key store")
	}
	dataKey, err := kek.KEK.Unwrap(row.WrappedKey, appendKeyData(nil, &row.CardSummary, kek.ID))
	if err != nil {
		return nil, errDamaged(row, "the data key does not unwrap")
	}
	defer clear(dataKey)
	plain, err := openSealed(row, dataKey)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	pan, name, err := parsePlain(plain)
	if err != nil {
		return nil, errDamaged(row, "the opened card is malformed")
	}
	card := &walletport.Card{CardSummary: row.CardSummary, PAN: pan, CardholderName: walletport.NewPrivate(name)}
	if fault := disagreement(ring, row, card); fault != "" {
		wipeCard(card)
		return nil, errDamaged(row, fault)
	}
	return card, nil
}

// versionOf returns the version of a row, 0 for a row without one. It is to be believed
// once the sealed bytes have opened.
func versionOf(row *storage.Card) byte {
	if len(row.Sealed) == 0 {
		return 0
	}
	return row.Sealed[0]
}

func openSealed(row *storage.Card, dataKey []byte) ([]byte, error) {
	if version := versionOf(row); version == 0 || version > newestVersion || len(dataKey) != dataKeyBytes {
		return nil, errDamaged(row, "the sealed card has a version that this program does not know")
	}
	aead, err := newAEAD(dataKey)
	if err != nil {
		return nil, errDamaged(row, "the data key is malformed")
	}
	plain, err := aead.Open(nil, nil, row.Sealed[1:], appendCardData(nil, versionOf(row), &row.CardSummary))
	if err != nil {
		return nil, errDamaged(row, "the sealed card does not open")
	}
	return plain, nil
}

// disagreement tells what of the clear columns was not written together with the
// sealed card: scheme, BIN and last four follow from the PAN, and the content MAC
// covers the rest, so that a closed card cannot be opened by an UPDATE statement.
func disagreement(ring *keys.Ring, row *storage.Card, card *walletport.Card) string {
	scheme, err := card.PAN.Scheme()
	if err != nil || scheme != row.Scheme || card.PAN.BIN() != row.BIN || card.PAN.LastFour() != row.LastFour {
		return "the PAN does not agree with scheme, BIN or last four"
	}
	if column := youngText(versionOf(row), &row.CardSummary); column != "" {
		return "the row is older than its column " + column
	}
	content := appendContent(make([]byte, 0, maxContentBytes), versionOf(row), &row.CardSummary, card.PAN.Reveal(), card.CardholderName.Reveal())
	defer clear(content)
	if !isMACOf(ring, row.ContentMAC, content) {
		return "the card's columns are not those it was stored with"
	}
	return ""
}

// The reasons of rows that do not open.
const (
	reasonDamaged = "card_damaged"
	reasonNoKey   = "key_unavailable"
)

func errDamaged(row *storage.Card, what string) error {
	return walletport.Errorf(walletport.CodeInternal, reasonDamaged, "the stored card cannot be used").
		WithCause(fmt.Errorf("card %s under %s: %s", row.ID, row.KEK, what))
}
