package sandbox

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/walletport/walletport"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return content
}

// startSandbox runs a sandbox in dir until stop.
func startSandbox(t *testing.T, dir string) (box *Sandbox, stop func()) {
	t.Helper()
	box, err := Open(t.Context(), Options{
		Dir: dir, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Clock: time.Now, Operator: "os:ada",
		AsOperator: func(ctx context.Context) context.Context {
			return walletport.WithRequest(walletport.WithActor(ctx, walletport.Actor{ClientID: "operator"}), walletport.Request{ID: "op-1"})
		},
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		must(t, <-done)
	}
	t.Cleanup(stop)
	return box, stop
}

// mustStatus asks for the first sample card's payload.
func mustStatus(t *testing.T, box *Sandbox, as basic, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, box.File.BaseURL+"/v1/1001/provision/issuerwallet/acme-wallet?auditUser=ada", nil)
	must(t, err)
	req.SetBasicAuth(as.Username, as.Password)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != want {
		t.Errorf("status %d, want %d: %s", answer.StatusCode, want, body)
	}
}
