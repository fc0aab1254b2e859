//go:build linux

package server

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
)

// What TestReadingKeysInAChild is told: the folder of a store, and what it looks for in its memory,
// by name, as hex of the bytes with their bits turned, so that the words themselves are not found.
const (
	storeInChild = "WALLETPORT_TEST_STORE"
	lookedFor    = "WALLETPORT_TEST_LOOKED_FOR"
)

// TestReadingKeysInAChild opens a key store twice, as a server does whose store has changed, and
// says what of the keys is in its memory.
func TestReadingKeysInAChild(t *testing.T) {
	dir := os.Getenv(storeInChild)
	if dir == "" {
		t.Skip("this is for a process that a test starts")
	}
	settings := config.Keys{File: filepath.Join(dir, "keystore.age"), KeyFile: filepath.Join(dir, "keystore.key"), RSA: config.RSAOpenSSL}
	custody, err := OpenKeys(settings, slog.New(slog.DiscardHandler))
	must(t, err)
	must(t, custody.Reload(t.Context()))
	fmt.Println()
	for word := range strings.FieldsSeq(os.Getenv(lookedFor)) {
		name, turned, _ := strings.Cut(word, "=")
		needle, err := hex.DecodeString(turned)
		must(t, err)
		fmt.Printf("%s: %d times\n", name, countInMemory(t, needle))
	}
	runtime.KeepAlive(custody)
}

// turn turns the bits of a text.
func turn(text []byte) []byte {
	turned := bytes.Clone(text)
	for i := range turned {
		turned[i] = ^turned[i]
	}
	return turned
}

// countInMemory counts where the memory of this process that can be written holds the text of which
// turned has the bits turned.
func countInMemory(t *testing.T, turned []byte) (found int) {
	t.Helper()
	memory, err := os.Open("/proc/self/mem")
	must(t, err)
	defer memory.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	window := make([]byte, 1<<20)
	own := uint64(uintptr(unsafe.Pointer(&window[0]))) // what was looked at last is in there
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") {
			continue
		}
		for at := from; at < to; {
			if at >= own && at < own+uint64(len(window)) {
				at = own + uint64(len(window))
				continue
			}
			size := min(to-at, uint64(len(window)))
			if at < own {
				size = min(size, own-at)
			}
			n, _ := memory.ReadAt(window[:size], int64(at)) // what is not there is passed over
			found += count(window[:n], turned)
			if size <= uint64(len(turned)) || at+size == to || at+size == own {
				at += size
				continue
			}
			at += size - uint64(len(turned)) + 1 // a text that lies across two windows is found, too
		}
	}
	return found
}

func count(memory, turned []byte) (found int) {
	for i := 0; i+len(turned) <= len(memory); i++ {
		n := 0
		for n < len(turned) && memory[i+n] == ^turned[n] {
			n++
		}
		if n == len(turned) {
			found++
		}
	}
	return found
}

// TestKeysAreInTheMemoryOfOpenSSLAlone: what a key store was read through is overwritten.
func TestKeysAreInTheMemoryOfOpenSSLAlone(t *testing.T) {
	if engine, _, err := RSAEngine(config.RSAAuto); err != nil || engine.About().Engine != "openssl" {
		t.Skip("OpenSSL is wanted")
	}
	dir := t.TempDir()
	custody, err := CreateKeys(config.Keys{File: filepath.Join(dir, "keystore.age"), KeyFile: filepath.Join(dir, "keystore.key")}, io.Discard)
	must(t, err)
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(pair)
	must(t, err)
	_, err = custody.Import(t.Context(), keys.Spec{Purpose: keys.TAVSigning, Activate: true}, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil)
	must(t, err)
	d := pair.D.Bytes()
	words := map[string][]byte{
		"base64 of the key": []byte(base64.StdEncoding.EncodeToString(der))[600:640], // as the store's JSON has it
		"private exponent":  d[100:130],
		"prime":             pair.Primes[0].Bytes()[40:70],
	}
	inUse := slices.Clone(words["private exponent"]) // as OpenSSL computes with it: this must be there, or the test looks in vain
	slices.Reverse(inUse)
	words["key in use"] = inUse
	var list []string
	for name, word := range words {
		list = append(list, strings.ReplaceAll(name, " ", "_")+"="+hex.EncodeToString(turn(word)))
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReadingKeysInAChild$")
	child.Env = append(os.Environ(), storeInChild+"="+dir, lookedFor+"="+strings.Join(list, " "))
	out, err := child.CombinedOutput()
	must(t, err)
	for name := range words {
		_, said, _ := strings.Cut(string(out), "\n"+strings.ReplaceAll(name, " ", "_")+": ")
		times, _, _ := strings.Cut(said, " times\n")
		found, err := strconv.Atoi(times)
		if err != nil || (found > 0) != (name == "key in use") {
			t.Errorf("%s is in memory %q times", name, times)
		}
	}
}
