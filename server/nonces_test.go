package server_test

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// TestOldNoncesAreForgotten deletes in bites until none is left.
func TestOldNoncesAreForgotten(t *testing.T) {
	box := startSandbox(t)
	request := askWallet(t, box, "applepay/request")
	if status, answer := callPath(t, box, "applepay", request); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if status, answer := callPath(t, box, "applepay", request); status != http.StatusConflict {
		t.Errorf("a nonce that came before: %d %v", status, answer)
	}
	box.Settings.Wallets.NonceRetention = time.Nanosecond
	time.Sleep(2 * time.Millisecond) // the database counts milliseconds
	box.ForgetNonces(context.WithoutCancel(t.Context()))
	if status, answer := callPath(t, box, "applepay", request); status != http.StatusOK {
		t.Errorf("a forgotten nonce is still refused: %d %v", status, answer)
	}
}
