package keystest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// watchChecks are about several who hold the same keys, now and later.
var watchChecks = []custodyCheck{
	{"what is opened again is what was left", checkReopened},
	{"looking at the catalogue costs nothing", checkCost},
	{"a catalogue that was given out does not change", checkSnapshot},
	{"a look finds what another process changed, and else nothing new", checkRefresh},
	{"a reload finds what another process changed", checkReload},
	{"a running watch finds what another process changed", checkRun},
	{"changes made at once are all kept", checkConcurrency},
	{"one key is destroyed or activated, never both", checkRace},
	{"keys that cannot be read keep serving, and it is told", checkBroken},
}

func checkReopened(c *custodian) {
	for _, s := range Samples(c) {
		s.Spec.Activate = true
		c.bring(s)
	}
	c.inState(keys.Retired)
	c.inState(keys.Destroyed)
	kek := c.key(c, "vault-kek-v1").KEK
	wrapped, err := kek.Wrap([]byte("data key"), []byte("bound"))
	must(c, err)
	digest := c.key(c, "vault-index-v1").MAC.Sum([]byte("data"))
	again := c.open()
	if got, want := entries(again.Current()), entries(c.Current()); !slices.Equal(got, want) {
		c.Errorf("opened again the entries are\n%s\nwant\n%s", got, want)
	}
	for _, k := range again.Current().All() {
		if k.State != keys.Destroyed {
			checkKey(c, k)
		}
	}
	if opened, err := c.key(again, "vault-kek-v1").KEK.Unwrap(wrapped, []byte("bound")); err != nil || string(opened) != "data key" {
		c.Errorf("opened again a key does not open what it sealed before: %v", err)
	}
	if got := c.key(again, "vault-index-v1").MAC.Sum([]byte("data")); string(got) != string(digest) {
		c.Errorf("opened again a key digests otherwise")
	}
	for _, p := range keys.Purposes() {
		before, after := c.key(c, keys.NewID(p, "", 1)), c.key(again, keys.NewID(p, "", 1))
		if before.Certificate != nil && !before.Certificate.Equal(after.Certificate) {
			c.Errorf("opened again the certificate of the %s key is another", p)
		}
	}
}

func entries(r *keys.Ring) []string {
	var all []string
	for _, k := range r.All() {
		all = append(all, text(k.Meta))
	}
	return all
}

func checkCost(c *custodian) {
	c.generate(keys.Spec{Purpose: keys.VaultKEK})
	if n := testing.AllocsPerRun(100, func() { c.Current() }); n != 0 {
		c.Errorf("Current allocates %v times", n)
	}
	first := c.Current()
	if c.Current() != first {
		c.Errorf("Current gives another catalogue at each look")
	}
}

func checkSnapshot(c *custodian) {
	id := c.inState(keys.Active)
	ring := c.Current()
	before := entries(ring)
	c.done("Retire")(retireNeeded.do(c, id))
	c.done("Destroy")(destroy.do(c, id))
	c.generate(keys.Spec{Purpose: keys.VaultKEK})
	if !slices.Equal(entries(ring), before) {
		c.Errorf("a catalogue that was given out changes: it was %s and is %s", before, entries(ring))
	}
}

func checkRefresh(c *custodian) {
	other := c.open()
	before := other.Current()
	if other.Refresh() != before {
		c.Errorf("Refresh gives another catalogue though nothing has changed")
	}
	m := c.generate(keys.Spec{Purpose: keys.VaultKEK})
	if _, found := other.Refresh().ByID(m.ID); !found {
		c.Fatalf("Refresh does not find the key that another process made")
	}
	if other.Current() == before {
		c.Errorf("Current is not what Refresh gave")
	}
	for _, a := range []act{activate, retireNeeded, destroy} {
		changed := c.done(a.name)(a.do(c, m.ID))
		other.Refresh()
		if got := c.key(other, m.ID).State; got != changed.State {
			c.Errorf("after %s in another process Refresh finds the key %s, want %s", a.name, got, changed.State)
		}
	}
}

func checkReload(c *custodian) {
	other := c.open()
	m := c.generate(keys.Spec{Purpose: keys.VaultKEK})
	if err := other.Reload(c.Context()); err != nil {
		c.Fatalf("Reload: %v", err)
	}
	c.key(other, m.ID)
}

