package storagetest

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// enrolmentCalls are those of calls that are of Click to Pay.
func enrolmentCalls(s storage.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Consumer": func(ctx context.Context) error { _, err := s.Consumer(ctx, consumerKey(1)); return err },
		"ConsumersOf": func(ctx context.Context) error {
			_, err := s.ConsumersOf(ctx, []walletport.CustomerID{1, 2})
			return err
		},
		"ConsumersAfter": func(ctx context.Context) error {
			_, err := s.ConsumersAfter(ctx, "first-bank", storage.ConsumerKey{}, 10)
			return err
		},
		"EnrolmentRequest":     func(ctx context.Context) error { _, err := s.EnrolmentRequest(ctx, requestID(1)); return err },
		"EnrolmentRequestByNo": func(ctx context.Context) error { _, err := s.EnrolmentRequestByNo(ctx, 1); return err },
		"EnrolmentRequestsBefore": func(ctx context.Context) error {
			_, err := s.EnrolmentRequestsBefore(ctx, storage.RequestFilter{}, 0, 10)
			return err
		},
		"OpenEnrolmentRequests":   func(ctx context.Context) error { _, err := s.OpenEnrolmentRequests(ctx); return err },
		"DeleteEnrolmentRequests": func(ctx context.Context) error { _, err := s.DeleteEnrolmentRequests(ctx, at(1), 10); return err },
		"OptOuts": func(ctx context.Context) error {
			_, err := s.OptOuts(ctx, "first-bank", []string{"customer-1"})
			return err
		},
		"OptOutsAfter": func(ctx context.Context) error { _, err := s.OptOutsAfter(ctx, "first-bank", "", 10); return err },
		"EnrolmentRequestsWrappedBy": func(ctx context.Context) error {
			_, err := s.EnrolmentRequestsWrappedBy(ctx, "kek/1", 0, 10)
			return err
		},
		"SealedEnrolmentRequestsAfter": func(ctx context.Context) error {
			_, err := s.SealedEnrolmentRequestsAfter(ctx, "", 0, 10)
			return err
		},
		"EnrolmentRequestKEKs": func(ctx context.Context) error { _, err := s.EnrolmentRequestKEKs(ctx); return err },
		"RewrapEnrolmentRequests": func(ctx context.Context) error {
			_, err := s.RewrapEnrolmentRequests(ctx, []storage.RequestRewrapping{{ID: 1, Old: []byte("old"), New: []byte("new"), KEK: "kek/2"}})
			return err
		},
		"UpdateConsumer": updating(s, func(tx storage.Tx) error { return tx.UpdateConsumer(consumerKey(1), customerKey(1), becomes(1, 1)) }),
		"AddEnrolmentRequest": updating(s, func(tx storage.Tx) error {
			_, err := tx.AddEnrolmentRequest(request(1))
			return err
		}),
		"UpdateEnrolmentRequest": updating(s, func(tx storage.Tx) error { return tx.UpdateEnrolmentRequest(1, edited(sent)) }),
		"PutOptOut":              updating(s, func(tx storage.Tx) error { _, err := tx.PutOptOut(optOut(1)); return err }),
		"DeleteOptOut":           updating(s, func(tx storage.Tx) error { _, err := tx.DeleteOptOut(customerKey(1)); return err }),
	}
}
