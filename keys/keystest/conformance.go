package keystest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
)

// Run proves that the keys of a catalogue keep the contract of use; RunCustody proves
// that of management. The catalogue must have an active key of every purpose that serves
// at the time given.
func Run(t *testing.T, source keys.Source, at time.Time) {
	t.Run("every purpose has a key to select", func(t *testing.T) {
		for _, p := range keys.Purposes() {
			if _, err := source.Current().Select(p, "", "", at); err != nil {
				t.Errorf("Select(%s): %v", p, err)
			}
		}
	})
	t.Run("looking at the catalogue costs nothing", func(t *testing.T) {
		if n := testing.AllocsPerRun(100, func() { source.Current() }); n != 0 {
			t.Errorf("Current allocates %v times", n)
		}
	})
	t.Run("ids and versions are unique", func(t *testing.T) { checkIDs(t, source.Current()) })
	for _, k := range source.Current().All() {
		t.Run(string(k.ID), func(t *testing.T) { checkKey(t, k) })
	}
}

// checkKey proves that a key has the handles of its purpose and no other, gives no
// private key away, and that each handle works.
func checkKey(t testing.TB, k *keys.Key) {
	checkHandles(t, k)
	checkOpaque(t, k)
	if k.OAEP != nil {
		checkOAEP(t, k)
	}
	if k.Signer != nil {
		checkSigner(t, k)
	}
	if k.Decrypter != nil {
		checkDecrypter(t, k)
	}
	if k.KEK != nil {
		checkKEK(t, k.KEK)
	}
	if k.OpenPGP != nil {
		checkOpenPGP(t, k)
	}
	if k.TDEA != nil {
		checkTDEA(t, k.TDEA)
	}
	if k.MAC != nil {
		checkMAC(t, k.MAC)
	}
}

func checkIDs(t testing.TB, r *keys.Ring) {
	ids := map[keys.ID]bool{}
	versions := map[string]bool{}
	for _, k := range r.All() {
		version := fmt.Sprintf("%s/%s/%d", k.Purpose, k.Issuer, k.Version)
		if ids[k.ID] || versions[version] {
			t.Errorf("%s stands twice", k.ID)
		}
		ids[k.ID], versions[version] = true, true
		if found, ok := r.ByID(k.ID); !ok || found != k {
			t.Errorf("ByID(%s) gives another key", k.ID)
		}
	}
}

func checkHandles(t testing.TB, k *keys.Key) {
	var has []string
	for name, there := range map[string]bool{
		"public": k.Public != nil, "signer": k.Signer != nil, "decrypter": k.Decrypter != nil, "KEK": k.KEK != nil, "MAC": k.MAC != nil, "TDEA": k.TDEA != nil,
		"OpenPGP": k.OpenPGP != nil, "login": !k.Login.IsZero(),
	} {
		if there {
			has = append(has, name)
		}
	}
	slices.Sort(has)
	want := map[keys.Purpose][]string{
		keys.MDESEncryption:       {"public"},
		keys.TAVSigning:           {"public", "signer"},
		keys.OPCEncryption:        {"OpenPGP", "public"},
		keys.OPCSigning:           {"OpenPGP", "public", "signer"},
		keys.MDESOAuth:            {"public", "signer"},
		keys.MDESCSEncryption:     {"public"},
		keys.MDESCSDecryption:     {"decrypter", "public"},
		keys.VTSPush:              {"KEK"},
		keys.WSD:                  {"TDEA"},
		keys.VTSAPI:               {"MAC"},
		keys.VTSSigning:           {"public", "signer"},
		keys.VTSVerification:      {"public"},
		keys.VTSEncryption:        {"public"},
		keys.VTSDecryption:        {"decrypter", "public"},
		keys.ClickToPayAPI:        {"MAC"},
		keys.ClickToPayLogin:      {"login"},
		keys.ClickToPayEncryption: {"public"},
		keys.ClickToPayDecryption: {"decrypter", "public"},
		keys.ClickToPayTLS:        {"public", "signer"},
		keys.MDESTLS:              {"public", "signer"},
		keys.VTSTLS:               {"public", "signer"},
		keys.AuditCheckpoint:      {"public", "signer"},
		keys.VaultKEK:             {"KEK"},
		keys.VaultIndex:           {"MAC"},
	}[k.Purpose]
	if k.State == keys.Destroyed {
		want = slices.DeleteFunc(want, func(name string) bool { return name != "public" && name != "OpenPGP" })
	}
	if !slices.Equal(has, want) {
		t.Errorf("%s, which is %s, has %v, want %v", k.ID, k.State, has, want)
	}
	if isTLS := slices.Contains([]keys.Purpose{keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS}, k.Purpose); isTLS && k.Certificate == nil || !isTLS && k.Chain != nil {
		t.Errorf("%s has certificate %t and a chain of %d", k.ID, k.Certificate != nil, len(k.Chain))
	}
	if k.Algorithm == "" {
		t.Error("it names no algorithm")
	}
	if k.Public == nil {
		checkCheckValue(t, k)
		return
	}
	if k.CheckValue != "" {
		t.Errorf("check value %q beside a fingerprint", k.CheckValue)
	}
	if fingerprint, err := keys.FingerprintOf(k.Public); err != nil || fingerprint != k.Fingerprint {
		t.Errorf("fingerprint %s, want %s (%v)", k.Fingerprint, fingerprint, err)
	}
	if a := keys.AlgorithmOf(k.Public); a != k.Algorithm {
		t.Errorf("algorithm %s, want %s", k.Algorithm, a)
	}
}

