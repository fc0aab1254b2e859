package e2e_test

import (
	"testing"

	"golang.org/x/sys/unix"
)

// mustLimitFiles forbids a process to write to any file beyond size bytes, which
// is what a full disk does to a database. It returns what lifts the limit.
func mustLimitFiles(t *testing.T, pid int, size uint64) (lift func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, &before); err != nil {
		t.Skipf("this system does not let a test limit another process: %v", err)
	}
	return func() {
		t.Helper()
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &before, nil); err != nil {
			t.Fatalf("lift the limit: %v", err)
		}
	}
}

// TestDiskFull lets SQLite write no more in the middle of a load: no payload
// leaves without a record, and all is well when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", shortTimes)
	s := p.mustServe(t)
	l := startLoad(t, "full", 3, s.caller, serveCardID, wallet)
	l.mustReach(t, 20)
	lift := mustLimitFiles(t, s.cmd.Process.Pid, 0)
	l.mustReach(t, 6) // those in hand, and then refusals
	const refused = 20
	for range refused {
		if a := s.provision(serveCardID, wallet, "no-room"); a.err != nil || a.status != 503 || a.code() != "audit_unavailable" || a.header.Get("Retry-After") == "" {
			t.Fatalf("on a full disk: %v", a)
		}
	}
	eventually(t, "readiness says that nothing can be written", func() bool {
		failed, status, ok := s.ready()
		return ok && status == "not_ready" && failed["database"] == "store_unavailable" && failed["audit"] == "audit_unavailable"
	})
	lift()
	eventually(t, "the server is ready again", s.isReady)
	answers := append(l.stop(), s.provision(serveCardID, wallet, "room"))
	wantRecovered(t, answers)
	wantPayloadsRecorded(t, p, answers)
	if n := mustExport(t, p.at()).count("no-room"); n > refused {
		t.Errorf("%d records of %d refusals", n, refused)
	}
	s.mustStop(t)
}
