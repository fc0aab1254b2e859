package api

import (
	"context"

	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/door"
)

// Activator is the flow of in-app activation. It records its own successes and
// refusals in the audit trail.
type Activator interface {
	// Activate makes activation data for whatever scheme the card is of.
	Activate(ctx context.Context, req activation.Request) (activation.Result, error)
	// ActivateTAV2 makes a TAV of version 2 for a Mastercard card. It does not look at
	// the nonce.
	ActivateTAV2(ctx context.Context, req activation.Request) (activation.Result, error)
}

// Activate converts, calls the flow, and converts back.
func (c calls) Activate(ctx context.Context, req oas.OptActivationRequest, p oas.ActivateParams) (oas.ActivateRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	result, err := c.Activator.Activate(ctx, activation.Request{
		CardID: card, AuditUser: user, Nonce: req.Value.Nonce.Value, TokenUniqueReference: req.Value.TokenUniqueReference.Value,
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	return &oas.ActivateOKHeaders{Response: oas.ActivationResponse{ActivationData: result.ActivationData}}, nil
}

// ActivateMdesTav2V1 is answered as version 2 of the call is.
func (c calls) ActivateMdesTav2V1(ctx context.Context, req oas.OptActivationTav2Request, p oas.ActivateMdesTav2V1Params) (oas.ActivateMdesTav2V1Res, error) {
	return c.activateTAV2(ctx, req.Value, p.CardId, p.AuditUser)
}

// ActivateMdesTav2V2 is answered as version 1 of the call is.
func (c calls) ActivateMdesTav2V2(ctx context.Context, req oas.OptActivationTav2Request, p oas.ActivateMdesTav2V2Params) (oas.ActivateMdesTav2V2Res, error) {
	return c.activateTAV2(ctx, req.Value, p.CardId, p.AuditUser)
}

// activateTAV2 converts, calls the flow, and converts back.
func (c calls) activateTAV2(ctx context.Context, body oas.ActivationTav2Request, id int64, auditUser string) (*oas.ActivationResponseHeaders, error) {
	card, user, err := cardAndUser(id, auditUser)
	if err != nil {
		return nil, err
	}
	result, err := c.Activator.ActivateTAV2(ctx, activation.Request{
		CardID: card, AuditUser: user, TokenUniqueReference: body.TokenUniqueReference.Value,
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	return &oas.ActivationResponseHeaders{Response: oas.ActivationResponse{ActivationData: result.ActivationData}}, nil
}
