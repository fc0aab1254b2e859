package e2e_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mustCopyTree copies the files below a folder, private as the program makes them.
func mustCopyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		mustWrite(t, target, mustRead(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAnOldSandboxGoesOn starts today's program on the folder of a sandbox that the
// program before it made, see testdata/old.
func TestAnOldSandboxGoesOn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "box")
	mustCopyTree(t, "testdata/old/sandbox", dir)
	var before sandboxFile
	if err := json.Unmarshal([]byte(mustRead(t, filepath.Join(dir, "sandbox.json"))), &before); err != nil {
		t.Fatal(err)
	}
	s := mustSandbox(t, dir, "")
	before.MDES.CustomerService = s.file.MDES.CustomerService // the program before it had none
	before.VTS.TokenAPI = s.file.VTS.TokenAPI                 // nor these
	if s.file.MDES != before.MDES || s.file.VTS != before.VTS || s.file.Credentials.Basic != before.Credentials.Basic {
		t.Error("it has other keys or credentials than before")
	}
	for scheme, card := range map[string]int64{"mdes": mastercardCard, "vts": visaCard} {
		made := strings.TrimSpace(mustRead(t, filepath.Join(dir, scheme, "tokens.jsonl")))
		if tokens := s.caller().get("/sandbox/" + scheme + "/tokens").body; !strings.Contains(tokens, reference(t, made)) {
			t.Errorf("the token of before is not among those of %s: %s", scheme, tokens)
		}
		if listed := s.mustFind(t, card); listed.Reference != reference(t, made) {
			t.Errorf("card %d has the token %+v listed", card, listed)
		}
	}
	if known := s.caller().get("/sandbox/clicktopay/consumers").body; known != `{"consumers":[]}` { // the program before it had none
		t.Errorf("Click to Pay knows %s", known)
	}
	s.mustEnrol(t, "customer-1")
	s.provisioned(t, s.caller(), wallet, "old-box")
	s.wantApplePay(t, visaCard)
	mustRun(t, "", s.at().with("vault", "verify")...)
	mustVerify(t, s.at(), mustExport(t, s.at()))
	s.mustStop(t)
}

// reference returns what the simulated scheme calls a token of its file.
func reference(t *testing.T, line string) string {
	t.Helper()
	var token map[string]any
	if err := json.Unmarshal([]byte(line), &token); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tokenUniqueReference", "tokenReferenceID"} {
		if text, ok := token[name].(string); ok {
			return text
		}
	}
	t.Fatalf("a token without a reference: %s", line)
	return ""
}
