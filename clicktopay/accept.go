package clicktopay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// ErrOptedOut is CodeForbidden, reason customer_opted_out: of ChannelPortfolio.
var ErrOptedOut error = walletport.Errorf(walletport.CodeForbidden, "customer_opted_out", "the customer wants no Click to Pay")

// Accept takes a change on: it will be done, or its row says why not. Everything that can be
// known is checked before, all faults at once. Row, record and job are one commit, and what the
// call's idempotency key is tied to. The same request as the consumer's last one, if that is
// still open, is that one; a call whose key made one already is that one whatever became of it.
// Errors:
//
//   - CodeUnavailable: scheme_not_configured, key_unavailable, store_unavailable, and
//     audit_unavailable: nothing is promised then
//   - CodeInvalid: customer_bid_missing, customer_bid_malformed, customer_bid_unknown also for
//     the BID of an issuer that the act is not for, card_id_contains_pan, and
//     enrolment_data_invalid
//   - CodeNotFound: customer_not_found; card_not_found, also for a card of another customer
//   - CodeForbidden: scheme_mismatch, card_not_eligible
//   - CodeConflict, idempotency_in_progress: see act.NoteMade
//   - ErrOptedOut, those of Asked.Admit and Parts.Limit, and those about texts with the card's
//     number, see act.Call.FindCard
//
// Where a request is CodeInvalid, CodeNotFound or CodeForbidden for several reasons, the error is of
// the one that accepting.examine comes to first, and its fields are those of all, as the caller
// names them. ErrOptedOut and the errors behind it in the list come alone.
func (f *Flow) Accept(ctx context.Context, r Asked) (Accepted, error) {
	if r.Channel != ChannelPortfolio {
		defer f.turns.call()()
	}
	o := overrides{customer: r.Overrides, card: r.CardOverrides}
	defer o.wipe()
	asked := request(walletport.ActionClickToPay(r.Action), r.AuditUser, r.Channel)
	asked.CardID = r.CardID
	return act.Audited(ctx, f.Audit, asked, func(record *act.Record) (Accepted, error) {
		a := accepting{finding: finding{flow: f, record: record, action: r.Action}, asked: r, overrides: o}
		return a.run(ctx)
	})
}

// accepting is an Accept under way.
type accepting struct {
	finding
	asked     Asked
	overrides overrides
	row       storage.EnrolmentRequest
}

func (a *accepting) run(ctx context.Context) (Accepted, error) {
	if id := act.MadeBefore(ctx); id != "" {
		return a.again(ctx, id)
	}
	s, err := a.flow.scheme()
	if err != nil {
		return Accepted{}, err
	}
	if err := a.checkAsked(); err != nil {
		return Accepted{}, err
	}
	if err := a.examine(ctx, s); err != nil {
		return Accepted{}, err
	}
	if err := a.makeRow(ctx); err != nil {
		return Accepted{}, err
	}
	if err := a.seal(); err != nil {
		return Accepted{}, err
	}
	return a.commit(ctx)
}

// again answers with what the same call made before, at a server that died or did not learn of
// its own commit. Nothing is asked of the data: they may have changed since, the request stands.
func (a *accepting) again(ctx context.Context, id string) (Accepted, error) {
	a.record.SetDetail(walletport.DetailRequest, id)
	row, err := a.flow.Store.EnrolmentRequest(ctx, id)
	if err != nil && walletport.CodeOf(err) != walletport.CodeNotFound { // which is of one that is no longer kept
		return Accepted{}, err
	}
	a.record.Issuer = row.Issuer
	a.record.SetDetail(walletport.DetailCustomer, row.Number)
	a.record.SetDetail(walletport.DetailBID, row.BID)
	return Accepted{ID: id, IsJoined: true}, nil
}

// checkAsked refuses what no call of the API and no command asks: it would be checked nowhere.
func (a *accepting) checkAsked() error {
	m, ok := messages[a.action]
	if !ok {
		return fmt.Errorf("clicktopay: there is no action %q", a.action)
	}
	o := a.overrides
	if !m.overridesCard {
		o.card = CardOverrides{}
	}
	if !m.overridesCustomer {
		o.customer = Overrides{}
	}
	if !slices.EqualFunc(o.lists(), a.overrides.lists(), func(taken, given []walletport.Private) bool { return (taken == nil) == (given == nil) }) {
		return fmt.Errorf("clicktopay: %s overrides nothing of the kind", a.action)
	}
	return nil
}

