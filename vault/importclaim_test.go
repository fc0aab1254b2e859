package vault_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/storage"
)

// TestAnImportThatIsNotHeardOfIsTakenOver: of a process of another machine nobody knows whether
// it lives, so the time since it was last heard of decides, and no clock keeps others out for
// longer.
func TestAnImportThatIsNotHeardOfIsTakenOver(t *testing.T) {
	for name, c := range map[string]struct {
		later     time.Duration
		takenOver bool
	}{
		"a minute later":                  {later: time.Minute},
		"two minutes later":               {later: 2 * time.Minute, takenOver: true},
		"with a clock behind by a minute": {later: -time.Minute},
		"when the clock was set back":     {later: -3 * time.Hour, takenOver: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			path, want := unevenFile(t, 3000)
			o := fileOptions(t, path)
			o.File.HolderGone = func(string) bool { return false }
			r.importUntilFull(t, path, o, 1)
			r.Clock = func() time.Time { return now.Add(c.later) }
			report, err := r.importFile(t, path, o)
			if !c.takenOver {
				wantReason(t, err, "import_running")
				return
			}
			must(t, err)
			if diff := cmp.Diff(want, report); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			r.mustVerify(t, want.Inserted)
		})
	}
}

// TestAnImportWhosePlaceIsGone: somebody deletes the row that says whose the import is and how far
// it came. It stops there, stores no row without its mark, and the next import takes all rows.
func TestAnImportWhosePlaceIsGone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		path, want := unevenFile(t, 4000)
		o := fileOptions(t, path)
		var stored int
		claims := &heardClaims{Imports: r.cards}
		v := *r.Vault
		v.Imports = claims
		v.Cards = between{r.cards, func(batch int) {
			if batch == 2 {
				must(t, r.cards.EndImport(t.Context(), claims.last.ID, claims.last.Holder))
				stored = len(r.allRows(t))
			}
		}, new(int)}
		first := r
		first.Vault = &v
		_, err := first.importFile(t, path, o)
		wantReason(t, err, "import_taken")
		if left := len(r.allRows(t)); left != stored {
			t.Errorf("%d cards are stored, %d of them behind what is known of the import", left, left-stored)
		}
		report, err := r.importFile(t, path, o)
		must(t, err)
		if report.Rows != want.Rows || report.Inserted != want.Inserted-int64(stored) || report.Rejected != want.Rejected {
			t.Errorf("the next import: %+v", report)
		}
		r.mustVerify(t, want.Inserted)
		r.wantFinds(t, 3*want.Inserted)
	})
}

// TestAnImportThatIsTakenOverAtItsEnd is no success: another process does what is left.
func TestAnImportThatIsTakenOverAtItsEnd(t *testing.T) {
	for name, endsToo := range map[string]bool{"which goes on": false, "which has ended": true} {
		t.Run("by one "+name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				path, _ := unevenFile(t, 2000)
				claims := &heardClaims{Imports: r.cards}
				v := *r.Vault
				v.Imports = claims
				v.Cards = beforeDrop{r.cards, func() {
					other := claims.last
					other.Holder = "another"
					claimed, err := r.cards.ClaimImport(t.Context(), other, claims.last.Holder)
					must(t, err)
					if !claimed {
						t.Error("it is not taken over")
					}
					if endsToo {
						must(t, r.cards.EndImport(t.Context(), other.ID, other.Holder))
					}
				}}
				first := r
				first.Vault = &v
				_, err := first.importFile(t, path, fileOptions(t, path))
				wantReason(t, err, "import_taken")
			})
		})
	}
}

// beforeDrop lets somebody else act before values are taken away.
type beforeDrop struct {
	storage.Cards
	act func()
}

func (b beforeDrop) DropCardFinds(ctx context.Context, finds []storage.CardFind) error {
	b.act()
	return b.Cards.DropCardFinds(ctx, finds)
}

// heardClaims keeps the last claim of an import.
type heardClaims struct {
	storage.Imports
	last storage.Import
}

func (h *heardClaims) ClaimImport(ctx context.Context, im storage.Import, before string) (bool, error) {
	h.last = im
	return h.Imports.ClaimImport(ctx, im, before)
}
