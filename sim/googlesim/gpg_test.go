package googlesim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/sim/googlesim"
)

// gpg is another reading of RFC 4880, with a key ring of its own.
type gpg struct{ program oracle.Program }

func needGPG(t *testing.T) gpg {
	t.Helper()
	return gpg{oracle.NeedGnuPG(t).With("--quiet")}
}

func (g gpg) run(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return g.program.Run(t, stdin, args...)
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
	text := filepath.Join(t.TempDir(), "in.json")
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
