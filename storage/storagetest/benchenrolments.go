package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// enrol is the kind of the jobs of requests.
const enrol jobs.Kind = "clicktopay.request"

// benchRequests accepts requests and brings them to their end while count others are open, each
// of a consumer of its own, and looks them up.
func benchRequests(b *testing.B, s storage.Store, count int) {
	for first := 0; first < count; first += putBatch {
		mustUpdate(b, s, func(tx storage.Tx) error {
			for n := first; n < min(first+putBatch, count); n++ {
				if _, err := tx.AddEnrolmentRequest(plainRequest(n + 1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.Run("accepted and done", func(b *testing.B) {
		b.ReportAllocs()
		n := count
		defer reportCPU(b)()
		for b.Loop() {
			n++
			benchWay(b, s, n)
		}
	})
	b.Run("one looked up", func(b *testing.B) {
		i := uint64(0)
		defer reportCPU(b)()
		for b.Loop() {
			i++
			if _, err := s.EnrolmentRequest(b.Context(), requestID(1+int(scatter(i, count)))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("those of a customer", func(b *testing.B) {
		i := uint64(0)
		defer reportCPU(b)()
		for b.Loop() {
			i++
			f := storage.RequestFilter{Customer: walletport.CustomerID(1 + scatter(i, count)), IsOpen: true}
			if found, err := s.EnrolmentRequestsBefore(b.Context(), f, 0, 20); err != nil || len(found) != 1 {
				b.Fatalf("%d requests, %v", len(found), err)
			}
		}
	})
	b.Run("open counted", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			if _, err := s.OpenEnrolmentRequests(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("none old enough to delete", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			if deleted, err := s.DeleteEnrolmentRequests(b.Context(), at(0), 1000); err != nil || deleted != 0 {
				b.Fatalf("%d deleted, %v", deleted, err)
			}
		}
	})
}

// benchWay takes a request through its commits as the flow does: accepted with its job and its
// record, sent, taken, and completed with its record.
func benchWay(b *testing.B, s storage.Store, n int) {
	b.Helper()
	link := benchLink(benchEntries(1))
	count := func(by int) func(storage.Consumer) (storage.Consumer, error) {
		return func(c storage.Consumer) (storage.Consumer, error) { c.Open += by; return c, nil }
	}
	var no storage.RequestNo
	mustUpdate(b, s, func(tx storage.Tx) (err error) {
		if err = tx.UpdateConsumer(consumerKey(n), customerKey(n), count(1)); err != nil {
			return err
		}
		if no, err = tx.AddEnrolmentRequest(plainRequest(n)); err != nil {
			return err
		}
		_, err = tx.EnqueueJob(jobs.Request{Kind: enrol, Key: jobs.Key{Of: "customer", ID: int64(n)}, Arg: int64(no)})
		return errors.Join(err, tx.AppendAudit(link))
	})
	mustUpdateRequest(b, s, no, sent)
	mustUpdateRequest(b, s, no, taken)
	claimed, err := s.ClaimJobs(b.Context(), []jobs.Want{{Kind: enrol, Limit: 1}}, time.Minute)
	if err != nil || len(claimed) != 1 {
		b.Fatalf("%d jobs, %v", len(claimed), err)
	}
	mustUpdate(b, s, func(tx storage.Tx) error {
		return errors.Join(tx.UpdateConsumer(consumerKey(n), customerKey(n), count(-1)),
			tx.UpdateEnrolmentRequest(no, edited(succeeded)), tx.FinishJob(claimed[0]), tx.AppendAudit(link))
	})
}

func benchEnrolments(b *testing.B, database NewDatabase) {
	for _, count := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("requests beside %d open ones", count), func(b *testing.B) { benchRequests(b, database(b)(b), count) })
	}
}
