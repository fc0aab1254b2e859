package server

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
)

// TestTheEngineOfRSAIsSaidOnce: whoever opens the keys says in the log who does the arithmetic.
func TestTheEngineOfRSAIsSaidOnce(t *testing.T) {
	dir := t.TempDir()
	settings := config.Keys{File: filepath.Join(dir, "keystore.age"), KeyFile: filepath.Join(dir, "keystore.key")}
	_, err := CreateKeys(settings, io.Discard)
	must(t, err)
	auto, instead, err := RSAEngine(config.RSAAuto)
	must(t, err)
	for choice, engine := range map[config.RSAChoice]keys.RSAEngine{config.RSAAuto: auto, "": auto, config.RSAGo: keys.GoRSA{}} {
		t.Run("keys.rsa: "+string(choice), func(t *testing.T) {
			var log bytes.Buffer
			settings.RSA = choice
			custody, err := OpenKeys(settings, slog.New(slog.NewTextHandler(&log, nil)))
			must(t, err)
			must(t, custody.Reload(t.Context()))
			if text := log.String(); strings.Count(text, "engine of RSA keys") != 1 || !strings.Contains(text, engine.About().Version) {
				t.Errorf("it logs\n%s", text)
			}
			if because := strings.Contains(log.String(), "because="); because != (instead != nil && choice != config.RSAGo) {
				t.Errorf("it says why it is Go's: %v\n%s", because, log.String())
			}
		})
	}
}
