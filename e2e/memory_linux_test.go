package e2e_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// memory counts how often texts stand in what a process has written to its memory.
func (p *process) mustCountInMemory(t *testing.T, texts ...string) map[string]int {
	t.Helper()
	pid := p.cmd.Process.Pid
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if errors.Is(err, os.ErrPermission) {
		t.Skip("this machine lets nobody read the memory of another process")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	counts := map[string]int{}
	const step, overlap = 1 << 20, 64
	window := make([]byte, step+overlap)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		for at := from; at < to; at += step {
			n, err := memory.ReadAt(window[:min(int64(len(window)), to-at)], at)
			if n == 0 && err != nil && !errors.Is(err, io.EOF) {
				break // pages that were never made
			}
			for _, text := range texts {
				counts[text] += countBefore(window[:n], []byte(text), step)
			}
		}
	}
	return counts
}

// countBefore counts texts that begin before limit: those behind it are the next window's.
func countBefore(window, text []byte, limit int) int {
	found := 0
	for at := 0; at < limit; {
		i := bytes.Index(window[at:], text)
		if i < 0 || at+i >= limit {
			break
		}
		found++
		at += i + len(text)
	}
	return found
}

// TestNoCardStaysInTheMemoryOfAServer lends two cards some hundred times to every
// encoder, and then looks for their numbers and names in the server's memory.
func TestNoCardStaysInTheMemoryOfAServer(t *testing.T) {
	t.Parallel()
	p, w := mustCanaryProduction(t, "", "")
	const pan, name = "2223000048400011", "ADA QUARTZ LOVELACE"
	p.mustImport(t, "cardId,pan,expiryMonth,expiryYear,cardholderName\n8001,"+pan+",12,2031,"+name+"\n", serveIssuer)
	w.server = p.mustServe(t)
	const rounds = 30
	calls := 0
	for range rounds {
		for _, c := range w.goodCalls(t) {
			if a := w.post(c.path, c.body, "canary-wallets", c.change); a.code() != "ok" && a.code() != "nonce_reused" {
				t.Fatalf("%s: %v", c.name, a)
			}
			calls++
		}
		if a := w.provision(8001, wallet, "memory"); a.code() != "ok" {
			t.Fatalf("issuer wallet: %v", a)
		}
		calls++
	}
	// A hash keeps its last block, on the heap until it is used again or on the stack of a
	// goroutine that has ended: one to five such copies were seen, and they grow with the
	// number of goroutines, not of calls. A buffer that is not wiped leaves one copy in
	// each round, for each encoder that has it.
	const few = rounds / 3
	counts := w.mustCountInMemory(t, pan, name, visaPAN, visaName, "walletport")
	if counts["walletport"] == 0 {
		t.Fatal("the memory is empty: there is nothing to look through")
	}
	for text, found := range counts {
		if text != "walletport" && found > few {
			t.Errorf("after %d calls %s stands %d times in the memory", calls, strings.Repeat("*", len(text)), found)
		}
		t.Logf("%d calls: a text of %d characters stands %d times", calls, len(text), found)
	}
}

// rowNumbers begins the numbers of the rows below. BIN and last four, which stand in
// clear, are other digits of it: where this stands, a whole number stands.
const rowNumbers = "2226003170005"

// TestNoPANStaysInTheMemoryOfAnImport holds an import open behind its rows: they are
// stored, and nothing of them is left but what waits for its batch to be full.
func TestNoPANStaysInTheMemoryOfAnImport(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	rows, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	s := mustStartReading(t, rows, p.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	rows.Close()
	const n, marker = 20_000, "QUARTZHOLDER"
	out := bufio.NewWriter(in)
	fmt.Fprint(out, "cardId,pan,expiryMonth,expiryYear,cardholderName\n")
	for i := range n {
		fmt.Fprintf(out, "%d,%s,12,2031,%s %c%c%c\n", 100_000+i, withCheckDigit(fmt.Sprintf(rowNumbers+"%02d", i%100)), marker, 'A'+i%26, 'A'+i/26%26, 'A'+i/676%26)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all rows are stored", func() bool {
		return strings.Contains(mustRun(t, "", p.at().with("cards", "list", "--after", fmt.Sprint(100_000+n-2), "--limit", "1")...), "222600")
	})
	counts := s.mustCountInMemory(t, rowNumbers, marker)
	t.Logf("after %d rows: %d numbers, %d names", n, counts[rowNumbers], counts[marker])
	if counts[rowNumbers] > 5 || counts[marker] > 5 {
		t.Errorf("after %d rows %d numbers and %d names are left in the memory", n, counts[rowNumbers], counts[marker])
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if code := s.mustExit(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.tail())
	}
}
