package server_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
)

// TestNonceRetentionIsConfigured opens a second replica, which keeps nonces for an hour.
func TestNonceRetentionIsConfigured(t *testing.T) {
	box := startSandbox(t)
	settings := box.Settings
	settings.Wallets.NonceRetention = time.Hour
	replica, err := server.Open(t.Context(), server.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Clock: time.Now, Sandbox: true})
	must(t, err)
	defer replica.Close()
	start := time.Now()
	for _, c := range []struct {
		name   string
		after  time.Duration
		reason string
	}{
		{"the first time", 0, ""},
		{"within the hour", time.Hour - time.Minute, "nonce_reused"},
		{"after it", time.Hour + time.Minute, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := replica.Guard().UseNonce(t.Context(), "acme", walletport.ApplePay, []byte("\x75\xeb\xe1\x55"), start.Add(c.after))
			if walletport.ReasonOf(err) != c.reason {
				t.Errorf("error %v, want %q", err, c.reason)
			}
		})
	}
}
