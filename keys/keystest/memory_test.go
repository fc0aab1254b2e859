package keystest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/material"
)

// memory is a second custodian, which keeps keys in memory. It shows what the contract
// asks of one, and with a flaw that the suite finds those who do not keep it.
type memory struct {
	shared *memoryStore
	ring   atomic.Pointer[keys.Ring]
	fault  atomic.Pointer[memoryFault]

	seen int // the state of shared that ring shows; shared.mu guards it
}

const neverSeen = -1

type memoryFault struct {
	since   time.Time
	because error
}

// memoryStore is what several memory custodians have in common.
type memoryStore struct {
	clock func() time.Time
	flaw  flaw

	mu     sync.Mutex
	all    []*material.Key // replaced, never changed, for rings show them
	state  int             // counts changes
	broken bool
}

var _ keys.Custody = (*memory)(nil)

func newMemoryStore(f flaw) keystest.NewStore {
	return func(_ testing.TB, clock func() time.Time) keystest.Store {
		shared := &memoryStore{clock: clock, flaw: f}
		return keystest.Store{
			Open: func() (keys.Custody, error) {
				m := &memory{shared: shared, seen: neverSeen}
				m.ring.Store(keys.NewRing(nil))
				return m, m.Reload(context.Background())
			},
			Break: func(testing.TB) (mend func()) {
				shared.setBroken(true)
				return func() { shared.setBroken(false) }
			},
		}
	}
}

