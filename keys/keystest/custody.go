package keystest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// Store is where a custodian under test keeps its keys.
type Store struct {
	// Open opens the keys, each time as another process does.
	Open func() (keys.Custody, error)
	// Break makes the keys unreadable until mend is called, as a lost disk or a lost
	// connection does. Nil where a test cannot do that: what happens then is not tested.
	Break func(t testing.TB) (mend func())
}

// NewStore makes a store without keys whose custodians take the time from clock.
type NewStore func(t testing.TB, clock func() time.Time) Store

// RunCustody proves that a custodian keeps the contract of keys.Custody. What it finds is
// said of the custodian: "Destroy of an active key is not refused".
func RunCustody(t *testing.T, newStore NewStore) {
	for _, c := range CustodyChecks() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, newStore) })
	}
}

// Check is one sentence of the contract and its proof.
type Check struct {
	Name string
	Run  func(t testing.TB, newStore NewStore)
}

// CustodyChecks returns the checks of RunCustody.
func CustodyChecks() []Check {
	var all []Check
	for _, part := range [][]custodyCheck{addingChecks, lifeChecks, watchChecks} {
		for _, c := range part {
			all = append(all, Check{c.name, func(t testing.TB, newStore NewStore) { c.run(newCustodian(t, newStore)) }})
		}
	}
	return all
}

type custodyCheck struct {
	name string
	run  func(c *custodian)
}

// start is the time at which the clock of a custodian under test begins.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// custodian is a custodian under test, and the test of it.
type custodian struct {
	testing.TB
	keys.Custody
	store Store
	late  atomic.Int64 // by how many nanoseconds its clock is after start
}

func newCustodian(t testing.TB, newStore NewStore) *custodian {
	t.Helper()
	c := &custodian{TB: t}
	c.store = newStore(t, c.now)
	c.Custody = c.open()
	return c
}

func (c *custodian) now() time.Time          { return start.Add(time.Duration(c.late.Load())) }
func (c *custodian) advance(d time.Duration) { c.late.Add(int64(d)) }

// open opens the keys as another process does.
func (c *custodian) open() keys.Custody {
	c.Helper()
	opened, err := c.store.Open()
	if err != nil {
		c.Fatalf("opening the keys: %v", err)
	}
	return opened
}

// codes are the codes of the reasons that the contract names.
var codes = map[string]walletport.Code{
	"key_purpose": walletport.CodeInvalid, "issuer_malformed": walletport.CodeInvalid, "bin_range": walletport.CodeInvalid, "key_alias": walletport.CodeInvalid,
	"key_malformed": walletport.CodeInvalid, "key_encrypted": walletport.CodeInvalid, "key_unfit": walletport.CodeInvalid, "key_expired": walletport.CodeInvalid,
	"key_exists": walletport.CodeConflict, "key_needed": walletport.CodeConflict, "key_not_retired": walletport.CodeConflict, "key_destroyed": walletport.CodeConflict,
	"key_not_found": walletport.CodeNotFound,
}

// storeReasons are those of the place where the keys are kept.
var storeReasons = []string{"keystore_missing", "keystore_permissions", "keystore_secret", "keystore_damaged", "keystore_busy", "keystore_unavailable"}

// ofStore reports whether an error says what is wrong with the place of the keys.
func ofStore(err error) bool { return slices.Contains(storeReasons, walletport.ReasonOf(err)) }

// refused reports whether an act was refused for that reason, and fails the test else.
func (c *custodian) refused(act string, err error, reason string) bool {
	c.Helper()
	if err == nil {
		c.Errorf("%s is not refused, want %s", act, reason)
		return false
	}
	if got, code := walletport.ReasonOf(err), walletport.CodeOf(err); got != reason || code != codes[reason] {
		c.Errorf("%s is refused with %s %q (%v), want %s %q", act, code, got, err, codes[reason], reason)
		return false
	}
	return true
}

// done takes the answer of an act that must not fail, and that must be in force: the
// returned entry is that of Current.
func (c *custodian) done(act string) func(keys.Meta, error) keys.Meta {
	return func(m keys.Meta, err error) keys.Meta {
		c.Helper()
		if err != nil {
			c.Fatalf("%s: %v", act, err)
		}
		if k := c.key(c, m.ID); text(k.Meta) != text(m) {
			c.Errorf("%s returns %s, and Current has %s", act, text(m), text(k.Meta))
		}
		return m
	}
}

func (c *custodian) generate(spec keys.Spec) keys.Meta {
	c.Helper()
	return c.done("Generate")(c.Generate(c.Context(), spec))
}

func (c *custodian) bring(s Sample) keys.Meta {
	c.Helper()
	return c.done(fmt.Sprintf("Import of a %s key", s.Spec.Purpose))(c.Import(c.Context(), s.Spec, s.Data, nil))
}

// key returns a key of a custodian.
func (c *custodian) key(of keys.Source, id keys.ID) *keys.Key {
	c.Helper()
	k, ok := of.Current().ByID(id)
	if !ok {
		c.Fatalf("the key %s is gone", id)
	}
	return k
}

// state returns the state of a key, "" of none.
func (c *custodian) state(id keys.ID) keys.State {
	if k, ok := c.Current().ByID(id); ok {
		return k.State
	}
	return ""
}

// text tells entries apart.
func text(m keys.Meta) string { return fmt.Sprintf("%+v", m) }

// eventually waits until holds, for ten seconds at most.
func (c *custodian) eventually(what string, holds func() bool) {
	c.Helper()
	ctx, stop := context.WithTimeout(c.Context(), 10*time.Second)
	defer stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			c.Fatalf("%s: not within ten seconds", what)
		case <-tick.C:
		}
	}
}
