package clicktopay

import (
	"context"

	"github.com/google/uuid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// Status says how far a request has come. Errors:
//
//   - CodeNotFound, enrolment_request_not_found: also of a request of an issuer that the
//     actor is not bound to, and of one that is no longer kept
//   - those of Parts.Limit, and CodeUnavailable: store_unavailable and audit_unavailable
func (f *Flow) Status(ctx context.Context, r StatusRequest) (Status, error) {
	asked := request(walletport.ActionClickToPayStatus, r.AuditUser, r.Channel)
	return act.Audited(ctx, f.Audit, asked, func(record *act.Record) (Status, error) {
		row, err := f.findRequest(ctx, record, r.ID)
		if err != nil {
			return Status{}, err
		}
		row.Print, row.Overrides = nil, storage.SealedOverrides{}
		return Status{Request: row}, nil
	})
}

func (f *Flow) findRequest(ctx context.Context, record *act.Record, id string) (storage.EnrolmentRequest, error) {
	if !isID(id) {
		return storage.EnrolmentRequest{}, storage.ErrEnrolmentRequestNotFound()
	}
	row, err := f.Store.EnrolmentRequest(ctx, id)
	if err != nil {
		return row, err
	}
	if !record.ActsFor(ctx, row.Issuer) {
		return row, storage.ErrEnrolmentRequestNotFound()
	}
	record.Issuer = row.Issuer
	record.SetDetail(walletport.DetailRequest, row.ID)
	record.SetDetail(walletport.DetailCustomer, row.Number)
	record.SetDetail(walletport.DetailBID, row.BID)
	if f.Limit != nil {
		if err := f.Limit(row.Issuer); err != nil {
			return row, err
		}
	}
	if row.EndedAt.IsZero() {
		return row, nil
	}
	now, err := f.Store.Now(ctx)
	if err == nil && now.Sub(row.EndedAt) > f.Settings.Keep { // the sweep has not come to it yet
		err = storage.ErrEnrolmentRequestNotFound()
	}
	return row, err
}

// ErrRequestNotFound returns what Status says of a request that there is none of.
func ErrRequestNotFound() *walletport.Error { return storage.ErrEnrolmentRequestNotFound() }

// isID reports whether text may be the id of a request, as newID writes it.
func isID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}
