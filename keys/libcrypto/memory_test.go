//go:build !static && linux && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestNothingOfAKeyIsLeftInFreedMemory: what OpenSSL frees without overwriting it stays readable
// until something else is put there.
func TestNothingOfAKeyIsLeftInFreedMemory(t *testing.T) {
	l := mustOpen(t)
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(pair)
	must(t, err)
	asFiled := pair.D.Bytes()[100:130]
	asUsed := slices.Clone(asFiled) // the least byte first
	slices.Reverse(asUsed)
	var filed, used int
	l.writePublic = replaced(func(uintptr, uintptr) uintptr { // the key is loaded, and nothing else was done with it
		filed, used = countOutsideGo(t, asFiled), countOutsideGo(t, asUsed)
		return 0
	})
	if _, err := l.Private(der); err == nil {
		t.Fatal("it is taken")
	}
	if filed != 0 || used != 1 {
		t.Errorf("memory holds the private exponent %d times as the key was given, want 0, and %d times as OpenSSL computes with it, want 1", filed, used)
	}
}

// countOutsideGo counts where the memory of C holds a text.
func countOutsideGo(t *testing.T, text []byte) (found int) {
	t.Helper()
	const near = 16 << 30
	gos := int64(uintptr(unsafe.Pointer(&text[0]))) // where Go has its heap, in one piece
	memory, err := os.Open("/proc/self/mem")
	must(t, err)
	defer memory.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") || max(from-gos, gos-from) < near {
			continue
		}
		content := make([]byte, to-from)
		n, _ := memory.ReadAt(content, from)
		found += bytes.Count(content[:n], text)
	}
	return found
}
