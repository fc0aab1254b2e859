package server

import (
	"context"
	"time"

	"github.com/walletport/walletport/storage"
)

// requestNotice is how old a request of Click to Pay is when an operator must know: Visa
// ends one within seconds.
const requestNotice = 15 * time.Minute

// openRequestStates are those of requests that have not ended, each with why one stays in it.
var openRequestStates = []struct {
	state storage.RequestState
	why   string
}{
	{storage.RequestAccepted, "an earlier request of the same customer has not ended, Visa refuses us or is away, or nobody does the jobs"},
	{storage.RequestSent, "Visa did not answer, and does not tell what it has"},
	{storage.RequestInProgress, "Visa took them and does not say what became of them"},
}

// watchOpenRequests counts the requests of Click to Pay that have not ended, for the metrics,
// and warns of what takes too long. What the database does not tell now stays as it was
// found before.
func (s *Server) watchOpenRequests(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, openChangesEvery)
	defer cancel()
	open, err := s.Database.OpenEnrolmentRequests(ctx)
	if err != nil {
		s.log.Debug("open requests of Click to Pay were not counted", "err", err)
		return
	}
	var found findings
	for _, each := range openRequestStates {
		of := open[each.state]
		s.metrics.ClickToPayOpen(string(each.state), of.Count, of.Oldest)
		if of.Oldest > requestNotice {
			found.warn("clicktopay_request_open", nil, "requests of Click to Pay have been open for more than %s, and are %s: %s; walletport clicktopay list --issuer NAME --open shows them",
				requestNotice, each.state, each.why)
		}
	}
	s.openRequests.set(found.warnings)
}
