package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// EnrolmentRequest implements storage.Enrolments.
func (s *Store) EnrolmentRequest(ctx context.Context, id string) (storage.EnrolmentRequest, error) {
	if !storage.CanKeep(id) {
		return storage.EnrolmentRequest{}, storage.ErrEnrolmentRequestNotFound()
	}
	return s.enrolmentRequest(ctx, func() (pgdb.EnrolmentRequest, error) { return s.queries.GetEnrolmentRequest(ctx, id) })
}

// EnrolmentRequestByNo implements storage.Enrolments.
func (s *Store) EnrolmentRequestByNo(ctx context.Context, no storage.RequestNo) (storage.EnrolmentRequest, error) {
	return s.enrolmentRequest(ctx, func() (pgdb.EnrolmentRequest, error) { return s.queries.GetEnrolmentRequestByNo(ctx, int64(no)) })
}

func (s *Store) enrolmentRequest(ctx context.Context, get func() (pgdb.EnrolmentRequest, error)) (storage.EnrolmentRequest, error) {
	var request storage.EnrolmentRequest
	err := s.retryLost(ctx, func() error {
		row, err := get()
		if errors.Is(err, pgx.ErrNoRows) {
			return storage.ErrEnrolmentRequestNotFound()
		}
		if err == nil {
			request, err = requestFrom(&row)
		}
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return storage.EnrolmentRequest{}, err
	}
	return request, nil
}

// EnrolmentRequestsBefore implements storage.Enrolments.
func (s *Store) EnrolmentRequestsBefore(ctx context.Context, f storage.RequestFilter, before storage.RequestNo, limit int) ([]storage.EnrolmentRequest, error) {
	list, rows := storage.RequestListOf(f, before), rowLimit(limit)
	state := string(list.State)
	requests, err := s.enrolmentRequests(ctx, func() ([]pgdb.EnrolmentRequest, error) {
		switch list.By {
		case storage.RequestsOfCustomer:
			return s.queries.ListRequestsOfCustomer(ctx, pgdb.ListRequestsOfCustomerParams{
				CustomerID: int64(f.Customer), Before: list.Before, Issuer: list.Issuer, State: state,
				Failed: list.Failed, EndedMax: list.EndedMax, MaxRows: rows,
			})
		case storage.RequestsThatAreOpen:
			return s.queries.ListOpenRequests(ctx, pgdb.ListOpenRequestsParams{Before: list.Before, Issuer: list.Issuer, State: state, MaxRows: rows})
		case storage.RequestsThatFailed:
			return s.queries.ListFailedRequests(ctx, pgdb.ListFailedRequestsParams{Before: list.Before, Issuer: list.Issuer, MaxRows: rows})
		case storage.RequestsOfIssuer:
			return s.queries.ListRequestsOfIssuer(ctx, pgdb.ListRequestsOfIssuerParams{
				Issuer: list.Issuer, Before: list.Before, State: state, Failed: list.Failed, MaxRows: rows,
			})
		case storage.AllRequests:
			return s.queries.ListRequests(ctx, pgdb.ListRequestsParams{Before: list.Before, State: state, Failed: list.Failed, MaxRows: rows})
		case storage.NoRequests:
		}
		return nil, nil
	})
	slices.SortFunc(requests, func(a, b storage.EnrolmentRequest) int { return cmp.Compare(b.No, a.No) })
	return requests, err
}

// EnrolmentRequestsWrappedBy implements storage.SealedRequests.
func (s *Store) EnrolmentRequestsWrappedBy(ctx context.Context, kek string, after storage.RequestNo, limit int) ([]storage.EnrolmentRequest, error) {
	if !storage.CanKeep(kek) {
		return nil, nil
	}
	return s.enrolmentRequests(ctx, func() ([]pgdb.EnrolmentRequest, error) {
		return s.queries.ListRequestsOfKEK(ctx, pgdb.ListRequestsOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// SealedEnrolmentRequestsAfter implements storage.SealedRequests.
func (s *Store) SealedEnrolmentRequestsAfter(ctx context.Context, issuer walletport.IssuerID, after storage.RequestNo, limit int) ([]storage.EnrolmentRequest, error) {
	if !storage.CanKeep(string(issuer)) {
		return nil, nil
	}
	return s.enrolmentRequests(ctx, func() ([]pgdb.EnrolmentRequest, error) {
		return s.queries.ListSealedRequests(ctx, pgdb.ListSealedRequestsParams{After: int64(after), Issuer: string(issuer), MaxRows: rowLimit(limit)})
	})
}

func (s *Store) enrolmentRequests(ctx context.Context, list func() ([]pgdb.EnrolmentRequest, error)) ([]storage.EnrolmentRequest, error) {
	var requests []storage.EnrolmentRequest
	err := s.retryLost(ctx, func() error {
		rows, err := list()
		if err != nil {
			return unavailable(ctx, err)
		}
		requests = make([]storage.EnrolmentRequest, len(rows))
		for i := range rows {
			if requests[i], err = requestFrom(&rows[i]); err != nil {
				return unavailable(ctx, err)
			}
		}
		return nil
	})
	return requests, err
}

// OpenEnrolmentRequests implements storage.Enrolments.
func (s *Store) OpenEnrolmentRequests(ctx context.Context) (map[storage.RequestState]storage.OpenRequests, error) {
	var c pgdb.CountOpenRequestsRow
	err := s.retryLost(ctx, func() error {
		var err error
		if c, err = s.queries.CountOpenRequests(ctx, jobs.MaxCounted); err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	open := func(count, oldest int64) storage.OpenRequests {
		return storage.OpenRequests{Count: int(count), Oldest: time.Duration(max(0, oldest)) * time.Millisecond}
	}
	return map[storage.RequestState]storage.OpenRequests{
		storage.RequestAccepted:   open(c.Accepted, c.OldestAccepted),
		storage.RequestSent:       open(c.Sent, c.OldestSent),
		storage.RequestInProgress: open(c.InProgress, c.OldestInProgress),
	}, nil
}

// DeleteEnrolmentRequests implements storage.Enrolments. When the answer to a deletion is lost
// and the call repeated, what it deleted is not counted.
func (s *Store) DeleteEnrolmentRequests(ctx context.Context, before time.Time, limit int) (int, error) {
	var deleted int64
	err := s.retryLost(ctx, func() error {
		var err error
		deleted, err = s.queries.DeleteEnrolmentRequests(ctx, pgdb.DeleteEnrolmentRequestsParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
		if err != nil {
			return unavailable(ctx, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}

// EnrolmentRequestKEKs implements storage.SealedRequests.
func (s *Store) EnrolmentRequestKEKs(ctx context.Context) ([]string, error) {
	return distinct[string](ctx, s, s.queries.NextRequestKEK)
}

// RewrapEnrolmentRequests implements storage.SealedRequests.
func (s *Store) RewrapEnrolmentRequests(ctx context.Context, changes []storage.RequestRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *pgdb.Queries, keys rewrappedKeys) (int64, error) {
		return q.RewrapRequests(ctx, pgdb.RewrapRequestsParams(keys))
	})
}
