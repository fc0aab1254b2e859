package vault

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// sealedCard is the envelope of a card, see envelope.go. What names the row is its issuer and
// card id (8 bytes).
var sealedCard = sealedKind{
	name: "card", fault: walletport.Errorf(walletport.CodeInternal, reasonDamaged, "the stored card cannot be used"),
	tag: "walletport card v", keyTag: "walletport data key v1",
}

func bindCard(c *walletport.CardSummary) binding {
	return binding{
		sealedKind: &sealedCard, card: c.ID,
		row: appendNumber(appendField(nil, string(c.Issuer)), uint64(c.ID)),
	}
}

func envelopeOf(row *storage.Card) envelope { return envelope{row.Sealed, row.WrappedKey, row.KEK} }

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
	if len(padding) >= paddedTo || !isZeros(padding) {
		return walletport.PAN{}, nil, errPlain
	}
	pan, err := walletport.ParsePAN(digits)
	return pan, rest[:nameBytes], err
}

// sealer seals cards one after the other with the keys of one catalogue. Its
// buffers hold card data: wipe it after use. It is not safe for concurrent use.
type sealer struct {
	ring           *keys.Ring
	now            time.Time
	plain, content []byte // these hold a PAN
}

func newSealer(ring *keys.Ring, now time.Time) *sealer {
	return &sealer{
		ring: ring, now: now,
		plain: make([]byte, 0, maxPlainBytes), content: make([]byte, 0, maxContentBytes), // grown, they would leave copies behind
	}
}

func (s *sealer) wipe() {
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
	e, err := bindCard(&row.CardSummary).seal(kek, newestVersion, s.plain)
	row.Sealed, row.WrappedKey, row.KEK = e.Sealed, e.WrappedKey, e.KEK
	return row, err
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
	plain, err := bindCard(&row.CardSummary).open(ring, envelopeOf(row), newestVersion)
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

// disagreement tells what of the clear columns was not written together with the
// sealed card: scheme, BIN and last four follow from the PAN, and the content MAC
// covers the rest, so that a closed card cannot be opened by an UPDATE statement.
func disagreement(ring *keys.Ring, row *storage.Card, card *walletport.Card) string {
	scheme, err := card.PAN.Scheme()
	if err != nil || scheme != row.Scheme || card.PAN.BIN() != row.BIN || card.PAN.LastFour() != row.LastFour {
		return "the PAN does not agree with scheme, BIN or last four"
	}
	if column := youngText(versionOf(row.Sealed), &row.CardSummary); column != "" {
		return "the row is older than its column " + column
	}
	content := appendContent(make([]byte, 0, maxContentBytes), versionOf(row.Sealed), &row.CardSummary, card.PAN.Reveal(), card.CardholderName.Reveal())
	defer clear(content)
	if !isMACOf(ring, row.ContentMAC, content) {
		return "the card's columns are not those it was stored with"
	}
	return ""
}

// reasonDamaged is the reason of cards that do not open.
const reasonDamaged = "card_damaged"

func errDamaged(row *storage.Card, what string) error {
	return bindCard(&row.CardSummary).damaged(row.KEK, what)
}
