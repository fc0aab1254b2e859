package jobs_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage/storagetest"
)

// BenchmarkWorker does jobs of 16 keys in order, and then lone ones, for each of which it
// waits.
func BenchmarkWorker(b *testing.B) {
	for name, database := range map[string]func(*testing.B) string{
		"SQLite":     func(b *testing.B) string { return storagetest.MigratedFile(b, openDatabase) },
		"PostgreSQL": func(b *testing.B) string { return storagetest.MigratedPostgres(b, openDatabase) },
	} {
		b.Run(name+"/in order", func(b *testing.B) {
			store := mustOpen(b, database(b))
			var requests []jobs.Request
			for i := range b.N {
				requests = append(requests, jobs.Request{Kind: work, Key: token(int64(i % 16))})
			}
			mustEnqueue(b, store, requests...)
			b.ResetTimer()
			worker := mustStart(b, store, jobs.Settings{}, jobs.Work{Kind: work, Workers: 8, Handler: doing(nil)})
			for range b.N {
				worker.next(b)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
		b.Run(name+"/alone", func(b *testing.B) {
			store := mustOpen(b, database(b))
			worker := mustStart(b, store, jobs.Settings{Poll: time.Second}, jobs.Work{Kind: work, Handler: doing(nil)})
			for b.Loop() {
				mustEnqueue(b, store, jobs.Request{Kind: work, Key: token(1)})
				worker.next(b)
			}
		})
	}
}
