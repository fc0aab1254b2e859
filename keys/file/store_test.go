package file_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/libcrypto"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newConfig(t testing.TB) file.Config {
	t.Helper()
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	must(t, file.CreateKeyFile(keyFile))
	secret, err := file.KeyFile(keyFile)
	must(t, err)
	return file.Config{Path: filepath.Join(dir, "keystore.age"), Secret: secret.Cheap(), Clock: func() time.Time { return now }}
}

func newStore(t testing.TB) (*file.Store, file.Config) {
	t.Helper()
	c := newConfig(t)
	s, err := file.Create(c)
	must(t, err)
	return s, c
}

func open(t testing.TB, c file.Config) *file.Store {
	t.Helper()
	s, err := file.Open(c)
	must(t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if got := walletport.ReasonOf(err); got != reason {
		t.Fatalf("reason %q, want %q (%v)", got, reason, err)
	}
}

func mustGenerate(t testing.TB, s *file.Store, spec keys.Spec) keys.Meta {
	t.Helper()
	m, err := s.Generate(t.Context(), spec)
	must(t, err)
	return m
}

func keyOf(t testing.TB, s *file.Store, id keys.ID) *keys.Key {
	t.Helper()
	k, ok := s.Current().ByID(id)
	if !ok {
		t.Fatalf("there is no key %s", id)
	}
	return k
}

// fill adds an active key of every purpose.
func fill(t testing.TB, s *file.Store) {
	t.Helper()
	for _, sample := range keystest.Samples(t) {
		sample.Spec.Activate = true
		_, err := s.Import(t.Context(), sample.Spec, sample.Data, nil)
		must(t, err)
	}
}

func TestStoreKeepsTheContract(t *testing.T) {
	for name, engine := range engines(t) {
		t.Run(name, func(t *testing.T) { storeKeepsTheContract(t, engine) })
	}
}

// engines returns those of RSA: Go's, and OpenSSL's where it loads.
func engines(t testing.TB) map[string]keys.RSAEngine {
	t.Helper()
	all := map[string]keys.RSAEngine{"go": keys.GoRSA{}}
	openssl, err := libcrypto.Open()
	if err != nil {
		t.Log("only Go's RSA: ", err)
		return all
	}
	all["openssl"] = openssl
	return all
}

func storeKeepsTheContract(t *testing.T, engine keys.RSAEngine) {
	keystest.RunCustody(t, func(t testing.TB, clock func() time.Time) keystest.Store {
		c := newConfig(t)
		c.Clock, c.PollInterval, c.RSA = clock, 5*time.Millisecond, engine
		_, err := file.Create(c)
		must(t, err)
		return keystest.Store{
			Open: func() (keys.Custody, error) { return file.Open(c) },
			Break: func(t testing.TB) (mend func()) {
				must(t, os.Rename(c.Path, c.Path+".away"))
				return func() { must(t, os.Rename(c.Path+".away", c.Path)) }
			},
		}
	})
}

// TestTheEngineSealsToTheKeysOfOthers, and Go where it is the engine: then no key has an OAEP.
func TestTheEngineSealsToTheKeysOfOthers(t *testing.T) {
	for name, engine := range engines(t) {
		t.Run(name, func(t *testing.T) {
			c := newConfig(t)
			c.RSA = engine
			s, err := file.Create(c)
			must(t, err)
			fill(t, s)
			for _, k := range s.Current().All() {
				if (k.OAEP != nil) != (name == "openssl" && k.Purpose.IsSealedTo()) {
					t.Errorf("%s has the OAEP %v", k.ID, k.OAEP)
				}
			}
			keystest.Run(t, s, now)
		})
	}
}

func TestWhatIsReadAgainIsWhatWasMade(t *testing.T) {
	s, c := newStore(t)
	fill(t, s)
	mustGenerate(t, s, keys.Spec{
		Purpose: keys.VaultKEK, Issuer: "acme", BINs: []keys.BINRange{{Low: "520424", High: "520499"}},
		ValidFrom: now.Add(time.Hour), ValidUntil: now.Add(48 * time.Hour), Alias: "KUR-1", SchemeFingerprint: "abc", Sandbox: true, Activate: true,
	})
	again := open(t, c).Current()
	if len(again.All()) != len(keys.Purposes())+1 {
		t.Fatalf("%d keys, want %d", len(again.All()), len(keys.Purposes())+1)
	}
	for _, k := range s.Current().All() {
		other, ok := again.ByID(k.ID)
		if !ok || fmt.Sprintf("%+v", other.Meta) != fmt.Sprintf("%+v", k.Meta) {
			t.Errorf("%s came back as %+v, want %+v", k.ID, other.Meta, k.Meta)
		}
	}
	before, _ := s.Current().ByID("vault-kek-v1")
	after, _ := again.ByID("vault-kek-v1")
	wrapped, err := before.KEK.Wrap([]byte("data key"), []byte("ad"))
	must(t, err)
	if opened, err := after.KEK.Unwrap(wrapped, []byte("ad")); err != nil || string(opened) != "data key" {
		t.Errorf("the KEK read again does not open: %v", err)
	}
}

func TestFileHoldsNothingInClearAndNoOtherSecretOpensIt(t *testing.T) {
	s, c := newStore(t)
	fill(t, s)
	content, err := os.ReadFile(c.Path)
	must(t, err)
	for _, clear := range []string{"tav-signing", "validFrom", "private", "MII"} {
		if bytes.Contains(content, []byte(clear)) {
			t.Errorf("the file shows %q", clear)
		}
	}
	other := newConfig(t)
	other.Path = c.Path
	_, err = file.Open(other)
	wantReason(t, err, "keystore_secret")
	for i := 0; i < len(content); i += 101 {
		flipped := bytes.Clone(content)
		flipped[i] ^= 1
		must(t, os.WriteFile(c.Path, flipped, 0o600))
		if _, err := file.Open(c); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	_, c := newStore(t)
	t.Run("a key store that others may read", func(t *testing.T) {
		must(t, os.Chmod(c.Path, 0o604))
		_, err := file.Open(c)
		wantReason(t, err, "keystore_permissions")
		if !strings.Contains(err.Error(), "0604") || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("the error does not say what is wrong and how to mend it: %v", err)
		}
		must(t, os.Chmod(c.Path, 0o600))
	})
	t.Run("no secret", func(t *testing.T) {
		_, err := file.Open(file.Config{Path: c.Path})
		wantReason(t, err, "keystore_secret")
	})
	t.Run("no path", func(t *testing.T) {
		if _, err := file.Open(file.Config{Secret: c.Secret}); err == nil {
			t.Error("it opens")
		}
	})
	t.Run("no file", func(t *testing.T) {
		_, err := file.Open(file.Config{Path: c.Path + ".absent", Secret: c.Secret})
		wantReason(t, err, "keystore_missing")
	})
	t.Run("to create over a file", func(t *testing.T) {
		_, err := file.Create(c)
		wantReason(t, err, "keystore_exists")
		open(t, c)
	})
	for name, text := range map[string]string{
		"what is no key store":            "no key store\n",
		"a key file in the store's place": "c2VjcmV0IG9mIHNvbWVib2R5LCAzMiBieXRlcyBsb25n\n",
		"a damaged header":                "age-encryption.org/v1\n-> c2VjcmV0IG9mIHNvbWVib2R5\nc2VjcmV0 of somebody\n",
	} {
		t.Run(name+" is refused, and nothing of it shown", func(t *testing.T) {
			must(t, os.WriteFile(c.Path, []byte(text), 0o600))
			_, err := file.Open(c)
			wantReason(t, err, "keystore_damaged")
			if shown := err.Error(); strings.Contains(shown, "c2VjcmV0") || strings.Contains(shown, "no key store\n") {
				t.Errorf("the error repeats the file: %s", shown)
			}
		})
	}
}

func TestWritesLeaveNothingBehind(t *testing.T) {
	s, c := newStore(t)
	mustGenerate(t, s, keys.Spec{Purpose: keys.VaultKEK})
	info, err := os.Stat(c.Path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 600", info.Mode().Perm())
	}
	files, err := os.ReadDir(filepath.Dir(c.Path))
	must(t, err)
	for _, f := range files {
		if name := f.Name(); name != "key" && name != "keystore.age" && name != "keystore.age.lock" {
			t.Errorf("%s is left behind", name)
		}
	}
	must(t, os.RemoveAll(filepath.Dir(c.Path)))
	_, err = s.Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK})
	wantReason(t, err, "keystore_unavailable")
	if len(s.Current().All()) != 1 {
		t.Errorf("a failed change changed the keys that serve")
	}
}

func TestOperatorsCannotInterleave(t *testing.T) {
	_, c := newStore(t)
	stores := []*file.Store{open(t, c), open(t, c), open(t, c)}
	var operators sync.WaitGroup
	for _, s := range stores {
		operators.Go(func() {
			for range 5 {
				if _, err := s.Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK}); err != nil {
					t.Errorf("Generate: %v", err)
				}
			}
		})
	}
	operators.Wait()
	if n := len(open(t, c).Current().All()); n != 15 {
		t.Errorf("%d keys, want 15: changes got lost", n)
	}
}

func TestChangeGivesUpWhenTheLockIsHeld(t *testing.T) {
	_, c := newStore(t)
	c.LockPatience = 30 * time.Millisecond
	s := open(t, c)
	unlock, err := file.Lock(t.Context(), c.Path, 0)
	must(t, err)
	_, err = s.Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK})
	wantReason(t, err, "keystore_busy")
	unlock()
	mustGenerate(t, s, keys.Spec{Purpose: keys.VaultKEK})
}
