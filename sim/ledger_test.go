package sim_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

type token struct {
	Name  string `json:"name"`
	State string `json:"state,omitempty"`
}

func nameOf(x token) string { return x.Name }

func openLedger(t *testing.T, dir string) *sim.Ledger[token] {
	t.Helper()
	l, err := sim.OpenLedger(dir, nameOf, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // tests that reopen close it themselves
	return l
}

func mustAppend(t *testing.T, l *sim.Ledger[token], names ...string) {
	t.Helper()
	for _, name := range names {
		if err := l.Append(token{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLedgerSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "anew")
	l := openLedger(t, dir)
	if empty, err := l.TokensJSON(); err != nil || string(empty) != "[]" {
		t.Errorf("no tokens are %s, %v", empty, err)
	}
	mustAppend(t, l, "one", "two", "three")
	reference := l.PANReference(sim.NewCardNumber("4111111111111111"), hex.EncodeToString)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLedger(t, dir)
	if diff := cmp.Diff([]token{{Name: "one"}, {Name: "two"}, {Name: "three"}}, l.All()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if found, ok := l.Find(func(x token) bool { return x.Name == "two" }); !ok || found.Name != "two" {
		t.Error("a token is not found")
	}
	if _, ok := l.Find(func(token) bool { return false }); ok {
		t.Error("a token of nobody is found")
	}
	if all, err := l.TokensJSON(); err != nil || string(all) != `[{"name":"one"},{"name":"two"},{"name":"three"}]` {
		t.Errorf("tokens %s, %v", all, err)
	}
	if again := l.PANReference(sim.NewCardNumber("4111111111111111"), hex.EncodeToString); again != reference {
		t.Error("the PAN reference changed over a restart")
	}
	for _, name := range []string{"tokens.jsonl", "pan-reference.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestATornLastLineIsCutOff(t *testing.T) {
	dir := t.TempDir()
	l := openLedger(t, dir)
	mustAppend(t, l, "whole")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tokens.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, `{"name":"to`...), 0o600); err != nil {
		t.Fatal(err)
	}
	l = openLedger(t, dir)
	mustAppend(t, l, "next")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]token{{Name: "whole"}, {Name: "next"}}, openLedger(t, dir).All()); diff != "" {
		t.Errorf("tokens after a crash (-want +got):\n%s", diff)
	}
}

func TestBrokenStateIsRefused(t *testing.T) {
	for _, c := range []struct{ name, file, content, reason string }{
		{"a line that is no token", "tokens.jsonl", "{\n", "sim_state_corrupt"},
		{"a line that is null", "tokens.jsonl", "null\n", "sim_state_corrupt"},
		{"a short key", "pan-reference.key", "short", "sim_state_corrupt"},
		{"a long key", "pan-reference.key", strings.Repeat("x", 33), "sim_state_corrupt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := sim.OpenLedger(dir, nameOf, rand.Reader); walletport.ReasonOf(err) != c.reason {
				t.Errorf("error %v, want %s", err, c.reason)
			}
		})
	}
}

