package audit

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// TrustedKey is the public half of an audit-checkpoint key, got from elsewhere than
// the trail that it proves.
type TrustedKey struct {
	ID     keys.ID // "" if it is not known, as of a PEM file
	Public ed25519.PublicKey
}

// TrustedKeys returns the audit-checkpoint keys of a catalogue, retired ones included,
// for they still verify what they signed.
func TrustedKeys(ring *keys.Ring) []TrustedKey {
	var trusted []TrustedKey
	for _, k := range ring.All() {
		if public, ok := k.Public.(ed25519.PublicKey); ok && k.Purpose == keys.AuditCheckpoint {
			trusted = append(trusted, TrustedKey{ID: k.ID, Public: public})
		}
	}
	return trusted
}

// signHead returns a checkpoint over head.
func signHead(head storage.AuditHead, at time.Time, key *keys.Key) (storage.Checkpoint, error) {
	return sign(unsigned(head, at, key), key, appendText(nil, checkpointDomain))
}

// signExport returns the end of an export that begins after start.
func signExport(start, head storage.AuditHead, at time.Time, key *keys.Key) (storage.Checkpoint, error) {
	return sign(unsigned(head, at, key), key, exportPrefix(start))
}

func unsigned(head storage.AuditHead, at time.Time, key *keys.Key) storage.Checkpoint {
	return storage.Checkpoint{
		Seq:   head.Seq,
		Hash:  bytes.Clone(head.Hash),
		Time:  time.UnixMilli(at.UnixMilli()).UTC(),
		KeyID: string(key.ID),
	}
}

// sign completes c. Ed25519 hashes the message itself, which crypto.Signer spells
// as a zero hash.
func sign(c storage.Checkpoint, key *keys.Key, prefix []byte) (storage.Checkpoint, error) {
	if _, ok := key.Public.(ed25519.PublicKey); !ok || key.Signer == nil {
		return storage.Checkpoint{}, fmt.Errorf("audit checkpoint key %s is no Ed25519 key that can sign", key.ID)
	}
	signature, err := key.Signer.Sign(rand.Reader, appendHead(prefix, c), crypto.Hash(0))
	if err != nil {
		return storage.Checkpoint{}, fmt.Errorf("sign audit checkpoint with %s: %w", key.ID, err)
	}
	c.Signature = signature
	return c, nil
}

func exportPrefix(start storage.AuditHead) []byte {
	b := appendText(nil, exportDomain)
	b = appendNumber(b, start.Seq+1)
	return appendText(b, start.Hash)
}

func appendHead(b []byte, c storage.Checkpoint) []byte {
	b = appendNumber(b, c.Seq)
	b = appendText(b, c.Hash)
	b = appendNumber(b, c.Time.UnixMilli())
	return appendText(b, c.KeyID)
}

// signers are the keys that a trail may be signed with. A key whose id nobody told is
// known by it from its first good signature on.
type signers struct {
	trusted []TrustedKey
	known   map[keys.ID]bool
	good    bool // a signature was of one of them
}

func newSigners(trusted []TrustedKey) *signers {
	s := &signers{trusted: trusted, known: make(map[keys.ID]bool)}
	for _, k := range trusted {
		if k.ID != "" {
			s.known[k.ID] = true
		}
	}
	return s
}

// check returns the break of a signature that no trusted key made. Each is tried,
// whatever id the signature names: the id is signed too, so it is the key's holder
// who chose it.
func (s *signers) check(c storage.Checkpoint, prefix []byte) *Break {
	message, id := appendHead(prefix, c), keys.ID(c.KeyID)
	for _, k := range s.trusted {
		if len(k.Public) == ed25519.PublicKeySize && ed25519.Verify(k.Public, message, c.Signature) {
			s.known[id], s.good = true, true
			return nil
		}
	}
	if s.known[id] {
		detail := "the signature is not of the key that the checkpoint names"
		if !s.good {
			detail += "; no signature so far is of the key of that id at hand: is this the key store that signed it?"
		}
		return &Break{Seq: c.Seq, Kind: CheckpointForged, Detail: detail}
	}
	return &Break{Seq: c.Seq, Kind: CheckpointKeyUnknown, Detail: fmt.Sprintf(
		"it names the key %s, and none of the %d keys at hand made the signature: bring that key's public half (walletport keys export-public)", keyName(c.KeyID), len(s.trusted))}
}

// keyName returns the id if it is spelled as one, for a text that somebody forged is
// not repeated.
func keyName(id string) string {
	if len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return "of an unreadable id"
	}
	return id
}
