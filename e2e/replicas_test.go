package e2e_test

import (
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

// TestTwoReplicasShareOneChain runs two servers on one database, and ends one of
// them without notice.
func TestTwoReplicasShareOneChain(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, storagetest.Postgres(t), "")
	first, second := p.mustServe(t), p.mustServe(t)
	one := startLoad(t, "one", 3, first.caller, serveCardID, wallet)
	two := startLoad(t, "two", 3, second.caller, serveCardID, wallet)
	one.mustReach(t, 100)
	two.mustReach(t, 100)
	answers := append(one.stop(), two.stop()...)
	wantAllGood(t, answers)
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, answers)
	if got := tr.count("one-") + tr.count("two-"); got != len(answers) {
		t.Errorf("%d records of %d answers", got, len(answers))
	}
	mustVerify(t, p.at(), tr)
	wantMixed(t, tr)

	survivor := startLoad(t, "survivor", 3, second.caller, serveCardID, wallet)
	victim := startLoad(t, "victim", 3, first.caller, serveCardID, wallet)
	survivor.mustReach(t, 20)
	victim.mustReach(t, 20)
	first.mustKill(t)
	survivor.mustReach(t, 50)
	good := survivor.stop()
	wantAllGood(t, good)
	cut := victim.stop()
	wantCutOffOnly(t, cut)
	second.mustStop(t)
	tr = mustExport(t, p.at())
	tr.wantRecorded(t, append(good, cut...))
	mustVerify(t, p.at(), tr)
}

// wantMixed wants the records of both replicas in turns, not one after the other.
func wantMixed(t *testing.T, tr trail) {
	t.Helper()
	turns, last := 0, byte(0)
	for _, r := range tr.records {
		if r.RequestID == "" || r.RequestID[0] == last {
			continue
		}
		last = r.RequestID[0]
		turns++
	}
	if turns < 4 {
		t.Errorf("the replicas took turns %d times only: they did not write at the same time", turns)
	}
}
