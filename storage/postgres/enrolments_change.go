package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

// AddEnrolmentRequest implements storage.EnrolmentsTx. The consumer's row, which is
// locked, makes its numbers follow the commits.
func (t *transaction) AddEnrolmentRequest(r storage.EnrolmentRequest) (storage.RequestNo, error) {
	if err := storage.CheckNewRequest(&r); err != nil {
		return 0, err
	}
	no, err := t.q.InsertEnrolmentRequest(t.ctx, insertRequestParams(&r))
	if err != nil {
		return 0, t.failed(err)
	}
	return storage.RequestNo(no), nil
}

// UpdateEnrolmentRequest implements storage.EnrolmentsTx.
func (t *transaction) UpdateEnrolmentRequest(no storage.RequestNo, change func(storage.EnrolmentRequest) (storage.EnrolmentRequest, error)) error {
	row, err := t.q.GetEnrolmentRequestForUpdate(t.ctx, int64(no))
	if errors.Is(err, pgx.ErrNoRows) {
		return storage.ErrEnrolmentRequestNotFound()
	}
	var old storage.EnrolmentRequest
	if err == nil {
		old, err = requestFrom(&row)
	}
	if err != nil {
		return t.failed(err)
	}
	request, err := storage.ChangeRequest(old, change)
	if err != nil {
		return err
	}
	if err := t.writeRequest(&request, old.State); err != nil {
		return t.failed(err)
	}
	return nil
}

// writeRequest keeps the list of open requests too.
func (t *transaction) writeRequest(r *storage.EnrolmentRequest, was storage.RequestState) error {
	params, err := updateRequestParams(r)
	if err != nil {
		return err
	}
	if err := t.q.UpdateEnrolmentRequest(t.ctx, params); err != nil {
		return err
	}
	if r.State != storage.RequestCompleted || was == storage.RequestCompleted {
		return nil
	}
	return t.q.CloseEnrolmentRequest(t.ctx, int64(r.No))
}

func insertRequestParams(r *storage.EnrolmentRequest) pgdb.InsertEnrolmentRequestParams {
	return pgdb.InsertEnrolmentRequestParams{
		ID:         r.ID,
		Action:     string(r.Action),
		CustomerID: int64(r.Customer),
		Bid:        r.BID,
		Issuer:     string(r.Issuer),
		Number:     r.Number,
		CardID:     int64(r.CardID),
		Print:      notNull(r.Print),
		Sealed:     notNull(r.Overrides.Sealed),
		WrappedKey: notNull(r.Overrides.WrappedKey),
		Kek:        r.Overrides.KEK,
		State:      string(r.State),
		Reference:  r.Reference,
		Sends:      int64(r.Sends),
		SentMs:     storage.ColumnTime(r.SentAt),
		AcceptedMs: storage.ColumnTime(r.AcceptAt),
		UpdatedMs:  storage.ColumnTime(r.UpdatedAt),
		ByWhom:     string(r.By),
		Client:     r.Client,
		Channel:    string(r.Channel),
	}
}

func updateRequestParams(r *storage.EnrolmentRequest) (pgdb.UpdateEnrolmentRequestParams, error) {
	faults, err := storage.EncodeFaults(r.Faults)
	return pgdb.UpdateEnrolmentRequestParams{
		No:         int64(r.No),
		Print:      notNull(r.Print),
		Sealed:     notNull(r.Overrides.Sealed),
		WrappedKey: notNull(r.Overrides.WrappedKey),
		Kek:        r.Overrides.KEK,
		State:      string(r.State),
		Failed:     flag(r.Result == storage.RequestFailed),
		Faults:     faults,
		Reference:  r.Reference,
		Sends:      int64(r.Sends),
		SentMs:     storage.ColumnTime(r.SentAt),
		UpdatedMs:  storage.ColumnTime(r.UpdatedAt),
		EndedMs:    storage.ColumnTime(r.EndedAt),
	}, err
}

func requestFrom(r *pgdb.EnrolmentRequest) (storage.EnrolmentRequest, error) {
	faults, err := storage.DecodeFaults(r.Faults)
	state := storage.RequestState(r.State)
	return storage.EnrolmentRequest{
		No:          storage.RequestNo(r.No),
		ID:          r.ID,
		Action:      walletport.ClickToPayAction(r.Action),
		ConsumerKey: storage.ConsumerKey{Customer: walletport.CustomerID(r.CustomerID), BID: r.Bid},
		Issuer:      walletport.IssuerID(r.Issuer),
		Number:      r.Number,
		CardID:      walletport.CardID(r.CardID),
		Print:       r.Print,
		Overrides:   storage.SealedOverrides{Sealed: r.Sealed, WrappedKey: r.WrappedKey, KEK: r.Kek},
		State:       state,
		Result:      storage.RequestResultOf(state, r.Failed),
		Faults:      faults,
		Reference:   r.Reference,
		Sends:       int(r.Sends),
		SentAt:      storage.ColumnTimeFrom(r.SentMs),
		AcceptAt:    storage.ColumnTimeFrom(r.AcceptedMs),
		UpdatedAt:   storage.ColumnTimeFrom(r.UpdatedMs),
		EndedAt:     storage.ColumnTimeFrom(r.EndedMs),
		By:          walletport.AuditUser(r.ByWhom),
		Client:      r.Client,
		Channel:     storage.RequestChannel(r.Channel),
	}, err
}
