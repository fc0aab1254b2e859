package clicktopay

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// PortfolioRequest asks for the enrolment of all eligible cards of an issuer, or of one
// product of it, that are not enrolled yet.
type PortfolioRequest struct {
	Issuer  walletport.IssuerID
	Product string  // "" is every product of the issuer's table
	BID     string  // "" is the one of the portfolio's settings, else the issuer's only one
	Rate    float64 // requests a second; 0 is that of the settings
	// IsTrial changes nothing, and tells what would be done.
	IsTrial bool
	// RetriesRefused also asks for cards whose enrolment was refused before.
	RetriesRefused bool
	// RetriesRemoved also asks for cards that were removed, and for all of customers who left.
	RetriesRemoved bool
	// Patience is how long the run waits, after its last card, for requests of customers who
	// have further cards; it begins anew with each that is completed. 0 leaves those cards to
	// a later run.
	Patience  time.Duration
	AuditUser walletport.AuditUser
	// Tell is told of each card once; an error of it ends the run. nil tells nobody.
	Tell func(PortfolioCard) error
	// Held is told when the run waits because so many requests of portfolios are open. It may
	// be nil.
	Held func(open int)
}

// PortfolioCard says what became of a card.
type PortfolioCard struct {
	CardID   walletport.CardID
	Customer string // the customer's number; "" where the card names none
	Action   walletport.ClickToPayAction
	Request  string  // its id; "" of a trial, and of a card that is left out
	Out      LeftOut // zero if it is not; else Action is ""
}

// PortfolioReport says what a run did.
type PortfolioReport struct {
	Cards    int // that were looked at
	Accepted int // requests; of a trial, those that would be made
	LeftOut  map[LeftOutReason]int
}

// EnrolPortfolio accepts a request, as Accept does, for each eligible card that is not
// enrolled yet. What is enrolled is known by the rows of consumers, so a run that was ended
// in any way is gone on with by another one, and of two runs at once one asks for a card.
// Memory does not grow with the portfolio, but by the ids of cards that wait for another
// card of their customer.
//
// What is away for a moment, the database or the audit trail, is waited for, for up to two
// minutes each time. A card whose commit was made and not answered is LeftOutAlreadyAsked then.
//
// The report is of what was done, also beside an error: a run that ctx ends leaves no
// request half made. Errors:
//
//   - CodeInvalid: portfolio_not_configured, portfolio_product_unknown,
//     portfolio_rate_invalid, customer_bid_missing, customer_bid_unknown
//   - CodeUnavailable: scheme_not_configured, store_unavailable, audit_unavailable, and what
//     else keeps requests from being accepted, whatever the card
//   - that of Tell
func (f *Flow) EnrolPortfolio(ctx context.Context, r PortfolioRequest) (PortfolioReport, error) {
	run, err := f.newPortfolioRun(r)
	if err != nil {
		return PortfolioReport{}, err
	}
	asked := request(walletport.ActionClickToPayPortfolio, r.AuditUser, ChannelPortfolio)
	asked.Issuer = r.Issuer
	asked.SetDetail(walletport.DetailBID, run.rules.bid)
	asked.SetDetail(walletport.DetailProduct, r.Product)
	if r.IsTrial {
		asked.SetDetail(walletport.DetailMode, "dry_run")
	}
	_, err = act.Declared(ctx, f.Audit, asked, func(record *act.Record) (struct{}, error) {
		err := run.do(ctx)
		record.SetDetail(walletport.DetailRows, strconv.Itoa(run.report.Cards))
		record.SetDetail(walletport.DetailAccepted, strconv.Itoa(run.report.Accepted))
		record.SetDetail(walletport.DetailLeftOut, strconv.Itoa(run.report.leftOut()))
		return struct{}{}, err
	})
	return run.report, err
}

func (r *PortfolioReport) leftOut() (sum int) {
	for _, n := range r.LeftOut {
		sum += n
	}
	return sum
}

// portfolioRun is an EnrolPortfolio under way.
type portfolioRun struct {
	flow   *Flow
	scheme *Scheme
	asked  PortfolioRequest
	rules  eligibility
	pace   *pace
	gate   gate
	report PortfolioReport

	deferred []walletport.CardID                // whose customer has an open request
	planned  map[walletport.CustomerID]struct{} // whom a trial would enrol
}

