package vts_test

import (
	"crypto/fips140"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestEverythingPassesInFIPSMode runs this package's tests once more with Go's
// FIPS 140-3 module on, which only the start of a process can choose.
func TestEverythingPassesInFIPSMode(t *testing.T) {
	const again = "WALLETPORT_TEST_FIPS_AGAIN"
	if os.Getenv(again) != "" {
		if !fips140.Enabled() {
			t.Error("GODEBUG=fips140=on has no effect")
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-rapid.checks=10", fmt.Sprintf("-update=%t", *update))
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=on", again+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("with fips140=on: %v\n%s", err, out)
	}
}
