package googlesim_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/walletport/walletport/sim/googlesim"
)

// gpg is another reading of RFC 4880, with a key ring of its own.
type gpg struct{ program, home string }

func needGPG(t *testing.T) gpg {
	t.Helper()
	program, err := exec.LookPath("gpg")
	if err != nil {
		if os.Getenv("WALLETPORT_REQUIRE_ORACLES") != "" {
			t.Fatal("gpg is required and not there")
		}
		t.Skip("gpg is not installed")
	}
	home := must(os.MkdirTemp("", "gpg")) // short: the agent's socket is in it
	g := gpg{program, home}
	t.Cleanup(func() {
		_ = exec.CommandContext(context.Background(), "gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return g
}

func (g gpg) run(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	args = append([]string{"--homedir", g.home, "--batch", "--yes", "--quiet", "--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)
	cmd := exec.CommandContext(t.Context(), g.program, args...)
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gpg: %v\n%s", err, complaint.Bytes())
	}
	return out
}

func privateText(e *openpgp.Entity) []byte {
	var out bytes.Buffer
	w := must(armor.Encode(&out, openpgp.PrivateKeyType, nil))
	check(e.SerializePrivateWithoutSigning(w, &packet.Config{}))
	check(w.Close())
	return out.Bytes()
}

// GnuPG makes opaque payment cards by the reference's command line.
func TestGnuPG(t *testing.T) {
	g := needGPG(t)
	g.run(t, privateText(keys().issuer()), "--import")
	g.run(t, []byte(must(keys().google().Public())), "--import")
	text := filepath.Join(g.home, "in.json")
	check(os.WriteFile(text, must(json.Marshal(newRecipe().card)), 0o600))
	encrypt := []string{"--output", "-", "--encrypt", "--cipher-algo", "AES256", "--recipient", "walletport sandbox, not Google"}
	sign := []string{"--sign", "--digest-algo", "SHA384", "--local-user", "issuer@example.com"}
	// The keys of the ring are made the day before testNow: gpg's clock is set to it.
	clock := []string{"--faked-system-time", "20261124T120000"}
	for _, c := range []struct {
		name, code string
		accepted   bool
		args       []string
	}{
		{"compressed, as gpg does for most keys", "compressed", true, append(append([]string{"--compress-algo", "zip"}, sign...), encrypt...)},
		{"not compressed", "", true, append(append([]string{"--compress-algo", "none"}, sign...), encrypt...)},
		{"unsigned", "unsigned", false, append([]string{"--compress-algo", "none"}, encrypt...)},
		{"armored", "opc_armored", true, append(append([]string{"--armor", "--compress-algo", "none"}, sign...), encrypt...)},
		{"with SHA-256", "signature_hash_other", false, append([]string{"--compress-algo", "none", "--sign", "--digest-algo", "SHA256", "--local-user", "issuer@example.com"}, encrypt...)},
		{"signed only", "not_encrypted", false, append([]string{"--output", "-"}, sign...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			message := g.run(t, nil, append(append(clock, c.args...), text)...)
			report := googlesim.OpenOPC(base64.StdEncoding.EncodeToString(message), simKeys())
			if report.Accepted != c.accepted || codeOf(report.Verdict) != c.code {
				t.Errorf("accepted %v, fault %+v\n%v", report.Accepted, report.FirstFault, report.Checks)
			}
		})
	}
}
