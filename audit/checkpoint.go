package audit

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// publicKeys finds the keys that a signature naming that key id may be of.
type publicKeys func(keyID string) []ed25519.PublicKey

// keysOf looks keys up in a catalogue, retired ones included, for they still
// verify what they signed.
func keysOf(ring *keys.Ring) publicKeys {
	return func(keyID string) []ed25519.PublicKey {
		key, ok := ring.ByID(keys.ID(keyID))
		if !ok || key.Purpose != keys.AuditCheckpoint {
			return nil
		}
		public, ok := key.Public.(ed25519.PublicKey)
		if !ok {
			return nil
		}
		return []ed25519.PublicKey{public}
	}
}

// anyOf tries each of the keys whatever the signature names: the id is signed
// too, so it is the key's holder who chose it.
func anyOf(trusted []ed25519.PublicKey) publicKeys {
	return func(string) []ed25519.PublicKey { return trusted }
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

// checkSignature returns the break of a signature that no known key made.
func (find publicKeys) checkSignature(c storage.Checkpoint, prefix []byte) *Break {
	candidates := find(c.KeyID)
	if len(candidates) == 0 {
		return &Break{Seq: c.Seq, Kind: CheckpointKeyUnknown, Detail: "no audit-checkpoint key of the id that the checkpoint names is known"}
	}
	message := appendHead(prefix, c)
	for _, public := range candidates {
		if len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, c.Signature) {
			return nil
		}
	}
	return &Break{Seq: c.Seq, Kind: CheckpointForged, Detail: "the signature is not of the key that the checkpoint names"}
}