func TestALedgerThatCannotBeOpened(t *testing.T) {
	blocked := func(name string) string { // a folder stands where a file belongs
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, name, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"a file as folder":   file,
		"a folder as key":    blocked("pan-reference.key"),
		"a folder as tokens": blocked("tokens.jsonl"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := sim.OpenLedger(dir, nameOf, rand.Reader); walletport.ReasonOf(err) != "store_unavailable" || walletport.CodeOf(err) != walletport.CodeUnavailable {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := sim.OpenLedger(t.TempDir(), nameOf, iotest.ErrReader(os.ErrClosed)); walletport.ReasonOf(err) != "random" {
		t.Errorf("without randomness: %v", err)
	}
}

func TestAppendThatFailsKeepsNothing(t *testing.T) {
	l := openLedger(t, t.TempDir())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(token{Name: "lost"}); walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("error %v", err)
	}
	if tokens := l.All(); len(tokens) != 0 {
		t.Errorf("a token that was not written is told of")
	}
	odd, err := sim.OpenLedger(t.TempDir(), func(func()) string { return "" }, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer odd.Close()
	if err := odd.Append(func() {}); walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("what JSON cannot say: %v", err)
	}
}

func TestVersionsOfAToken(t *testing.T) {
	dir := t.TempDir()
	l := openLedger(t, dir)
	mustAppend(t, l, "one", "two")
	count := func(x token) (token, error) {
		x.State += "+"
		return x, nil
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := l.Change("one", count); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	refused := errors.New("no")
	if _, err := l.Change("one", func(x token) (token, error) { return x, refused }); !errors.Is(err, refused) {
		t.Errorf("a change that was refused: %v", err)
	}
	if _, err := l.Change("three", count); walletport.CodeOf(err) != walletport.CodeNotFound {
		t.Errorf("a token that there is not: %v", err)
	}
	for _, when := range []string{"at once", "after a restart"} {
		if diff := cmp.Diff([]token{{"one", "++++"}, {Name: "two"}}, l.All()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if diff := cmp.Diff([]token{{Name: "one"}, {"one", "+"}, {"one", "++"}, {"one", "+++"}, {"one", "++++"}}, l.Versions("one")); diff != "" {
			t.Errorf("versions %s (-want +got):\n%s", when, diff)
		}
		if found, ok := l.Find(func(x token) bool { return x.State == "+" }); ok {
			t.Errorf("%s an old version is found: %v", when, found)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = openLedger(t, dir)
	}
}

func TestAppendAtOnceLosesNothing(t *testing.T) {
	dir := t.TempDir()
	l := openLedger(t, dir)
	const callers, calls = 4, 5
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for j := range calls {
				if err := l.Append(token{Name: fmt.Sprint(i, j)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(openLedger(t, dir).All()); n != callers*calls {
		t.Errorf("%d tokens, want %d", n, callers*calls)
	}
}

// References of digits alone are spelled once, whatever their digits are, and no guard
// stumbles over them.
func TestReferencesAreNotTakenForPANs(t *testing.T) {
	l := openLedger(t, t.TempDir())
	digits := func(raw []byte) string {
		var text strings.Builder
		text.WriteString("V-")
		for _, b := range raw[:22] {
			text.WriteByte('0' + b%10)
		}
		return text.String()
	}
	seen := map[string]bool{}
	for i := range 200 {
		drawn, err := sim.DrawReference(rand.Reader, digits)
		if err != nil {
			t.Fatal(err)
		}
		named := l.PANReference(sim.NewCardNumber(strings.Repeat("4", i+1)), digits)
		for _, text := range []string{drawn, named} {
			if walletport.ContainsPAN(text) || seen[text] {
				t.Fatalf("a reference reads like a PAN, or is given twice")
			}
			seen[text] = true
		}
	}
	first := append([]byte{4}, bytes.Repeat([]byte{1}, 31)...) // begins with 4111 1111 1111 1111
	text, err := sim.DrawReference(bytes.NewReader(first), digits)
	if err != nil || text != "V-4111111111111111111111" {
		t.Errorf("reference %s, %v", text, err)
	}
	if _, err := sim.DrawReference(bytes.NewReader(first[:31]), digits); walletport.ReasonOf(err) != "random" {
		t.Errorf("without randomness: %v", err)
	}
}

func TestLedgerKeys(t *testing.T) {
	dir := t.TempDir()
	l := openLedger(t, dir)
	key := l.Key("consumers")
	reference := l.PANReference(sim.NewCardNumber("consumers"), hex.EncodeToString)
	if len(key) != 32 || bytes.Equal(key, l.Key("others")) || hex.EncodeToString(key) == reference {
		t.Errorf("key %x", key)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if again := openLedger(t, dir).Key("consumers"); !bytes.Equal(key, again) {
		t.Error("another key after a restart")
	}
	if other := openLedger(t, t.TempDir()).Key("consumers"); bytes.Equal(key, other) {
		t.Error("another ledger has the same key")
	}
}
