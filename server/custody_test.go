package server

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/telemetry"
)

// TestTheEngineOfRSAIsSaidOnce: a server says in the log and in a metric who does the arithmetic.
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
			s := &Server{log: slog.New(slog.NewTextHandler(&log, nil)), metrics: telemetry.NewMetrics()}
			must(t, s.openKeys(settings))
			must(t, s.Keys.Reload(t.Context()))
			if text := log.String(); strings.Count(text, "engine of RSA keys") != 1 || !strings.Contains(text, engine.About().Version) {
				t.Errorf("it logs\n%s", text)
			}
			page := httptest.NewRecorder()
			s.metrics.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			if want := `walletport_rsa_engine_info{engine="` + engine.About().Engine + `"`; !strings.Contains(page.Body.String(), want) {
				t.Errorf("the metrics lack %s", want)
			}
			if because := strings.Contains(log.String(), "because="); because != (instead != nil && choice != config.RSAGo) {
				t.Errorf("it says why it is Go's: %v\n%s", because, log.String())
			}
		})
	}
}
