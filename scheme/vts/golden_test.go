package vts_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// Content key, nonces and characters come from a fixed stream, so every string is
// the same each time. What it means is proved elsewhere; this shows that it changes.
func TestGolden(t *testing.T) {
	for i, file := range []string{"push-default.txt", "push-minimal.txt", "push-onfile.txt"} {
		t.Run(file, func(t *testing.T) {
			in := testInput(t)
			in.Recipient.Wrapper = sharedSecret{text: testSecret, nonce: keyWrap}
			in.Rand = counting()
			checkGolden(t, file, mustSealCard(t, pushForms[i].profile, in))
		})
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
