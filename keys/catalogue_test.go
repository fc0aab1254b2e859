package keys_test

import (
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if got := walletport.ReasonOf(err); got != reason || (err == nil) != (reason == "") {
		t.Errorf("reason %q, want %q (%v)", got, reason, err)
	}
}

func TestCatalogueSaysWhatMayBecomeOfAKey(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	all := keys.Catalogue{
		{ID: "pending", Purpose: keys.VaultKEK, State: keys.Pending},
		{ID: "active", Purpose: keys.VaultKEK, State: keys.Active},
		{ID: "retired", Purpose: keys.VaultKEK, State: keys.Retired},
		{ID: "destroyed", Purpose: keys.VaultKEK, State: keys.Destroyed},
		{ID: "ended", Purpose: keys.VaultIndex, State: keys.Retired, ValidUntil: at},
		{ID: "mastercards", Purpose: keys.MDESEncryption, State: keys.Retired},
	}
	for _, c := range []struct {
		id                                                       keys.ID
		activate, retireIfReplaced, retireEvenIfNeeded, destroys string // reasons, "" is allowed
	}{
		{"pending", "", "", "", "key_not_retired"},
		{"active", "", "key_needed", "", "key_not_retired"},
		{"retired", "", "", "", ""},
		{"destroyed", "key_destroyed", "key_destroyed", "key_destroyed", "key_destroyed"},
		{"ended", "key_expired", "", "", ""},
		{"mastercards", "", "", "", "key_unfit"},
		{"none", "key_not_found", "key_not_found", "key_not_found", "key_not_found"},
	} {
		t.Run(string(c.id), func(t *testing.T) {
			wantReason(t, all.MayActivate(c.id, at), c.activate)
			wantReason(t, all.MayRetire(c.id, keys.IfReplaced, at), c.retireIfReplaced)
			wantReason(t, all.MayRetire(c.id, keys.EvenIfNeeded, at), c.retireEvenIfNeeded)
			wantReason(t, all.MayDestroy(c.id), c.destroys)
		})
	}
}

func TestAKeyIsReplacedByOneThatServesAllOfItsCards(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	bins, others := []keys.BINRange{{Low: "520424", High: "520499"}}, []keys.BINRange{{Low: "520424", High: "520425"}}
	for _, c := range []struct {
		name           string
		retired, other keys.Meta
		reason         string
	}{
		{"one for all replaces an issuer's", keys.Meta{Issuer: "acme"}, keys.Meta{}, ""},
		{"an issuer's replaces none for all", keys.Meta{}, keys.Meta{Issuer: "acme"}, "key_needed"},
		{"another issuer's does not", keys.Meta{Issuer: "acme"}, keys.Meta{Issuer: "globex"}, "key_needed"},
		{"one for the same BINs does", keys.Meta{BINs: bins}, keys.Meta{BINs: bins}, ""},
		{"one for other BINs does not", keys.Meta{BINs: bins}, keys.Meta{BINs: others}, "key_needed"},
		{"one of another purpose does not", keys.Meta{}, keys.Meta{Purpose: keys.VaultIndex}, "key_needed"},
		{"one that has not begun does not", keys.Meta{}, keys.Meta{ValidFrom: at.Add(time.Hour)}, "key_needed"},
		{"one that has ended does not", keys.Meta{}, keys.Meta{ValidUntil: at}, "key_needed"},
		{"one that is retired does not", keys.Meta{}, keys.Meta{State: keys.Retired}, "key_needed"},
		{"one that serves nobody yet needs none", keys.Meta{ValidFrom: at.Add(time.Hour)}, keys.Meta{State: keys.Retired}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.retired.ID, c.other.ID = "vault-kek-v1", "vault-kek-v2"
			for _, m := range []*keys.Meta{&c.retired, &c.other} {
				if m.Purpose == "" {
					m.Purpose = keys.VaultKEK
				}
				if m.State == "" {
					m.State = keys.Active
				}
			}
			wantReason(t, keys.Catalogue{c.retired, c.other}.MayRetire(c.retired.ID, keys.IfReplaced, at), c.reason)
		})
	}
}

func TestTheNextVersionIsAboveAllOfItsKind(t *testing.T) {
	all := keys.Catalogue{
		{Purpose: keys.VaultKEK, Version: 1}, {Purpose: keys.VaultKEK, Version: 3, State: keys.Destroyed},
		{Purpose: keys.VaultKEK, Issuer: "acme", Version: 7}, {Purpose: keys.VaultIndex, Version: 9},
	}
	for _, c := range []struct {
		name string
		spec keys.Spec
		want int
	}{
		{"also of a destroyed key", keys.Spec{Purpose: keys.VaultKEK}, 4},
		{"within the issuer", keys.Spec{Purpose: keys.VaultKEK, Issuer: "acme"}, 8},
		{"one of a new issuer", keys.Spec{Purpose: keys.VaultKEK, Issuer: "globex"}, 1},
		{"above a lost key's", keys.Spec{Purpose: keys.VaultKEK, After: 5}, 6},
		{"above ours where the lost key's is older", keys.Spec{Purpose: keys.VaultKEK, After: 2}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := all.Next(c.spec); got != c.want {
				t.Errorf("version %d, want %d", got, c.want)
			}
		})
	}
}

func TestRingFindsAnIDThatSomebodyTyped(t *testing.T) {
	ring := keys.NewRing([]*keys.Key{{Meta: keys.Meta{ID: "vault-kek-v1"}}})
	if k, err := ring.Find("vault-kek-v1"); err != nil || k.ID != "vault-kek-v1" {
		t.Errorf("Find = %v, %v", k, err)
	}
	_, err := ring.Find("none")
	wantReason(t, err, "key_not_found")
}

func TestHalvesOfEachPurpose(t *testing.T) {
	for _, p := range keys.Purposes() {
		theirs := slices.Contains([]keys.Purpose{keys.MDESEncryption, keys.MDESCSEncryption, keys.VTSVerification, keys.VTSEncryption, keys.ClickToPayEncryption, keys.OPCEncryption}, p)
		if p.HasSecretHalf() == theirs {
			t.Errorf("%s has a secret half: %v", p, p.HasSecretHalf())
		}
		pair := slices.Contains([]keys.Purpose{keys.TAVSigning, keys.MDESOAuth, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSDecryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS, keys.OPCSigning, keys.AuditCheckpoint}, p)
		if p.HasPublicHalf() != (theirs || pair) {
			t.Errorf("%s has a public half: %v", p, p.HasPublicHalf())
		}
	}
}
