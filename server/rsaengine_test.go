package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
)

// choiceInChild has a process of TestEngineInAChild choose an engine, which a process does once.
const choiceInChild = "WALLETPORT_TEST_RSA_CHOICE"

func TestEngineInAChild(t *testing.T) {
	choice := os.Getenv(choiceInChild)
	if choice == "" {
		t.Skip("this is for a process that a test starts")
	}
	engine, instead, err := RSAEngine(config.RSAChoice(choice))
	if err != nil {
		fmt.Printf("none: %s: %v: %v\n", walletport.ReasonOf(err), err, errors.Unwrap(err))
		return
	}
	fmt.Printf("engine %s, instead %v\n", engine.About().Engine, instead)
}

// TestALibraryThatCannotWorkIsNoEngine: OpenSSL reads a configuration that leaves it no provider for
// RSA without an error, and says its version.
func TestALibraryThatCannotWorkIsNoEngine(t *testing.T) {
	if engine, _, err := RSAEngine(config.RSAAuto); err != nil || engine.About().Engine != "openssl" || runtime.GOOS != "linux" {
		t.Skip("OpenSSL is wanted, with its modules where Linux has them")
	}
	for name, section := range map[string]string{
		"FIPS by default, and no such provider": "alg_section = algorithms\n[algorithms]\ndefault_properties = fips=yes\n",
		"a provider without RSA":                "providers = providers\n[providers]\nlegacy = legacy\n[legacy]\nactivate = 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "openssl.cnf")
			must(t, os.WriteFile(path, []byte("openssl_conf = start\n[start]\n"+section), 0o600))
			choose := func(choice config.RSAChoice) string {
				child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEngineInAChild$")
				child.Env = append(os.Environ(), "OPENSSL_CONF="+path, choiceInChild+"="+string(choice))
				out, err := child.CombinedOutput()
				must(t, err)
				return string(out)
			}
			if said := choose(config.RSAAuto); !strings.Contains(said, "engine go, instead libcrypto.so.3: it loads, and cannot work with RSA keys") {
				t.Errorf("auto: %s", said)
			}
			if said := choose(config.RSAOpenSSL); !strings.Contains(said, "none: rsa_engine_missing: ") || !strings.Contains(said, "libcrypto.so.3: it loads, and cannot work with RSA keys") {
				t.Errorf("openssl: %s", said)
			}
		})
	}
}
