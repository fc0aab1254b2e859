package keys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// key is a catalogue entry that serves everybody, but for what change says.
func key(id keys.ID, version int, change func(*keys.Meta)) *keys.Key {
	m := keys.Meta{ID: id, Purpose: keys.TAVSigning, Version: version, State: keys.Active, ValidFrom: now.Add(-time.Hour)}
	if change != nil {
		change(&m)
	}
	return &keys.Key{Meta: m}
}

func issuer(id walletport.IssuerID) func(*keys.Meta) { return func(m *keys.Meta) { m.Issuer = id } }

func bins(low, high string) func(*keys.Meta) {
	return func(m *keys.Meta) { m.BINs = []keys.BINRange{{Low: low, High: high}} }
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		name string
		ring []*keys.Key
		want keys.ID // "" for none
	}{
		{"the only key", []*keys.Key{key("a", 1, nil)}, "a"},
		{"the newest version wins", []*keys.Key{key("a", 2, nil), key("b", 10, nil), key("c", 3, nil)}, "b"},
		{"the issuer's key beats a newer one for all", []*keys.Key{key("all", 9, nil), key("own", 1, issuer("acme"))}, "own"},
		{"another issuer's key does not serve", []*keys.Key{key("other", 1, issuer("globex"))}, ""},
		{"a BIN range beats a newer key without", []*keys.Key{key("wide", 9, nil), key("narrow", 1, bins("520400", "520499"))}, "narrow"},
		{"the issuer's key beats a BIN range for all", []*keys.Key{key("range", 9, bins("520400", "520499")), key("own", 1, issuer("acme"))}, "own"},
		{"a BIN outside of the range does not serve", []*keys.Key{key("narrow", 1, bins("520500", "520599"))}, ""},
		{"a pending key does not serve", []*keys.Key{key("a", 1, nil), key("b", 2, func(m *keys.Meta) { m.State = keys.Pending })}, "a"},
		{"a retired key does not serve", []*keys.Key{key("a", 1, func(m *keys.Meta) { m.State = keys.Retired })}, ""},
		{"a key not yet valid does not serve", []*keys.Key{key("a", 1, func(m *keys.Meta) { m.ValidFrom = now.Add(time.Second) })}, ""},
		{"a key serves from its first moment", []*keys.Key{key("a", 1, func(m *keys.Meta) { m.ValidFrom = now })}, "a"},
		{"a key serves to the moment before its end", []*keys.Key{key("a", 1, func(m *keys.Meta) { m.ValidUntil = now.Add(1) })}, "a"},
		{"a key does not serve at its end", []*keys.Key{key("a", 1, func(m *keys.Meta) { m.ValidUntil = now })}, ""},
		{"another purpose does not serve", []*keys.Key{key("a", 1, func(m *keys.Meta) { m.Purpose = keys.MDESEncryption })}, ""},
		{"an empty catalogue serves nobody", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := keys.NewRing(c.ring).Select(keys.TAVSigning, "acme", "52042477", now)
			if c.want == "" {
				if walletport.CodeOf(err) != walletport.CodeUnavailable || walletport.ReasonOf(err) != "key_unavailable" {
					t.Fatalf("Select = %v, %v; want key_unavailable", got, err)
				}
				return
			}
			if err != nil || got.ID != c.want {
				t.Fatalf("Select = %v, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestByIDFindsKeysInAnyState(t *testing.T) {
	retired := key("old", 1, func(m *keys.Meta) { m.State = keys.Retired })
	ring := keys.NewRing([]*keys.Key{retired, key("new", 2, nil)})
	if got, ok := ring.ByID("old"); !ok || got != retired {
		t.Errorf("ByID(old) = %v, %v", got, ok)
	}
	if _, ok := ring.ByID("none"); ok {
		t.Errorf("ByID finds a key that is not there")
	}
	if len(ring.All()) != 2 {
		t.Errorf("All gives %d keys", len(ring.All()))
	}
}

func TestServesAsksForAKeyForNewWorkOfThePurpose(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*keys.Meta)
		want   bool
	}{
		{"an active key", nil, true},
		{"a key of one issuer", issuer("acme"), true},
		{"a key of some BINs", bins("520424", "520424"), true},
		{"a key of another purpose", func(m *keys.Meta) { m.Purpose = keys.WSD }, false},
		{"a pending key", func(m *keys.Meta) { m.State = keys.Pending }, false},
		{"a retired key", func(m *keys.Meta) { m.State = keys.Retired }, false},
		{"a key that has ended", func(m *keys.Meta) { m.ValidUntil = now.Add(-time.Second) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := key("k", 1, c.change)
			ring := keys.NewRing([]*keys.Key{k})
			purpose := key("k", 1, nil).Purpose
			if got := ring.Serves(purpose, now); got != c.want {
				t.Errorf("Serves = %v, want %v", got, c.want)
			}
		})
	}
}

func TestExpiringBefore(t *testing.T) {
	until := func(d time.Duration, s keys.State) func(*keys.Meta) {
		return func(m *keys.Meta) { m.ValidUntil, m.State = now.Add(d), s }
	}
	ring := keys.NewRing([]*keys.Key{
		key("ended", 1, until(-time.Hour, keys.Active)),
		key("soon", 2, until(29*24*time.Hour, keys.Active)),
		key("at the limit", 3, until(30*24*time.Hour, keys.Active)),
		key("retired", 4, until(time.Hour, keys.Retired)),
		key("pending", 5, until(time.Hour, keys.Pending)),
		key("never", 6, nil),
	})
	var got []keys.ID
	for _, k := range keys.ExpiringBefore(ring, now.Add(30*24*time.Hour)) {
		got = append(got, k.ID)
	}
	if diff := cmp.Diff([]keys.ID{"ended", "soon"}, got); diff != "" {
		t.Errorf("ExpiringBefore (-want +got):\n%s", diff)
	}
}

func TestExpiringKeysOfEveryPurposeAreTold(t *testing.T) {
	var all []*keys.Key
	for _, p := range keys.Purposes() {
		all = append(all, key(keys.ID(p), 1, func(m *keys.Meta) { m.Purpose, m.ValidUntil = p, now.Add(time.Hour) }))
	}
	if got := keys.ExpiringBefore(keys.NewRing(all), now.Add(2*time.Hour)); len(got) != len(keys.Purposes()) {
		t.Errorf("%d of the %d purposes are told", len(got), len(keys.Purposes()))
	}
}

func TestPurposes(t *testing.T) {
	for _, p := range keys.Purposes() {
		if got, err := keys.ParsePurpose(string(p)); err != nil || got != p {
			t.Errorf("ParsePurpose(%s) = %s, %v", p, got, err)
		}
	}
	_, err := keys.ParsePurpose("tav")
	if walletport.ReasonOf(err) != "key_purpose" {
		t.Errorf("an unknown purpose: %v", err)
	}
	for _, p := range keys.Purposes() {
		if !strings.Contains(err.Error(), string(p)) {
			t.Errorf("the refusal does not offer %s", p)
		}
	}
	if a, b := keys.NewID(keys.TAVSigning, "", 3), keys.NewID(keys.TAVSigning, "acme", 3); a != "tav-signing-v3" || b != "acme-tav-signing-v3" {
		t.Errorf("ids %s, %s", a, b)
	}
}
