package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// fencedBlock returns the first block of a page that is marked so.
func fencedBlock(t *testing.T, page, mark string) string {
	t.Helper()
	return fencedBlocks(t, page, mark)[0]
}

// fencedBlocks returns the blocks of a page that are marked so: at least one.
func fencedBlocks(t *testing.T, page, mark string) (blocks []string) {
	t.Helper()
	parts := strings.Split("\n"+page, "\n```") // every second one is a block
	for i := 1; i < len(parts); i += 2 {
		if first, text, _ := strings.Cut(parts[i], "\n"); first == mark {
			blocks = append(blocks, text+"\n")
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("the page has no block that is marked %q", mark)
	}
	return blocks
}

// TestTheExamplesOfTheCustomersPage types docs/customers.md: its files, its commands, and
// what it says that they print.
func TestTheExamplesOfTheCustomersPage(t *testing.T) {
	content, err := os.ReadFile("../../docs/customers.md")
	must(t, err)
	page, dir := string(content), t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"customers.csv":   fencedBlock(t, page, "csv"),
		"changes.jsonl":   fencedBlock(t, page, "jsonl"),
		"walletport.yaml": "keys: {file: keystore.age, key_file: keystore.key}\n",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for _, args := range []string{
		"keys init", "migrate", "keys generate audit-checkpoint --activate", "keys generate vault-kek --activate", "keys generate vault-index --activate",
	} {
		if code, _, errs := runs(t, append(strings.Fields(args), "--config", "walletport.yaml")...); code != exitOK {
			t.Fatalf("%s: exit status %d, %s", args, code, errs)
		}
	}
	printed := ""
	for line := range strings.Lines(fencedBlock(t, page, "sh")) {
		args, _, _ := strings.Cut(line, "#")
		code, out, errs := runs(t, strings.Fields(args)[1:]...)
		if code != exitOK {
			t.Errorf("%s: exit status %d, %s", line, code, errs)
		}
		printed += out
	}
	for _, want := range fencedBlocks(t, page, "") {
		if !strings.Contains(printed, want) {
			t.Errorf("printed is\n%s\nwithout\n%s", printed, want)
		}
	}
	for _, personal := range []string{"Ada", "Lovelace", "lovelace", "447700900123", "Analytical"} {
		if strings.Contains(printed, personal) {
			t.Errorf("printed is %q", personal)
		}
	}
}

// TestTheCustomersPageNamesEveryField holds the table to the fields.
func TestTheCustomersPageNamesEveryField(t *testing.T) {
	content, err := os.ReadFile("../../docs/customers.md")
	must(t, err)
	for f := range walletport.CustomerFieldCount {
		if !regexp.MustCompile("(?m)^\\| [^|]*`" + f.String() + "`[^|]* \\|").Match(content) {
			t.Errorf("docs/customers.md has no row for %s", f)
		}
	}
}
