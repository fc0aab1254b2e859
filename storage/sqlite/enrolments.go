package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// EnrolmentRequest implements storage.Enrolments.
func (s *Store) EnrolmentRequest(ctx context.Context, id string) (storage.EnrolmentRequest, error) {
	return s.enrolmentRequest(ctx, func(q *sqlitedb.Queries) (sqlitedb.EnrolmentRequest, error) {
		return q.GetEnrolmentRequest(uncancelled(ctx), id)
	})
}

// EnrolmentRequestByNo implements storage.Enrolments.
func (s *Store) EnrolmentRequestByNo(ctx context.Context, no storage.RequestNo) (storage.EnrolmentRequest, error) {
	return s.enrolmentRequest(ctx, func(q *sqlitedb.Queries) (sqlitedb.EnrolmentRequest, error) {
		return q.GetEnrolmentRequestByNo(uncancelled(ctx), int64(no))
	})
}

func (s *Store) enrolmentRequest(ctx context.Context, get func(*sqlitedb.Queries) (sqlitedb.EnrolmentRequest, error)) (storage.EnrolmentRequest, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return storage.EnrolmentRequest{}, err
	}
	if ctx.Err() != nil {
		return storage.EnrolmentRequest{}, storage.ErrUnavailable(ctx, ctx.Err())
	}
	row, err := get(q)
	if errors.Is(err, sql.ErrNoRows) {
		return storage.EnrolmentRequest{}, storage.ErrEnrolmentRequestNotFound()
	}
	var request storage.EnrolmentRequest
	if err == nil {
		request, err = requestFrom(&row)
	}
	if err != nil {
		return storage.EnrolmentRequest{}, storage.ErrUnavailable(ctx, err)
	}
	return request, nil
}

// EnrolmentRequestsBefore implements storage.Enrolments.
func (s *Store) EnrolmentRequestsBefore(ctx context.Context, f storage.RequestFilter, before storage.RequestNo, limit int) ([]storage.EnrolmentRequest, error) {
	list, rows := storage.RequestListOf(f, before), rowLimit(limit)
	state := string(list.State)
	return s.enrolmentRequests(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.EnrolmentRequest, error) {
		switch list.By {
		case storage.RequestsOfCustomer:
			return q.ListRequestsOfCustomer(ctx, sqlitedb.ListRequestsOfCustomerParams{
				CustomerID: int64(f.Customer), Before: list.Before, Issuer: list.Issuer, State: state,
				Failed: list.Failed, EndedMax: list.EndedMax, MaxRows: rows,
			})
		case storage.RequestsThatAreOpen:
			return q.ListOpenRequests(ctx, sqlitedb.ListOpenRequestsParams{Before: list.Before, Issuer: list.Issuer, State: state, MaxRows: rows})
		case storage.RequestsThatFailed:
			return q.ListFailedRequests(ctx, sqlitedb.ListFailedRequestsParams{Before: list.Before, Issuer: list.Issuer, MaxRows: rows})
		case storage.RequestsOfIssuer:
			return q.ListRequestsOfIssuer(ctx, sqlitedb.ListRequestsOfIssuerParams{
				Issuer: list.Issuer, Before: list.Before, State: state, Failed: list.Failed, MaxRows: rows,
			})
		case storage.AllRequests:
			return q.ListRequests(ctx, sqlitedb.ListRequestsParams{Before: list.Before, State: state, Failed: list.Failed, MaxRows: rows})
		case storage.NoRequests:
		}
		return nil, nil
	})
}

// EnrolmentRequestsWrappedBy implements storage.SealedRequests.
func (s *Store) EnrolmentRequestsWrappedBy(ctx context.Context, kek string, after storage.RequestNo, limit int) ([]storage.EnrolmentRequest, error) {
	return s.enrolmentRequests(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.EnrolmentRequest, error) {
		return q.ListRequestsOfKEK(ctx, sqlitedb.ListRequestsOfKEKParams{Kek: kek, After: int64(after), MaxRows: rowLimit(limit)})
	})
}

// SealedEnrolmentRequestsAfter implements storage.SealedRequests.
func (s *Store) SealedEnrolmentRequestsAfter(ctx context.Context, issuer walletport.IssuerID, after storage.RequestNo, limit int) ([]storage.EnrolmentRequest, error) {
	return s.enrolmentRequests(ctx, func(q *sqlitedb.Queries) ([]sqlitedb.EnrolmentRequest, error) {
		return q.ListSealedRequests(ctx, sqlitedb.ListSealedRequestsParams{After: int64(after), Issuer: string(issuer), MaxRows: rowLimit(limit)})
	})
}

func (s *Store) enrolmentRequests(ctx context.Context, list func(*sqlitedb.Queries) ([]sqlitedb.EnrolmentRequest, error)) ([]storage.EnrolmentRequest, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := list(q)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	requests := make([]storage.EnrolmentRequest, len(rows))
	for i := range rows {
		if requests[i], err = requestFrom(&rows[i]); err != nil {
			return nil, storage.ErrUnavailable(ctx, err)
		}
	}
	return requests, nil
}

// OpenEnrolmentRequests implements storage.Enrolments.
func (s *Store) OpenEnrolmentRequests(ctx context.Context) (map[storage.RequestState]storage.OpenRequests, error) {
	q, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	c, err := q.CountOpenRequests(ctx, jobs.MaxCounted)
	if err != nil {
		return nil, storage.ErrUnavailable(ctx, err)
	}
	now := s.nowMs()
	open := func(count, first int64) storage.OpenRequests {
		if count == 0 {
			return storage.OpenRequests{}
		}
		return storage.OpenRequests{Count: int(count), Oldest: time.Duration(max(0, now-first)) * time.Millisecond}
	}
	return map[storage.RequestState]storage.OpenRequests{
		storage.RequestAccepted:   open(c.Accepted, c.FirstAccepted),
		storage.RequestSent:       open(c.Sent, c.FirstSent),
		storage.RequestInProgress: open(c.InProgress, c.FirstInProgress),
	}, nil
}

// DeleteEnrolmentRequests implements storage.Enrolments.
func (s *Store) DeleteEnrolmentRequests(ctx context.Context, before time.Time, limit int) (int, error) {
	var deleted int64
	err := s.transact(ctx, func(q *sqlitedb.Queries) error {
		var err error
		deleted, err = q.DeleteEnrolmentRequests(ctx, sqlitedb.DeleteEnrolmentRequestsParams{BeforeMs: before.UnixMilli(), MaxRows: rowLimit(limit)})
		if err != nil {
			return storage.ErrUnavailable(ctx, err)
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
	return distinct[string](ctx, s, (*sqlitedb.Queries).NextRequestKEK)
}

// RewrapEnrolmentRequests implements storage.SealedRequests.
func (s *Store) RewrapEnrolmentRequests(ctx context.Context, changes []storage.RequestRewrapping) (int, error) {
	return rewrapAll(ctx, s, changes, func(q *sqlitedb.Queries, c storage.RequestRewrapping) (int64, error) {
		return q.RewrapRequest(ctx, sqlitedb.RewrapRequestParams{NewKey: c.New, Kek: c.KEK, No: int64(c.ID), OldKey: c.Old})
	})
}
