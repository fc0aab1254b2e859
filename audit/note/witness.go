package note

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	sumnote "golang.org/x/mod/sumdb/note"
)

// algorithmCosignature says in keys and their ids that they are of Ed25519 cosignatures.
const algorithmCosignature = 4

const timeBytes = 8

// maxTime is the last second of the year 9999: later times have no form in RFC 3339 or JSON,
// and no witness that is in its right mind says one.
const maxTime = 253402300799

// Witness is the name and the key of a witness. It verifies its cosignatures.
type Witness struct {
	name   string
	id     uint32
	public ed25519.PublicKey
}

var _ sumnote.Verifier = (*Witness)(nil)

// NewWitness returns the witness of a name and an Ed25519 key.
func NewWitness(name string, public ed25519.PublicKey) (*Witness, error) {
	if !ValidName(name) || len(public) != ed25519.PublicKeySize {
		return nil, malformed("a witness has a name without spaces and plus signs, and an Ed25519 key")
	}
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(algorithmCosignature))), public...))
	return &Witness{name: name, id: binary.BigEndian.Uint32(sum[:]), public: public}, nil
}

// ParseWitness reads a witness's name and key as witnesses publish them (vkey):
// name+id+base64, with signature type 4, Ed25519 cosignatures.
func ParseWitness(text string) (*Witness, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, malformed("a witness's key is name+id+base64")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algorithmCosignature {
		return nil, malformed("the witness's key is none for Ed25519 cosignatures (type 4)")
	}
	w, err := NewWitness(parts[0], raw[1:])
	if err != nil {
		return nil, err
	}
	if w.ID() != parts[0]+"+"+parts[1] {
		return nil, malformed("the id of the witness's key is not that of its name and key")
	}
	return w, nil
}

// Name returns the witness's name.
func (w *Witness) Name() string { return w.name }

// KeyHash returns the id of the key.
func (w *Witness) KeyHash() uint32 { return w.id }

// ID tells the witness from all others, also from one of the same name with another key:
// name+id, the id in eight lower-case hexadecimal digits.
func (w *Witness) ID() string { return fmt.Sprintf("%s+%08x", w.name, w.id) }

// String returns what ParseWitness reads.
func (w *Witness) String() string {
	raw := append([]byte{algorithmCosignature}, w.public...)
	return w.ID() + "+" + base64.StdEncoding.EncodeToString(raw)
}

// Names reports whether a signature line says that it is of a key of the witness's name. It
// verifies nothing.
func (w *Witness) Names(line string) bool { return strings.HasPrefix(line, "\u2014 "+w.name+" ") }

// Verify reports whether signature is the witness's over text and the time in it.
func (w *Witness) Verify(text, signature []byte) bool {
	if len(signature) != timeBytes+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	if at == 0 || at > maxTime {
		return false
	}
	message := append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), text...)
	return ed25519.Verify(w.public, message, signature[timeBytes:])
}

// time returns when the witness made a signature that is verified.
func (w *Witness) time(s sumnote.Signature) (time.Time, error) {
	signature, err := decodeSignature(s)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(int64(binary.BigEndian.Uint64(signature)), 0).UTC(), nil
}
