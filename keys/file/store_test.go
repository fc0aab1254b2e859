package file_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
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

func mustGenerate(t testing.TB, s *file.Store, spec file.Spec) keys.Meta {
	t.Helper()
	m, err := s.Generate(spec)
	must(t, err)
	return m
}

// fill adds an active key of every purpose.
func fill(t testing.TB, s *file.Store) {
	t.Helper()
	for _, p := range []keys.Purpose{keys.TAVSigning, keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint} {
		mustGenerate(t, s, file.Spec{Purpose: p, Activate: true})
	}
	_, err := s.Import(file.Spec{Purpose: keys.MDESEncryption, Activate: true}, certificatePEM(t, keystest.MDESKey(t), year(2020), year(2040)), nil)
	must(t, err)
}

func TestStoreKeepsTheContract(t *testing.T) {
	s, c := newStore(t)
	fill(t, s)
	t.Run("as made", func(t *testing.T) { keystest.Run(t, s, now) })
	t.Run("as read again", func(t *testing.T) { keystest.Run(t, open(t, c), now) })
}

func TestWhatIsReadAgainIsWhatWasMade(t *testing.T) {
	s, c := newStore(t)
	fill(t, s)
	must(t, s.Activate(mustGenerate(t, s, file.Spec{
		Purpose: keys.VaultKEK, Issuer: "acme", BINs: []keys.BINRange{{Low: "520424", High: "520499"}},
		ValidFrom: now.Add(time.Hour), ValidUntil: now.Add(48 * time.Hour), Alias: "KUR-1", SchemeFingerprint: "abc", Sandbox: true,
	}).ID))
	again := open(t, c).Current()
	if len(again.All()) != 6 {
		t.Fatalf("%d keys, want 6", len(again.All()))
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

func TestPassphraseOpensTheStore(t *testing.T) {
	c := newConfig(t)
	secret, err := file.Passphrase([]byte("correct horse battery"))
	must(t, err)
	c.Secret = secret.Cheap()
	_, err = file.Create(c)
	must(t, err)
	open(t, c)
	wrong, err := file.Passphrase([]byte("correct horse staple"))
	must(t, err)
	c.Secret = wrong.Cheap()
	_, err = file.Open(c)
	wantReason(t, err, "keystore_secret")
	_, err = file.Passphrase([]byte("short"))
	wantReason(t, err, "keystore_secret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "horse") || strings.Contains(text, fmt.Sprintf("%x", "horse")) {
			t.Errorf("%s prints the passphrase", verb)
		}
	}
}

func TestForgedHeaderCannotMakeOpeningDear(t *testing.T) {
	c := newConfig(t)
	dear := c
	dear.Secret = c.Secret.WithWorkFactor(10)
	_, err := file.Create(dear)
	must(t, err)
	content, err := os.ReadFile(c.Path)
	must(t, err)
	forged := bytes.Replace(content, []byte(" 10\n"), []byte(" 22\n"), 1)
	if bytes.Equal(forged, content) {
		t.Fatal("the header has no work factor to forge")
	}
	must(t, os.WriteFile(c.Path, forged, 0o600))
	_, err = file.Open(c)
	wantReason(t, err, "keystore_damaged")
}

func TestKeyFileIsChecked(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	for _, c := range []struct {
		name, content string
		mode          os.FileMode
		reason        string
	}{
		{"base64 of 32 bytes", good + "\n", 0o600, ""},
		{"a Windows line end", good + "\r\n", 0o600, ""},
		{"no line end", good, 0o400, ""},
		{"readable for the group, as container platforms mount secrets", good, 0o440, ""},
		{"readable for all is refused", good, 0o644, "keystore_permissions"},
		{"writable for the group is refused", good, 0o660, "keystore_permissions"},
		{"31 bytes are refused", base64.StdEncoding.EncodeToString(make([]byte, 31)), 0o600, "keystore_secret"},
		{"text that is no base64 is refused", "not base64", 0o600, "keystore_secret"},
		{"an empty file is refused", "", 0o600, "keystore_secret"},
		{"a huge file is refused", strings.Repeat("A", 17<<20), 0o600, "keystore_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			must(t, os.WriteFile(path, []byte(c.content), 0o600))
			must(t, os.Chmod(path, c.mode))
			_, err := file.KeyFile(path)
			wantReason(t, err, c.reason)
		})
	}
	_, err := file.KeyFile(filepath.Join(t.TempDir(), "absent"))
	wantReason(t, err, "keystore_missing")
	_, err = file.KeyFile(t.TempDir())
	wantReason(t, err, "keystore_permissions")
	existing := filepath.Join(t.TempDir(), "key")
	must(t, file.CreateKeyFile(existing))
	wantReason(t, file.CreateKeyFile(existing), "keystore_unavailable")
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
	t.Run("what is no key store", func(t *testing.T) {
		must(t, os.WriteFile(c.Path, []byte("no key store"), 0o600))
		_, err := file.Open(c)
		wantReason(t, err, "keystore_damaged")
	})
}

