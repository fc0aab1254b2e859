package clicktopay

import "github.com/walletport/walletport/jobs"

// The jobs that take requests through their states. The key is the customer, whatever the
// kind, and Arg the number of the request's row. Those of a portfolio have workers of their
// own, so that many thousands keep nobody waiting who asked for one.
const (
	RequestKind   jobs.Kind = "clicktopay.request"
	PortfolioKind jobs.Kind = "clicktopay.portfolio"
)

// KeyOf is what the jobs of a customer are in order for: the ID is that of the customer's row.
const KeyOf = "customer"
