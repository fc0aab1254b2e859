package storage

import (
	"cmp"
	"errors"
	"slices"

	"github.com/walletport/walletport"
)

// NewConsumer returns the consumer that EnrolmentsTx.UpdateConsumer gives to change where there
// is none yet. Of malformed text it is CodeInvalid, reason text_malformed.
func NewConsumer(key ConsumerKey, customer walletport.CustomerKey) (Consumer, error) {
	c := Consumer{ConsumerKey: key, Issuer: customer.Issuer, Number: customer.Number}
	return c, checkConsumer(&c)
}

// ChangeConsumer returns what change makes of old, with what stays of it: the row that
// EnrolmentsTx.UpdateConsumer stores.
func ChangeConsumer(old Consumer, change func(Consumer) (Consumer, error)) (Consumer, error) {
	key, issuer, number := old.ConsumerKey, old.Issuer, old.Number
	consumer, err := change(old)
	if err != nil {
		return Consumer{}, err
	}
	consumer.ConsumerKey, consumer.Issuer, consumer.Number = key, issuer, number
	consumer.Cards = slices.SortedFunc(slices.Values(consumer.Cards), func(a, b ConsumerCard) int { return cmp.Compare(a.ID, b.ID) })
	return consumer, checkConsumer(&consumer)
}

// checkConsumer returns CodeInvalid, reason text_malformed, for text that not every engine can
// keep. What a caller should not have put is its fault and CodeInternal.
func checkConsumer(c *Consumer) error {
	if c.Customer == 0 || c.BID == "" || c.Issuer == "" || c.Number == "" {
		return errors.New("a consumer lacks the customer, the id of the issuer, or the issuer")
	}
	if c.Open < 0 {
		return errors.New("a consumer has less than no open requests")
	}
	for i, card := range c.Cards {
		if card.ID == 0 || card.State == "" || i > 0 && card.ID == c.Cards[i-1].ID {
			return errors.New("a consumer's card lacks its id or its state, or is there twice")
		}
		if err := checkOutsideTexts("a fault", string(card.State), card.Reason); err != nil {
			return err
		}
	}
	return checkText(c.BID, string(c.Issuer), c.Number, c.Last.ID)
}

// CheckNewRequest is checkRequest of one that is added: it is not completed.
func CheckNewRequest(r *EnrolmentRequest) error {
	if r.State == RequestCompleted {
		return errors.New("a request is completed after it was added")
	}
	return checkRequest(r)
}

// ChangeRequest returns what change makes of old, with what stays of it: the row that
// EnrolmentsTx.UpdateEnrolmentRequest stores. One that is completed has neither Print nor
// Overrides any more, whatever change leaves, and is not opened again.
func ChangeRequest(old EnrolmentRequest, change func(EnrolmentRequest) (EnrolmentRequest, error)) (EnrolmentRequest, error) {
	next, err := change(old)
	if err != nil {
		return EnrolmentRequest{}, err
	}
	if old.State == RequestCompleted && next.State != RequestCompleted {
		return EnrolmentRequest{}, errors.New("a request that was completed is not opened again")
	}
	kept := old
	kept.State, kept.Result, kept.Faults, kept.Reference = next.State, next.Result, next.Faults, next.Reference
	kept.Sends, kept.SentAt, kept.UpdatedAt, kept.EndedAt = next.Sends, next.SentAt, next.UpdatedAt, next.EndedAt
	isCompleted := next.State == RequestCompleted
	if isCompleted || len(next.Print) == 0 {
		kept.Print = nil
	}
	if isCompleted || len(next.Overrides.Sealed) == 0 {
		kept.Overrides = SealedOverrides{}
	}
	return kept, checkRequest(&kept)
}

// checkRequest returns CodeInvalid, reason text_malformed, for text that not every engine can
// keep. What a caller should not have put is its fault and CodeInternal: half of an envelope,
// a result before the end or none at it, a card number in a fault.
func checkRequest(r *EnrolmentRequest) error {
	if r.ID == "" || r.Action == "" || r.Customer == 0 || r.BID == "" || r.Issuer == "" || r.Number == "" || r.AcceptAt.IsZero() {
		return errors.New("a request lacks its id, its action, whom it is of, or when it was accepted")
	}
	o := &r.Overrides
	if isHalfEnvelope(o.Sealed, o.WrappedKey, o.KEK) {
		return errors.New("sealed overrides come with the data key and the id of the key that wrapped it")
	}
	if err := checkEnd(r); err != nil {
		return err
	}
	for _, f := range r.Faults {
		if err := checkOutsideTexts("a fault", f.Field, f.Reason, f.Message); err != nil {
			return err
		}
	}
	return checkText(r.ID, string(r.Action), r.BID, string(r.Issuer), r.Number, o.KEK, string(r.State), r.Reference,
		string(r.By), r.Client, string(r.Channel))
}

// checkEnd holds the state of a request against what says how it ended.
func checkEnd(r *EnrolmentRequest) error {
	switch r.State {
	case RequestAccepted, RequestSent, RequestInProgress:
		if r.Result != "" || !r.EndedAt.IsZero() || len(r.Faults) > 0 {
			return errors.New("a request that is not completed has no result, faults, or end")
		}
		return nil
	case RequestCompleted:
		if r.Result != RequestSucceeded && r.Result != RequestFailed || r.EndedAt.IsZero() {
			return errors.New("a completed request has a result and an end")
		}
		if r.Result == RequestSucceeded && len(r.Faults) > 0 {
			return errors.New("a request that succeeded has no faults")
		}
		return nil
	}
	return errors.New("a request has no state")
}

// CheckOptOut returns CodeInvalid, reason text_malformed, for text that not every engine can
// keep. One without its key or its time is the caller's fault and CodeInternal.
func CheckOptOut(o OptOut) error {
	if o.Issuer == "" || o.Number == "" || o.At.IsZero() {
		return errors.New("an opt-out lacks the issuer, the number, or its time")
	}
	return checkText(string(o.Issuer), o.Number, string(o.By))
}
