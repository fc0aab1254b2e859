package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
)

func TestASharedWSDKeyIsWarnedOfWhereItActivates(t *testing.T) {
	for _, c := range []struct {
		name   string
		visa   bool
		key    keys.Meta
		warned bool
	}{
		{"for every issuer, with activation", true, keys.Meta{Purpose: keys.WSD}, true},
		{"an issuer's own", true, keys.Meta{Purpose: keys.WSD, Issuer: "acme"}, false},
		{"without activation", false, keys.Meta{Purpose: keys.WSD}, false},
		{"another purpose", true, keys.Meta{Purpose: keys.VTSPush}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newKeyStore(t)
			alias := map[keys.Purpose]string{keys.WSD: "401200.1", keys.VTSPush: "KID"}[c.key.Purpose]
			_, err := store.Generate(t.Context(), keys.Spec{Purpose: c.key.Purpose, Issuer: c.key.Issuer, Alias: alias, Activate: true})
			must(t, err)
			s := &Server{Keys: store, clock: time.Now}
			s.Settings.Activation.Visa.Enabled = c.visa
			if got := s.keyWarnings(); (len(got) > 0) != c.warned {
				t.Errorf("warnings %q", got)
			}
		})
	}
}

// TestAKeyStoreThatCannotBeReadAgainIsAWarning: the keys that were read before serve,
// and a server that takes itself out of service for it would take all replicas out at
// once.
func TestAKeyStoreThatCannotBeReadAgainIsAWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.age")
	store := makeKeyStore(t, path)
	s := &Server{Keys: store, clock: time.Now}
	_, err := store.Generate(t.Context(), keys.Spec{Purpose: keys.VaultKEK, Activate: true})
	must(t, err)
	if got := s.keyWarnings(); len(got) > 0 {
		t.Fatalf("warnings before: %q", got)
	}
	must(t, os.Chmod(path, 0o604))
	store.Refresh()
	if err := s.vaultReady(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
	got := s.keyWarnings()
	if len(got) != 1 || got[0].Code != "keystore_unreadable" || !strings.Contains(got[0].Message, "cannot be read since 20") ||
		!strings.Contains(got[0].Message, "mode 0604") || strings.Contains(got[0].Message, path) {
		t.Errorf("warnings %q, want since when and why, and no path", got)
	}
	must(t, os.Chmod(path, 0o600))
	must(t, store.Reload(t.Context()))
	if got := s.keyWarnings(); len(got) > 0 {
		t.Errorf("warnings after it was mended: %q", got)
	}
}
