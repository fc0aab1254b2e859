package sandbox

import (
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// TestTheSimulatedClickToPayFollowsRotations: it encrypts to the newest pair that is active,
// and goes on with that of the folder when there is none.
func TestTheSimulatedClickToPayFollowsRotations(t *testing.T) {
	dir := t.TempDir()
	settings, err := openConfig(dir, "127.0.0.1:0", "")
	must(t, err)
	custody, err := server.OpenOrCreateKeys(settings.Keys)
	must(t, err)
	own, err := openClickToPayKeys(dir, time.Now)
	must(t, err)
	want := func(keyID string) {
		t.Helper()
		c := own.client(custody.Current(), time.Now())
		if c.Recipient.KeyID != keyID || c.Recipient.Key == nil || c.APIKey != clickToPayAPIKey || string(c.Secret) != own.sharedSecret || len(c.BIDs) != 1 {
			t.Errorf("encrypts to %q, want %q; the client is %q of %v", c.Recipient.KeyID, keyID, c.APIKey, c.BIDs)
		}
	}
	want(clickToPayIssuersKey) // nothing is shared yet
	must(t, own.share(t.Context(), custody))
	must(t, own.share(t.Context(), custody)) // again, as each start does
	want(clickToPayIssuersKey)
	added, err := custody.Generate(t.Context(), keys.Spec{Purpose: keys.ClickToPayDecryption, Alias: "R2"})
	must(t, err)
	want(clickToPayIssuersKey)
	_, err = custody.Activate(t.Context(), added.ID)
	must(t, err)
	want("R2")
}
