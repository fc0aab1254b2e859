package audit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Log makes audit records durable: those of acts that change no row in batches (Record),
// the others with what they are of (RecordChange). It implements walletport.AuditTrail and
// act.ChangeTrail, and is safe for concurrent use. Several Logs, of several servers, may
// share a database: they write one chain.
type Log struct {
	config  Config
	queue   *queue
	started atomic.Bool

	linker linker // of the writer

	tailLock sync.Mutex
	tail     storage.AuditHead // the last record that this Log made durable

	signer *checkpointer
}

var _ walletport.AuditTrail = (*Log)(nil)

// New returns a Log that records once Run runs.
func New(c Config) (*Log, error) {
	missing := func(absent bool, name string) error {
		if absent {
			return errors.New("audit: " + name + " is missing")
		}
		return nil
	}
	err := errors.Join(missing(c.Store == nil, "Store"), missing(c.Keys == nil, "Keys"), missing(c.Clock == nil, "Clock"), c.Settings.Validate())
	if err != nil {
		return nil, err
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	c.Settings = c.Settings.WithDefaults()
	l := &Log{config: c, queue: newQueue(c.Settings.MaxBatch, c.Settings.MaxQueue), tail: origin()}
	l.signer = newCheckpointer(&l.config)
	return l, nil
}

// Record returns nil when r is durable. Otherwise it returns CodeUnavailable,
// reason audit_unavailable, and nothing may be handed out: the database refused or
// did not answer in time, too many records wait, the Log is shut down, or ctx
// ended. An error does not prove that r was not written: a record may survive of
// an act whose result nobody got, never the other way round.
//
// What no record may hold is replaced, not refused, for the act must be recorded:
// texts with a card number by "[redacted: card number]", characters that are not
// UTF-8 or zero by U+FFFD, and texts above 512 bytes are cut. A record without a
// time, or out of the years 1 to 9999, gets the present one. Details are put in the
// order of their names; more than 32 are cut. The caller must not change
// r.KeyVersions afterwards.
func (l *Log) Record(ctx context.Context, r walletport.AuditRecord) error {
	receipt, err := l.Submit(r)
	if err != nil {
		return err
	}
	return receipt.Wait(ctx)
}

// Submit implements walletport.AuditTrail: Record in two halves. An error says what
// Record's does, but that r was not written.
func (l *Log) Submit(r walletport.AuditRecord) (walletport.Receipt, error) {
	clean(&r, l.config.Clock)
	b, err := l.queue.add(&r)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func errUnavailable(why string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the audit trail cannot take the record: %s; try again", why)
}

func errShutDown() *walletport.Error { return errUnavailable("it is shut down") }

// Run signs what it finds unsigned and writes records until ctx ends. Then it refuses
// new ones, writes those that it accepted, signs the chain and returns nil, within
// about four times CommitTimeout even if the database is away. It must be called once.
func (l *Log) Run(ctx context.Context) error {
	if l.started.Swap(true) {
		return errors.New("audit: Run was called twice")
	}
	background := context.WithoutCancel(ctx)
	signing, stopSigning := context.WithCancel(background)
	found := l.signer.look(background) // before there is anything of this Log
	var signer sync.WaitGroup
	signer.Go(func() { l.signer.run(signing, found) })

	l.write(background, ctx.Done())
	l.drain(background)

	stopSigning()
	signer.Wait()
	l.signer.finish(background)
	return nil
}

// drain writes what was accepted before the shutdown, and waits for changes under way.
func (l *Log) drain(background context.Context) {
	l.queue.close()
	ctx, cancel := context.WithTimeout(background, l.config.Settings.CommitTimeout)
	defer cancel()
	for b := l.queue.take(); b != nil; b = l.queue.take() {
		l.commit(ctx, b)
	}
	l.queue.changes.Wait()
}
