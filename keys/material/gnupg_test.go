package material_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
	"github.com/walletport/walletport/oracle"
)

// gnuPG is a keyring of its own.
type gnuPG struct {
	t       testing.TB
	program oracle.Program
}

func newGnuPG(t testing.TB) gnuPG {
	t.Helper()
	return gnuPG{t, oracle.NeedGnuPG(t)}
}

// run returns what gpg writes.
func (g gnuPG) run(stdin []byte, args ...string) []byte {
	g.t.Helper()
	return g.program.Run(g.t, stdin, args...)
}

// make makes a key that GnuPG's parameter lines describe.
func (g gnuPG) make(lines ...string) {
	g.t.Helper()
	g.run([]byte(strings.Join(append(lines, "Name-Real: Google", "%commit", ""), "\n")), "--gen-key")
}

// listed is a key or subkey as gpg --with-colons lists it.
type listed struct {
	bits, algorithm int
	expires         int64 // Unix seconds, 0 for never
	can             string
	fingerprint     string
}

// list returns primary key and subkeys of a certificate that it need not import.
func (g gnuPG) list(certificate []byte) []listed {
	g.t.Helper()
	var all []listed
	for line := range strings.Lines(string(g.run(certificate, "--with-colons", "--import-options", "show-only", "--import"))) {
		fields := strings.Split(line, ":")
		switch fields[0] {
		case "pub", "sub":
			expires, _ := strconv.ParseInt(fields[6], 10, 64)
			bits, _ := strconv.Atoi(fields[2])
			algorithm, _ := strconv.Atoi(fields[3])
			// Capital letters tell what the whole key can.
			can := strings.Map(func(r rune) rune {
				if r >= 'A' && r <= 'Z' {
					return -1
				}
				return r
			}, fields[11])
			all = append(all, listed{bits: bits, algorithm: algorithm, expires: expires, can: can})
		case "fpr":
			all[len(all)-1].fingerprint = fields[9]
		}
	}
	return all
}

// today reads a key at the machine's time, as GnuPG does.
func today(t testing.TB, purpose keys.Purpose, data []byte) *keys.Key {
	t.Helper()
	m, err := material.Read(keys.Spec{Purpose: purpose, Activate: true}, data, nil, time.Now())
	must(t, err)
	k, err := m.Handles(keys.GoRSA{})
	must(t, err)
	return k
}

// fingerprintOf is what k's public half and creation time make.
func fingerprintOf(t testing.TB, k *keys.Key) string {
	t.Helper()
	public, ok := k.Public.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("public key is a %T", k.Public)
	}
	return fmt.Sprintf("%X", packet.NewRSAPublicKey(k.OpenPGP.Created, public).Fingerprint)
}

func TestGnuPGReadsTheGeneratedKey(t *testing.T) {
	g := newGnuPG(t)
	made, err := material.Generate(keys.Spec{Purpose: keys.OPCSigning, Issuer: "acme", Activate: true}, time.Now())
	must(t, err)
	k, err := made.Handles(keys.GoRSA{})
	must(t, err)
	exported, err := material.ExportPublic(k)
	must(t, err)
	if !bytes.HasPrefix(exported, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")) {
		t.Errorf("it is exported as %.40q", exported)
	}
	end := k.ValidUntil.Unix()
	got := g.list(exported)
	if len(got) != 2 {
		t.Fatalf("gpg lists %d keys, want a primary key and a subkey", len(got))
	}
	if want := (listed{3072, 1, end, "sc", fingerprintOf(t, k)}); got[0] != want && got[0] != (listed{3072, 1, end, "cs", want.fingerprint}) {
		t.Errorf("gpg lists the primary key as %+v, want %+v", got[0], want)
	}
	if want := (listed{3072, 1, end, "e", got[1].fingerprint}); got[1] != want {
		t.Errorf("gpg lists the subkey as %+v, want %+v", got[1], want)
	}
	dump := string(g.run(k.OpenPGP.Certificate, "--list-packets"))
	if !strings.Contains(dump, `:user ID packet: "acme walletport opc-signing"`) {
		t.Errorf("the user id is not the issuer's:\n%s", dump)
	}
	if sha384 := strings.Count(dump, "digest algo 9,"); sha384 != 2 || strings.Count(dump, "digest algo ") != sha384 {
		t.Errorf("not both signatures use SHA-384:\n%s", dump)
	}
	g.run(exported, "--import")
	g.verify(k)
}

