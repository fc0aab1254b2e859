package e2e_test

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

// line is a connection to a database that a test can cut.
type line struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	mode   lineMode
	resume chan struct{} // closed unless the line is silent
	open   []net.Conn
}

type lineMode int

const (
	lineWorks  lineMode = iota
	lineCut             // connections are broken, new ones are closed at once
	lineSilent          // nothing comes through and nothing is said
)

// mustLine puts a line before the database of a URL, and returns the URL through it.
func mustLine(t *testing.T, databaseURL string) (*line, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{target: u.Host, resume: make(chan struct{})}
	close(l.resume)
	if l.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(l.accept)
	t.Cleanup(func() {
		l.listener.Close()
		l.set(lineCut)
		serving.Wait()
	})
	u.Host = l.listener.Addr().String()
	return l, u.String()
}

// set changes what the line does.
func (l *line) set(mode lineMode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == lineSilent {
		close(l.resume)
	}
	if l.mode = mode; mode == lineSilent {
		l.resume = make(chan struct{})
	}
	if mode == lineCut {
		for _, c := range l.open {
			c.Close()
		}
		l.open = nil
	}
}

func (l *line) accept() {
	var pipes sync.WaitGroup
	defer pipes.Wait()
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil || !l.admit(near, far) {
			near.Close()
			continue
		}
		pipes.Go(func() { l.pump(near, far) })
		pipes.Go(func() { l.pump(far, near) })
	}
}

func (l *line) admit(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == lineCut {
		for _, c := range ends {
			c.Close()
		}
		return false
	}
	l.open = append(l.open, ends...)
	return true
}

// pump copies while the line works, and holds what it read while it is silent.
func (l *line) pump(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.mu.Lock()
		resume := l.resume
		l.mu.Unlock()
		<-resume
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// shortTimes keep the waiting for a silent database short.
const shortTimes = "api: {limits: {request_time: 2s, requests_per_second: -1, requests_per_minute: -1}}\naudit: {commit_timeout: 2s}\n"

// unavailable are the codes that say "try again".
var unavailable = []string{"store_unavailable", "audit_unavailable", "timed_out"}

// TestDatabaseGone takes PostgreSQL away in the middle of a load, in two ways:
// nothing is handed out without a record, callers are told to come again, and
// all is well when it is back.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		mode lineMode
	}{
		{"connections break", lineCut},
		{"it falls silent", lineSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			database, through := mustLine(t, storagetest.Postgres(t))
			p := mustProduction(t, through, shortTimes)
			s := p.mustServe(t)
			l := startLoad(t, "gone", 3, s.caller, serveCardID, wallet)
			l.mustReach(t, 20)
			database.set(c.mode)
			l.mustReach(t, 6) // those in hand, and then refusals
			a := s.provision(serveCardID, wallet, "away")
			if a.err != nil || a.status != 503 || !slices.Contains(unavailable, a.code()) || a.header.Get("Retry-After") == "" {
				t.Errorf("without a database: %v", a)
			}
			eventually(t, "readiness says that the database is away", func() bool {
				failed, status, ok := s.ready()
				return ok && status == "not_ready" && failed["database"] == "store_unavailable"
			})
			if health := s.get("/healthz"); health.status != 200 {
				t.Errorf("the process is well, but /healthz says %v", health)
			}
			database.set(lineWorks)
			eventually(t, "the server is ready again", s.isReady)
			answers := append(l.stop(), s.provision(serveCardID, wallet, "back"))
			wantRecovered(t, answers)
			wantPayloadsRecorded(t, p, answers)
			s.mustStop(t)
		})
	}
}

// wantRecovered wants payloads and clean refusals only, and a payload at the end.
func wantRecovered(t *testing.T, answers []answer) {
	t.Helper()
	for _, a := range answers {
		refused := a.status == 503 && slices.Contains(unavailable, a.code())
		if a.err != nil || a.code() != "ok" && !refused {
			t.Errorf("neither a payload nor a clean refusal: %v", a)
		}
	}
	if last := answers[len(answers)-1]; last.code() != "ok" {
		t.Errorf("after the outage: %v", last)
	}
}

// wantPayloadsRecorded wants a record of each payload that left, and a good chain.
func wantPayloadsRecorded(t *testing.T, p *production, answers []answer) {
	t.Helper()
	var left []answer
	for _, a := range answers {
		if a.code() == "ok" {
			left = append(left, a)
		}
	}
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, left)
	mustVerify(t, p.at(), tr)
}

// TestStartWithoutDatabase wants a server without a database to say so and end.
func TestStartWithoutDatabase(t *testing.T) {
	t.Parallel()
	database, through := mustLine(t, storagetest.Postgres(t))
	p := mustProduction(t, through, "")
	database.set(lineCut)
	s := mustStart(t, []string{"WALLETPORT_CONFIG=" + p.configPath()}, "serve")
	if code := s.mustExit(t); code != 1 || !strings.Contains(s.out.String(), "store_unavailable") {
		t.Errorf("exit code %d, want 1, and printed %s", code, s.out.tail())
	}
}
