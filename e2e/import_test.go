package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mustCountCards verifies all cards and returns how many there are.
func (p *production) mustCountCards(t *testing.T) int {
	t.Helper()
	var counts struct{ Cards, Good int }
	lines := strings.Split(strings.TrimSpace(mustRun(t, "", p.at().with("vault", "verify", "--json")...)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &counts); err != nil || counts.Cards != counts.Good {
		t.Fatalf("vault verify printed %s: %v", lines[len(lines)-1], err)
	}
	return counts.Cards
}

// TestAKilledImportStoresAllOrNothing kills imports with --all-or-nothing at every
// stage: while rows come, and at moments around the commit. A server goes on beside it.
func TestAKilledImportStoresAllOrNothing(t *testing.T) {
	t.Parallel()
	const n = 12_000
	var file strings.Builder
	file.WriteString("cardId,pan,expiryMonth,expiryYear,cardholderName\n")
	for i := range n {
		fmt.Fprintf(&file, "%d,%s,12,2031,ADA LOVELACE\n", 100_000+i, withCheckDigit(fmt.Sprintf("22260031%07d", i*577)))
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			p := mustProduction(t, e.url(t), "")
			before := p.mustCountCards(t)
			killed := 0
			for _, delay := range []time.Duration{-1, 0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond} {
				rows, in, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				s := mustStartReading(t, rows, p.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer, "--all-or-nothing")...)
				rows.Close()
				if _, err := io.WriteString(in, file.String()); err != nil {
					t.Fatal(err)
				}
				if delay >= 0 { // else the end of the file never comes
					in.Close()
					select {
					case <-s.exited:
					case <-time.After(delay):
					}
				}
				ended := s.hasExited()
				s.mustSignalIfRunning(t, syscall.SIGKILL)
				<-s.exited
				in.Close()
				count := p.mustCountCards(t)
				if count != before && count != before+n || ended && s.cmd.ProcessState.ExitCode() == 0 && count != before+n || delay < 0 && count != before {
					t.Fatalf("killed after %v: %d cards stand, before there were %d and the file has %d", delay, count, before, n)
				}
				if count == before {
					killed++
				}
			}
			if killed == 0 {
				t.Error("no import was killed before it ended")
			}
			mustRun(t, file.String(), p.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer, "--all-or-nothing")...)
			if count := p.mustCountCards(t); count != before+n {
				t.Errorf("%d cards after all, want %d", count, before+n)
			}
			started := 0
			for _, r := range mustExport(t, p.at()).records {
				if r.Action == "cards.import" && r.Outcome == "started" {
					started++
				}
			}
			if started != 9 { // the production's own, the killed ones, the last
				t.Errorf("%d imports are in the trail, want 9", started)
			}
		})
	}
}

// mustSignalIfRunning signals a process that may have ended.
func (p *process) mustSignalIfRunning(t *testing.T, s syscall.Signal) {
	t.Helper()
	if !p.hasExited() {
		_ = p.cmd.Process.Signal(s) // it may end at this moment
	}
}

// withCheckDigit makes a PAN of 15 digits.
func withCheckDigit(digits string) string {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}
