package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/vault"
)

// What the process that is killed gets from the test.
const (
	killedFile     = "WALLETPORT_TEST_IMPORT_FILE"
	killedDatabase = "WALLETPORT_TEST_IMPORT_DATABASE" // "sqlite PATH" or "postgres URL"
	killedAfter    = "WALLETPORT_TEST_IMPORT_AFTER"    // where its reading stands still, see killPoint
)

// killPoint is where an import is killed: when it has read so much of the file, for the first or
// the second time, and if settled, has stored all batches of that.
type killPoint struct {
	pass, bytes int
	settled     bool
}

func (k killPoint) String() string { return fmt.Sprintf("%d %d %t", k.pass, k.bytes, k.settled) }

// heldAt reads up to a place and then waits for good.
type heldAt struct {
	io.ReadCloser
	left, lines int
	settled     bool
	stored      *atomic.Int64 // rows
}

func (h *heldAt) Read(to []byte) (int, error) {
	if h.left == 0 {
		batches := int64(h.lines-1) / 1000 * 1000 // the header is no row
		for h.settled && h.stored.Load() < batches {
			time.Sleep(time.Millisecond)
		}
		fmt.Println("held")
		select {}
	}
	n, err := h.ReadCloser.Read(to[:min(len(to), h.left)])
	h.left -= n
	h.lines += bytes.Count(to[:n], []byte("\n"))
	return n, err
}

// handRig is a vault with keys that two processes have.
func handRig(t testing.TB, store storage.Store) rig {
	t.Helper()
	kek, err := keys.NewKEK([]byte(strings.Repeat("k", 32)))
	must(t, err)
	mac, err := keys.NewMAC([]byte(strings.Repeat("i", 32)))
	must(t, err)
	r := rigOn(t, store)
	source := keystest.NewSource(keys.NewRing([]*keys.Key{
		{Meta: keys.Meta{ID: "vault-kek-v1", Purpose: keys.VaultKEK, Version: 1, State: keys.Active}, KEK: kek},
		{Meta: keys.Meta{ID: "vault-index-v1", Purpose: keys.VaultIndex, Version: 1, State: keys.Active}, MAC: mac},
	}))
	r.Keys, r.keys = source, source
	return r
}

// fileOptions are those of an import of a file that can be read again.
func fileOptions(t testing.TB, path string) vault.ImportOptions {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	sum := sha256.Sum256(content)
	o := csvOptions()
	o.Scratch = t.TempDir()
	o.File = vault.ImportFile{
		SHA256: hex.EncodeToString(sum[:]), Who: "somebody", HolderGone: func(string) bool { return true },
		Open: func() (io.ReadCloser, error) { return os.Open(path) },
	}
	return o
}

// importFile imports a file as far as it goes.
func (r rig) importFile(t testing.TB, path string, o vault.ImportOptions) (vault.ImportReport, error) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	return r.Import(t.Context(), f, o)
}

// TestKilledImport is the process that TestImportKilledAndResumed kills.
func TestKilledImport(t *testing.T) {
	path, database := os.Getenv(killedFile), os.Getenv(killedDatabase)
	if path == "" {
		t.Skip("this is a part of TestImportKilledAndResumed")
	}
	engine, place, _ := strings.Cut(database, " ")
	var store storage.Store
	var err error
	if engine == "sqlite" {
		store, err = sqlite.Open(t.Context(), sqlite.Config{Path: place})
	} else {
		store, err = postgres.Open(t.Context(), postgres.Config{URL: place})
	}
	must(t, err)
	var at killPoint
	_, err = fmt.Sscan(os.Getenv(killedAfter), &at.pass, &at.bytes, &at.settled)
	must(t, err)
	o := fileOptions(t, path)
	var stored atomic.Int64
	o.Progress = func(p vault.ImportProgress) { stored.Store(p.Rows) }
	o.File.Resuming = func(r vault.ImportResumed) { stored.Store(r.Rows) }
	open := o.File.Open
	held := func(pass int) (io.ReadCloser, error) {
		f, err := open()
		if pass == at.pass {
			return &heldAt{ReadCloser: f, left: at.bytes, settled: at.settled, stored: &stored}, err
		}
		return f, err
	}
	o.File.Open = func() (io.ReadCloser, error) { return held(1) }
	f, err := held(2)
	must(t, err)
	_, err = handRig(t, store).Import(t.Context(), f, o)
	t.Fatalf("the import came to its end: %v", err)
}

