package note

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	sumnote "golang.org/x/mod/sumdb/note"
)

// The errors of Open beside ErrMalformed.
var (
	// ErrForged says that a signature names one of the keys, and is not of it.
	ErrForged = errors.New("a signature is not of the key that it names")
	// ErrUnsigned says that no signature names one of the log's keys.
	ErrUnsigned = errors.New("no signature is of a key at hand")
)

// Opened is a note whose signature is good.
type Opened struct {
	Checkpoint
	Cosigned []Cosigned // by the witnesses that were asked for, in the note's order
}

// Cosigned is that a witness confirmed a note.
type Cosigned struct {
	Witness *Witness
	At      time.Time // seconds, by the witness's clock
}

// Keys are whom a note is believed. Signatures of others are passed over.
type Keys struct {
	Public    []ed25519.PublicKey // the log's, whatever its name
	Witnesses []*Witness
}

// Open checks the signatures of a note and reads it.
func Open(text string, keys Keys) (Opened, error) {
	if len(text) > MaxBytes {
		return Opened{}, malformed("it is longer than any note")
	}
	origin, _, _ := strings.Cut(text, "\n")
	verifiers, err := keys.of(origin)
	if err != nil {
		return Opened{}, err
	}
	n, err := sumnote.Open([]byte(text), sumnote.VerifierList(verifiers...))
	if err != nil {
		return Opened{}, openError(err)
	}
	c, err := parse(n.Text)
	if err != nil {
		return Opened{}, err
	}
	return keys.opened(c, n)
}

// of returns the verifiers for notes of an origin, each once.
func (k Keys) of(origin string) ([]sumnote.Verifier, error) {
	var verifiers []sumnote.Verifier
	seen := make(map[string]bool)
	for _, public := range k.Public {
		v, err := LogKey(origin, public)
		if err != nil {
			return nil, err
		}
		if !seen[string(public)] {
			verifiers = append(verifiers, v)
		}
		seen[string(public)] = true
	}
	for _, w := range k.Witnesses {
		if !seen[w.ID()] {
			verifiers = append(verifiers, w)
		}
		seen[w.ID()] = true
	}
	return verifiers, nil
}

// IsAsSigned reports whether a note has one signature and no more, as Sign returns it: further
// lines of signatures change nothing of what the first one says, and Open passes over them.
func IsAsSigned(text string) bool {
	_, signatures, _ := strings.Cut(text, "\n\n")
	return strings.Count(signatures, "\n") == 1
}

func openError(err error) error {
	if _, wrong := errors.AsType[*sumnote.InvalidSignatureError](err); wrong {
		return ErrForged
	}
	if _, unknown := errors.AsType[*sumnote.UnverifiedNoteError](err); unknown {
		return ErrUnsigned
	}
	return malformed("%v", err)
}

// opened tells the log's signatures from the witnesses'.
func (k Keys) opened(c Checkpoint, n *sumnote.Note) (Opened, error) {
	o := Opened{Checkpoint: c}
	for _, s := range n.Sigs {
		w := k.witness(s)
		if w == nil {
			continue
		}
		at, err := w.time(s)
		if err != nil {
			return Opened{}, err
		}
		o.Cosigned = append(o.Cosigned, Cosigned{Witness: w, At: at})
	}
	if len(o.Cosigned) == len(n.Sigs) {
		return Opened{}, ErrUnsigned // by witnesses alone
	}
	return o, nil
}

func (k Keys) witness(s sumnote.Signature) *Witness {
	for _, w := range k.Witnesses {
		if w.name == s.Name && w.id == s.Hash {
			return w
		}
	}
	return nil
}

// maxSignatures is how many signatures a note may have.
const maxSignatures = 100

// Gather is Cosign of the lines that have the form of a signature, as long as there is room in
// a note: what is none would spoil the note with all others.
func Gather(text string, lines ...string) string {
	room := maxSignatures - 1 // beside the log's own
	for _, line := range lines {
		if room > 0 && isSignature(line) && len(text)+len(line) <= MaxBytes {
			text += line
			room--
		}
	}
	return text
}

// isSignature reports whether a text is one line of a name and a signature. It verifies nothing.
func isSignature(line string) bool {
	rest, begins := strings.CutPrefix(line, "\u2014 ")
	rest, ends := strings.CutSuffix(rest, "\n")
	name, encoded, found := strings.Cut(rest, " ")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	return begins && ends && found && ValidName(name) && err == nil && len(raw) > keyIDBytes && !strings.ContainsAny(encoded, "\r\n")
}

// Cosign appends signature lines of witnesses to a note.
func Cosign(text string, lines ...string) string { return text + strings.Join(lines, "") }

// keyIDBytes is the length of the key's id in front of a signature.
const keyIDBytes = 4

func decodeSignature(s sumnote.Signature) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) < keyIDBytes {
		return nil, malformed("a signature is no base64")
	}
	return raw[keyIDBytes:], nil
}
