// Package file keeps keys in one sealed file: the whole catalogue, public halves
// included, as JSON inside an age file (age-encryption.org/v1) for a scrypt
// recipient.
//
// Why one file and a scrypt recipient: an age file made for a public recipient can
// be made by anybody who knows the recipient. One made under a secret can be made
// only by those who hold it, so it is authentic as well as confidential. A writer
// of the disk cannot put a key of their own in the place of Mastercard's, move a
// key to another issuer or purpose, or activate one: whoever could swap the
// encryption key would read every card that is sent. What they can do is put an
// older file of ours back; keep the key store where only the service's user may
// write.
//
// Private keys are in the memory of the process while it runs: those of RSA in that of the
// engine that Config.RSA names, which is handed each as the file has it. That is the limit of
// this custodian; an HSM is another one behind the same contract.
package file

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/keys"
)

// Config says where the key store is and what opens it.
type Config struct {
	Path         string           // of the key store, "keystore.age"; Path.lock is made beside it
	Secret       Secret           // required
	RSA          keys.RSAEngine   // works with RSA keys; nil means keys.GoRSA
	PollInterval time.Duration    // how often Run looks for a changed file; 0 means 2 s
	LockPatience time.Duration    // how long a change waits for another process; 0 means 10 s
	Clock        func() time.Time // nil means time.Now
	Log          *slog.Logger     // nil discards
}

// Store is an open key store. It implements keys.Custody. It is safe for concurrent
// use, also by several processes.
type Store struct {
	config Config
	ring   atomic.Pointer[keys.Ring]
	fault  atomic.Pointer[fault]

	mu   sync.Mutex  // one reload or change at a time in this process
	seen fs.FileInfo // the file as last looked at, good or bad; nil is never current
}

var _ keys.Custody = (*Store)(nil)

// Create makes an empty key store, which belongs to whom its folder belongs to (see
// disk.Create), and opens it. A file at Path is CodeConflict, reason keystore_exists.
// Another reason is file_owner.
func Create(c Config) (*Store, error) {
	s, err := newStore(c)
	if err != nil {
		return nil, err
	}
	unlock, err := lock(context.Background(), s.config.Path, s.config.LockPatience)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Lstat(s.config.Path); !errors.Is(err, fs.ErrNotExist) {
		return nil, walletport.Errorf(walletport.CodeConflict, "keystore_exists", "there is a key store already").WithCause(err)
	}
	if err := s.write(&catalogue{Format: formatVersion, Keys: []*entry{}}); err != nil {
		return nil, err
	}
	return s, s.load()
}

// Open opens a key store. The reasons of its errors are keystore_missing,
// keystore_permissions, keystore_secret, keystore_damaged, keystore_unavailable.
// Those of a change are file_owner and keystore_busy besides.
func Open(c Config) (*Store, error) {
	s, err := newStore(c)
	if err != nil {
		return nil, err
	}
	return s, s.Reload(context.Background())
}

func newStore(c Config) (*Store, error) {
	if c.Path == "" {
		return nil, errors.New("keys/file: Path is missing")
	}
	if c.Secret.of == nil {
		return nil, errNoSecret()
	}
	if c.RSA == nil {
		c.RSA = keys.GoRSA{}
	}
	if c.PollInterval <= 0 {
		c.PollInterval = 2 * time.Second
	}
	if c.LockPatience <= 0 {
		c.LockPatience = 10 * time.Second
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{config: c}
	s.ring.Store(keys.NewRing(nil))
	return s, nil
}

// Current implements keys.Source: one atomic load.
func (s *Store) Current() *keys.Ring { return s.ring.Load() }

// Refresh implements keys.Refresher: it reads the file if it is another than the
// one last looked at. Like Run it keeps the keys that serve when it cannot.
func (s *Store) Refresh() *keys.Ring {
	s.follow()
	return s.Current()
}

// Stale implements keys.Watcher. It is for a warning: good keys serve as long as they are
// good.
func (s *Store) Stale() (since time.Time, because error) {
	if f := s.fault.Load(); f != nil {
		return f.since, f.because
	}
	return time.Time{}, nil
}

// fault is a file that cannot be used.
type fault struct {
	since   time.Time // when a look first found the file unusable
	because error     // what the last look found
}

// Run implements keys.Watcher: a changed file is serving within PollInterval, and one
// that cannot be used is logged once.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(s.config.PollInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.follow()
		}
	}
}

// Reload implements keys.Watcher.
func (s *Store) Reload(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load()
}

// follow reloads when the file is another than the one last looked at. A bad file
// is opened once, not at every look: opening is slow by design.
func (s *Store) follow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.config.Path)
	if err == nil && disk.Unchanged(info, s.seen) {
		return
	}
	_, before := s.Stale()
	if err := s.load(); err == nil {
		s.config.Log.Info("key store reloaded", "keys", len(s.Current().All()))
	} else if before == nil || before.Error() != err.Error() {
		s.config.Log.Error("key store not reloaded, the keys before stay", "err", err)
	}
}

// load reads the file and swaps the ring. The caller holds mu.
func (s *Store) load() error {
	c, info, err := s.read()
	s.seen = info
	if err != nil {
		return s.keep(err)
	}
	defer c.wipe()
	ring, err := c.ring(s.config.RSA)
	if err != nil {
		return s.keep(err)
	}
	s.serve(ring)
	return nil
}

// keep notes why the keys that serve are not those of the file, and returns it.
func (s *Store) keep(because error) error {
	since, before := s.Stale()
	if before == nil {
		since = s.config.Clock()
	}
	s.fault.Store(&fault{since: since, because: because})
	return because
}

func (s *Store) serve(ring *keys.Ring) {
	s.ring.Store(ring)
	s.fault.Store(nil)
}

// read opens the file as it is now. It looks at the file before it reads it, so
// that one replaced in between is noticed at the next look.
func (s *Store) read() (*catalogue, fs.FileInfo, error) {
	info, err := os.Stat(s.config.Path)
	if err != nil {
		return nil, nil, errFile(s.config.Path, "key store", err)
	}
	sealed, err := readPrivateFile(s.config.Path, "key store")
	if err != nil {
		return nil, info, err
	}
	c, err := openCatalogue(sealed, s.config.Secret)
	return c, info, err
}

// write replaces the file. The caller holds the lock.
func (s *Store) write(c *catalogue) error {
	sealed, err := c.seal(s.config.Secret)
	if err != nil {
		return err
	}
	return replaceFile(s.config.Path, sealed)
}

// change applies edit to the catalogue as it is on disk now, writes it, and serves
// it. Nothing is written when edit fails or the result would not load.
func (s *Store) change(ctx context.Context, edit func(*catalogue) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	// Before anything is made: whose file it is, this user may not be able to keep.
	switch err := disk.CheckReplace(s.config.Path); walletport.ReasonOf(err) {
	case disk.ReasonOwner:
		return err
	case disk.ReasonKind:
		return errFile(s.config.Path, "key store", err)
	}
	unlock, err := lock(ctx, s.config.Path, s.config.LockPatience)
	if err != nil {
		return err
	}
	defer unlock()
	c, _, err := s.read()
	if err != nil {
		return err
	}
	defer c.wipe()
	if err := edit(c); err != nil {
		return err
	}
	ring, err := c.ring(s.config.RSA)
	if err != nil {
		return err
	}
	if err := s.write(c); err != nil {
		return err
	}
	s.serve(ring)
	s.seen = nil // when the look below fails, Run reads the file once more
	if info, err := os.Stat(s.config.Path); err == nil {
		s.seen = info
	}
	return nil
}
