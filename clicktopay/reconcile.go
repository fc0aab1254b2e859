package clicktopay

import (
	"context"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// Repair says what is done about consumers that the scheme has otherwise than they are
// stored.
type Repair string

// The repairs.
const (
	RepairNothing Repair = "report"
	RepairTake    Repair = "take" // rows take the scheme's word
	RepairGive    Repair = "give" // requests make the scheme have what is stored
)

// ReconcileRequest asks to compare what the scheme has with what is stored.
type ReconcileRequest struct {
	Issuer    walletport.IssuerID
	Repair    Repair
	Rate      float64             // consumers a second, above 0 and at most 200
	After     storage.ConsumerKey // those behind this one; the zero key is all
	AuditUser walletport.AuditUser
	// Tell is told of each consumer; an error of it ends the run.
	Tell func(Reconciled) error
}

// ReconcileResult says what became of a consumer in a comparison.
type ReconcileResult string

// The results.
const (
	ReconciledSame  ReconcileResult = "same"
	ReconciledDrift ReconcileResult = "drift" // nothing was done about it, or not all of it
	ReconciledTaken ReconcileResult = "taken" // the row has the scheme's word now
	ReconciledAsked ReconcileResult = "asked" // by requests that will end it
	ReconciledNot   ReconcileResult = "not_compared"
)

// Reconciled is a consumer that was compared.
type Reconciled struct {
	storage.ConsumerKey
	Number   string
	Result   ReconcileResult
	Reason   string // why the consumer was not compared, or not repaired
	Drifts   []Drift
	Requests []string // ids
}

// ReconcileReport says what a run did.
type ReconcileReport struct {
	Compared, Drifts, Repaired, NotCompared int
	Last                                    storage.ConsumerKey // where the next run goes on
}

// Reconcile compares the consumers of an issuer, one after the other, with what the scheme
// has of them. Who has requests that are not completed is left out and told: they are about
// to change. A consumer is one who was asked for here; whom others alone have enrolled is
// seen when a portfolio meets them. Errors:
//
//   - CodeInvalid: reconcile_invalid
//   - CodeUnavailable: scheme_not_configured, key_unavailable, store_unavailable,
//     audit_unavailable; and what the scheme says where it answers several questions in a row
//     with nothing
//   - that of Tell
//
// The report is of what was done, also beside an error.
func (f *Flow) Reconcile(ctx context.Context, r ReconcileRequest) (ReconcileReport, error) {
	s, err := f.scheme()
	if err != nil {
		return ReconcileReport{}, err
	}
	if r.Rate <= 0 || !isPortfolioRate(r.Rate) || r.Repair != RepairNothing && r.Repair != RepairTake && r.Repair != RepairGive {
		return ReconcileReport{}, walletport.Errorf(walletport.CodeInvalid, "reconcile_invalid",
			"a comparison has a rate above 0 and at most %d a second, and reports, takes or gives", maxPortfolioRate)
	}
	run := &reconciling{flow: f, scheme: s, asked: r, pace: newPace(r.Rate, f.Clock), report: ReconcileReport{Last: r.After}}
	asked := request(walletport.ActionClickToPayReconcile, r.AuditUser, ChannelCommand)
	asked.Issuer = r.Issuer
	asked.SetDetail(walletport.DetailMode, string(r.Repair))
	_, err = act.Declared(ctx, f.Audit, asked, func(record *act.Record) (struct{}, error) {
		err := run.do(ctx)
		record.SetDetail(walletport.DetailRead, strconv.Itoa(run.report.Compared))
		record.SetDetail(walletport.DetailDrifts, strconv.Itoa(run.report.Drifts))
		record.SetDetail(walletport.DetailRepaired, strconv.Itoa(run.report.Repaired))
		record.SetDetail(walletport.DetailLeftOut, strconv.Itoa(run.report.NotCompared))
		return struct{}{}, err
	})
	return run.report, err
}

// reconciling is a Reconcile under way.
type reconciling struct {
	flow   *Flow
	scheme *Scheme
	asked  ReconcileRequest
	pace   *pace
	report ReconcileReport
	silent int // questions in a row that the scheme did not answer
}

const (
	reconcilePage = 200
	// maxSilent is after how many questions without an answer a run ends: the scheme is down,
	// and to go on would list every consumer.
	maxSilent = 5
	// maxCustomersCards bounds the cards of one customer that are looked at.
	maxCustomersCards = 1000
)

func (r *reconciling) do(ctx context.Context) error {
	for {
		page, err := r.flow.Store.ConsumersAfter(ctx, r.asked.Issuer, r.report.Last, reconcilePage)
		if err != nil {
			return err
		}
		for i := range page {
			if err := r.one(ctx, &page[i]); err != nil {
				return err
			}
			r.report.Last = page[i].ConsumerKey
		}
		if len(page) < reconcilePage {
			return nil
		}
	}
}

// one compares a consumer and tells of them.
func (r *reconciling) one(ctx context.Context, read *storage.Consumer) error {
	if !r.pace.wait(ctx) {
		return ctx.Err()
	}
	told, err := r.compare(ctx, read.ConsumerKey)
	if err != nil {
		return err
	}
	switch told.Result {
	case ReconciledNot:
		r.report.NotCompared++
	case ReconciledSame:
		r.report.Compared++
	case ReconciledDrift:
		r.report.Compared++
		r.report.Drifts++
	case ReconciledTaken, ReconciledAsked:
		r.report.Compared++
		r.report.Drifts++
		r.report.Repaired++
	}
	if r.asked.Tell == nil {
		return nil
	}
	return r.asked.Tell(told)
}

// compare reads the row anew: requests may have come since its page was read.
func (r *reconciling) compare(ctx context.Context, key storage.ConsumerKey) (Reconciled, error) {
	here, err := r.flow.Store.Consumer(ctx, key)
	if err != nil {
		return Reconciled{}, err
	}
	told := Reconciled{ConsumerKey: key, Number: here.Number, Result: ReconciledNot}
	if here.Open > 0 {
		told.Reason = "requests_open"
		return told, nil
	}
	if issuer, ok := r.flow.issuerOf(here.BID); !ok || issuer != here.Issuer {
		told.Reason = "customer_bid_unknown"
		return told, nil
	}
	c := comparison{here: here}
	defer func() { c.there.Wipe() }()
	if c.there, err = r.ask(ctx, &here); err != nil {
		told.Reason = walletport.ReasonOf(err)
		return told, r.heard(err)
	}
	r.silent = 0
	if told.Drifts, err = r.drifts(ctx, &c); isOfOne(err) {
		told.Drifts, told.Reason = nil, walletport.ReasonOf(err)
		return told, nil
	}
	if err != nil {
		return told, err
	}
	told.Result = ReconciledSame
	if len(told.Drifts) > 0 {
		told.Result = ReconciledDrift
		err = r.repair(ctx, &c, &told)
	}
	return told, err
}

// isOfOne reports whether an error is of what is stored of one consumer, and not of the run.
func isOfOne(err error) bool {
	switch walletport.ReasonOf(err) {
	case "customer_damaged", "card_damaged", "card_not_found":
		return err != nil
	}
	return false
}

// heard ends the run when the scheme is silent: what is wrong with one consumer is told, and
// the next one is looked at.
func (r *reconciling) heard(err error) error {
	if len(scheme.FaultsOf(err)) > 0 || walletport.ReasonOf(err) == scheme.ErrBusy().Reason {
		r.silent = 0
		return nil
	}
	if r.silent++; r.silent < maxSilent && walletport.CodeOf(err) == walletport.CodeUnavailable && walletport.ReasonOf(err) != "key_unavailable" {
		return nil
	}
	return err
}

// ask asks the scheme what it has. The caller wipes the answer.
func (r *reconciling) ask(ctx context.Context, c *storage.Consumer) (none scheme.Enrolled, err error) {
	id, err := newID(r.flow.Rand)
	if err != nil {
		return none, err
	}
	query, _, err := r.flow.enrolled(r.scheme, c.Issuer, id, scheme.ConsumerID{External: c.Number, OwnerBID: c.BID})
	if err != nil {
		return none, err
	}
	return scheme.Ask(ctx, r.scheme.Line, query)
}

// drifts lists how the two differ.
func (r *reconciling) drifts(ctx context.Context, c *comparison) ([]Drift, error) {
	var err error
	page := storage.CardPage{Issuer: c.here.Issuer, After: firstCardID, Limit: maxCustomersCards}
	if c.cards, err = r.flow.Store.CardsByCustomer(ctx, c.here.Number, page); err != nil {
		return nil, err
	}
	drifts := c.ofEnrolment()
	if !c.here.IsEnrolled || !c.there.IsEnrolled {
		return drifts, nil
	}
	ofData, err := r.dataDrifts(ctx, c)
	if walletport.ReasonOf(err) == walletport.ErrCustomerNotFound().Reason {
		return append(drifts, Drift{Kind: DriftForgotten}), nil
	}
	return append(drifts, ofData...), err
}

// dataDrifts compares what is stored of customer and cards with what the scheme has.
func (r *reconciling) dataDrifts(ctx context.Context, c *comparison) (drifts []Drift, err error) {
	row := storage.EnrolmentRequest{Action: walletport.UpdateCustomer, ConsumerKey: c.here.ConsumerKey, Issuer: c.here.Issuer, Number: c.here.Number}
	err = r.flow.compose(ctx, &row, overrides{}, func(e scheme.Enrolment) error {
		if fields := consumerFields(e.Consumer, c.there.Consumer); len(fields) > 0 {
			drifts = append(drifts, Drift{Kind: DriftCustomerData, Fields: fields})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	row.Action = walletport.UpdateCard
	shown := c.shown()
	for _, card := range c.here.Cards {
		there, isThere := shown[card.ID]
		if !isThere || card.State != storage.CardEnrolled {
			continue
		}
		row.CardID = card.ID
		err := r.flow.compose(ctx, &row, overrides{}, func(e scheme.Enrolment) error {
			if fields := cardFields(e.Cards[0], there); len(fields) > 0 {
				drifts = append(drifts, Drift{Kind: DriftCardData, CardID: card.ID, Fields: fields})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return drifts, nil
}
