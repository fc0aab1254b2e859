package keystest

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
)

// lifeChecks are about what becomes of a key.
var lifeChecks = []custodyCheck{
	{"states follow each other as the contract says", checkTransitions},
	{"an id that nobody has is refused", checkUnknown},
	{"what serves is active and the newest", checkServing},
	{"a key whose end has come is not activated", checkEnded},
	{"a key that nothing replaces is retired only by who insists", checkSubstitutes},
	{"a destroyed key has its entry and its public half, and nothing else", checkDestroyed},
	{"keys of others cannot be destroyed", checkTheirs},
	{"a destroyed key does not come back", checkReturn},
	{"no id and no version is used twice", checkVersions},
}

// act is one change of state.
type act struct {
	name string
	do   func(c *custodian, id keys.ID) (keys.Meta, error)
}

var (
	activate = act{"Activate", func(c *custodian, id keys.ID) (keys.Meta, error) { return c.Activate(c.Context(), id) }}
	retire   = act{"Retire", func(c *custodian, id keys.ID) (keys.Meta, error) {
		return c.Retire(c.Context(), id, keys.IfReplaced)
	}}
	retireNeeded = act{"Retire, even if needed,", func(c *custodian, id keys.ID) (keys.Meta, error) {
		return c.Retire(c.Context(), id, keys.EvenIfNeeded)
	}}
	destroy = act{"Destroy", func(c *custodian, id keys.ID) (keys.Meta, error) { return c.Destroy(c.Context(), id) }}
)

// inState makes a KEK that is in a state, and that no other replaces.
func (c *custodian) inState(state keys.State) keys.ID {
	c.Helper()
	id := c.generate(keys.Spec{Purpose: keys.VaultKEK}).ID
	for _, a := range map[keys.State][]act{
		keys.Pending: nil, keys.Active: {activate}, keys.Retired: {activate, retireNeeded}, keys.Destroyed: {activate, retireNeeded, destroy},
	}[state] {
		c.done(a.name)(a.do(c, id))
	}
	if got := c.state(id); got != state {
		c.Fatalf("the key is %s, want %s", got, state)
	}
	return id
}

func checkTransitions(c *custodian) {
	for _, r := range []struct {
		from   keys.State
		act    act
		to     keys.State
		reason string
	}{
		{keys.Pending, activate, keys.Active, ""},
		{keys.Pending, retire, keys.Retired, ""},
		{keys.Pending, destroy, keys.Pending, "key_not_retired"},
		{keys.Active, activate, keys.Active, ""},
		{keys.Active, retire, keys.Active, "key_needed"},
		{keys.Active, retireNeeded, keys.Retired, ""},
		{keys.Active, destroy, keys.Active, "key_not_retired"},
		{keys.Retired, activate, keys.Active, ""},
		{keys.Retired, retire, keys.Retired, ""},
		{keys.Retired, destroy, keys.Destroyed, ""},
		{keys.Destroyed, activate, keys.Destroyed, "key_destroyed"},
		{keys.Destroyed, retire, keys.Destroyed, "key_destroyed"},
		{keys.Destroyed, retireNeeded, keys.Destroyed, "key_destroyed"},
		{keys.Destroyed, destroy, keys.Destroyed, "key_destroyed"},
	} {
		id := c.inState(r.from)
		m, err := r.act.do(c, id)
		name := r.act.name + " of a key that is " + string(r.from)
		if r.reason != "" {
			c.refused(name, err, r.reason)
		} else if c.done(name)(m, err); m.State != r.to {
			c.Errorf("%s makes it %s, want %s", name, m.State, r.to)
		}
		if got := c.state(id); got != r.to {
			c.Errorf("after %s it is %s, want %s", name, got, r.to)
		}
		if got := c.key(c.open(), id).State; got != r.to {
			c.Errorf("after %s it is opened as %s, want %s", name, got, r.to)
		}
		if c.state(id) == keys.Active { // the next case is to be without a substitute
			c.done("Retire")(retireNeeded.do(c, id))
		}
	}
}

func checkUnknown(c *custodian) {
	c.generate(keys.Spec{Purpose: keys.VaultKEK})
	for _, a := range []act{activate, retire, retireNeeded, destroy} {
		_, err := a.do(c, "none-v1")
		c.refused(a.name+" of an id that nobody has", err, "key_not_found")
	}
}

func checkServing(c *custodian) {
	serving := func(want keys.ID, when string) {
		c.Helper()
		k, err := c.Current().Select(keys.VaultKEK, "acme", "520424", c.now())
		var got keys.ID
		if err == nil {
			got = k.ID
		}
		if got != want {
			c.Errorf("%s the key %q serves, want %q", when, got, want)
		}
	}
	first := c.generate(keys.Spec{Purpose: keys.VaultKEK}).ID
	serving("", "while the only key is pending")
	c.done("Activate")(activate.do(c, first))
	serving(first, "after its activation")
	second := c.generate(keys.Spec{Purpose: keys.VaultKEK, Activate: true}).ID
	serving(second, "after a newer one came")
	wrapped, err := c.key(c, first).KEK.Wrap([]byte("data key"), []byte("bound"))
	must(c, err)
	c.done("Retire")(retire.do(c, first))
	if opened, err := c.key(c, first).KEK.Unwrap(wrapped, []byte("bound")); err != nil || string(opened) != "data key" {
		c.Errorf("a retired key does not open what it sealed: %v", err)
	}
	c.done("Activate")(activate.do(c, first))
	c.done("Retire")(retire.do(c, second))
	serving(first, "after the newer one was retired")
}

