package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/vault"
)

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.text.String()
}

// mustProduction makes the folder of a server with keys of its own, and returns its
// configuration.
func mustProduction(t *testing.T) location {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte("keys: {file: keystore.age, key_file: keystore.key}\nhttp: {listen: '127.0.0.1:0'}\n"), 0o600))
	for _, command := range [][]string{{"keys", "init"}, {"migrate"}} {
		if code, out, errs := runs(t, append(command, "--config", path)...); code != 0 {
			t.Fatalf("%v: %s%s", command, out, errs)
		}
	}
	for _, purpose := range []string{"vault-kek", "vault-index", "audit-checkpoint"} {
		if code, out, errs := runs(t, "keys", "generate", purpose, "--activate", "--config", path); code != 0 {
			t.Fatalf("keys generate: %s%s", out, errs)
		}
	}
	return location{Config: path}
}

// mustStoreTestCard stores a card as a release did that took test numbers.
func mustStoreTestCard(t *testing.T, at location, id walletport.CardID) {
	t.Helper()
	must(t, at.operate(t.Context(), func(ctx context.Context, o *operator) error {
		return storeTestCard(ctx, &vault.Vault{Cards: o.db, Keys: o.keys, Clock: now}, id)
	}))
}

// testNumber is published.
const testNumber = "5555555555554444"

// testCard is a card with a test number.
func testCard(id walletport.CardID) (walletport.Card, error) {
	pan, err := walletport.ParsePAN(testNumber)
	if err != nil {
		return walletport.Card{}, err
	}
	expiry, err := walletport.ParseExpiry("12", "2031")
	return walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: id, Issuer: "acme", CustomerID: "5001", Scheme: walletport.Mastercard, Product: "mc-debit",
			Status: walletport.CardOK, Expiry: expiry, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN: pan, CardholderName: walletport.NewPrivate("ADA LOVELACE"),
	}, err
}

func storeTestCard(ctx context.Context, v *vault.Vault, id walletport.CardID) error {
	card, err := testCard(id)
	if err != nil {
		return err
	}
	_, err = v.Put(ctx, card)
	return err
}

// eventually waits for what happens soon.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("not seen: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// One test number in the database must not keep a server from starting: it says which
// card it refuses, in the log and on /readyz.
func TestServeStartsBesideATestNumberAndSaysSo(t *testing.T) {
	at := mustProduction(t)
	mustStoreTestCard(t, at, 77)
	ctx, stop := context.WithCancel(t.Context())
	log := &lockedBuffer{}
	done := make(chan error, 1)
	go func() { done <- serveCommand{Config: at.Config}.Run(ctx, console{Out: io.Discard, Err: log}) }()
	defer func() { stop(); must(t, <-done) }()

	url := ""
	eventually(t, "the server serves", func() bool {
		for line := range strings.Lines(log.String()) {
			var said struct{ Msg, URL string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
				url = said.URL
			}
		}
		return url != ""
	})
	if text := log.String(); !strings.Contains(text, `"card_id":"77"`) && !strings.Contains(text, `"card_id":77`) || strings.Contains(text, testNumber) {
		t.Errorf("the log says %s", text)
	}
	answer, err := http.Get(url + "/readyz")
	must(t, err)
	defer answer.Body.Close()
	var ready struct{ Warnings []door.Warning }
	must(t, json.NewDecoder(answer.Body).Decode(&ready))
	want := door.Warning{Code: "test_card_refused", Message: "card 77 has a test number and is refused: delete it (walletport cards delete)"}
	if !slices.Contains(ready.Warnings, want) {
		t.Errorf("/readyz warns of %q, want %q", ready.Warnings, want)
	}
}