func (s *memoryStore) setBroken(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

func (s *memoryStore) check() error {
	if s.broken && s.flaw == givesItsOwnReasons {
		return walletport.Errorf(walletport.CodeUnavailable, "memory_away", "the memory is away")
	}
	if s.broken {
		return walletport.Errorf(walletport.CodeUnavailable, "keystore_unavailable", "the memory is away")
	}
	return nil
}

func (s *memoryStore) metas() keys.Catalogue {
	var all keys.Catalogue
	for _, k := range s.all {
		all = append(all, k.Meta)
	}
	return all
}

func (m *memory) Current() *keys.Ring {
	if m.shared.flaw == copiesAtEachLook {
		return keys.NewRing(slices.Clone(m.ring.Load().All()))
	}
	return m.ring.Load()
}

func (m *memory) Generate(ctx context.Context, spec keys.Spec) (keys.Meta, error) {
	if m.shared.flaw == activatesUnasked {
		spec.Activate = true
	}
	k, err := material.Generate(spec, m.shared.clock())
	if err != nil {
		return keys.Meta{}, err
	}
	return m.add(ctx, spec, k)
}

func (m *memory) Import(ctx context.Context, spec keys.Spec, data, password []byte) (keys.Meta, error) {
	if m.shared.flaw == keepsWhatWasBrought && spec.Purpose == keys.OPCEncryption {
		k, err := material.Read(spec, data, password, m.shared.clock())
		if err != nil {
			return keys.Meta{}, err
		}
		k.OpenPGP = data
		return m.add(ctx, spec, k)
	}
	k, err := m.read(spec, data, password)
	if err != nil {
		return keys.Meta{}, err
	}
	return m.add(ctx, spec, k)
}

func (m *memory) read(spec keys.Spec, data, password []byte) (*material.Key, error) {
	k, err := material.Read(spec, data, password, m.shared.clock())
	switch {
	case err != nil && m.shared.flaw == showsWhatWasBrought:
		return nil, walletport.Errorf(walletport.CodeOf(err), walletport.ReasonOf(err), "cannot read %x", data)
	case walletport.ReasonOf(err) == "key_unfit" && m.shared.flaw == takesTheUnfit:
		return material.Generate(keys.Spec{Purpose: keys.VaultKEK}, m.shared.clock())
	case err == nil && m.shared.flaw == forgetsTheIssuer:
		k.Issuer = ""
	}
	return k, err
}

func (m *memory) Check(_ context.Context, spec keys.Spec, data, password []byte) (keys.Meta, error) {
	k, err := m.read(spec, data, password)
	if err != nil {
		return keys.Meta{}, err
	}
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	if err := m.shared.check(); err != nil {
		return keys.Meta{}, err
	}
	if err := m.shared.number(spec, k); err != nil {
		return keys.Meta{}, err
	}
	if m.shared.flaw == storesWhatItChecks {
		m.shared.all = append(m.shared.all, k)
	}
	return k.Meta, nil
}

// number gives a new key its version, and refuses one that is there.
func (s *memoryStore) number(spec keys.Spec, k *material.Key) error {
	if s.flaw != takesAKeyTwice {
		for _, other := range s.all {
			if s.repeats(k, other) {
				return walletport.Errorf(walletport.CodeConflict, "key_exists", "the key is there")
			}
		}
	}
	k.Version = s.metas().Next(spec)
	if s.flaw == ignoresAfter {
		spec.After = 0
		k.Version = s.metas().Next(spec)
	}
	k.ID = keys.NewID(k.Purpose, k.Issuer, k.Version)
	return nil
}

func (s *memoryStore) repeats(k, other *material.Key) bool {
	switch {
	case !k.Purpose.HasPublicHalf() && other.State == keys.Destroyed:
		return s.flaw != letsTheDestroyedReturn && k.Purpose == other.Purpose && k.CheckValue == other.CheckValue
	case !k.Purpose.HasPublicHalf():
		return subtle.ConstantTimeCompare(k.Secret, other.Secret) == 1
	case k.Fingerprint != other.Fingerprint:
		return false
	case !k.Purpose.MayBeRenewed(), k.Purpose.HasSecretHalf() && other.State == keys.Destroyed, k.Purpose != other.Purpose:
		return true
	}
	renewed := !bytes.Equal(k.OpenPGP, other.OpenPGP) || k.Certificate != nil && !k.Certificate.Equal(other.Certificate)
	return k.Issuer == other.Issuer && !renewed
}

func (m *memory) add(ctx context.Context, spec keys.Spec, k *material.Key) (keys.Meta, error) {
	err := m.change(ctx, func(s *memoryStore) error {
		err := s.number(spec, k)
		if err == nil {
			s.all = append(slices.Clip(s.all), k)
		}
		return err
	})
	if m.shared.flaw == saysAnotherVersion {
		k.Version++
	}
	return k.Meta, err
}

func (m *memory) Activate(ctx context.Context, id keys.ID) (keys.Meta, error) {
	return m.changeState(ctx, id, keys.Active, func(all keys.Catalogue) error {
		err := all.MayActivate(id, m.shared.clock())
		if m.shared.flaw == activatesTheEnded && walletport.ReasonOf(err) == "key_expired" {
			return nil
		}
		return err
	})
}

func (m *memory) Retire(ctx context.Context, id keys.ID, how keys.Retirement) (keys.Meta, error) {
	if m.shared.flaw == retiresTheNeeded {
		how = keys.EvenIfNeeded
	}
	return m.changeState(ctx, id, keys.Retired, func(all keys.Catalogue) error { return all.MayRetire(id, how, m.shared.clock()) })
}

func (m *memory) Destroy(ctx context.Context, id keys.ID) (keys.Meta, error) {
	return m.changeState(ctx, id, keys.Destroyed, func(all keys.Catalogue) error {
		err := all.MayDestroy(id)
		switch {
		case m.shared.flaw == destroysTheActive && walletport.ReasonOf(err) == "key_not_retired",
			m.shared.flaw == destroysThePublic && walletport.ReasonOf(err) == "key_unfit":
			return nil
		}
		return err
	})
}

func (m *memory) changeState(ctx context.Context, id keys.ID, to keys.State, may func(keys.Catalogue) error) (changed keys.Meta, err error) {
	err = m.change(ctx, func(s *memoryStore) error {
		err := may(s.metas())
		if s.flaw == resurrects && walletport.ReasonOf(err) == "key_destroyed" {
			err = nil
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(s.all, func(k *material.Key) bool { return k.ID == id })
		k := *s.all[i]
		k.State = to
		if to == keys.Destroyed {
			s.destroy(&k)
		}
		s.all = slices.Clone(s.all)
		s.all[i] = &k
		changed = k.Meta
		if s.flaw == forgetsTheDestroyed && to == keys.Destroyed {
			s.all = slices.Delete(s.all, i, i+1)
		}
		return nil
	})
	return changed, err
}

func (s *memoryStore) destroy(k *material.Key) {
	k.Private, k.Secret = nil, nil
	if s.flaw == losesTheCheckValue {
		k.CheckValue = ""
	}
}

func (m *memory) change(ctx context.Context, edit func(*memoryStore) error) error {
	if err := ctx.Err(); err != nil && m.shared.flaw != ignoresContext {
		return err
	}
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	if err := m.shared.check(); err != nil {
		return err
	}
	if m.shared.flaw == losesOthersChanges && m.seen != m.shared.state {
		m.shared.all = m.shared.all[:min(len(m.shared.all), len(m.ring.Load().All()))]
	}
	before := m.shared.all
	if err := edit(m.shared); err != nil {
		return err
	}
	m.shared.state++
	err := m.load()
	if m.shared.flaw == storesNothing {
		m.shared.all = before
	}
	return err
}

// load builds the ring. The caller holds shared.mu.
func (m *memory) load() error {
	var all []*keys.Key
	for _, k := range m.shared.all {
		made, err := k.Handles(memoryRSA{flaw: m.shared.flaw})
		if err != nil {
			return err
		}
		if m.shared.flaw == leavesTheHandle && made.State == keys.Destroyed {
			if old, found := m.ring.Load().ByID(made.ID); found {
				made.Signer, made.KEK, made.MAC, made.TDEA = old.Signer, old.KEK, old.MAC, old.TDEA
			}
		}
		if m.shared.flaw == opensAsPending && m.seen == neverSeen {
			made.State = keys.Pending
		}
		all = append(all, made)
	}
	if m.shared.flaw == changesOldRings && len(m.ring.Load().All()) > 0 {
		m.ring.Load().All()[0].Meta = all[0].Meta
	}
	m.ring.Store(keys.NewRing(all))
	m.fault.Store(nil)
	m.seen = m.shared.state
	return nil
}

func (m *memory) Refresh() *keys.Ring {
	if m.shared.flaw != looksAtNothing {
		_ = m.look(m.shared.flaw == readsAtEachLook)
	}
	return m.Current()
}

func (m *memory) Reload(context.Context) error { return m.look(true) }

func (m *memory) look(whatever bool) error {
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	if err := m.shared.check(); err != nil {
		if m.shared.flaw == isNeverStale {
			return err
		}
		if m.shared.flaw == dropsKeysWhenAway {
			m.ring.Store(keys.NewRing(nil))
		}
		since, before := m.Stale()
		if before == nil || m.shared.flaw == isStaleSinceTheLastLook {
			since = m.shared.clock()
		}
		m.fault.Store(&memoryFault{since, err})
		return err
	}
	if whatever || m.seen != m.shared.state || m.fault.Load() != nil {
		return m.load()
	}
	return nil
}

func (m *memory) Run(ctx context.Context) error {
	if m.shared.flaw == stopsWatching {
		return nil
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if m.shared.flaw == endsWithAnError {
				return ctx.Err()
			}
			return nil
		case <-tick.C:
			m.Refresh()
		}
	}
}

func (m *memory) Stale() (time.Time, error) {
	if f := m.fault.Load(); f != nil {
		return f.since, f.because
	}
	return time.Time{}, nil
}

// Format keeps the secrets out of a print.
func (m *memory) Format(state fmt.State, _ rune) {
	fmt.Fprint(state, "memory")
	if m.shared.flaw == printsSecrets {
		for _, k := range m.shared.all {
			fmt.Fprintf(state, " %x", k.Secret)
		}
	}
}

// memoryRSA is Go's RSA, which encrypts to keys too.
type memoryRSA struct {
	keys.GoRSA
	flaw flaw
}

func (e memoryRSA) OAEP(public *rsa.PublicKey) (keys.OAEP, error) {
	return &memoryOAEP{to: public, flaw: e.flaw}, nil
}

type memoryOAEP struct {
	to   *rsa.PublicKey
	flaw flaw
}

func (o *memoryOAEP) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "memory") }

func (o *memoryOAEP) EncryptOAEP(hash crypto.Hash, message []byte) ([]byte, error) {
	sealed, err := rsa.EncryptOAEP(hash.New(), rand.Reader, o.to, message, nil)
	if o.flaw == sealsToNobody && err == nil {
		sealed[0] ^= 1
	}
	return sealed, err
}
