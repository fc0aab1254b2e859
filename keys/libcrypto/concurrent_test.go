//go:build !static && (linux || darwin) && (amd64 || arm64)

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
)

// collectGarbage collects until done, for some seconds.
func collectGarbage(done func() bool) bool {
	for range 50 {
		runtime.GC()
		if done() {
			return true
		}
		time.Sleep(10 * time.Millisecond) // cleanups have a goroutine of their own
	}
	return false
}

// signAll has n goroutines sign at the same time, each with the key that it is given, and
// verifies what they get.
func signAll(t *testing.T, n int, key func() keys.RSAPrivate) {
	t.Helper()
	digest := digestOf(crypto.SHA256, "x")
	var signers sync.WaitGroup
	begin := make(chan struct{})
	for range n {
		signers.Go(func() {
			<-begin
			signature, err := key().Sign(nil, digest, crypto.SHA256)
			if err == nil {
				err = rsa.VerifyPKCS1v15(&pair().PublicKey, crypto.SHA256, digest, signature)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	signers.Wait()
}

func TestAThousandSignAtOnce(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	signAll(t, 1000, func() keys.RSAPrivate { return private })
}

// TestAKeyIsReplacedUnderLoad: calls go on with the handle that they hold, and what nobody
// holds is freed while others sign.
func TestAKeyIsReplacedUnderLoad(t *testing.T) {
	l := mustOpen(t)
	realFree := l.freeKey
	var freed atomic.Int64
	l.freeKey = replaced(func(key uintptr) uintptr { freed.Add(1); return call(realFree, key) })
	var current atomic.Pointer[keys.RSAPrivate]
	replace := func() {
		private := mustPrivate(t, l, pair())
		current.Store(&private)
	}
	replace()
	const replacements = 20
	var replacing sync.WaitGroup
	replacing.Go(func() {
		for range replacements {
			replace()
			runtime.GC()
		}
	})
	signAll(t, 400, func() keys.RSAPrivate { return *current.Load() })
	replacing.Wait()
	if !collectGarbage(func() bool { return freed.Load() == replacements }) {
		t.Errorf("%d of %d keys are freed", freed.Load(), replacements)
	}
	runtime.KeepAlive(current.Load())
}

// TestChildrenStartWhileItSigns: a fork copies one thread alone, whatever the others do.
func TestChildrenStartWhileItSigns(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	program, err := os.Executable()
	must(t, err)
	var children sync.WaitGroup
	children.Go(func() {
		for range 10 {
			out, err := exec.Command(program, "-test.run", "^TestOpenGivesTheSystemsLibrary$").CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("PASS")) {
				t.Errorf("%v: %s", err, out)
			}
		}
	})
	signAll(t, 300, func() keys.RSAPrivate { return private })
	children.Wait()
}

// TestItSignsWhileItIsProfiled: SIGPROF comes to threads that are in OpenSSL.
func TestItSignsWhileItIsProfiled(t *testing.T) {
	private := mustPrivate(t, mustOpen(t), pair())
	must(t, pprof.StartCPUProfile(io.Discard))
	defer pprof.StopCPUProfile()
	signAll(t, 300, func() keys.RSAPrivate { return private })
}
