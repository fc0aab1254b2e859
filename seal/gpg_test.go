package seal_test

import (
	"bytes"
	"crypto"
	"encoding/hex"

	"regexp"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/seal"
)

// gnupg is GnuPG with a home of its own, in which it is always pgpNow.
type gnupg struct {
	t       *testing.T
	program oracle.Program
}

func newGnuPG(t *testing.T) gnupg {
	t.Helper()
	return gnupg{t, oracle.NeedGnuPG(t).With("--faked-system-time", pgpNow.Format("20060102T150405")+"!")} // the clock stands still
}

// run returns standard output, then standard error with the status lines.
func (g gnupg) run(stdin []byte, args ...string) (stdout []byte, status string, err error) {
	g.t.Helper()
	return g.program.Try(stdin, args...)
}

func (g gnupg) must(stdin []byte, args ...string) []byte {
	g.t.Helper()
	out, status, err := g.run(stdin, args...)
	if err != nil {
		g.t.Fatalf("gpg %v: %v\n%s", args, err, status)
	}
	return out
}

// generate makes an RSA key as the lines of a parameter file say, and reads it.
func (g gnupg) generate(name, parameters string) *openpgp.Entity {
	g.t.Helper()
	g.must([]byte("%no-protection\n"+parameters+"\nName-Real: "+name+"\nExpire-Date: 1y\n%commit\n"), "--generate-key")
	list, err := openpgp.ReadKeyRing(bytes.NewReader(g.must(nil, "--export-secret-keys", "="+name)))
	if err != nil || len(list) != 1 {
		g.t.Fatalf("read the key of gpg: %v", err)
	}
	return list[0]
}

// decrypt returns the plaintext of a message with a good signature, and the
// status lines; else false.
func (g gnupg) decrypt(message []byte) (plaintext []byte, status string, good bool) {
	g.t.Helper()
	plaintext, status, err := g.run(message, "--decrypt")
	good = err == nil && strings.Contains(status, "[GNUPG:] DECRYPTION_OKAY\n") &&
		strings.Contains(status, "[GNUPG:] GOODSIG ") && strings.Contains(status, "gpg: Good signature from ")
	return plaintext, status, good
}

var (
	packetLine = regexp.MustCompile(`(?m)^:([a-z _-]+ packet):`)
	validSig   = regexp.MustCompile(`\[GNUPG:\] VALIDSIG ([0-9A-F]{40}) \S+ (\d+) 0 4 0 1 (\d+) 00 ([0-9A-F]{40})`)
)

// checkPackets holds the message to what Google's reader and RFC 4880 know.
func (g gnupg) checkPackets(message []byte, hashID string) {
	g.t.Helper()
	listing := string(g.must(message, "--list-packets", "--verbose"))
	var got []string
	for _, m := range packetLine.FindAllStringSubmatch(listing, -1) {
		got = append(got, m[1])
	}
	want := []string{"pubkey enc packet", "encrypted data packet", "onepass_sig packet", "literal data packet", "signature packet"}
	if diff := cmp.Diff(want, got); diff != "" {
		g.t.Errorf("packets (-want +got):\n%s", diff)
	}
	for _, line := range []string{
		":pubkey enc packet: version 3, algo 1, ",
		"mdc_method: 2\n",
		"\tversion 3, sigclass 0x00, digest " + hashID + ", pubkey 1, last=1\n",
		"\tmode b (62), created 0, name=\"\",\n",
		":signature packet: algo 1, ",
		"\tversion 4, created 1772360430, md5len 0, sigclass 0x00\n",
		"\tdigest algo " + hashID + ", ",
	} {
		if !strings.Contains(listing, line) {
			g.t.Errorf("gpg --list-packets lacks %q in\n%s", line, listing)
		}
	}
}

