package api

import (
	"context"

	"github.com/walletport/walletport/clicktopay"
)

// ClickToPay is the flow of Click to Pay. It records its own successes and refusals in the
// audit trail.
type ClickToPay interface {
	// Accept takes a change, which is done later or its status says why not.
	Accept(ctx context.Context, asked clicktopay.Asked) (clicktopay.Accepted, error)
	// Read returns what the scheme has of a customer. The caller wipes it.
	Read(ctx context.Context, req clicktopay.ReadRequest) (*clicktopay.Profile, error)
	// Status says how far a change has come.
	Status(ctx context.Context, req clicktopay.StatusRequest) (clicktopay.Status, error)
}
