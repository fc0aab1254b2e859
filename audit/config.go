package audit

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// Store is what a Log needs of the database. storage.Store is one.
type Store interface {
	storage.Updater
	AppendAudit(ctx context.Context, link func(storage.AuditHead) ([]storage.AuditEntry, error)) error
	AuditHead(ctx context.Context) (storage.AuditHead, error)
	AddCheckpoint(ctx context.Context, c storage.Checkpoint) error
	CheckpointSource
	TreeStore
}

// Observer is told what a Log does. Its methods are called from the goroutines
// that do it, so they must return at once.
type Observer interface {
	// Committed tells of one commit, of a batch or of a change: how many records, how
	// long the database took, and the error if they were refused.
	Committed(records int, took time.Duration, err error)
	// Checkpointed tells that the chain was signed up to seq, or why not. A
	// checkpoint that failed is tried again.
	Checkpointed(seq int64, err error)
	// Noted tells that a note over the tree of the first size records stands, or one over
	// more, whoever signed it; or why not. The next checkpoint has a note of its own, which
	// covers the same records, and one that failed is tried again where nothing was recorded
	// between two intervals. ErrInconsistent says that the tree does not go on from the note
	// before: records were rewritten that are signed.
	Noted(size int64, err error)
	// Lost tells that the stored chain no longer holds record seq, which this Log
	// had made durable: somebody set the database back, or rewrote it. The Log stores a checkpoint
	// over the lost head, so that Verify shows the loss from then on, and goes on. It
	// tells of each loss once.
	Lost(seq int64)
	// EndsEarly tells that the stored chain ends before record seq, though there is a
	// checkpoint over it of one of our keys: records were lost before the Log began, or
	// another server lost them. It tells so once for each seq.
	EndsEarly(seq int64)
}

// Config is what a Log is made of.
type Config struct {
	Store    Store
	Keys     keys.Source      // has the audit-checkpoint key
	Clock    func() time.Time // for checkpoints, and for records without a time
	Observer Observer         // may be nil
	Settings Settings
	// KeyLost signs on although the key of the last checkpoint is not among Keys
	// (ReasonKeyMissing): for an operator who has lost it. Default false.
	KeyLost bool
}

// Settings tune a Log. The zero value of each field means its default.
type Settings struct {
	// MaxBatch is the highest number of records in one commit. Default 256.
	MaxBatch int `setting:"max_batch"`
	// MaxAge is how long a record waits at most for others to share its commit: two commits
	// begin so far apart, where several callers record at once. One who is alone does not
	// wait. A longer time takes less of the processor and of the disk on a busy server.
	// Default 2ms; negative never waits.
	MaxAge time.Duration `setting:"max_age"`
	// MaxQueue is the highest number of records that wait; more are refused with
	// audit_unavailable. Default 8192.
	MaxQueue int `setting:"max_queue"`
	// CommitTimeout bounds one commit. Default 5s.
	CommitTimeout time.Duration `setting:"commit_timeout"`
	// CheckpointEvery is the number of records after which the chain is signed.
	// Default 1000.
	CheckpointEvery int64 `setting:"checkpoint_every"`
	// CheckpointInterval is the time after which unsigned records are signed, however
	// few, and whoever left them. Default 1m.
	CheckpointInterval time.Duration `setting:"checkpoint_interval"`
	// Origin names the trail in signed notes, to tell it from all others that an auditor
	// or a witness knows: bank.example/walletport/audit. Default walletport/audit/ and
	// the first 16 hexadecimal digits of the hash of record 1.
	Origin string `setting:"origin"`
	// Witnesses are asked by a server to confirm each note, beside everything else: no call
	// waits for them. Default none.
	Witnesses []WitnessSettings `setting:"witnesses"`
	// WitnessInterval is the time between two looks whether a witness is to be asked. At most
	// half of witness_max_age: a confirmation of that half is had again at the next look, which
	// must come before the whole, or readiness would warn of a witness that is in order.
	// Default 1m, or half of witness_max_age where that is less.
	WitnessInterval time.Duration `setting:"witness_interval"`
	// WitnessMaxAge is how old the last confirmation of a witness may be before readiness
	// warns. At half of it the witness is asked again, also where nothing is new. Default 1h.
	WitnessMaxAge time.Duration `setting:"witness_max_age"`
}

// Validate returns an error that names each setting out of range.
func (s Settings) Validate() error {
	refuse := func(wrong bool, text string) error {
		if wrong {
			return errors.New(text)
		}
		return nil
	}
	outside := func(d, least, most time.Duration) bool { return d != 0 && (d < least || d > most) }
	return errors.Join(
		refuse(s.MaxBatch < 0 || s.MaxBatch > 4096, "max_batch: 1 to 4096, or 0, which is 256"),
		refuse(s.MaxAge > time.Second, "max_age: at most 1s"),
		refuse(s.MaxQueue < 0 || s.MaxQueue > 1<<20, "max_queue: 1 to 1048576, or 0, which is 8192"),
		refuse(outside(s.CommitTimeout, time.Millisecond, time.Minute), "commit_timeout: 1ms to 1m, or 0, which is 5s"),
		refuse(s.CheckpointEvery < 0 || s.CheckpointEvery > 1_000_000, "checkpoint_every: 1 to 1000000, or 0, which is 1000"),
		refuse(outside(s.CheckpointInterval, time.Millisecond, 24*time.Hour), "checkpoint_interval: 1ms to 24h, or 0, which is 1m"),
		refuse(s.Origin != "" && (!note.ValidName(s.Origin) || len(s.Origin) > 255), "origin: at most 255 bytes without spaces, control characters and plus signs"),
		checkWitnesses(s.Witnesses),
		refuse(outside(s.WitnessInterval, time.Millisecond, 24*time.Hour), "witness_interval: 1ms to 24h, or 0, which is 1m"),
		refuse(s.WitnessInterval > s.WithDefaults().WitnessMaxAge/2, "witness_interval: at most half of witness_max_age: a confirmation of that half is had again at the next look, which must come before readiness warns of the witness"),
		refuse(outside(s.WitnessMaxAge, time.Second, 720*time.Hour), "witness_max_age: 1s to 720h, or 0, which is 1h"),
	)
}

// WithDefaults returns s with what is in force for fields that are zero.
func (s Settings) WithDefaults() Settings {
	s.MaxBatch = cmp.Or(s.MaxBatch, 256)
	s.MaxAge = cmp.Or(s.MaxAge, 2*time.Millisecond)
	s.MaxQueue = cmp.Or(s.MaxQueue, 8192)
	s.CommitTimeout = cmp.Or(s.CommitTimeout, 5*time.Second)
	s.CheckpointEvery = cmp.Or(s.CheckpointEvery, 1000)
	s.CheckpointInterval = cmp.Or(s.CheckpointInterval, time.Minute)
	s.WitnessMaxAge = cmp.Or(s.WitnessMaxAge, time.Hour)
	s.WitnessInterval = cmp.Or(s.WitnessInterval, min(time.Minute, s.WitnessMaxAge/2))
	return s
}

// unobserved is the Observer of a Log without one.
type unobserved struct{}

func (unobserved) Committed(int, time.Duration, error) {}
func (unobserved) Checkpointed(int64, error)           {}
func (unobserved) Noted(int64, error)                  {}
func (unobserved) Lost(int64)                          {}
func (unobserved) EndsEarly(int64)                     {}
