package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestAnImportThatIsBrokenOffSaysThatItGoesOn, if the same command does not begin at the first row.
func TestAnImportThatIsBrokenOffSaysThatItGoesOn(t *testing.T) {
	const hint, rows, first = "the same command goes on from there", 1500, 5001
	dir := mustMakeSandbox(t)
	var b strings.Builder
	b.WriteString("cardId,pan,expiryMonth,expiryYear\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,5204247750001471,12,2031\n", first+i)
	}
	file := mustWriteTemp(t, b.String())
	command := []string{"cards", "import", file, "--format", "csv", "--dir", dir}
	mustTamper(t, dir, "CREATE TRIGGER full BEFORE INSERT ON cards WHEN NEW.id = 6400 BEGIN SELECT RAISE(ABORT, 'full'); END")
	for _, c := range []struct {
		name  string
		flags []string
		want  int
	}{
		{"nothing is kept of all or nothing", []string{"--all-or-nothing"}, 0},
		{"a batch is stored", nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, printed := mustRunCommand(t, append(command, c.flags...)...)
			if code != exitFault || strings.Count(printed, hint) != c.want {
				t.Errorf("exit %d, printed %s", code, printed)
			}
		})
	}
}