// Sealed catalogues that a right secret opens, but that make no sense.
func TestOpenRefusesCataloguesItDoesNotUnderstand(t *testing.T) {
	secret32 := bytes.Repeat([]byte{1}, 32)
	kek := func(change func(*file.Entry)) file.Catalogue {
		e := &file.Entry{ID: "vault-kek-v1", Purpose: keys.VaultKEK, Version: 1, State: keys.Active, Secret: secret32}
		change(e)
		return file.Catalogue{Format: 1, Keys: []*file.Entry{e}}
	}
	pair := func(purpose keys.Purpose) file.Catalogue {
		return kek(func(e *file.Entry) {
			e.Purpose, e.Secret = purpose, nil
			e.Public = spkiDER(t, &keystest.MDESKey(t).PublicKey)
			e.Private = pkcs8DER(t, keystest.RSAKey(t))
		})
	}
	for _, c := range []struct {
		name   string
		in     file.Catalogue
		reason string
	}{
		{"a good one opens", kek(func(*file.Entry) {}), ""},
		{"another format", file.Catalogue{Format: 2}, "keystore_damaged"},
		{"an unknown purpose", kek(func(e *file.Entry) { e.Purpose = "wsd" }), "keystore_damaged"},
		{"an unknown state", kek(func(e *file.Entry) { e.State = "lost" }), "keystore_damaged"},
		{"a short secret", kek(func(e *file.Entry) { e.Secret = secret32[:16] }), "keystore_damaged"},
		{"a bad BIN range", kek(func(e *file.Entry) { e.BINs = []string{"1"} }), "keystore_damaged"},
		{"a signing key without its public half", kek(func(e *file.Entry) { e.Purpose = keys.TAVSigning }), "keystore_damaged"},
		{"a private key of another public key", pair(keys.TAVSigning), "keystore_damaged"},
		{"a damaged private key", func() file.Catalogue {
			c := pair(keys.TAVSigning)
			c.Keys[0].Private = []byte{1, 2, 3}
			return c
		}(), "keystore_damaged"},
		{"a damaged certificate", func() file.Catalogue {
			c := pair(keys.MDESEncryption)
			c.Keys[0].Certificate = []byte{1, 2, 3}
			return c
		}(), "keystore_damaged"},
		{"an id that stands twice", func() file.Catalogue {
			c := kek(func(*file.Entry) {})
			c.Keys = append(c.Keys, c.Keys[0])
			return c
		}(), "keystore_damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := newConfig(t)
			sealed, err := file.Seal(config.Secret, c.in)
			must(t, err)
			must(t, os.WriteFile(config.Path, sealed, 0o600))
			_, err = file.Open(config)
			wantReason(t, err, c.reason)
		})
	}
}

func TestWritesLeaveNothingBehind(t *testing.T) {
	s, c := newStore(t)
	mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK})
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
	_, err = s.Generate(file.Spec{Purpose: keys.VaultKEK})
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
				if _, err := s.Generate(file.Spec{Purpose: keys.VaultKEK}); err != nil {
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
	unlock, err := file.Lock(c.Path, 0)
	must(t, err)
	_, err = s.Generate(file.Spec{Purpose: keys.VaultKEK})
	wantReason(t, err, "keystore_busy")
	unlock()
	mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK})
}

