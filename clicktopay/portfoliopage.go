package clicktopay

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// customersOnPage is what is known of the customers of a page of cards.
type customersOnPage struct {
	ids       map[string]walletport.CustomerID // by number; none is of one who is not stored
	consumers map[walletport.CustomerID][]storage.Consumer
	optedOut  map[string]struct{}
	busy      map[walletport.CustomerID]struct{} // with a request that this page has made
}

// page decides of some cards, in their order.
func (p *portfolioRun) page(ctx context.Context, cards []storage.Card) error {
	now := p.flow.Clock()
	outs := make([]LeftOut, len(cards))
	var numbers []string
	for i := range cards {
		if outs[i] = p.rules.ofCard(cards[i].CardSummary, now); outs[i].Reason == "" {
			numbers = append(numbers, cards[i].CustomerID)
		}
	}
	slices.Sort(numbers)
	known, err := outlast(ctx, p.flow.Clock, func() (*customersOnPage, error) { return p.customers(ctx, slices.Compact(numbers)) })
	if err != nil {
		return err
	}
	for i := range cards {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if outs[i].Reason != "" {
			err = p.leave(&cards[i], outs[i])
		} else {
			err = p.card(ctx, &cards[i], known)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// customers looks up who the customers of those numbers are, and how they stand.
func (p *portfolioRun) customers(ctx context.Context, numbers []string) (*customersOnPage, error) {
	known := &customersOnPage{
		ids: map[string]walletport.CustomerID{}, consumers: map[walletport.CustomerID][]storage.Consumer{},
		optedOut: map[string]struct{}{}, busy: map[walletport.CustomerID]struct{}{},
	}
	if len(numbers) == 0 {
		return known, nil
	}
	outs, err := p.flow.Store.OptOuts(ctx, p.asked.Issuer, numbers)
	if err != nil {
		return nil, err
	}
	for _, out := range outs {
		known.optedOut[out.Number] = struct{}{}
	}
	var keys []walletport.CustomerKey
	for _, number := range numbers {
		keys = append(keys, walletport.CustomerKey{Issuer: p.asked.Issuer, Number: number})
	}
	customers, err := p.flow.Store.CustomersByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	var ids []walletport.CustomerID
	for i := range customers {
		if !customers[i].IsForgotten {
			known.ids[customers[i].Number] = customers[i].ID
			ids = append(ids, customers[i].ID)
		}
	}
	consumers, err := p.flow.Store.ConsumersOf(ctx, ids)
	for _, c := range consumers {
		known.consumers[c.Customer] = append(known.consumers[c.Customer], c)
	}
	return known, err
}

// card decides of a card that is eligible by itself.
func (p *portfolioRun) card(ctx context.Context, card *storage.Card, known *customersOnPage) error {
	if _, out := known.optedOut[card.CustomerID]; out {
		return p.leave(card, LeftOut{Reason: LeftOutOptedOut})
	}
	customer, ok := known.ids[card.CustomerID]
	if !ok {
		return p.leave(card, LeftOut{Reason: LeftOutCustomerUnknown})
	}
	action, out := p.rules.ofConsumers(card.ID, known.consumers[customer])
	if _, busy := known.busy[customer]; busy && out.Reason == "" {
		out = LeftOut{Reason: LeftOutCustomerBusy}
	}
	if out.Reason == "" {
		var err error
		out, err = outlast(ctx, p.flow.Clock, func() (LeftOut, error) { return p.ofData(ctx, card, customer, action) })
		if err != nil {
			return err
		}
	}
	switch {
	case out.Reason == LeftOutCustomerBusy:
		p.deferred = append(p.deferred, card.ID)
		return nil
	case out.Reason != "":
		return p.leave(card, out)
	case p.asked.IsTrial:
		return p.plan(card, customer, action)
	}
	return p.enrol(ctx, card, action, func() { known.busy[customer] = struct{}{} })
}

// ofData holds what is stored of card and customer to the scheme's rules, as Accept will: so
// cards that lack something are no refused calls in the audit trail, each time anew.
func (p *portfolioRun) ofData(ctx context.Context, card *storage.Card, customer walletport.CustomerID, action walletport.ClickToPayAction) (LeftOut, error) {
	row := storage.EnrolmentRequest{
		Action: action, ConsumerKey: storage.ConsumerKey{Customer: customer, BID: p.rules.bid}, Issuer: p.asked.Issuer,
		Number: card.CustomerID, CardID: card.ID, Channel: ChannelPortfolio,
	}
	var o overrides
	err := p.flow.compose(ctx, &row, o, func(e scheme.Enrolment) error {
		return p.scheme.Enroller.CheckEnrolment(e, p.flow.Clock())
	})
	return leftOutBy(o.inCallersWords(&row, err))
}

// plan tells of a card that a trial would enrol. A customer's second card follows the first.
func (p *portfolioRun) plan(card *storage.Card, customer walletport.CustomerID, action walletport.ClickToPayAction) error {
	if _, again := p.planned[customer]; again {
		action = walletport.EnrolCard
	}
	p.planned[customer] = struct{}{}
	p.report.Accepted++
	return p.tell(PortfolioCard{CardID: card.ID, Customer: card.CustomerID, Action: action})
}

// enrol has a card's enrolment accepted, at the pace of the run.
func (p *portfolioRun) enrol(ctx context.Context, card *storage.Card, action walletport.ClickToPayAction, took func()) error {
	accepted, err := p.accept(ctx, card, action)
	if err == nil {
		took()
		p.report.Accepted++
		return p.tell(PortfolioCard{CardID: card.ID, Customer: card.CustomerID, Action: action, Request: accepted.ID})
	}
	out, err := leftOutBy(err)
	switch {
	case err != nil:
		return err
	case out.Reason == LeftOutCustomerBusy:
		p.deferred = append(p.deferred, card.ID)
		return nil
	}
	return p.leave(card, out)
}

// finishWithin is how long a request that is being accepted may take when the run is told to
// stop: so it is known whether it was.
const finishWithin = 10 * time.Second

func (p *portfolioRun) accept(ctx context.Context, card *storage.Card, action walletport.ClickToPayAction) (Accepted, error) {
	asked := Asked{
		Action: action, CardID: card.ID, BID: p.rules.bid, AuditUser: p.asked.AuditUser, Channel: ChannelPortfolio,
		Admit: func(c storage.Consumer) error { return p.admit(card.ID, action, &c) },
	}
	if action == walletport.EnrolCustomer {
		asked.Customer = card.CustomerID
	}
	for {
		if err := p.gate.pass(ctx); err != nil {
			return Accepted{}, err
		}
		if !p.pace.wait(ctx) {
			return Accepted{}, ctx.Err()
		}
		accepted, err := outlast(ctx, p.flow.Clock, func() (Accepted, error) {
			whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
			defer cancel()
			return p.flow.Accept(whole, asked)
		})
		if walletport.CodeOf(err) != walletport.CodeRateLimited {
			return accepted, err
		}
		if !act.Pause(ctx, lookAgain) { // the issuer's own calls come first
			return Accepted{}, ctx.Err()
		}
	}
}

// admit decides under the lock of the consumer: others may have asked since the page was read.
func (p *portfolioRun) admit(card walletport.CardID, action walletport.ClickToPayAction, c *storage.Consumer) error {
	now, out := p.rules.ofConsumer(card, c)
	if out.Reason == "" && now != action { // look at it again
		out.Reason = LeftOutCustomerBusy
	}
	if out.Reason == "" {
		return nil
	}
	return walletport.Errorf(walletport.CodeConflict, "enrolment_not_new", "the card was enrolled before, or its enrolment was asked for or refused, or it was removed").
		WithCause(&leftOutError{out})
}

// leftOutError is why a card is left out, where an error is needed.
type leftOutError struct{ LeftOut }

func (e *leftOutError) Error() string { return "left out: " + string(e.Reason) }

// leftOutBy returns why a card cannot be enrolled, where an error is about this card alone;
// others are returned as they are.
func leftOutBy(err error) (LeftOut, error) {
	if out, ok := errors.AsType[*leftOutError](err); ok {
		return out.LeftOut, nil
	}
	refusal, ok := errors.AsType[*walletport.Error](err)
	if !ok {
		return LeftOut{}, err
	}
	switch reason := walletport.ReasonOf(err); reason {
	case "enrolment_data_invalid":
		return LeftOut{Reason: LeftOutDataInvalid, Fields: refusal.Fields}, nil
	case "customer_opted_out":
		return LeftOut{Reason: LeftOutOptedOut}, nil
	case "customer_not_found":
		return LeftOut{Reason: LeftOutCustomerUnknown}, nil
	case "card_not_found", "card_id_contains_pan":
		return LeftOut{Reason: LeftOutCardForgotten}, nil
	case "card_not_eligible", "scheme_mismatch", "customer_damaged", "card_damaged":
		return LeftOut{Reason: LeftOutNotTaken, Detail: reason}, nil
	}
	return LeftOut{}, err
}

// gate holds a run back while too many requests of portfolios are open.
type gate struct {
	flow *Flow
	most int
	held func(open int)
	next time.Time // when to count again
}

// pass waits until fewer requests are open. They are counted once a second: by as many as a
// run accepts in that time there may be more.
func (g *gate) pass(ctx context.Context) error {
	for g.flow.Clock().After(g.next) {
		depth, err := outlast(ctx, g.flow.Clock, func() (jobs.Depth, error) { return g.flow.Store.JobDepth(ctx, PortfolioKind) })
		if err != nil {
			return err
		}
		if depth.Waiting < g.most {
			g.next = g.flow.Clock().Add(lookAgain)
			return nil
		}
		if g.held != nil {
			g.held(depth.Waiting)
		}
		if !act.Pause(ctx, lookAgain) {
			return ctx.Err()
		}
	}
	return nil
}