// killImport runs an import in a process of its own and kills it (SIGKILL) when its reading
// stands still.
func killImport(t *testing.T, database, path string, at killPoint) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledImport$")
	// What the child would clean up when it ends is in a folder of this test: it is killed.
	child.Env = append(os.Environ(), killedFile+"="+path, killedDatabase+"="+database, killedAfter+"="+at.String(), "TMPDIR="+t.TempDir())
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	said := make([]byte, 5)
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "held\n" {
		rest, _ := io.ReadAll(out)
		t.Fatalf("the import said %q %q, %v", said, rest, err)
	}
	must(t, child.Process.Kill())
	_ = child.Wait()
}

// unevenFile has good rows, rows that say the same again, rows that contradict an earlier one far
// before, and bad rows.
func unevenFile(t testing.TB, rows int) (path string, want vault.ImportReport) {
	t.Helper()
	var b strings.Builder
	b.WriteString("cardId,pan,expiryMonth,expiryYear,cardholderName,customerId\n")
	for i := range rows {
		line := int64(i + 2)
		switch {
		case i%997 == 500: // again, as in the row before the last
			fmt.Fprintf(&b, "%d,5204247750001471,12,2031,ADA LOVELACE,C%d\n", i-1, (i-2)%50)
			want.Unchanged++
		case i%991 == 600: // another name for a card of the beginning
			b.WriteString("11,5204247750001471,12,2031,SOMEBODY ELSE,\n")
			want.Errors = append(want.Errors, vault.RowError{Line: line, Field: "cardId", Rule: "stands on line 12 already, with other content"})
		case i%983 == 700:
			fmt.Fprintf(&b, "%d,5204247750001472,12,2031,ADA LOVELACE,\n", i+1)
			want.Errors = append(want.Errors, vault.RowError{Line: line, Field: "pan", Rule: "has a wrong check digit"})
		default:
			fmt.Fprintf(&b, "%d,5204247750001471,12,2031,ADA LOVELACE,C%d\n", i+1, i%50)
			want.Inserted++
		}
	}
	want.Rows, want.ErrorCount = int64(rows), int64(len(want.Errors))
	want.Rejected = want.ErrorCount
	path = filepath.Join(t.TempDir(), "cards.csv")
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path, want
}

// TestImportKilledAndResumed kills an import ten times, with SIGKILL: twice while it reads the
// file for what its cards are found by, and eight times further and further on, in the middle of
// batches and between them. What is imported
// in the end, and what the report counts, is as if nothing had happened.
func TestImportKilledAndResumed(t *testing.T) {
	const rows = 12_000
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			r := newRig(t)
			database := "sqlite " + r.path
			if engine == "postgres" {
				r = newPostgresRig(t)
				database = "postgres " + r.url
			}
			path, want := unevenFile(t, rows)
			info, err := os.Stat(path)
			must(t, err)
			for i := range 10 {
				at := killPoint{pass: 2, bytes: int(info.Size()) * i / 10, settled: i%2 == 1}
				if i < 2 {
					at = killPoint{pass: 1, bytes: int(info.Size()) * (i + 1) / 3}
				}
				killImport(t, database, path, at)
			}
			resumed := handRig(t, r.cards)
			o := fileOptions(t, path)
			var from vault.ImportResumed
			o.File.Resuming = func(r vault.ImportResumed) { from = r }
			report, err := resumed.importFile(t, path, o)
			must(t, err)
			if diff := cmp.Diff(want, report); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if from.Rows < rows*3/4 || from.Rows >= rows {
				t.Errorf("it went on behind row %d of %d", from.Rows, rows)
			}
			resumed.mustVerify(t, want.Inserted)
			r.wantFinds(t, 3*want.Inserted)
			again, err := resumed.importFile(t, path, o)
			must(t, err)
			if again.Inserted != 0 || again.Updated != 0 || again.Rows != rows {
				t.Errorf("the next import of the file is no new one: %+v", again)
			}
		})
	}
}

