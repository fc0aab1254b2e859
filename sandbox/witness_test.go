package sandbox

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/walletport/walletport/audit"
)

// TestASandboxHasItsTrailConfirmed by its own witness, again after a restart, when the witness
// has forgotten what it confirmed, and with the key that it had.
func TestASandboxHasItsTrailConfirmed(t *testing.T) {
	dir := t.TempDir()
	var known string
	for range 2 {
		box, stop := startSandbox(t, dir)
		if known != "" && box.File.Witness.Key != known {
			t.Errorf("the witness is %s and was %s", box.File.Witness.Key, known)
		}
		known = box.File.Witness.Key
		mustStatus(t, box, box.File.Credentials.Basic, 200)
		head, err := box.Database.AuditHead(t.Context())
		must(t, err)
		witness, err := audit.WitnessSettings{Key: known}.Witness()
		must(t, err)
		for {
			confirmed, err := audit.CheckWitnessed(t.Context(), box.Database, audit.TrustedKeys(box.Keys.Current()), audit.Demand{Witness: witness})
			if err == nil && confirmed.Size >= head.Seq {
				break
			}
			select {
			case <-t.Context().Done():
				t.Fatalf("confirmed %d of %d records: %v", confirmed.Size, head.Seq, err)
			case <-time.After(20 * time.Millisecond):
			}
		}
		stop()
	}
}

// TestAWitnessOfOnesOwnStays: the sandbox's is asked where the configuration names none.
func TestAWitnessOfOnesOwnStays(t *testing.T) {
	settings, err := openConfig(t.TempDir(), "127.0.0.1:0", "")
	must(t, err)
	settings.Audit.Witnesses = []audit.WitnessSettings{{Key: "own", URL: "https://witness.example"}}
	before := settings.Audit.WitnessInterval
	must(t, askWitness(&settings, "http://127.0.0.1:8080/sandbox", "the sandbox's"))
	if got := settings.Audit.Witnesses; len(got) != 1 || got[0].Key != "own" || settings.Audit.WitnessInterval != before {
		t.Errorf("asked is %+v", settings.Audit)
	}
	settings.Audit.Witnesses = nil
	if err := askWitness(&settings, "https://127.0.0.1:8080/sandbox", "the sandbox's"); err == nil || len(settings.Audit.Witnesses) > 0 {
		t.Errorf("behind TLS: %v, %+v", err, settings.Audit.Witnesses)
	}
}

func TestAWitnessKeyThatIsNoneIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness-key.pem")
	must(t, writeFileAtomically(path, []byte("no key")))
	if _, err := openWitnessKey(path); err == nil {
		t.Error("it is taken")
	}
}