// makeRow makes the request's row, but for what is sealed.
func (a *accepting) makeRow(ctx context.Context) error {
	id, err := newID(a.flow.Rand)
	if err != nil {
		return err
	}
	now, err := a.flow.Store.Now(ctx)
	if err != nil {
		return err
	}
	a.row = storage.EnrolmentRequest{
		ID: id, Action: a.action, ConsumerKey: storage.ConsumerKey{Customer: a.customer.ID, BID: a.bid}, Issuer: a.issuer,
		Number: a.customer.Number, CardID: a.card.ID, State: storage.RequestAccepted, AcceptAt: now, UpdatedAt: now,
		By: a.asked.AuditUser, Channel: a.asked.Channel,
	}
	if a.asked.Channel == ChannelAPI {
		a.row.Client = walletport.ActorFrom(ctx).ClientID
	}
	if a.card.ID == 0 { // no card's number was looked for in them
		a.row.By = walletport.AuditUser(withoutNumber(string(a.row.By)))
		a.row.Client = withoutNumber(a.row.Client)
	}
	return nil
}

func withoutNumber(text string) string {
	if walletport.SuspectsPAN(text) {
		return walletport.RedactedNumber
	}
	return text
}

// seal seals what the request overrides, and makes its print.
func (a *accepting) seal() error {
	plain, err := encodeOverrides(a.overrides)
	if err != nil {
		return err
	}
	defer clear(plain)
	if a.row.Print, err = a.flow.printOf(&a.row, &a.subject, plain); err != nil || len(plain) == 0 {
		return err
	}
	a.row.Overrides, err = a.flow.Vault.SealOverrides(a.issuer, a.row.ID, plain)
	return err
}

// errJoined ends a transaction that would ask for the same again.
var errJoined = errors.New("the same was asked for before, and is not completed yet")

// commit makes the row, its record and its job durable.
func (a *accepting) commit(ctx context.Context) (Accepted, error) {
	var joined string
	var refusal error // of Asked.Admit
	err := a.record.Commit(ctx, a.flow.Audit, func(tx storage.Tx, record *act.Record) error {
		if err := act.NoteMade(ctx, tx, a.row.ID); err != nil {
			return err
		}
		record.SetDetail(walletport.DetailRequest, a.row.ID)
		err := tx.UpdateConsumer(a.row.ConsumerKey, a.customer.CustomerKey, func(old storage.Consumer) (storage.Consumer, error) {
			joined = old.Last.ID
			if refusal = a.admitted(old); refusal != nil {
				return old, act.ErrCommitted // nothing is recorded of it either
			}
			return a.next(old)
		})
		if err != nil {
			return err
		}
		no, err := tx.AddEnrolmentRequest(a.row)
		if err != nil {
			return err
		}
		_, err = tx.EnqueueJob(jobs.Request{Kind: a.kind(), Key: jobs.Key{Of: KeyOf, ID: int64(a.row.Customer)}, Arg: int64(no)})
		return err
	})
	switch {
	case refusal != nil:
		return Accepted{}, refusal
	case errors.Is(err, errJoined):
		a.record.SetDetail(walletport.DetailRequest, joined)
		return Accepted{ID: joined, IsJoined: true}, act.NoteJoined(ctx, a.flow.Store, joined)
	case err != nil:
		a.record.SetDetail(walletport.DetailRequest, "") // there is none, as far as anybody knows
		return Accepted{}, err
	}
	a.flow.Observer.Accepted(a.action, a.asked.Channel)
	return Accepted{ID: a.row.ID}, nil
}

// admitted asks whoever asked whether the consumer is as they thought, unless the request was
// accepted by a commit whose answer was lost.
func (a *accepting) admitted(c storage.Consumer) error {
	if a.asked.Admit == nil || c.Last.ID == a.row.ID {
		return nil
	}
	return a.asked.Admit(c)
}

// next is the consumer after the request was accepted.
func (a *accepting) next(old storage.Consumer) (storage.Consumer, error) {
	switch {
	case old.Last.ID == a.row.ID: // by a commit whose answer was lost
		return old, act.ErrCommitted
	case old.Last.IsOpen && bytes.Equal(old.Last.Print, a.row.Print):
		return old, errJoined
	}
	old.Open++
	old.Last = storage.LastRequest{ID: a.row.ID, Print: a.row.Print, IsOpen: true}
	enrols := a.action == walletport.EnrolCustomer || a.action == walletport.EnrolCard
	if enrols && standing(old.Cards, a.row.CardID).State != storage.CardEnrolled { // which it is until the scheme says else
		old.Cards = withCard(old.Cards, storage.ConsumerCard{ID: a.row.CardID, State: storage.CardAsked, Since: a.row.AcceptAt})
	}
	return old, nil
}

// kind keeps the many requests of a portfolio from those that somebody waits for.
func (a *accepting) kind() jobs.Kind {
	if a.asked.Channel == ChannelPortfolio {
		return PortfolioKind
	}
	return RequestKind
}

// newID returns a random UUID (RFC 9562 section 5.4). One in which a card number might be
// found is not taken: it would be struck out of texts that have it.
func newID(random io.Reader) (string, error) {
	for {
		id, err := uuid.NewRandomFromReader(random)
		if err != nil {
			return "", fmt.Errorf("no id for a request: %w", err)
		}
		if text := id.String(); !walletport.SuspectsPAN(text) {
			return text, nil
		}
	}
}
