package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// The first value of everything that is hashed or signed. A change of format
// gets a new name.
const (
	recordDomain     = "walletport/audit/v1"
	stepUpDomain     = "walletport/audit/v2" // of a record with a StepUp
	detailsDomain    = "walletport/audit/v3" // of a record with Details
	checkpointDomain = "walletport/audit/checkpoint/v1"
	exportDomain     = "walletport/audit/export/v1"
)

// hashBytes is the length of every hash here.
const hashBytes = sha256.Size

// origin is the head of a chain without records.
func origin() storage.AuditHead { return storage.AuditHead{Hash: make([]byte, hashBytes)} }

// Hash returns the hash of a record: SHA-256 over the previous record's hash,
// the sequence number and every field, encoded as the package comment says. Of
// the time, milliseconds count.
func Hash(previous []byte, seq int64, r *walletport.AuditRecord) [sha256.Size]byte {
	return sha256.Sum256(appendRecord(nil, previous, seq, r))
}

// hasher computes hashes with a buffer that it keeps.
type hasher struct{ buffer []byte }

// sum is Hash.
func (h *hasher) sum(previous []byte, seq int64, r *walletport.AuditRecord) [sha256.Size]byte {
	h.buffer = appendRecord(h.buffer[:0], previous, seq, r)
	return sha256.Sum256(h.buffer)
}

// fits reports whether e, taken as number seq, follows a record with the hash
// previous. One that cannot be read whole does not.
func (h *hasher) fits(previous []byte, seq int64, e *storage.AuditEntry) bool {
	if len(e.Unreadable) > 0 {
		return false
	}
	sum := h.sum(previous, seq, &e.Record)
	return bytes.Equal(sum[:], e.Hash)
}

// follows reports whether e is the record after head: numbered next and hashed
// over head and its own content.
func (h *hasher) follows(head storage.AuditHead, e *storage.AuditEntry) bool {
	return e.Seq == head.Seq+1 && h.fits(head.Hash, e.Seq, e)
}

// appendRecord writes a record without Details as all were before there were any, and
// one without a StepUp either as all were before that, so that old trails and exports
// keep their hashes.
func appendRecord(b, previous []byte, seq int64, r *walletport.AuditRecord) []byte {
	switch {
	case len(r.Details) > 0:
		b = appendFields(appendText(b, detailsDomain), previous, seq, r)
		return appendDetails(appendText(b, r.StepUp), r.Details)
	case r.StepUp != "":
		b = appendFields(appendText(b, stepUpDomain), previous, seq, r)
		return appendText(b, r.StepUp)
	}
	return appendFields(appendText(b, recordDomain), previous, seq, r)
}

func appendDetails(b []byte, details walletport.AuditDetails) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(details)))
	for _, d := range details {
		b = appendText(appendText(b, d.Name), d.Value)
	}
	return b
}

func appendFields(b, previous []byte, seq int64, r *walletport.AuditRecord) []byte {
	b = appendText(b, previous)
	b = appendNumber(b, seq)
	b = appendNumber(b, r.Time.UnixMilli())
	b = appendText(b, r.RequestID)
	b = appendText(b, r.ClientID)
	b = appendText(b, r.AuditUser)
	b = appendText(b, r.Action)
	b = appendText(b, r.Issuer)
	b = appendNumber(b, int64(r.CardID))
	b = appendText(b, r.Wallet)
	b = appendText(b, r.Scheme)
	b = appendText(b, r.Outcome)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.KeyVersions)))
	for _, id := range r.KeyVersions {
		b = appendText(b, id)
	}
	return appendText(b, r.RemoteAddress)
}

func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}

func appendNumber(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n))
}
