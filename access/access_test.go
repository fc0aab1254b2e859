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

// TestAnAnswerIsReadWithEachKeyThatIsLeft: a scheme may sign and seal for a while with keys that
// have made room for others here. What is destroyed is no key any more, and another issuer's is
// none for this one.
func TestAnAnswerIsReadWithEachKeyThatIsLeft(t *testing.T) {
	meta := func(alias string, p keys.Purpose, issuer walletport.IssuerID, state keys.State) keys.Meta {
		return keys.Meta{ID: keys.ID(alias), Alias: alias, Purpose: p, State: state, Issuer: issuer}
	}
	ring := keystest.Ring(t,
		meta("signs", keys.VTSSigning, "", keys.Active), meta("secret", keys.VTSAPI, "", keys.Active), meta("sealed-to", keys.VTSEncryption, "", keys.Active),
		meta("verifies", keys.VTSVerification, "", keys.Active), meta("verified", keys.VTSVerification, "", keys.Retired),
		meta("of-acme", keys.VTSVerification, "acme", keys.Active), meta("of-globex", keys.VTSVerification, "globex", keys.Active),
		meta("gone", keys.VTSVerification, "", keys.Destroyed),
		meta("opens", keys.VTSDecryption, "", keys.Active), meta("opened", keys.VTSDecryption, "", keys.Retired),
		meta("opens-for-acme", keys.VTSDecryption, "acme", keys.Active), meta("opens-for-globex", keys.VTSDecryption, "globex", keys.Active),
		meta("opens-no-more", keys.VTSDecryption, "", keys.Destroyed))
	ring.All()[2].SchemeFingerprint = "as the scheme has it"
	asked := access.Keys{
		Signing: keys.VTSSigning, Recipient: keys.VTSEncryption, Secret: keys.VTSAPI, Verification: keys.VTSVerification, Opening: keys.VTSDecryption,
	}
	got, _, err := asked.Select(ring, "acme", "40000000", time.Now())
	if err != nil || got.Signer.Alias != "signs" || got.Secret.KeyID != "secret" || got.Recipient.KeyID != "sealed-to" || got.Recipient.Fingerprint != "as the scheme has it" {
		t.Errorf("signs as %q with the secret of %q, seals to %q (%s), error %v", got.Signer.Alias, got.Secret.KeyID, got.Recipient.KeyID, got.Recipient.Fingerprint, err)
	}
	var verify, open []string
	for _, v := range got.Verifiers {
		verify = append(verify, v.KeyID)
	}
	for _, o := range got.Openers {
		open = append(open, o.KeyID)
	}
	if want := []string{"verifies", "verified", "of-acme"}; !slices.Equal(verify, want) {
		t.Errorf("verifies with %q, want %q", verify, want)
	}
	if want := []string{"opens", "opened", "opens-for-acme"}; !slices.Equal(open, want) {
		t.Errorf("opens with %q, want %q", open, want)
	}
	if needed := asked.Purposes(); !slices.Equal(needed, []keys.Purpose{keys.VTSSigning, keys.VTSEncryption, keys.VTSAPI, keys.VTSVerification, keys.VTSDecryption}) {
		t.Errorf("keys that there must be: %v", needed)
	}
	asked.Verification, asked.Opening = "", ""
	if got, _, err := asked.Select(ring, "acme", "40000000", time.Now()); err != nil || len(got.Verifiers) > 0 || len(got.Openers) > 0 {
		t.Errorf("where answers are neither signed nor sealed: %d verify, %d open, error %v", len(got.Verifiers), len(got.Openers), err)
	}
}

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
