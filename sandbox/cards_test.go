package sandbox

import (
	"net/http"
	"testing"

	"github.com/walletport/walletport/server"
)

// A card with a test number is refused as one that is blocked is, and recorded.
func TestACardWithATestNumberIsNotEligible(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusOK)
	refused, err := server.TestNumbers()
	must(t, err)
	box.Vault.TestNumbers = refused
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusForbidden)
	head, err := box.Database.AuditHead(t.Context())
	must(t, err)
	entries, err := box.Database.AuditAfter(t.Context(), head.Seq-1, 1)
	must(t, err)
	if r := entries[0].Record; r.Outcome != "card_not_eligible" || r.CardID != 1001 {
		t.Errorf("the trail says %+v", r)
	}
}

// Everybody knows the numbers of a sandbox: a server for production refuses each.
func TestEverySampleNumberIsRefusedInProduction(t *testing.T) {
	refused, err := server.TestNumbers()
	must(t, err)
	known := map[string]bool{}
	for _, pan := range refused {
		known[string(pan.Reveal())] = true
	}
	for _, sample := range sampleCards {
		if !known[sample.pan] {
			t.Errorf("the number of sample card %d is taken", sample.id)
		}
	}
	if len(refused) != len(sampleCards) {
		t.Errorf("%d numbers for %d samples", len(refused), len(sampleCards))
	}
}
