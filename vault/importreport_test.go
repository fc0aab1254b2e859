package vault_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault"
)

func TestReportListsTheFirstErrorsAndCountsAll(t *testing.T) {
	r := newRig(t)
	o := csvOptions()
	o.MaxErrors = 3
	var progress []vault.ImportProgress
	o.Progress = func(p vault.ImportProgress) { progress = append(progress, p) }
	file := header + strings.Repeat("1,1,12,2031,,\n", 2500)
	report := r.mustImport(t, file, o)
	if report.ErrorCount != 2500 || report.Rejected != 2500 || len(report.Errors) != 3 || report.Errors[2].Line != 4 {
		t.Errorf("report %+v", report)
	}
	if len(progress) != 3 || progress[1].Rows != 2000 || progress[2] != (vault.ImportProgress{Rows: 2500, Bytes: int64(len(file))}) {
		t.Errorf("progress %v", progress)
	}
}

func TestReportListsNoErrorsAndCountsAll(t *testing.T) {
	r := newRig(t)
	o := csvOptions()
	o.MaxErrors = -1
	report := r.mustImport(t, header+strings.Repeat("1,1,12,2031,,\n", 7), o)
	if report.ErrorCount != 7 || report.Rejected != 7 || len(report.Errors) != 0 {
		t.Errorf("report %+v", report)
	}
}

// TestAChangeThatWasMissedIsCountedOnce: in the second batch somebody else changes a card between
// look-up and change, so that the batch is stored in two attempts.
func TestAChangeThatWasMissedIsCountedOnce(t *testing.T) {
	const cards = 1500
	r := newRig(t)
	var stored, changed strings.Builder
	stored.WriteString(header)
	changed.WriteString("cardId,status\n")
	for id := 1; id <= cards; id++ {
		fmt.Fprintf(&stored, "%d,5204247750001471,12,2031,ADA,\n", id)
		fmt.Fprintf(&changed, "%d,CARD_LOST\n", id)
	}
	r.mustImport(t, stored.String(), csvOptions())
	mine := *r.Vault
	var ofTheLast atomic.Int32 // look-ups
	mine.Cards = meddling{Cards: r.cards, meddle: func(ids []walletport.CardID) {
		if slices.Contains(ids, cards) && ofTheLast.Add(1) == 1 {
			r.mustImport(t, fmt.Sprintf("cardId,product\n%d,mc-credit\n", cards), csvOptions())
		}
	}}
	report, err := mine.Import(t.Context(), strings.NewReader(changed.String()), csvOptions())
	must(t, err)
	want := vault.ImportReport{
		Rows: cards, Updated: cards, Changed: map[string]int64{"status": cards},
		Statuses: map[vault.StatusChange]int64{{From: walletport.CardOK, To: walletport.CardLost}: cards},
	}
	if diff := cmp.Diff(want, report); diff != "" || ofTheLast.Load() != 2 {
		t.Errorf("after %d look-ups of the last card (-want +got):\n%s", ofTheLast.Load(), diff)
	}
}
