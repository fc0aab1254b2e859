package sandbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// TestTheSimulatedVisaFollowsRotations: it verifies by every signing key that it was given,
// and encrypts to the newest key that is active.
func TestTheSimulatedVisaFollowsRotations(t *testing.T) {
	dir := t.TempDir()
	settings, err := openConfig(dir, "127.0.0.1:0", "")
	must(t, err)
	custody, err := server.OpenOrCreateKeys(settings.Keys)
	must(t, err)
	own, err := openTokenAPIKeys(dir, time.Now)
	must(t, err)
	must(t, own.share(t.Context(), custody))
	must(t, own.share(t.Context(), custody)) // again, as each start does

	known := func() (signers, readers []string) {
		for _, c := range own.clients(custody.Current(), time.Now()) {
			if c.APIKey != tokenAPIKey || string(c.Secret) != own.sharedSecret || c.Signer.Key == nil {
				t.Errorf("a client without its secret or key")
			}
			signers, readers = append(signers, c.Signer.KeyID), append(readers, c.Recipient.KeyID)
		}
		return signers, readers
	}
	want := func(signers, readers []string) {
		t.Helper()
		gotSigners, gotReaders := known()
		if diff := cmp.Diff([2][]string{signers, readers}, [2][]string{gotSigners, gotReaders}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	want([]string{issuerSigningKeyID}, []string{issuerReadingKeyID})

	var added []keys.ID
	for _, spec := range []keys.Spec{{Purpose: keys.VTSSigning, Alias: "S2"}, {Purpose: keys.VTSDecryption, Alias: "R2"}} {
		meta, err := custody.Generate(t.Context(), spec)
		must(t, err)
		added = append(added, meta.ID)
	}
	want([]string{issuerSigningKeyID}, []string{issuerReadingKeyID})
	for _, id := range added {
		_, err := custody.Activate(t.Context(), id)
		must(t, err)
	}
	want([]string{issuerSigningKeyID, "S2"}, []string{"R2", "R2"})
}
