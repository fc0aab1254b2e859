// Package oracle runs the programs that tests ask for a second opinion: OpenSSL,
// GnuPG, Python, and Node with the npm packages of this folder. They share no code
// with walletport, so what they read and write is evidence. For tests only.
//
// What Debian 12 and 13 bring themselves must do: a script of this folder may not
// want a newer Node, and a command line not a newer OpenSSL or GnuPG.
package oracle

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// required names the environment variable by which a build demands every oracle.
const required = "WALLETPORT_REQUIRE_ORACLES"

// Program is an installed program and how a test wants it run.
type Program struct {
	name, path string
	args       []string
}

// Need finds a program on the PATH. Without it the test is skipped, or fails where
// the build demands every oracle.
func Need(t testing.TB, name string) Program {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return Program{name: name, path: path}
}

// NeedNode finds Node and the npm packages that a script imports.
func NeedNode(t testing.TB, packages ...string) Program {
	t.Helper()
	node := Need(t, "node")
	for _, name := range packages {
		if _, err := os.Stat(filepath.Join(Dir(t), "node_modules", name)); err != nil {
			missing(t, "the npm package "+name+" (npm ci --prefix oracle)")
		}
	}
	return node
}

// NeedGnuPG finds GnuPG and gives it a home of its own, which goes with the test. It
// asks nothing, and its passphrases are empty.
func NeedGnuPG(t testing.TB) Program {
	t.Helper()
	gpg, control := Need(t, "gpg"), Need(t, "gpgconf")
	// Not t.TempDir: the agent's socket lies in it, and its path must be short.
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, complaint, err := control.Try(nil, "--homedir", home, "--kill", "all"); err != nil {
			t.Errorf("stop GnuPG's agent: %v\n%s", err, complaint)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	// Without this the agent measures for seconds how dear a passphrase may be.
	if err := os.WriteFile(filepath.Join(home, "gpg-agent.conf"), []byte("s2k-count 65536\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return gpg.With("--homedir", home, "--batch", "--no-tty", "--yes", "--status-fd", "2",
		"--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase", "")
}

// With returns the program with arguments that stand before those of every run.
func (p Program) With(args ...string) Program {
	p.args = append(p.args[:len(p.args):len(p.args)], args...)
	return p
}

// Run returns what the program writes to standard output. One that fails ends the
// test, which shows what it wrote to standard error.
func (p Program) Run(t testing.TB, stdin []byte, args ...string) []byte {
	t.Helper()
	out, complaint, err := p.Try(stdin, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", p.name, args, err, complaint)
	}
	return out
}

// Try returns standard output and standard error of a program that may say no, in
// English.
func (p Program) Try(stdin []byte, args ...string) (stdout []byte, stderr string, err error) {
	var out, complaint bytes.Buffer
	command := exec.Command(p.path, append(p.args[:len(p.args):len(p.args)], args...)...)
	command.Env = append(os.Environ(), "LC_ALL=C")
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &out, &complaint
	err = command.Run()
	return out.Bytes(), complaint.String(), err
}

// Dir returns the path of this folder, which holds scripts and their npm packages.
// Tests run in the folder of their package, so it is looked for above that.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "oracle")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("there is no go.mod above the test's folder")
		}
		dir = parent
	}
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(required) == "1" {
		t.Fatalf("required and missing: %s", what)
	}
	t.Skipf("missing: %s", what)
}