// GnuPG 2.2 is the reader that shares no code with ours: keys of both makers, each
// hash, armored or not, primary keys and signing subkeys.
func TestGnuPGReadsOurMessages(t *testing.T) {
	g := newGnuPG(t)
	gpgRecipient := g.generate("GnuPG recipient", "Key-Type: RSA\nKey-Length: 3072\nKey-Usage: sign,cert\nSubkey-Type: RSA\nSubkey-Length: 3072\nSubkey-Usage: encrypt")
	gpgSigner := g.generate("GnuPG signer", "Key-Type: RSA\nKey-Length: 2048\nKey-Usage: sign,cert\nSubkey-Type: RSA\nSubkey-Length: 2048\nSubkey-Usage: encrypt")
	gpgSubkey := g.generate("GnuPG subkey", "Key-Type: RSA\nKey-Length: 2048\nKey-Usage: cert\nSubkey-Type: RSA\nSubkey-Length: 2048\nSubkey-Usage: sign")
	g.must(secretPGP(t, pgpRecipient()), "--import")
	g.must(publicPGP(t, pgpSigner()), "--import")
	for _, c := range []struct {
		name     string
		settings seal.OpenPGP
		to, from *openpgp.Entity
		key      *packet.PrivateKey
		hashID   string
	}{
		{"go-crypto's keys", seal.OpenPGP{Hash: crypto.SHA384}, pgpRecipient(), pgpSigner(), pgpSigner().PrivateKey, "9"},
		{"GnuPG's keys", seal.OpenPGP{Hash: crypto.SHA384}, gpgRecipient, gpgSigner, gpgSigner.PrivateKey, "9"},
		{"GnuPG's keys, armored", seal.OpenPGP{Hash: crypto.SHA384, Armor: true}, gpgRecipient, gpgSigner, gpgSigner.PrivateKey, "9"},
		{"SHA-256", seal.OpenPGP{Hash: crypto.SHA256}, gpgRecipient, pgpSigner(), pgpSigner().PrivateKey, "8"},
		{"SHA-512", seal.OpenPGP{Hash: crypto.SHA512}, pgpRecipient(), gpgSigner, gpgSigner.PrivateKey, "10"},
		{"a signing subkey", seal.OpenPGP{Hash: crypto.SHA384}, gpgRecipient, gpgSubkey, gpgSubkey.Subkeys[0].PrivateKey, "9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gnupg{t, g.program}
			const want = `{"paymentCard":{"accountNumber":"5204247750001471"}}`
			message := mustSealPGP(t, c.settings, seal.OpenPGPMessage{
				To:        mustParsePGP(t, publicPGP(t, c.to)),
				From:      seal.OpenPGPSigner{Key: hsmOf(t, c.key), Certificate: mustParsePGP(t, publicPGP(t, c.from))},
				Time:      pgpNow,
				Plaintext: []byte(want),
			})
			got, status, good := g.decrypt(message)
			if !good || string(got) != want {
				t.Fatalf("gpg read %q:\n%s", got, status)
			}
			if !strings.Contains(status, "[GNUPG:] DECRYPTION_INFO 2 9 0\n") { // MDC, AES-256
				t.Errorf("cipher or integrity protection differ:\n%s", status)
			}
			signature := validSig.FindStringSubmatch(status)
			wantSignature := []string{hexUpper(c.key.Fingerprint), "1772360430", c.hashID, hexUpper(c.from.PrimaryKey.Fingerprint)}
			if signature == nil || !cmp.Equal(signature[1:], wantSignature) {
				t.Errorf("signature %q, want %q", signature, wantSignature)
			}
			g.checkPackets(message, c.hashID)
		})
	}
}

// An oracle that always says yes is none.
func TestGnuPGSaysNo(t *testing.T) {
	g := newGnuPG(t)
	g.must(secretPGP(t, pgpRecipient()), "--import")
	g.must(publicPGP(t, pgpSigner()), "--import")
	message := mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384}, pgpMessage(t, "a card"))
	if _, status, good := g.decrypt(message); !good {
		t.Fatalf("gpg does not read a good message:\n%s", status)
	}
	flipped := bytes.Clone(message)
	flipped[len(flipped)-100] ^= 1
	stranger := pgpMessage(t, "a card")
	stranger.From = eternalSigner(t)
	for name, bad := range map[string][]byte{
		"a flipped bit":                 flipped,
		"a message cut short":           message[:len(message)-1],
		"a message without a signature": mustEncryptOnly(t, "a card"),
		"a signature of a stranger":     mustSealPGP(t, seal.OpenPGP{Hash: crypto.SHA384}, stranger),
	} {
		t.Run(name, func(t *testing.T) {
			if _, status, good := (gnupg{t, g.program}).decrypt(bad); good {
				t.Errorf("gpg takes it:\n%s", status)
			}
		})
	}
}

// mustEncryptOnly leaves the signature out.
func mustEncryptOnly(t *testing.T, plaintext string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := openpgp.Encrypt(&out, []*openpgp.Entity{pgpRecipient()}, nil, nil, nil, configAt(pgpNow))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(plaintext)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func hexUpper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
