package sandbox

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/config"
)

const (
	// witnessName and witnessPath are of the simulated witness of the audit trail.
	witnessName = "sandbox.walletport.example/witness"
	witnessPath = "/witness"
	// witnessLook is how soon a change of the trail is signed and confirmed in a sandbox.
	witnessLook = 2 * time.Second
)

// witnessSecrets is the witness as auditors know it.
type witnessSecrets struct {
	URL string `json:"url"`
	Key string `json:"key"`
}

// openWitnessKey reads the Ed25519 key of the simulated witness at path, or makes it.
func openWitnessKey(path string) (ed25519.PrivateKey, error) {
	return openPrivateKey(path, "key of the simulated witness", func() (ed25519.PrivateKey, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	})
}

// askWitness has the server ask the sandbox's witness, over HTTP as it would ask another's,
// and soon. Witnesses that are in the configuration already stay alone.
func askWitness(settings *config.Config, sandboxURL, key string) error {
	if len(settings.Audit.Witnesses) > 0 {
		return nil
	}
	own, err := loopbackOf(sandboxURL)
	if err != nil {
		return err
	}
	settings.Audit.Witnesses = []audit.WitnessSettings{{Key: key, URL: own + witnessPath}}
	settings.Audit.WitnessInterval = min(settings.Audit.WitnessInterval, witnessLook)
	settings.Audit.CheckpointInterval = min(settings.Audit.CheckpointInterval, witnessLook)
	return nil
}

// trailKeys are those that sign notes of the server's trail: what an operator would give to
// a witness.
func (b *Sandbox) trailKeys(ctx context.Context) ([]note.Verifier, error) {
	text, err := audit.Newest(ctx, b.Database)
	if err != nil {
		return nil, err
	}
	list, err := audit.LogKeys(text, audit.TrustedKeys(b.Keys.Current()))
	if err != nil {
		return nil, err
	}
	logs := make([]note.Verifier, len(list))
	for i, key := range list {
		if logs[i], err = note.NewVerifier(key); err != nil {
			return nil, err
		}
	}
	return logs, nil
}
