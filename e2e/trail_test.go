package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// location is the flag that tells an operator's command whose data it works on.
type location [2]string

// with puts the location behind the words of a command.
func (l location) with(args ...string) []string { return append(args, l[0], l[1]) }

// record is a line of an audit export.
type record struct {
	Seq         int64    `json:"seq"`
	RequestID   string   `json:"requestId"`
	Client      string   `json:"client"`
	AuditUser   string   `json:"auditUser"`
	Action      string   `json:"action"`
	Issuer      string   `json:"issuer"`
	CardID      int64    `json:"cardId"`
	Wallet      string   `json:"wallet"`
	Scheme      string   `json:"scheme"`
	Outcome     string   `json:"outcome"`
	StepUp      string   `json:"stepUp"`
	KeyVersions []string `json:"keyVersions"`

	RemoteAddress string            `json:"remoteAddress"`
	Details       map[string]string `json:"details"`
	Hash          string            `json:"hash"`
}

// trail is an audit export.
type trail struct {
	text    string
	records []record
	byID    map[string][]record
}

// mustExport reads the audit trail, while the server runs or not.
func mustExport(t *testing.T, at location) trail {
	t.Helper()
	tr := trail{text: mustRun(t, "", at.with("audit", "export")...), byID: map[string][]record{}}
	lines := bufio.NewScanner(strings.NewReader(tr.text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("line %d of the export is no JSON: %v", len(tr.records)+1, err)
		}
		tr.records = append(tr.records, r)
		if r.RequestID != "" {
			tr.byID[r.RequestID] = append(tr.byID[r.RequestID], r)
		}
	}
	for i, r := range tr.records {
		if r.Seq != int64(i+1) {
			t.Fatalf("record %d of the export has the number %d", i+1, r.Seq)
		}
	}
	return tr
}

// count returns how many records there are of request ids that begin with prefix.
func (tr trail) count(prefix string) int {
	n := 0
	for _, r := range tr.records {
		if strings.HasPrefix(r.RequestID, prefix) {
			n++
		}
	}
	return n
}

// wantRecorded wants one record of each answered request, with its outcome.
func (tr trail) wantRecorded(t *testing.T, answers []answer) {
	t.Helper()
	for _, a := range answers {
		if a.err != nil {
			continue
		}
		if found := tr.byID[a.requestID]; len(found) != 1 || found[0].Outcome != a.code() {
			t.Errorf("answered %v, recorded %+v", a, found)
		}
	}
}

// mustVerify proves the stored trail, and an export of it with nothing but the
// public key at hand.
func mustVerify(t *testing.T, at location, tr trail) {
	t.Helper()
	mustRun(t, "", at.with("audit", "verify")...)
	dir := t.TempDir()
	key, export := filepath.Join(dir, "checkpoint.pem"), filepath.Join(dir, "trail.jsonl")
	mustWrite(t, key, mustRun(t, "", at.with("keys", "export-public", mustKeyID(t, at, "audit-checkpoint"))...))
	mustWrite(t, export, tr.text)
	mustRun(t, "", "audit", "verify", export, "--key", key)
}

func mustWrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustKeyID returns the id of the newest key of a purpose.
func mustKeyID(t *testing.T, at location, purpose string) string {
	t.Helper()
	list := mustRun(t, "", at.with("keys", "list")...)
	newest := ""
	for version := 1; strings.Contains(list, fmt.Sprintf("%s-v%d ", purpose, version)); version++ {
		newest = fmt.Sprintf("%s-v%d", purpose, version)
	}
	if newest == "" {
		t.Fatalf("there is no %s key", purpose)
	}
	return newest
}
