package audit_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/oracle"
)

// TestADetailThatNobodyHasDeclared goes through a trail of each engine, an export and
// all verifiers: to record one more fact changes none of them.
func TestADetailThatNobodyHasDeclared(t *testing.T) {
	const name, value = walletport.DetailName("weather_of_the_day"), "fog, 7 °C"
	eachEngine(t, func(t *testing.T, database string) {
		ring, store := checkpointRing(t), mustOpen(t, database)
		l, stop := mustRun(t, audit.Config{Store: store, Keys: keystest.NewSource(ring)})
		told := record(0)
		told.SetDetail(name, value)
		if err := l.Record(t.Context(), told); err != nil {
			t.Fatalf("Record: %v", err)
		}
		stop()
		if got := mustVerify(t, store, ring); got.Records != 1 || got.Unsigned != 0 {
			t.Errorf("Verify = %+v, want one record, signed", got)
		}
		export := strings.Join(mustExport(t, store, audit.ExportOptions{Keys: ring}), "")
		if want := `"details":{"weather_of_the_day":"fog, 7 °C"}`; !strings.Contains(export, want) {
			t.Errorf("the export lacks %s: %s", want, export)
		}
		if got, err := audit.VerifyExport(t.Context(), strings.NewReader(export), publicOf(t, ring)); err != nil || got.Records != 1 {
			t.Errorf("VerifyExport = %+v, %v", got, err)
		}
		out := oracle.Need(t, "python3").Run(t, []byte(export), "testdata/verify_export.py")
		if got := strings.Fields(string(out)); len(got) != 4 || got[0] != "1" {
			t.Errorf("verify_export.py: %s, want one record", got)
		}
	})
}
