package sandbox

import (
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// TestAnOlderSandboxGetsTheKeysItLacks opens a folder whose store has the keys of
// the first release only.
func TestAnOlderSandboxGetsTheKeysItLacks(t *testing.T) {
	dir := t.TempDir()
	settings, err := openConfig(dir, "127.0.0.1:0", "")
	must(t, err)
	custody, err := server.OpenOrCreateKeys(settings.Keys)
	must(t, err)
	older := []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint, keys.TAVSigning}
	for _, purpose := range older {
		must(t, generateOnce(t.Context(), custody, keys.Spec{Purpose: purpose, Activate: true, Sandbox: true}))
	}
	before := custody.Current().All()
	box, _ := startSandbox(t, dir)
	for _, k := range before {
		if kept, ok := box.Keys.Current().ByID(k.ID); !ok || kept.Fingerprint != k.Fingerprint {
			t.Errorf("key %s is not what it was", k.ID)
		}
	}
	for _, purpose := range []keys.Purpose{
		keys.MDESEncryption, keys.TAVSigning, keys.MDESOAuth, keys.MDESCSEncryption, keys.VTSPush, keys.WSD, keys.VTSAPI,
		keys.VTSSigning, keys.VTSVerification, keys.VTSEncryption, keys.VTSDecryption,
		keys.ClickToPayAPI, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.OPCEncryption, keys.OPCSigning,
		keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint,
	} {
		if !hasPurpose(box.Keys, purpose) {
			t.Errorf("there is no %s key", purpose)
		}
	}
}

// TestAnyRandomWSDKeyIsTaken: by its parity one in 500 looks mistyped.
func TestAnyRandomWSDKeyIsTaken(t *testing.T) {
	settings, err := openConfig(t.TempDir(), "127.0.0.1:0", "")
	must(t, err)
	custody, err := server.OpenOrCreateKeys(settings.Keys)
	must(t, err)
	secrets, err := makeVTSSecrets()
	must(t, err)
	secrets.WSDKey = "0123456789ABCDEFFEDCBA9876543211"
	must(t, secrets.share(t.Context(), custody))
}
