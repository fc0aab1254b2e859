package e2e_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDatabaseFilesTakenAway takes files of SQLite away in the middle of a load, and
// then kills the server: every payload that left, before or after, has its record, and
// a start finds it.
func TestDatabaseFilesTakenAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		take, give func(database string) error // give is done before the next start
	}{
		{"its log is removed", func(database string) error { return os.Remove(database + "-wal") }, nil},
		{"it is moved away", func(database string) error { return os.Rename(database, database+".away") },
			func(database string) error { return os.Rename(database+".away", database) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mustProduction(t, "", shortTimes)
			database := filepath.Join(p.dir, "walletport.db")
			s := p.mustServe(t)
			l := startLoad(t, "taken", 3, s.caller, serveCardID, wallet)
			l.mustReach(t, 40)
			if err := c.take(database); err != nil {
				t.Fatal(err)
			}
			l.mustReach(t, 6) // those in hand, and then refusals
			for range 20 {
				if a := s.provision(serveCardID, wallet, "after"); a.err != nil || a.status != 503 || a.header.Get("Retry-After") == "" {
					t.Fatalf("without its files: %v", a)
				}
			}
			eventually(t, "readiness says that the database is lost", func() bool {
				failed, status, ok := s.ready()
				return ok && status == "not_ready" && failed["database"] == "store_unavailable"
			})
			s.mustKill(t)
			if !s.says("walletport.db") || !s.says("while it was open") {
				t.Errorf("the log does not say what happened")
			}
			answers := l.stop()
			if c.give != nil {
				if err := c.give(database); err != nil {
					t.Fatal(err)
				}
			}
			s = p.mustServe(t)
			answers = append(answers, s.provision(serveCardID, wallet, "again"))
			if last := answers[len(answers)-1]; last.code() != "ok" {
				t.Errorf("after a start: %v", last)
			}
			wantPayloadsRecorded(t, p, answers)
			s.mustStop(t)
		})
	}
}
