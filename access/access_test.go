package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// TestALoginIsTakenWhereThereIsOne: of the other keys each must be there.
func TestALoginIsTakenWhereThereIsOne(t *testing.T) {
	meta := func(p keys.Purpose, issuer walletport.IssuerID, state keys.State) keys.Meta {
		return keys.Meta{ID: keys.ID(p) + "-v1", Purpose: p, Version: 1, State: state, Issuer: issuer, Alias: "user"}
	}
	recipient := meta(keys.ClickToPayEncryption, "", keys.Active)
	for _, c := range []struct {
		name   string
		ring   []keys.Meta
		login  bool
		reason string
	}{
		{"with a login", []keys.Meta{recipient, meta(keys.ClickToPayLogin, "", keys.Active)}, true, ""},
		{"with one of the issuer", []keys.Meta{recipient, meta(keys.ClickToPayLogin, "acme", keys.Active)}, true, ""},
		{"without any", []keys.Meta{recipient}, false, ""},
		{"with one of another issuer", []keys.Meta{recipient, meta(keys.ClickToPayLogin, "globex", keys.Active)}, false, ""},
		{"with one that is retired", []keys.Meta{recipient, meta(keys.ClickToPayLogin, "", keys.Retired)}, false, ""},
		{"without the scheme's key", []keys.Meta{meta(keys.ClickToPayLogin, "", keys.Active)}, false, "key_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := access.Keys{Recipient: keys.ClickToPayEncryption, Login: keys.ClickToPayLogin}
			ring, engine := keystest.Ring(t, c.ring...), struct{ keys.OAEP }{}
			ring.All()[0].OAEP = engine
			got, used, err := asked.Select(ring, "acme", "40000000", time.Now())
			if c.reason != "" {
				if walletport.ReasonOf(err) != c.reason {
					t.Errorf("error %v, want %s", err, c.reason)
				}
				return
			}
			if err != nil || got.Login.IsZero() == c.login || slices.Contains(used, "clicktopay-login-v1") != c.login || got.Recipient.Public == nil || got.Recipient.OAEP != engine {
				t.Errorf("login %v of keys %v, error %v", !got.Login.IsZero(), used, err)
			}
			if needed := asked.Purposes(); !slices.Equal(needed, []keys.Purpose{keys.ClickToPayEncryption}) {
				t.Errorf("keys that there must be: %v", needed)
			}
		})
	}
}