// checkCheckValue proves that the check value is of the key, not of its name, where
// the handle can tell.
func checkCheckValue(t testing.TB, k *keys.Key) {
	if k.Fingerprint != "" || len(k.CheckValue) < 6 {
		t.Errorf("fingerprint %q, check value %q: a secret key has the second only", k.Fingerprint, k.CheckValue)
	}
	want := k.CheckValue
	switch {
	case k.TDEA != nil:
		encrypted, err := k.TDEA.EncryptBlocks(make([]byte, 8))
		must(t, err)
		want = fmt.Sprintf("%X", encrypted[:3])
	case k.MAC != nil:
		want = fmt.Sprintf("%X", k.MAC.Sum([]byte("walletport key check value 1 " + string(k.Purpose)))[:4])
	}
	if k.CheckValue != want {
		t.Errorf("check value %s, want %s", k.CheckValue, want)
	}
}

// checkOpaque looks for the ways a private key gets out unasked: a type assertion,
// a printed value, JSON.
func checkOpaque(t testing.TB, k *keys.Key) {
	for _, handle := range []any{k.Signer, k.Decrypter, k.OAEP, k.KEK, k.MAC, k.TDEA} {
		switch handle.(type) {
		case *rsa.PrivateKey, ed25519.PrivateKey, []byte:
			t.Errorf("the handle of %s is a %T", k.ID, handle)
		}
		_, signs := handle.(crypto.Signer)
		if _, opens := handle.(crypto.Decrypter); signs && opens {
			t.Errorf("one handle of %s both signs and opens: %T", k.ID, handle)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if text := fmt.Sprintf(verb, handle); len(text) > 64 {
				t.Errorf("%s prints %d bytes of the handle", verb, len(text))
			}
		}
		encoded, err := json.Marshal(handle)
		if err == nil && !slices.Contains([]string{"{}", "null"}, string(encoded)) {
			t.Errorf("the handle of %s encodes as JSON of %d bytes", k.ID, len(encoded))
		}
	}
	for _, whole := range []any{k, *k, struct{ hidden *keys.Key }{k}, struct{ hidden keys.Key }{*k}} {
		if text := fmt.Sprintf("%+v", whole); strings.Contains(text, "PrivateKey") || strings.Contains(text, "Primes") {
			t.Errorf("%%+v shows a private key")
		}
	}
}

func checkSigner(t testing.TB, k *keys.Key) {
	message := []byte("what is signed")
	digest := sha256.Sum256(message)
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		signature, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
		must(t, err)
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			t.Errorf("PKCS #1 v1.5: %v", err)
		}
		pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		signature, err = k.Signer.Sign(rand.Reader, digest[:], pss)
		must(t, err)
		if err := rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, pss); err != nil {
			t.Errorf("PSS: %v", err)
		}
	case ed25519.PublicKey:
		signature, err := k.Signer.Sign(rand.Reader, message, crypto.Hash(0))
		must(t, err)
		if !ed25519.Verify(public, message, signature) {
			t.Errorf("the Ed25519 signature does not verify")
		}
	default:
		t.Errorf("public key is a %T", public)
	}
	if same, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(k.Signer.Public()) {
		t.Errorf("the signer's public key is another than the entry's")
	}
}

