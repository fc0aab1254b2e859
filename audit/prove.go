package audit

import (
	"bytes"
	"context"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/audit/tree"
	"github.com/walletport/walletport/storage"
)

// Reasons of proofs that cannot be given.
const (
	// ReasonNoNote: CodeNotFound. Nothing is signed over the tree yet.
	ReasonNoNote = "audit_note_missing"
	// ReasonNotNoted: CodeNotFound. The record is not in the tree of the note.
	ReasonNotNoted = "audit_record_not_noted"
	// ReasonUnproved: CodeConflict. What is stored gives no proof, and Verify names the fault;
	// or the note that was handed in proves nothing itself.
	ReasonUnproved = "audit_unproved"
)

// ProofSource is what is read for proofs. storage.Store is one.
type ProofSource interface {
	TreeSource
	AuditAfter(ctx context.Context, seq int64, limit int) ([]storage.AuditEntry, error)
	Cosignatures(ctx context.Context, size int64) ([]storage.Cosignature, error)
}

// Newest returns the newest note with the cosignatures that are stored. What stands among
// them and is none is left out. Without a note it returns ReasonNoNote.
func Newest(ctx context.Context, source ProofSource) (string, error) {
	last, err := lastNote(ctx, source)
	if err != nil {
		return "", err
	}
	cosignatures, err := source.Cosignatures(ctx, last.Size)
	if err != nil {
		return "", err
	}
	lines := make([]string, len(cosignatures))
	for i, c := range cosignatures {
		lines[i] = c.Line
	}
	return note.Gather(last.Text, lines...), nil
}

// lastNote returns the newest note with the log's signature alone, or ReasonNoNote.
func lastNote(ctx context.Context, source ProofSource) (storage.Note, error) {
	last, err := source.LastNote(ctx)
	if err == nil && last.Size == 0 {
		err = walletport.Errorf(walletport.CodeNotFound, ReasonNoNote, "no note is signed over the audit trail yet: a server signs one within its checkpoint interval")
	}
	return last, err
}

// Prove returns the proof that record seq is in the tree of a note of this trail, "" for
// the newest: a file for VerifyProof that holds that record whole and of all others
// hashes alone. It checks what it returns. Its errors are those of the source, and
// ReasonNoNote, ReasonNotNoted and ReasonUnproved.
func Prove(ctx context.Context, source ProofSource, trusted []TrustedKey, seq int64, text string) (string, error) {
	text, opened, err := openNote(ctx, source, trusted, text)
	if err != nil {
		return "", err
	}
	if seq < 1 || seq > opened.Size {
		return "", walletport.Errorf(walletport.CodeNotFound, ReasonNotNoted, "record %d is not in the tree of the note, which has records 1 to %d", seq, opened.Size)
	}
	record, err := readLine(ctx, source, seq)
	if err != nil {
		return "", err
	}
	extra, err := encodeLine(record)
	if err != nil {
		return "", err
	}
	path, err := tree.NewReader(storedTree(source)).Inclusion(ctx, seq-1, opened.Size)
	if err != nil {
		return "", unproved(err)
	}
	proof := note.Inclusion{Extra: bytes.TrimSuffix(extra, []byte("\n")), Number: seq - 1, Path: path, Note: text}.Encode()
	if _, err := VerifyProof(proof, Proven{Trusted: trusted}); err != nil {
		return "", unproved(err)
	}
	return proof, nil
}

// ProveConsistency returns the proof that the tree of the newest note goes on from that of
// an older one, for VerifyConsistency. Its errors are those of Prove.
func ProveConsistency(ctx context.Context, source ProofSource, trusted []TrustedKey, older string) (string, error) {
	_, old, err := openNote(ctx, source, trusted, older)
	if err != nil {
		return "", err
	}
	text, opened, err := openNote(ctx, source, trusted, "")
	if err != nil {
		return "", err
	}
	if old.Origin != opened.Origin {
		return "", walletport.Errorf(walletport.CodeConflict, ReasonUnproved, "%s", otherName(old, opened))
	}
	if old.Size > opened.Size {
		return "", walletport.Errorf(walletport.CodeConflict, ReasonUnproved, "the older note is over %d records and the newest of this trail over %d: the trail was cut back, or it is another", old.Size, opened.Size)
	}
	path, err := tree.NewReader(storedTree(source)).Consistency(ctx, old.Size, opened.Size)
	if err != nil {
		return "", unproved(err)
	}
	proof := note.Consistency{Older: old.Size, Path: path, Note: text}.Encode()
	if _, err := VerifyConsistency(proof, Proven{Trusted: trusted, Kept: older}); err != nil {
		return "", unproved(err)
	}
	return proof, nil
}

// Origin returns the name of the trail that a note is of.
func Origin(text string, trusted []TrustedKey) (string, error) {
	opened, err := Proven{Trusted: trusted}.open(text)
	return opened.Origin, err
}

// LogKeys returns the keys that may sign notes of the trail that a note is of, in the form in
// which auditors and witnesses take them: the trail's name, the key's id and the key.
func LogKeys(text string, trusted []TrustedKey) ([]string, error) {
	origin, err := Origin(text, trusted)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, k := range trusted {
		encoded, err := note.EncodeLogKey(origin, k.Public)
		if err != nil {
			return nil, err
		}
		list = append(list, encoded)
	}
	return list, nil
}

// openNote opens a note, "" for the newest.
func openNote(ctx context.Context, source ProofSource, trusted []TrustedKey, text string) (string, note.Opened, error) {
	if text == "" {
		var err error
		if text, err = Newest(ctx, source); err != nil {
			return "", note.Opened{}, err
		}
	}
	opened, err := Proven{Trusted: trusted}.open(text)
	if err != nil {
		return "", note.Opened{}, walletport.Errorf(walletport.CodeConflict, ReasonUnproved, "the note proves nothing: %v", err)
	}
	return text, opened, nil
}

// readLine reads a record and the hash before it.
func readLine(ctx context.Context, source ProofSource, seq int64) (*line, error) {
	before := origin()
	if seq > 1 {
		hashes, err := source.AuditHashes(ctx, seq-2, 1)
		if err != nil {
			return nil, err
		}
		if len(hashes) == 0 || hashes[0].Seq != seq-1 {
			return nil, unproved(fmt.Errorf("record %d is missing", seq-1))
		}
		before = hashes[0]
	}
	entries, err := source.AuditAfter(ctx, seq-1, 1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || !new(hasher).follows(before, &entries[0]) {
		return nil, unproved(fmt.Errorf("record %d is missing or was changed", seq))
	}
	return &line{AuditEntry: entries[0], previous: before.Hash}, nil
}

// unproved passes on an error of the database, which says nothing of the trail.
func unproved(err error) error {
	if walletport.CodeOf(err) == walletport.CodeUnavailable {
		return err
	}
	return walletport.Errorf(walletport.CodeConflict, ReasonUnproved, "what is stored gives no proof, and audit verify names the fault").WithCause(err)
}
