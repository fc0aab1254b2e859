package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/server"
)

// TestAWitnessThatAnswersWithoutMeasure, or sends on to somebody else: nobody else is shown a
// note, and no answer fills the memory.
func TestAWitnessThatAnswersWithoutMeasure(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("somebody else is asked")
	}))
	defer elsewhere.Close()
	var asked int
	var answer http.HandlerFunc
	witness := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		answer(w, r)
	}))
	defer witness.Close()
	submit, err := server.WitnessAt(outbound.Clients{Clock: time.Now}, witness.URL)
	must(t, err)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		asked, answer = 0, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL+"/add-checkpoint")
			w.WriteHeader(status)
		}
		got, _, err := submit(t.Context(), "old 0\n\n")
		if got != status || err != nil || asked != 1 {
			t.Errorf("a redirect by %d: status %d, %v, asked %d times", status, got, err, asked)
		}
	}
	for name, body := range map[string]http.HandlerFunc{
		"without end": func(w http.ResponseWriter, _ *http.Request) {
			for range 4096 {
				if _, err := w.Write([]byte(strings.Repeat("a", 64<<10))); err != nil {
					return
				}
			}
		},
		"that is cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
		},
	} {
		answer = body
		if status, text, err := submit(t.Context(), "old 0\n\n"); err == nil {
			t.Errorf("an answer %s: status %d, %d bytes", name, status, len(text))
		}
	}
}