func checkDecrypter(t testing.TB, k *keys.Key) {
	public, ok := k.Public.(*rsa.PublicKey)
	if !ok || !public.Equal(k.Decrypter.Public()) {
		t.Fatalf("the decrypter's public key is another than the entry's, a %T", k.Public)
	}
	secret := []byte("a content key")
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, secret, nil)
	must(t, err)
	if opened, err := k.Decrypter.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256}); err != nil || !bytes.Equal(opened, secret) {
		t.Errorf("OAEP: %v", err)
	}
	sealed[0] ^= 1
	if _, err := k.Decrypter.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256}); err == nil {
		t.Errorf("it opens what was changed")
	}
	padded, err := rsa.EncryptPKCS1v15(rand.Reader, public, secret) //nolint:staticcheck // what must not be opened
	must(t, err)
	for _, opts := range []crypto.DecrypterOpts{nil, &rsa.PKCS1v15DecryptOptions{}} { //nolint:staticcheck // the same
		if _, err := k.Decrypter.Decrypt(rand.Reader, padded, opts); err == nil {
			t.Errorf("it opens PKCS #1 v1.5 with options %T", opts)
		}
	}
}

func checkKEK(t testing.TB, kek keys.KEK) {
	key, bound := bytes.Repeat([]byte{7}, 32), []byte("card 1")
	wrapped, err := kek.Wrap(key, bound)
	must(t, err)
	again, err := kek.Wrap(key, bound)
	must(t, err)
	if bytes.Equal(wrapped, again) || bytes.Contains(wrapped, key) {
		t.Errorf("wrapping is not randomised, or hides nothing")
	}
	opened, err := kek.Unwrap(wrapped, bound)
	if err != nil || !bytes.Equal(opened, key) {
		t.Fatalf("Unwrap: %v", err)
	}
	if _, err := kek.Unwrap(wrapped, []byte("card 2")); err == nil {
		t.Errorf("it opens under other associated data")
	}
	for i := range wrapped {
		flipped := bytes.Clone(wrapped)
		flipped[i] ^= 1
		if _, err := kek.Unwrap(flipped, bound); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
	}
	for n := range wrapped {
		if _, err := kek.Unwrap(wrapped[:n], bound); err == nil {
			t.Fatalf("it opens cut to %d bytes", n)
		}
	}
}

// checkTDEA knows no key, so it looks at how the blocks hang together: in CBC mode
// with a zero IV the second block is the first of the text that is XORed before.
func checkTDEA(t testing.TB, tdea keys.TDEA) {
	plain := []byte("first 8.second 8")
	sealed, err := tdea.EncryptBlocks(plain)
	must(t, err)
	if len(sealed) != 16 || string(plain) != "first 8.second 8" || bytes.Equal(sealed[:8], plain[:8]) {
		t.Fatalf("%d bytes, or it changes the plaintext, or hides nothing", len(sealed))
	}
	chained := make([]byte, 8)
	for i := range chained {
		chained[i] = plain[8+i] ^ sealed[i]
	}
	alone, err := tdea.EncryptBlocks(chained)
	must(t, err)
	if !bytes.Equal(alone, sealed[8:]) {
		t.Errorf("it is not CBC with a zero IV")
	}
	for _, n := range []int{1, 7, 9, 15} {
		if _, err := tdea.EncryptBlocks(make([]byte, n)); err == nil {
			t.Errorf("it encrypts %d bytes: half a block", n)
		}
	}
}

func checkMAC(t testing.TB, mac keys.MAC) {
	want := bytes.Clone(mac.Sum([]byte("one")))
	if len(want) != sha256.Size || bytes.Equal(want, mac.Sum([]byte("two"))) {
		t.Fatalf("the digest has %d bytes, or does not depend on the data", len(want))
	}
	plain := sha256.Sum256([]byte("one"))
	if bytes.Equal(want, plain[:]) {
		t.Errorf("the digest has no key")
	}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 100 {
				if !bytes.Equal(mac.Sum([]byte("one")), want) {
					t.Errorf("the digest is not the same twice")
					return
				}
			}
		})
	}
	workers.Wait()
}
