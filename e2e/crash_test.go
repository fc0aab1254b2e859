package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestKillInTheMiddleOfALoad pulls the plug of the process again and again: what
// was answered is on record, and the chain holds.
func TestKillInTheMiddleOfALoad(t *testing.T) {
	t.Parallel()
	const rounds, workers, answersEach = 5, 32, 50
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			dir, databaseURL := filepath.Join(t.TempDir(), "box"), e.url(t)
			var answered []answer
			for round := range rounds {
				s := mustSandbox(t, dir, databaseURL)
				l := startLoad(t, fmt.Sprintf("kill-%d", round), workers, s.caller(), goodCard, wallet)
				l.mustReach(t, answersEach)
				s.mustKill(t)
				answers := l.stop()
				wantCutOffOnly(t, answers)
				answered = append(answered, answers...)
			}
			s := mustSandbox(t, dir, databaseURL)
			tr := mustExport(t, s.at())
			tr.wantRecorded(t, answered)
			mustVerify(t, s.at(), tr)
			s.mustStop(t)
		})
	}
}

// wantCutOffOnly wants payloads, or nothing at all: a dead server refuses nobody.
func wantCutOffOnly(t *testing.T, answers []answer) {
	t.Helper()
	for _, a := range answers {
		if a.err == nil && a.code() != "ok" {
			t.Errorf("refused under load: %v", a)
		}
	}
}

// TestShutdownUnderLoad wants every request that the server accepted answered
// after SIGTERM: what has a record was answered, for a caller whose connection
// never was accepted has none. Passes need one part more than pushes: what uses up
// their nonces.
func TestShutdownUnderLoad(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			apple := mustAuthority(t)
			p := mustWalletProduction(t, e.url(t), "", apple)
			s := p.mustServe(t)
			chain := apple.mustChain(t)
			pushes := startLoad(t, "stop-push", 4, s.caller, serveCardID, wallet)
			passes := startCalls(t, "stop-pass", 2, func(requestID string) answer {
				return s.post(provisionPath(servedVisa, "applepay"), appleRequest(chain), requestID)
			})
			pushes.mustReach(t, 30)
			passes.mustReach(t, 20)
			s.mustStop(t)
			answers := append(pushes.stop(), passes.stop()...)
			wantCutOffOnly(t, answers)
			tr := mustExport(t, p.at())
			tr.wantRecorded(t, answers)
			answered := 0
			for _, a := range answers {
				if a.err == nil {
					answered++
				}
			}
			if recorded := tr.count("stop-"); recorded != answered {
				t.Errorf("%d requests were recorded, %d answered", recorded, answered)
			}
			mustVerify(t, p.at(), tr)
		})
	}
}

// TestShutdownWaitsForTheRequestInHand holds a request open over SIGTERM: the
// server takes no more callers, yet answers this one, and only then ends.
func TestShutdownWaitsForTheRequestInHand(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	s := p.mustServe(t)
	host := mustHost(t, s.base)
	held, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	r := fmt.Sprintf("POST /wallet/v1/%d/provision/issuerwallet/%s?auditUser=ada HTTP/1.1\r\nHost: x\r\nX-Request-Id: held\r\n"+
		"Authorization: %s\r\nContent-Length: 2\r\n\r\n", serveCardID, wallet, basicHeader(p.client))
	mustSend(t, held, r+"{")
	eventually(t, "the request is in hand", func() bool {
		return strings.Contains(s.get("/metrics").body, "walletport_http_requests_in_flight 2") // it, and the reader of the page
	})
	s.mustSignal(t, syscall.SIGTERM)
	eventually(t, "new connections are refused", func() bool {
		late, err := net.Dial("tcp", host)
		if err == nil {
			late.Close()
		}
		return err != nil
	})
	if s.hasExited() {
		t.Fatal("the server ended with a request in hand")
	}
	mustSend(t, held, "}")
	status, err := bufio.NewReader(held).ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.1 400 ") {
		t.Errorf("the request in hand got %q, %v", status, err)
	}
	if code := s.mustExit(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if found := mustExport(t, p.at()).byID["held"]; len(found) != 1 || found[0].Outcome != "body_unexpected" {
		t.Errorf("recorded %+v", found)
	}
}

func mustHost(t *testing.T, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func mustSend(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}