// wantFinds counts the values by which cards are found: three a card, and none without a card.
func (r rig) wantFinds(t testing.TB, want int64) {
	t.Helper()
	const count = "SELECT count(*) FROM card_finds"
	var got int64
	if r.path != "" {
		db, err := sql.Open("sqlite", r.path)
		must(t, err)
		defer db.Close()
		must(t, db.QueryRowContext(t.Context(), count).Scan(&got))
	} else {
		conn, err := pgx.Connect(t.Context(), r.url)
		must(t, err)
		defer conn.Close(t.Context())
		must(t, conn.QueryRow(t.Context(), count).Scan(&got))
	}
	if got != want {
		t.Errorf("%d values stand in card_finds, want %d", got, want)
	}
}

// fullAfter fails like a database without room, from the n-th batch on.
type fullAfter struct {
	storage.Cards
	batches int
}

var errFull = errors.New("database or disk is full")

func (f *fullAfter) ChangeCards(ctx context.Context, changes []storage.CardChange, mark *storage.ImportMark) ([]walletport.CardID, error) {
	if f.batches--; f.batches < 0 {
		return nil, storage.ErrUnavailable(ctx, errFull)
	}
	return f.Cards.ChangeCards(ctx, changes, mark)
}

// importUntilFull imports a file into a database that has room for that many batches.
func (r rig) importUntilFull(t *testing.T, path string, o vault.ImportOptions, batches int) vault.ImportReport {
	t.Helper()
	v := *r.Vault
	v.Cards = &fullAfter{r.cards, batches}
	r.Vault = &v
	report, err := r.importFile(t, path, o)
	wantReason(t, err, "store_unavailable")
	if !errors.Is(err, errFull) {
		t.Errorf("the error does not say why: %v", err)
	}
	return report
}

// TestImportIntoAFullDatabase ends with the fault, counts what is stored, and goes on from there
// when there is room. That SQLite says so, and keeps no half of a batch, is shown in storage/sqlite.
func TestImportIntoAFullDatabase(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		path, want := unevenFile(t, 7000)
		o := fileOptions(t, path)
		counted, stored := r.importUntilFull(t, path, o, 3).Inserted, int64(len(r.allRows(t)))
		if counted != stored || stored == 0 || stored >= want.Inserted {
			t.Errorf("%d cards are stored, and the report counts %d", stored, counted)
		}
		report, err := r.importFile(t, path, o)
		must(t, err)
		if diff := cmp.Diff(want, report); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		r.mustVerify(t, want.Inserted)
		r.wantFinds(t, 3*want.Inserted)
	})
}

// TestTwoImportsAtOnce of one file: the second is told who runs the first. It takes over from
// one that is no more, and one that only seemed so stores nothing further.
func TestTwoImportsAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		path, want := unevenFile(t, 5000)
		alive := fileOptions(t, path)
		alive.File.Who, alive.File.HolderGone = "ada on host-1, process 4711", func(string) bool { return false }
		dead := fileOptions(t, path)
		v := *r.Vault
		v.Cards = between{r.cards, func(batch int) {
			if batch != 2 {
				return
			}
			alive.MaxErrors = batch // how many errors are listed makes it no other import
			_, err := r.importFile(t, path, alive)
			wantReason(t, err, "import_running")
			if text := fmt.Sprint(err); !strings.Contains(text, "ada on host-1, process 4711") || !strings.Contains(text, now.Format(time.RFC3339)) {
				t.Errorf("the error does not say who imports the file, since when: %v", err)
			}
			report, err := r.importFile(t, path, dead)
			must(t, err)
			if diff := cmp.Diff(want, report); diff != "" {
				t.Errorf("report of the one that took over (-want +got):\n%s", diff)
			}
		}, new(int)}
		first := r
		first.Vault = &v
		_, err := first.importFile(t, path, alive)
		wantReason(t, err, "import_taken")
		r.mustVerify(t, want.Inserted)
	})
}