// countingLog counts what an operator is told.
type countingLog struct {
	slog.Handler
	mu     sync.Mutex
	levels map[slog.Level]int
}

func (l *countingLog) Enabled(context.Context, slog.Level) bool { return true }

func (l *countingLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.levels[r.Level]++
	return nil
}

func (l *countingLog) count(level slog.Level) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.levels[level]
}

// Time is synctest's: a poll takes no time at all.
func TestRunFollowsTheFile(t *testing.T) {
	operator, c := newStore(t)
	log := &countingLog{levels: map[slog.Level]int{}}
	c.Log = slog.New(log)
	server := open(t, c)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- server.Run(ctx) }()
		poll := func() { time.Sleep(2100 * time.Millisecond); synctest.Wait() }

		poll()
		if log.count(slog.LevelInfo) != 0 {
			t.Errorf("an unchanged file was read again")
		}
		mustGenerate(t, operator, file.Spec{Purpose: keys.VaultKEK, Activate: true})
		poll()
		if len(server.Current().All()) != 1 || server.Err() != nil || log.count(slog.LevelInfo) != 1 {
			t.Fatalf("the new key does not serve: %v", server.Err())
		}

		good, err := os.ReadFile(c.Path)
		must(t, err)
		must(t, os.WriteFile(c.Path, good[:len(good)-1], 0o600))
		poll()
		poll()
		if len(server.Current().All()) != 1 {
			t.Errorf("a broken file took the keys away")
		}
		wantReason(t, server.Err(), "keystore_damaged")
		if log.count(slog.LevelError) != 1 {
			t.Errorf("the broken file was logged %d times, want once", log.count(slog.LevelError))
		}

		must(t, os.Remove(c.Path))
		poll()
		poll()
		wantReason(t, server.Err(), "keystore_missing")
		if log.count(slog.LevelError) != 2 || len(server.Current().All()) != 1 {
			t.Errorf("a missing file: logged %d times, %d keys", log.count(slog.LevelError), len(server.Current().All()))
		}

		must(t, os.WriteFile(c.Path, good, 0o600))
		poll()
		if server.Err() != nil {
			t.Errorf("a mended file still counts as broken: %v", server.Err())
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// An operator's change that is refused must not hide another operator's change.
func TestRefusedChangeDoesNotHideAnother(t *testing.T) {
	server, c := newStore(t)
	mustGenerate(t, open(t, c), file.Spec{Purpose: keys.VaultKEK})
	wantReason(t, server.Activate("none"), "key_not_found")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- server.Run(ctx) }()
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		stop()
		must(t, <-done)
	})
	if len(server.Current().All()) != 1 {
		t.Errorf("the other operator's key does not serve")
	}
}

func TestRefreshLooksAtOnce(t *testing.T) {
	server, c := newStore(t)
	before := server.Current()
	if server.Refresh() != before {
		t.Errorf("an unchanged file was read again")
	}
	mustGenerate(t, open(t, c), file.Spec{Purpose: keys.VaultKEK, Activate: true})
	if got := len(server.Refresh().All()); got != 1 {
		t.Errorf("%d keys after another operator made one, want 1", got)
	}
	must(t, os.Remove(c.Path))
	if got := len(server.Refresh().All()); got != 1 {
		t.Errorf("a missing file took the keys away: %d left", got)
	}
	wantReason(t, server.Err(), "keystore_missing")
}

func TestReadersNeedNoLockDuringAChange(t *testing.T) {
	s, _ := newStore(t)
	mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK, Activate: true})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Current().Select(keys.VaultKEK, "", "", now); err != nil {
					t.Errorf("Select during a rotation: %v", err)
					return
				}
			}
		})
	}
	for range 5 {
		mustGenerate(t, s, file.Spec{Purpose: keys.VaultKEK, Activate: true})
	}
	close(stop)
	readers.Wait()
	if k, err := s.Current().Select(keys.VaultKEK, "", "", now); err != nil || k.Version != 6 {
		t.Errorf("Select = %v, %v; want version 6", k, err)
	}
	if errors.Is(s.Err(), os.ErrNotExist) {
		t.Errorf("Err: %v", s.Err())
	}
}