func checkEnded(c *custodian) {
	id := c.generate(keys.Spec{Purpose: keys.VaultKEK, ValidUntil: start.Add(time.Hour)}).ID
	c.advance(time.Hour)
	_, err := activate.do(c, id)
	c.refused("Activate of a key whose end has come", err, "key_expired")
	c.done("Retire")(retire.do(c, id))
	c.done("Destroy of a key whose end has come")(destroy.do(c, id))
}

func checkSubstitutes(c *custodian) {
	bins := []keys.BINRange{{Low: "520424", High: "520499"}}
	for _, r := range []struct {
		name           string
		retired, other keys.Spec
		reason         string
	}{
		{"an issuer's key beside one for all", keys.Spec{Issuer: "acme"}, keys.Spec{}, ""},
		{"a key for all beside an issuer's", keys.Spec{}, keys.Spec{Issuer: "acme"}, "key_needed"},
		{"an issuer's key beside another issuer's", keys.Spec{Issuer: "acme"}, keys.Spec{Issuer: "globex"}, "key_needed"},
		{"a key beside one for some BINs", keys.Spec{}, keys.Spec{BINs: bins}, "key_needed"},
		{"a key for some BINs beside one for the same", keys.Spec{BINs: bins}, keys.Spec{BINs: bins}, ""},
		{"a key beside one that has not begun", keys.Spec{}, keys.Spec{ValidFrom: start.Add(time.Hour)}, "key_needed"},
		{"a key that has not begun", keys.Spec{ValidFrom: start.Add(time.Hour)}, keys.Spec{ValidFrom: start.Add(time.Hour)}, ""},
	} {
		r.retired.Purpose, r.other.Purpose = keys.VaultKEK, keys.VaultKEK
		r.retired.Activate, r.other.Activate = true, true
		retired, other := c.generate(r.retired).ID, c.generate(r.other).ID
		m, err := retire.do(c, retired)
		if r.reason == "" {
			c.done("Retire of "+r.name)(m, err)
		} else {
			c.refused("Retire of "+r.name, err, r.reason)
		}
		for _, id := range []keys.ID{retired, other} { // the next case begins without a key that serves
			c.done("Retire")(retireNeeded.do(c, id))
		}
	}
}

func checkDestroyed(c *custodian) {
	for _, s := range Samples(c) {
		if !s.Spec.Purpose.HasSecretHalf() {
			continue
		}
		m := c.bring(s)
		before := c.key(c, m.ID)
		c.done("Retire")(retire.do(c, m.ID))
		gone := c.done("Destroy")(destroy.do(c, m.ID))
		want := m
		want.State = keys.Destroyed
		if text(gone) != text(want) {
			c.Errorf("the entry of the destroyed key is %s, want %s", text(gone), text(want))
		}
		for name, of := range map[string]keys.Source{"at once": c, "opened again": c.open()} {
			k := c.key(of, m.ID)
			if text(k.Meta) != text(want) {
				c.Errorf("%s, the entry of the destroyed key is %s, want %s", name, text(k.Meta), text(want))
			}
			checkHandles(c, k)
			if _, err := of.Current().Select(k.Purpose, "", "", c.now()); walletport.ReasonOf(err) != "key_unavailable" {
				c.Errorf("%s, a destroyed %s key serves", name, k.Purpose)
			}
			c.checkExport(k, before)
		}
	}
}

// checkExport proves that the public half of a destroyed key is exported as before.
func (c *custodian) checkExport(destroyed, before *keys.Key) {
	c.Helper()
	if !before.Purpose.HasPublicHalf() {
		return
	}
	want, err := material.ExportPublic(before)
	must(c, err)
	got, err := material.ExportPublic(destroyed)
	if err != nil || string(got) != string(want) {
		c.Errorf("the public half of a destroyed %s key is exported as another (%v)", before.Purpose, err)
	}
}

func checkTheirs(c *custodian) {
	for _, p := range []keys.Purpose{keys.MDESEncryption, keys.OPCEncryption} {
		id := c.bring(SampleOf(c, p)).ID
		c.done("Retire")(retire.do(c, id))
		_, err := destroy.do(c, id)
		c.refused("Destroy of a "+string(p)+" key", err, "key_unfit")
		checkKey(c, c.key(c, id))
	}
}

func checkReturn(c *custodian) {
	for _, p := range []keys.Purpose{keys.TAVSigning, keys.VaultKEK, keys.WSD} {
		s := SampleOf(c, p)
		id := c.bring(s).ID
		c.done("Retire")(retire.do(c, id))
		c.done("Destroy")(destroy.do(c, id))
		_, err := c.Import(c.Context(), s.Spec, s.Data, nil)
		c.refused("Import of a "+string(p)+" key that was destroyed", err, "key_exists")
	}
}

func checkVersions(c *custodian) {
	used := map[keys.ID]bool{}
	next := func(spec keys.Spec, version int) {
		c.Helper()
		m := c.generate(spec)
		if m.Version != version || m.ID != keys.NewID(spec.Purpose, spec.Issuer, version) {
			c.Errorf("the key is %s, version %d, want version %d", m.ID, m.Version, version)
		}
		if used[m.ID] {
			c.Errorf("the id %s is used twice", m.ID)
		}
		used[m.ID] = true
	}
	kek, acme := keys.Spec{Purpose: keys.VaultKEK}, keys.Spec{Purpose: keys.VaultKEK, Issuer: "acme"}
	next(kek, 1)
	next(acme, 1)
	next(kek, 2)
	next(keys.Spec{Purpose: keys.VaultIndex}, 1)
	c.done("Retire")(retire.do(c, "vault-kek-v2"))
	c.done("Destroy")(destroy.do(c, "vault-kek-v2"))
	next(kek, 3)
	c.Custody = c.open()
	next(kek, 4)
	after := kek
	after.After = 7
	next(after, 8)
	after.After = 2
	next(after, 9)
	next(acme, 2)
	checkIDs(c, c.Current())
}
