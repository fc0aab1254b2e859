package config

import (
	"slices"
	"strings"
	"testing"
)

// TestSettingsThatHaveEnded: a configuration of an earlier release is taken, and says what in
// it has no effect any more; a name that never was a setting is not.
func TestSettingsThatHaveEnded(t *testing.T) {
	t.Run("in the file", func(t *testing.T) {
		settings, err := loaded(t, "audit: {max_linger: 5ms, max_await: 20ms, max_batch: 64}\n")
		must(t, err)
		want := []string{"audit.max_linger (line 2): this setting of an earlier release has no effect", "audit.max_await (line 2): this setting"}
		if !slices.EqualFunc(settings.Doubts, want, strings.HasPrefix) || settings.Audit.MaxBatch != 64 {
			t.Errorf("doubts %q, want %q; max_batch %d", settings.Doubts, want, settings.Audit.MaxBatch)
		}
	})
	t.Run("in the environment", func(t *testing.T) {
		t.Setenv("WALLETPORT_AUDIT__MAX_AWAIT", "-1s")
		settings, err := loaded(t, "")
		must(t, err)
		want := []string{"audit.max_await (environment variable WALLETPORT_AUDIT__MAX_AWAIT): this setting"}
		if !slices.EqualFunc(settings.Doubts, want, strings.HasPrefix) {
			t.Errorf("doubts %q, want %q", settings.Doubts, want)
		}
	})
	t.Run("beside one that never was", func(t *testing.T) {
		_, err := loaded(t, "audit: {max_await: 20ms, max_waits: 20ms}\n")
		if err == nil || !strings.Contains(err.Error(), "audit.max_waits: there is no such setting") || strings.Contains(err.Error(), "max_await:") {
			t.Errorf("error %v", err)
		}
	})
}