func checkRun(c *custodian) {
	server := c.open()
	ctx, stop := context.WithCancel(c.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	m := c.generate(keys.Spec{Purpose: keys.VaultKEK})
	c.eventually("Run finds the key that another process made", func() bool {
		select {
		case err := <-ended:
			c.Fatalf("Run ends before its context does: %v", err)
		default:
		}
		_, found := server.Current().ByID(m.ID)
		return found
	})
	c.done("Activate")(activate.do(c, m.ID))
	c.eventually("Run finds what another process activated", func() bool {
		k, _ := server.Current().ByID(m.ID)
		return k.State == keys.Active
	})
	stop()
	if err := <-ended; err != nil {
		c.Errorf("Run returns %v when its context ends, want nil", err)
	}
}

func checkConcurrency(c *custodian) {
	const workers, each = 4, 4
	c.inState(keys.Active)
	all := []keys.Custody{c.Custody, c.open()}
	reading, stop := context.WithCancel(c.Context())
	var readers, writers sync.WaitGroup
	for _, of := range all {
		readers.Go(func() {
			for reading.Err() == nil {
				if _, err := of.Current().Select(keys.VaultKEK, "", "", c.now()); err != nil {
					c.Errorf("while others change keys none serves: %v", err)
					return
				}
			}
		})
	}
	made := make(chan keys.ID, workers*each)
	for i := range workers {
		writers.Go(func() {
			for range each {
				m, err := all[i%len(all)].Generate(c.Context(), keys.Spec{Purpose: keys.VaultKEK, Activate: true})
				if err != nil {
					c.Errorf("Generate beside others: %v", err)
					return
				}
				made <- m.ID
			}
		})
	}
	writers.Wait()
	stop()
	readers.Wait()
	close(made)
	again := c.open().Current()
	for id := range made {
		if _, found := again.ByID(id); !found {
			c.Errorf("the key %s, made beside others, is lost", id)
		}
	}
	if n := len(again.All()); n != workers*each+1 {
		c.Errorf("there are %d keys, want %d: changes made at once got lost", n, workers*each+1)
	}
	checkIDs(c, again)
}

// checkRace lets two operators at one retired key.
func checkRace(c *custodian) {
	other := c.open()
	for range 5 {
		id := c.inState(keys.Retired)
		var both sync.WaitGroup
		var errs [2]error
		both.Go(func() { _, errs[0] = c.Destroy(c.Context(), id) })
		both.Go(func() { _, errs[1] = other.Activate(c.Context(), id) })
		both.Wait()
		state, reasons := c.key(c.open(), id).State, [2]string{walletport.ReasonOf(errs[0]), walletport.ReasonOf(errs[1])}
		switch outcome := fmt.Sprint(state, reasons); outcome {
		case "destroyed[ key_destroyed]", "active[key_not_retired ]":
		default:
			c.Errorf("a key that is destroyed and activated at once ends as %s, with the reasons %q", state, reasons)
		}
	}
}

func checkBroken(c *custodian) {
	if c.store.Break == nil {
		return
	}
	m := c.generate(keys.Spec{Purpose: keys.VaultKEK, Activate: true})
	before := entries(c.Current())
	mend := c.store.Break(c)
	c.advance(time.Hour)
	brokenAt := c.now()
	if err := c.Reload(c.Context()); !ofStore(err) {
		c.Errorf("Reload of keys that cannot be read: %v, want one of %v", err, storeReasons)
	}
	c.advance(time.Hour)
	c.Refresh()
	if since, because := c.Stale(); !ofStore(because) || !since.Equal(brokenAt) {
		c.Errorf("keys that cannot be read are stale since %v (%v), want since %v, with one of %v", since, because, brokenAt, storeReasons)
	}
	for name, do := range map[string]func() (keys.Meta, error){
		"Generate": func() (keys.Meta, error) { return c.Generate(c.Context(), keys.Spec{Purpose: keys.VaultKEK}) },
		"Retire":   func() (keys.Meta, error) { return c.Retire(c.Context(), m.ID, keys.EvenIfNeeded) },
	} {
		if _, err := do(); !ofStore(err) {
			c.Errorf("%s on keys that cannot be read: %v, want one of %v", name, err, storeReasons)
		}
	}
	if !slices.Equal(entries(c.Current()), before) {
		c.Errorf("keys that cannot be read serve as %s, want %s", entries(c.Current()), before)
	}
	mend()
	if err := c.Reload(c.Context()); err != nil {
		c.Errorf("Reload of mended keys: %v", err)
	}
	if _, because := c.Stale(); because != nil {
		c.Errorf("mended keys are stale: %v", because)
	}
	c.generate(keys.Spec{Purpose: keys.VaultKEK})
}
