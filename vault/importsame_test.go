package vault_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/vault"
)

// overwrite writes a file anew in its place, as a copy onto it does.
func overwrite(t *testing.T, path, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(path, content, 0o600))
}

// TestAFileThatIsWrittenOverLeavesNoMark: as soon as it shows, nothing more is stored, and when the
// first file comes back none of its lines counts as done.
func TestAFileThatIsWrittenOverLeavesNoMark(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		path, want := unevenFile(t, 6000)
		kept, other := filepath.Join(t.TempDir(), "kept.csv"), filepath.Join(t.TempDir(), "other.csv")
		overwrite(t, kept, path)
		must(t, os.WriteFile(other, []byte(manyRows(7000)), 0o600))
		isWritten := false
		o := fileOptions(t, path)
		o.File.Changed = func() (bool, error) { return isWritten, nil }
		v := *r.Vault
		v.Cards = between{r.cards, func(batch int) {
			if batch == 3 {
				overwrite(t, path, other)
				isWritten = true
			}
		}, new(int)}
		first := r
		first.Vault = &v
		report, err := first.importFile(t, path, o)
		wantReason(t, err, "import_file_changed")
		if stored := len(r.allRows(t)); stored == 0 || int64(stored) != report.Inserted || report.Rows > 3000 {
			t.Errorf("%d cards are stored, report: %+v", stored, report)
		}
		overwrite(t, path, kept)
		o = fileOptions(t, path)
		o.File.Resuming = func(from vault.ImportResumed) { t.Errorf("it goes on behind row %d", from.Rows) }
		report, err = r.importFile(t, path, o)
		must(t, err)
		if report.Rows != want.Rows || report.Inserted == 0 || report.Unchanged == 0 || report.Rejected != want.Rejected {
			t.Errorf("report: %+v", report)
		}
		r.mustVerify(t, want.Inserted)
	})
}

// TestAnotherFileThanWasSaid, read to its end: nothing is stored of it together, and row by row no
// later import goes on from there.
func TestAnotherFileThanWasSaid(t *testing.T) {
	for name, change := range map[string]func(*vault.ImportOptions){
		"row by row": func(*vault.ImportOptions) {}, "all or nothing": func(o *vault.ImportOptions) { o.AllOrNothing = true },
		"a dry run": func(o *vault.ImportOptions) { o.DryRun = true },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			said, want := unevenFile(t, 3000)
			read := filepath.Join(t.TempDir(), "read.csv")
			must(t, os.WriteFile(read, []byte(manyRows(3000)), 0o600))
			o := fileOptions(t, said)
			change(&o)
			_, err := r.importFile(t, read, o)
			wantReason(t, err, "import_file_changed")
			if name != "row by row" {
				if rows := r.allRows(t); len(rows) != 0 {
					t.Errorf("%d cards are stored", len(rows))
				}
				return
			}
			report, err := r.importFile(t, said, fileOptions(t, said))
			must(t, err)
			if report.Rows != want.Rows || report.Inserted+report.Updated+report.Unchanged+report.Rejected != want.Rows {
				t.Errorf("report: %+v", report)
			}
		})
	}
}
