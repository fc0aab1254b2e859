package sqlite

import (
	"database/sql"
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/sqlite/sqlitedb"
)

// AddEnrolmentRequest implements storage.EnrolmentsTx. The write lock makes numbers follow the
// commits.
func (t *transaction) AddEnrolmentRequest(r storage.EnrolmentRequest) (storage.RequestNo, error) {
	if err := storage.CheckNewRequest(&r); err != nil {
		return 0, err
	}
	no, err := t.q.InsertEnrolmentRequest(uncancelled(t.ctx), insertRequestParams(&r))
	if err != nil {
		return 0, t.failed(err)
	}
	return storage.RequestNo(no), nil
}

// UpdateEnrolmentRequest implements storage.EnrolmentsTx.
func (t *transaction) UpdateEnrolmentRequest(no storage.RequestNo, change func(storage.EnrolmentRequest) (storage.EnrolmentRequest, error)) error {
	row, err := t.q.GetEnrolmentRequestByNo(uncancelled(t.ctx), int64(no))
	if errors.Is(err, sql.ErrNoRows) {
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
	params, err := updateRequestParams(&request)
	if err == nil {
		err = t.q.UpdateEnrolmentRequest(uncancelled(t.ctx), params)
	}
	if err != nil {
		return t.failed(err)
	}
	return nil
}

func insertRequestParams(r *storage.EnrolmentRequest) sqlitedb.InsertEnrolmentRequestParams {
	return sqlitedb.InsertEnrolmentRequestParams{
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

func updateRequestParams(r *storage.EnrolmentRequest) (sqlitedb.UpdateEnrolmentRequestParams, error) {
	faults, err := storage.EncodeFaults(r.Faults)
	return sqlitedb.UpdateEnrolmentRequestParams{
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

func requestFrom(r *sqlitedb.EnrolmentRequest) (storage.EnrolmentRequest, error) {
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