// verify lets GnuPG verify what k signs.
func (g gnuPG) verify(k *keys.Key) {
	g.t.Helper()
	public, ok := k.Public.(*rsa.PublicKey)
	if !ok {
		g.t.Fatalf("public key is a %T", k.Public)
	}
	half := packet.NewRSAPublicKey(k.OpenPGP.Created, public)
	signature := &packet.Signature{
		Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: packet.PubKeyAlgoRSA, Hash: crypto.SHA384,
		CreationTime: time.Now(), IssuerKeyId: &half.KeyId, IssuerFingerprint: half.Fingerprint,
	}
	message := []byte("what is signed")
	hash := crypto.SHA384.New()
	hash.Write(message)
	must(g.t, signature.Sign(hash, &packet.PrivateKey{PublicKey: *half, PrivateKey: k.Signer}, nil))
	var serialized bytes.Buffer
	must(g.t, signature.Serialize(&serialized))
	path := filepath.Join(g.t.TempDir(), "message.sig")
	must(g.t, os.WriteFile(path, serialized.Bytes(), 0o600))
	status := string(g.run(message, "--status-fd", "1", "--verify", path, "-"))
	if !strings.Contains(status, "VALIDSIG "+fingerprintOf(g.t, k)) {
		g.t.Errorf("gpg says %s", status)
	}
}

func TestKeysOfGnuPGComeIn(t *testing.T) {
	g := newGnuPG(t)
	g.make("%no-protection", "Key-Type: RSA", "Key-Length: 2048", "Key-Usage: sign", "Subkey-Type: RSA", "Subkey-Length: 2048", "Subkey-Usage: encrypt", "Expire-Date: 300")
	listed := g.list(g.run(nil, "--export"))
	end := time.Unix(listed[0].expires, 0)

	for _, c := range []struct {
		name    string
		purpose keys.Purpose
		data    []byte
		serves  int // which of the listed keys
	}{
		{"public, binary", keys.OPCEncryption, g.run(nil, "--export"), 1},
		{"public, in armor", keys.OPCEncryption, g.run(nil, "--armor", "--export"), 1},
		{"private, binary", keys.OPCSigning, g.run(nil, "--export-secret-keys"), 0},
		{"private, in armor", keys.OPCSigning, g.run(nil, "--armor", "--export-secret-keys"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := today(t, c.purpose, c.data)
			if got, want := fingerprintOf(t, k), listed[c.serves].fingerprint; got != want {
				t.Errorf("key %s serves, want %s", got, want)
			}
			if !k.ValidUntil.Equal(end) {
				t.Errorf("it ends at %v, want %v", k.ValidUntil, end)
			}
			exported, err := material.ExportPublic(k)
			must(t, err)
			if got := g.list(exported); !slices.Equal(got, listed) {
				t.Errorf("gpg lists what came out as %+v, what went in as %+v", got, listed)
			}
			if c.purpose == keys.OPCSigning {
				g.verify(k)
			}
		})
	}
}

// A primary key that only certifies and is kept elsewhere, as the careful do.
func TestSigningSubkeyOfGnuPGComesIn(t *testing.T) {
	g := newGnuPG(t)
	g.make("%no-protection", "Key-Type: RSA", "Key-Length: 2048", "Key-Usage: cert", "Subkey-Type: RSA", "Subkey-Length: 2048", "Subkey-Usage: sign")
	listed := g.list(g.run(nil, "--export"))
	k := today(t, keys.OPCSigning, g.run(nil, "--export-secret-subkeys"))
	if got := fingerprintOf(t, k); got != listed[1].fingerprint {
		t.Errorf("key %s serves, want the subkey %s", got, listed[1].fingerprint)
	}
	g.verify(k)
}

func TestKeyOfGnuPGUnderAPassphraseIsRefused(t *testing.T) {
	g := newGnuPG(t)
	g.make("Key-Type: RSA", "Key-Length: 2048", "Passphrase: canary-passphrase")
	_, err := material.Read(keys.Spec{Purpose: keys.OPCSigning}, g.run(nil, "--passphrase", "canary-passphrase", "--export-secret-keys"), nil, time.Now())
	wantReason(t, err, "key_encrypted")
	if !strings.Contains(err.Error(), "gpg --edit-key") {
		t.Errorf("it does not say what to do: %v", err)
	}
}
