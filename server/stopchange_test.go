package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

// TestAStoppingServerFinishesAChange stops the server while the scheme thinks about a
// change: its caller is answered, and the outcome is durable.
func TestAStoppingServerFinishesAChange(t *testing.T) {
	const reference = "DWSPMC00000000010906a349d9ca4eb1a4d53e3c90a11d9c"
	asked, release := make(chan struct{}), make(chan struct{})
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/token/suspend") {
			t.Errorf("Mastercard is asked %s", r.URL.Path)
			return
		}
		close(asked)
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"TokenSuspendResponse":{"Token":{"TokenUniqueReference":%q,"CommentId":"ABC123456"}}}`, reference)
	}))
	t.Cleanup(far.Close)
	log := &lockedLog{}
	box := openBoxWith(t, log, "schemes: {mdes: {customer_service: {url: '"+far.URL+"/csapi', organization: Acme Bank}}}\ntokens: {max_age: 1h}\n")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	id := mustPutToken(t, box, reference)

	type answer struct {
		status int
		body   string
	}
	answered := make(chan answer, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, box.File.BaseURL+"/v1/tokens/"+id.String()+"/suspend?auditUser=ada", nil)
		if err != nil {
			answered <- answer{body: err.Error()}
			return
		}
		req.SetBasicAuth(box.File.Credentials.Basic.Username, box.File.Credentials.Basic.Password)
		got, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
		if err != nil {
			answered <- answer{body: err.Error()}
			return
		}
		defer got.Body.Close()
		body, _ := io.ReadAll(got.Body)
		answered <- answer{got.StatusCode, string(body)}
	}()
	select {
	case <-asked:
	case early := <-answered:
		t.Fatalf("the scheme was not asked: %+v", early)
	}
	stop()
	waitFor(t, log, "listener closes")
	close(release)
	if got := <-answered; got.status != http.StatusOK || !strings.Contains(got.body, `"SUSPENDED"`) {
		t.Errorf("the caller got %d %s", got.status, got.body)
	}
	must(t, <-done)
	db, err := server.OpenDatabase(t.Context(), box.Settings.Database)
	must(t, err)
	defer db.Close()
	row, err := db.Token(t.Context(), id)
	must(t, err)
	if row.Change.State != storage.ChangeDone || row.Status != walletport.TokenSuspended {
		t.Errorf("the row is %s with the change %+v", row.Status, row.Change)
	}
}
