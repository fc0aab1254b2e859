package vault_test

import (
	"strings"
	"testing"

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
