package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/sandbox/sandboxtest"
	"github.com/walletport/walletport/server"
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

// startSandbox runs a server with keys, cards and the other side of each protocol until
// the test ends.
func startSandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	return runSandbox(t, sandboxtest.Folder(t))
}

// runSandbox runs the one of a folder.
func runSandbox(t *testing.T, dir string) *sandbox.Sandbox {
	t.Helper()
	return serving(t, openSandbox(t, dir))
}

// serving has a sandbox answer until the test ends.
func serving(t *testing.T, box *sandbox.Sandbox) *sandbox.Sandbox {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	return box
}

// folderWith returns the folder of a sandbox whose configuration has more at its end.
func folderWith(t *testing.T, more string) (dir string) {
	t.Helper()
	dir = sandboxtest.Folder(t)
	openSandbox(t, dir).Close()
	file, err := os.OpenFile(sandbox.ConfigPath(dir), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString(more)
	must(t, err)
	must(t, file.Close())
	return dir
}

func openSandbox(t *testing.T, dir string) *sandbox.Sandbox {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandboxtest.Options(dir))
	must(t, err)
	return box
}

// mustSignTrail has a record written and the trail signed by the keys that the server has.
func mustSignTrail(t *testing.T, s *server.Server) {
	t.Helper()
	log, err := audit.New(audit.Config{Store: s.Database, Keys: s.Keys, Clock: time.Now, Settings: s.Settings.Audit})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	must(t, log.Record(t.Context(), walletport.AuditRecord{RequestID: "1", Action: walletport.ActionAuditVerify, Outcome: walletport.OutcomeOK}))
	stop()
	must(t, <-done)
}

// object is a JSON object on its way from one side to the other.
type object = map[string]any

// callPath makes a call of the first sample card, and returns its status and answer.
func callPath(t *testing.T, box *sandbox.Sandbox, path string, request object) (int, object) {
	t.Helper()
	return post(t, box, box.File.BaseURL+"/v1/1001/provision/"+path+"?auditUser=ada", request)
}

func post(t *testing.T, box *sandbox.Sandbox, url string, request object) (int, object) {
	t.Helper()
	var body bytes.Buffer
	if request != nil {
		must(t, json.NewEncoder(&body).Encode(request))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &body)
	must(t, err)
	if request != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.SetBasicAuth(box.File.Credentials.Basic.Username, box.File.Credentials.Basic.Password)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	var got object
	must(t, json.Unmarshal(text, &got))
	return answer.StatusCode, got
}

// askWallet returns what a simulated wallet gives the app first.
func askWallet(t *testing.T, box *sandbox.Sandbox, path string) object {
	t.Helper()
	_, answer := post(t, box, box.File.SandboxURL+"/wallets/"+path, nil)
	return answer
}

// mustCallEach makes a good call of each kind.
func mustCallEach(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	if status, answer := callPath(t, box, "issuerwallet/acme-wallet", nil); status != http.StatusOK {
		t.Fatalf("issuer wallet: %d %v", status, answer)
	}
	for _, w := range []struct{ name, first string }{{"applepay", "request"}, {"googlepay", "session"}, {"samsungpay", "device"}} {
		request := maps.Clone(askWallet(t, box, w.name+"/"+w.first))
		if status, answer := callPath(t, box, w.name, request); status != http.StatusOK {
			t.Fatalf("%s: %d %v", w.name, status, answer)
		}
	}
}
