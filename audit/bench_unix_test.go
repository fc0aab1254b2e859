//go:build unix

package audit_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/storagetest"
)

// cpuTime returns the processor time of this process.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkRecord has callers that record one after the other, on SQLite with full
// sync. With "RSA" each makes an RSA-2048 signature before, as the main call does;
// its cost is in the figures.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 8, 32, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { benchRecord(b, callers, func() {}, audit.Settings{}) })
	}
	sign := signer(b)
	for _, callers := range []int{1, 2, 8, 32} {
		for _, age := range []time.Duration{-1, 2 * time.Millisecond} {
			b.Run(fmt.Sprintf("RSA/callers=%d/age=%v", callers, max(age, 0)), func(b *testing.B) {
				benchRecord(b, callers, sign, audit.Settings{MaxAge: age})
			})
		}
	}
}

// BenchmarkRecordAlone leaves the database out: what the Log itself costs.
func BenchmarkRecordAlone(b *testing.B) {
	l, _ := mustRun(b, audit.Config{Store: discard{TreeStore: newMemory()}, Settings: audit.Settings{MaxAge: -1}})
	b.ReportAllocs()
	b.SetParallelism(128)
	b.RunParallel(func(p *testing.PB) {
		r := record(1)
		for p.Next() {
			if err := l.Record(b.Context(), r); err != nil {
				b.Error(err)
			}
		}
	})
}

// discard is a database that keeps nothing.
type discard struct {
	storage.Updater
	audit.TreeStore
}

func (discard) AppendAudit(_ context.Context, link func(storage.AuditHead) ([]storage.AuditEntry, error)) error {
	_, err := link(storage.AuditHead{Hash: make([]byte, 32)})
	return err
}

func (discard) Checkpoints(context.Context, int64, int) ([]storage.Checkpoint, error) {
	return nil, nil
}

func (discard) AddCheckpoint(context.Context, storage.Checkpoint) error { return nil }

func (discard) AuditHead(context.Context) (storage.AuditHead, error) {
	return storage.AuditHead{Hash: make([]byte, 32)}, nil
}

func (discard) LastCheckpoint(context.Context) (storage.Checkpoint, error) {
	return storage.Checkpoint{}, nil
}

func signer(b *testing.B) func() {
	key := keystest.RSAKey(b)
	digest := sha256.Sum256(nil)
	return func() {
		if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Error(err)
		}
	}
}

func benchRecord(b *testing.B, callers int, work func(), s audit.Settings) {
	seen := &observed{}
	l, _ := mustRun(b, audit.Config{Store: mustOpen(b, storagetest.MigratedFile(b, openDatabase)), Observer: seen, Settings: s})
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	cpu, began := cpuTime(b), time.Now()
	for range callers {
		all.Go(func() {
			r := record(1)
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				work()
				before := time.Now()
				if err := l.Record(b.Context(), r); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(before)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	seen.lock.Lock()
	commits := len(seen.commits)
	seen.lock.Unlock()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "records/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/record")
	b.ReportMetric(float64(b.N)/float64(max(commits, 1)), "records/commit")
	b.ReportMetric(float64(took[b.N/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-µs")
}

func BenchmarkHash(b *testing.B) {
	r := record(1)
	previous := make([]byte, 32)
	b.ReportAllocs()
	for b.Loop() {
		audit.Hash(previous, 1, &r)
	}
}

func BenchmarkVerifyExport(b *testing.B) {
	ring := checkpointRing(b)
	export := strings.Join(mustExport(b, mustChain(b, ring, 1000), audit.ExportOptions{Keys: ring}), "")
	b.SetBytes(int64(len(export)))
	for b.Loop() {
		if _, err := audit.VerifyExport(b.Context(), bytes.NewReader([]byte(export)), publicOf(b, ring)); err != nil {
			b.Fatal(err)
		}
	}
}