// between lets somebody else act before a batch is stored.
type between struct {
	storage.Cards
	act   func(batch int)
	batch *int
}

func (m between) ChangeCards(ctx context.Context, changes []storage.CardChange, mark *storage.ImportMark) ([]walletport.CardID, error) {
	*m.batch++
	m.act(*m.batch)
	return m.Cards.ChangeCards(ctx, changes, mark)
}

// TestTwoFilesAtOnce: imports of different files go side by side, also where they have cards in
// common.
func TestTwoFilesAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		one, want := unevenFile(t, 4000)
		two, _ := unevenFile(t, 6000)
		ended := make(chan error)
		go func() {
			f, err := os.Open(one)
			if err == nil {
				_, err = r.Import(t.Context(), f, fileOptions(t, one))
				f.Close()
			}
			ended <- err
		}()
		report, err := r.importFile(t, two, fileOptions(t, two))
		must(t, errors.Join(err, <-ended))
		stored := int64(len(r.allRows(t)))
		if stored < want.Inserted || report.Rejected >= report.Rows {
			t.Errorf("%d cards are stored; of the second file: %+v", stored, report)
		}
		r.mustVerify(t, stored)
	})
}

// TestAnOldImportBeginsAnew: what was broken off long ago does not go on, and nor does what is
// told not to, or is to be done in another way.
func TestAnOldImportBeginsAnew(t *testing.T) {
	for name, c := range map[string]struct {
		later   time.Duration
		change  func(*vault.ImportOptions)
		resumes bool
	}{
		"an hour later":        {later: time.Hour, resumes: true},
		"two days later":       {later: 48 * time.Hour},
		"from the start":       {change: func(o *vault.ImportOptions) { o.File.FromStart = true }},
		"for all that is gone": {change: func(o *vault.ImportOptions) { o.ReplaceForgotten = true }},
		"fewer errors listed":  {change: func(o *vault.ImportOptions) { o.MaxErrors = 1 }, resumes: true},
		"more errors listed":   {change: func(o *vault.ImportOptions) { o.MaxErrors = 5000 }, resumes: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			path, want := unevenFile(t, 3000)
			o := fileOptions(t, path)
			r.importUntilFull(t, path, o, 1)
			if c.change != nil {
				c.change(&o)
			}
			r.Clock = func() time.Time { return now.Add(c.later) }
			report, err := r.importFile(t, path, o)
			must(t, err)
			if resumed := report.Inserted == want.Inserted; resumed != c.resumes {
				t.Errorf("it counts %d of %d cards as inserted", report.Inserted, want.Inserted)
			}
			r.mustVerify(t, want.Inserted)
		})
	}
}

// TestNothingIsLeftOfRefusedRows: what was stored ahead of a row that is refused in the end is
// taken away.
func TestNothingIsLeftOfRefusedRows(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustImport(t, "cardId,pan,expiryMonth,expiryYear,issuer\n7,4761120010000492,12,2031,globex\n", vault.ImportOptions{Format: vault.CSV})
		path := filepath.Join(t.TempDir(), "cards.csv")
		must(t, os.WriteFile(path, []byte("cardId,pan,expiryMonth,expiryYear,customerId\n7,5204247750001471,12,2031,C1\n8,5204247750001471,12,2031,C2\n"), 0o600))
		report, err := r.importFile(t, path, fileOptions(t, path))
		must(t, err)
		if report.Inserted != 1 || report.Rejected != 1 {
			t.Errorf("report: %+v", report)
		}
		r.wantFinds(t, 2+3)
		index := r.mustFind(t, 8).PANIndex
		found, err := r.cards.CardsByPANIndex(t.Context(), index)
		must(t, err)
		if len(found) != 1 || found[0].ID != 8 {
			t.Errorf("the PAN finds %s cards", strconv.Itoa(len(found)))
		}
	})
}
