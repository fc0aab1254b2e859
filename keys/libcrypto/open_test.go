//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
)

func TestOpenSaysWhyThereIsNoEngine(t *testing.T) {
	for _, c := range []struct {
		name    string
		library func(t *testing.T) string // its path
		reason  error
		detail  string // part of it
	}{
		{"absent", func(t *testing.T) string { return filepath.Join(t.TempDir(), "libcrypto.so.3") }, errAbsent, "libcrypto.so.3"},
		{"a text", func(t *testing.T) string { return written(t, []byte("no library")) }, errAbsent, ""},
		{"of another processor", ofAnotherProcessor, errAbsent, ""},
		{"OpenSSL 1.1", compiled("unsigned long OpenSSL_version_num(void) { return 0x1010117fL; }"), errTooOld, "1.1"},
		{"LibreSSL", compiled("unsigned long OpenSSL_version_num(void) { return 0x20000000L; }"), errTooOld, "2.0"},
		{"another library", compiled("int nothing(void) { return 0; }"), errTooOld, "does not tell"},
		{"symbols missing", compiled("unsigned long OpenSSL_version_num(void) { return 0x30000000L; }"), errIncomplete, "ERR_clear_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.library(t)
			l, err := open(path)
			opening, ok := errors.AsType[*openError](err)
			if l != nil || !ok || !errors.Is(err, c.reason) {
				t.Fatalf("error %v, want %v", err, c.reason)
			}
			if opening.Library != path || !strings.Contains(opening.Detail, c.detail) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func written(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libcrypto.so.3")
	must(t, os.WriteFile(path, content, 0o700))
	return path
}

// ofAnotherProcessor returns this test program, which the loader would map, marked as one for
// SPARC.
func ofAnotherProcessor(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("an ELF file is wanted")
	}
	program, err := os.Executable()
	must(t, err)
	elf, err := os.ReadFile(program)
	must(t, err)
	const machine, sparc = 18, 2 // e_machine, EM_SPARC
	elf[machine], elf[machine+1] = sparc, 0
	return written(t, elf)
}

// compiled makes a library of a line of C.
func compiled(source string) func(t *testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "libcrypto.so.3")
		oracle.Need(t, "cc").Run(t, []byte(source), "-shared", "-fPIC", "-x", "c", "-o", path, "-")
		return path
	}
}

func TestOpenGivesTheSystemsLibrary(t *testing.T) {
	mustOpen(t)
	engine, err := Open()
	must(t, err)
	version := string(oracle.Need(t, "openssl").Run(t, nil, "version", "-v"))
	about := engine.About()
	if about.Engine != "openssl" || !strings.Contains(version, about.Version) {
		t.Errorf("the engine is %v, the command line says %s", about, version)
	}
	if again, err := Open(); err != nil || again != engine {
		t.Errorf("a second Open loads another: %v", err)
	}
}

func TestTheFIPSProviderIsNamedWhereItWorks(t *testing.T) {
	for _, c := range []struct {
		name              string
		isDefault, isHere int32
		want              bool
	}{
		{"it works", 1, 1, true},
		{"it is there and not the default", 0, 1, false},
		{"it is the default and not there", 1, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := mustOpen(t)
			l.isFIPSEnabled = replaced(func(uintptr) uintptr { return uintptr(c.isDefault) })
			l.providerAvailable = replaced(func(uintptr, uintptr) uintptr { return uintptr(c.isHere) })
			must(t, l.start())
			if l.About().FIPS != c.want || strings.HasSuffix(l.About().String(), ", FIPS provider") != c.want {
				t.Errorf("it says %v", l.About())
			}
		})
	}
}

// TestItIsInitializedBeforeAllElse: the first call of a thread into OpenSSL initializes it in OpenSSL's
// own way, with a handler for the end of the process, and who asks for none comes too late then.
func TestItIsInitializedBeforeAllElse(t *testing.T) {
	l := mustOpen(t)
	var order []string
	initialize, errClear := l.initialize, l.errClear
	l.initialize = replaced(func(options, settings uintptr) uintptr {
		order = append(order, "initialize")
		return call(initialize, options, settings)
	})
	l.errClear = replaced(func() uintptr { order = append(order, "clear"); return call(errClear) })
	must(t, l.start())
	if len(order) < 2 || order[0] != "initialize" {
		t.Errorf("the order is %v", order)
	}
}

func TestAnUnreadableConfigurationIsSaid(t *testing.T) {
	l := mustOpen(t)
	l.initialize = replaced(func(uintptr, uintptr) uintptr { return 0 })
	if _, ok := errors.AsType[*operationError](l.start()); !ok {
		t.Error("it starts")
	}
}