func (f *Flow) newPortfolioRun(r PortfolioRequest) (*portfolioRun, error) {
	s, err := f.scheme()
	if err != nil {
		return nil, err
	}
	settings := f.Settings.Portfolio
	section, ok := settings.Issuers[string(r.Issuer)]
	if !ok {
		return nil, walletport.Errorf(walletport.CodeInvalid, "portfolio_not_configured",
			"the settings have no clicktopay.portfolio.issuers section for this issuer: nobody knows which of its cards are eligible")
	}
	if _, ok := section.Products[r.Product]; !ok && r.Product != "" {
		return nil, walletport.Errorf(walletport.CodeInvalid, "portfolio_product_unknown",
			"the issuer's table has no such product, so none of its cards is eligible; it has: %s", strings.Join(slices.Sorted(maps.Keys(section.Products)), ", "))
	}
	bid, err := f.portfolioBID(r, section)
	if err != nil {
		return nil, err
	}
	rate := settings.Rate
	if r.Rate != 0 {
		rate = r.Rate
	}
	if rate <= 0 || !isPortfolioRate(rate) {
		return nil, walletport.Errorf(walletport.CodeInvalid, "portfolio_rate_invalid", "the rate is above 0 and at most %d a second", maxPortfolioRate)
	}
	return &portfolioRun{
		flow: f, scheme: s, asked: r, pace: newPace(rate, f.Clock),
		rules: eligibility{
			products: section.Products, daysBeforeExpiry: settings.DaysBeforeExpiry, bid: bid,
			retryRefused: r.RetriesRefused, retryRemoved: r.RetriesRemoved,
			kindOf: s.Enroller.FaultKind,
		},
		gate:    gate{flow: f, most: settings.MaxOpen, held: r.Held},
		report:  PortfolioReport{LeftOut: map[LeftOutReason]int{}},
		planned: map[walletport.CustomerID]struct{}{},
	}, nil
}

// portfolioBID returns the BID of a run.
func (f *Flow) portfolioBID(r PortfolioRequest, section IssuerPortfolio) (string, error) {
	own, bid := f.BIDs[r.Issuer], r.BID
	if bid == "" {
		bid = section.BID
	}
	if bid == "" && len(own) == 1 {
		bid = own[0]
	}
	if bid == "" {
		return "", errBIDMissing("is needed, for the issuer has several or none")
	}
	if issuer, ok := f.issuerOf(bid); !ok || issuer != r.Issuer {
		return "", walletport.ErrField("customer_bid_unknown", "customerBID", "must be one that the issuer is configured with")
	}
	return bid, nil
}

// do goes through the cards once, and then through those that had to wait until none is left
// or the patience is over.
func (p *portfolioRun) do(ctx context.Context) error {
	if err := p.passAll(ctx); err != nil {
		return err
	}
	for began := p.flow.Clock(); len(p.deferred) > 0 && p.flow.Clock().Sub(began) < p.asked.Patience; {
		if !act.Pause(ctx, lookAgain) {
			return ctx.Err()
		}
		waiting := p.deferred
		p.deferred = nil
		if err := p.passAgain(ctx, waiting); err != nil {
			return err
		}
		if len(p.deferred) < len(waiting) {
			began = p.flow.Clock()
		}
	}
	return p.leaveDeferred(ctx)
}

const (
	portfolioPage = 500
	// firstCardID goes before all: sample cards have ids below 0.
	firstCardID walletport.CardID = math.MinInt64
	// lookAgain is the pause between looks at what a run waits for.
	lookAgain = time.Second
)

// passAll goes through the cards of the issuer.
func (p *portfolioRun) passAll(ctx context.Context) error {
	for after := firstCardID; ; {
		cards, err := outlast(ctx, p.flow.Clock, func() ([]storage.Card, error) {
			return p.flow.Store.CardsAfter(ctx, p.asked.Issuer, after, portfolioPage)
		})
		if err != nil {
			return err
		}
		for _, card := range cards {
			after = card.ID
		}
		cards, isLast := p.only(cards), len(cards) < portfolioPage
		p.report.Cards += len(cards)
		if err := p.page(ctx, cards); err != nil || isLast {
			return err
		}
	}
}

// only returns the cards that the run is about.
func (p *portfolioRun) only(cards []storage.Card) []storage.Card {
	if p.asked.Product == "" {
		return cards
	}
	return slices.DeleteFunc(cards, func(c storage.Card) bool { return c.Product != p.asked.Product })
}

// passAgain goes through cards that had to wait.
func (p *portfolioRun) passAgain(ctx context.Context, waiting []walletport.CardID) error {
	for page := range slices.Chunk(waiting, portfolioPage) {
		cards, err := p.cards(ctx, page)
		if err != nil {
			return err
		}
		if err := p.page(ctx, cards); err != nil {
			return err
		}
	}
	return nil
}

// leaveDeferred tells of the cards that still have to wait.
func (p *portfolioRun) leaveDeferred(ctx context.Context) error {
	for page := range slices.Chunk(p.deferred, portfolioPage) {
		cards, err := p.cards(ctx, page)
		if err != nil {
			return err
		}
		for i := range cards {
			if err := p.leave(&cards[i], LeftOut{Reason: LeftOutCustomerBusy}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *portfolioRun) cards(ctx context.Context, ids []walletport.CardID) ([]storage.Card, error) {
	return outlast(ctx, p.flow.Clock, func() ([]storage.Card, error) { return p.flow.Store.CardsByID(ctx, ids) })
}

// leave leaves a card out.
func (p *portfolioRun) leave(card *storage.Card, out LeftOut) error {
	p.report.LeftOut[out.Reason]++
	return p.tell(PortfolioCard{CardID: card.ID, Customer: card.CustomerID, Out: out})
}

func (p *portfolioRun) tell(c PortfolioCard) error {
	if p.asked.Tell == nil {
		return nil
	}
	return p.asked.Tell(c)
}
