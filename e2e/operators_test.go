package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// verification is what audit verify --json prints.
type verification struct {
	Verified, Whole               bool
	Records, Unsigned, SignedUpTo int64
	Checkpoints                   int64
}

// mustVerification verifies the stored trail and leaves no record in it.
func mustVerification(t *testing.T, at location) verification {
	t.Helper()
	var v verification
	if err := json.Unmarshal([]byte(mustRun(t, "", at.with("audit", "verify", "--no-record", "--json")...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestWhatAKillLeftUnsignedIsSigned kills a server whose records nobody has signed.
func TestWhatAKillLeftUnsignedIsSigned(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			dir, databaseURL := filepath.Join(t.TempDir(), "box"), e.url(t)
			s := mustSandbox(t, dir, databaseURL)
			l := startLoad(t, "unsigned", 4, s.caller(), goodCard, wallet)
			l.mustReach(t, 20)
			s.mustKill(t)
			l.stop()
			before := mustVerification(t, s.at())
			if before.Unsigned < 20 {
				t.Fatalf("%d records are unsigned after the kill, want those of the load", before.Unsigned)
			}
			s = mustSandbox(t, dir, databaseURL)
			eventually(t, "the next server signs what it found", func() bool {
				return mustVerification(t, s.at()).SignedUpTo >= before.Records
			})
			s.mustStop(t)
			if after := mustVerification(t, s.at()); after.Unsigned != 0 || !after.Whole {
				t.Errorf("after an orderly stop: %+v, want all signed", after)
			}
		})
	}
}

// TestAKilledImportLeavesItsRecord kills an import that waits for the rest of its file.
func TestAKilledImportLeavesItsRecord(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := mustSandbox(t, filepath.Join(t.TempDir(), "box"), e.url(t))
			file, rest, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			defer rest.Close()
			p := mustStartReading(t, file, s.at().with("cards", "import", "-", "--format", "csv")...)
			imports := func() (outcomes []string) {
				for _, r := range mustExport(t, s.at()).records {
					if r.Action == "cards.import" && r.Client == "operator" && r.Details["command"] == "cards import" {
						outcomes = append(outcomes, r.Outcome)
					}
				}
				return outcomes
			}
			eventually(t, "the import is recorded before it has read its file", func() bool { return len(imports()) == 1 })
			p.mustKill(t)
			if got := imports(); len(got) != 1 || got[0] != "started" {
				t.Errorf("the import's records have the outcomes %q, want that it was started and no more", got)
			}
			if v := mustVerification(t, s.at()); !v.Verified {
				t.Errorf("the trail: %+v", v)
			}
		})
	}
}
