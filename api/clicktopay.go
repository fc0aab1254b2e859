package api

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/door"
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

// EnrollClickToPayCustomer converts, and accepts.
func (c calls) EnrollClickToPayCustomer(ctx context.Context, req *oas.ClickToPayEnrollCustomer, p oas.EnrollClickToPayCustomerParams) (oas.EnrollClickToPayCustomerRes, error) {
	card, err := onlyCard(req.CardId)
	if err != nil {
		return nil, alsoOfUser(err, p.AuditUser)
	}
	return c.acceptOfCustomer(ctx, p.CustomerId, p.AuditUser, clicktopay.Asked{
		Action: walletport.EnrolCustomer, CardID: card, BID: req.CustomerBID,
		Overrides: overridesOf(req.Overrides), CardOverrides: cardOverridesOf(req.CardOverrides),
	})
}

// EnrollClickToPayCard converts, and accepts.
func (c calls) EnrollClickToPayCard(ctx context.Context, req *oas.ClickToPayCardRequest, p oas.EnrollClickToPayCardParams) (oas.EnrollClickToPayCardRes, error) {
	return c.acceptOfCard(ctx, p.CardId, p.AuditUser, clicktopay.Asked{
		Action: walletport.EnrolCard, BID: req.CustomerBID, CardOverrides: cardOverridesOf(req.CardOverrides),
	})
}

// DeleteClickToPayCard converts, and accepts.
func (c calls) DeleteClickToPayCard(ctx context.Context, req *oas.ClickToPayDeleteRequest, p oas.DeleteClickToPayCardParams) (oas.DeleteClickToPayCardRes, error) {
	return c.acceptOfCard(ctx, p.CardId, p.AuditUser, clicktopay.Asked{Action: walletport.DeleteCard, BID: req.CustomerBID})
}

// DeleteClickToPayCustomer converts, and accepts.
func (c calls) DeleteClickToPayCustomer(ctx context.Context, req *oas.ClickToPayDeleteRequest, p oas.DeleteClickToPayCustomerParams) (oas.DeleteClickToPayCustomerRes, error) {
	return c.acceptOfCustomer(ctx, p.CustomerId, p.AuditUser, clicktopay.Asked{Action: walletport.DeleteCustomer, BID: req.CustomerBID})
}

// UpdateClickToPayCard converts, and accepts.
func (c calls) UpdateClickToPayCard(ctx context.Context, req *oas.ClickToPayCardRequest, p oas.UpdateClickToPayCardParams) (oas.UpdateClickToPayCardRes, error) {
	return c.acceptOfCard(ctx, p.CardId, p.AuditUser, clicktopay.Asked{
		Action: walletport.UpdateCard, BID: req.CustomerBID, CardOverrides: cardOverridesOf(req.CardOverrides),
	})
}

// UpdateClickToPayCustomer converts, and accepts.
func (c calls) UpdateClickToPayCustomer(ctx context.Context, req *oas.ClickToPayCustomerRequest, p oas.UpdateClickToPayCustomerParams) (oas.UpdateClickToPayCustomerRes, error) {
	return c.acceptOfCustomer(ctx, p.CustomerId, p.AuditUser, clicktopay.Asked{
		Action: walletport.UpdateCustomer, BID: req.CustomerBID, Overrides: overridesOf(req.Overrides),
	})
}

// UpdateClickToPayCustomerStatus converts, and accepts.
func (c calls) UpdateClickToPayCustomerStatus(ctx context.Context, req oas.OptClickToPayStatusRequest, p oas.UpdateClickToPayCustomerStatusParams) (oas.UpdateClickToPayCustomerStatusRes, error) {
	active, ok := req.Value.Active.Get()
	if !ok {
		return nil, alsoOfUser(walletport.ErrField("active_missing", "active", "must be true or false"), p.AuditUser)
	}
	action := walletport.DeactivateCustomer
	if active {
		action = walletport.ActivateCustomer
	}
	return c.acceptOfCustomer(ctx, p.CustomerId, p.AuditUser, clicktopay.Asked{Action: action, BID: req.Value.CustomerBID.Value})
}

// GetClickToPayCustomer converts, calls the flow, and converts back.
func (c calls) GetClickToPayCustomer(ctx context.Context, req oas.OptClickToPayReadRequest, p oas.GetClickToPayCustomerParams) (oas.GetClickToPayCustomerRes, error) {
	customer, user, err := customerAndUser(p.CustomerId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	profile, err := c.ClickToPay.Read(ctx, clicktopay.ReadRequest{
		Customer: customer, BID: req.Value.CustomerBID.Value, AuditUser: user, Channel: clicktopay.ChannelAPI,
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	defer profile.Wipe()
	return &oas.ClickToPayCustomerHeaders{Response: profileOf(profile)}, nil
}

// GetClickToPayStatus converts, calls the flow, and converts back.
func (c calls) GetClickToPayStatus(ctx context.Context, p oas.GetClickToPayStatusParams) (oas.GetClickToPayStatusRes, error) {
	user, err := walletport.ParseAuditUser(p.AuditUser)
	if err != nil {
		return nil, err
	}
	status, err := c.ClickToPay.Status(ctx, clicktopay.StatusRequest{ID: p.TraceId, AuditUser: user, Channel: clicktopay.ChannelAPI})
	if err != nil {
		return nil, door.Recorded(err)
	}
	return &oas.ClickToPayStatusHeaders{Response: statusOf(status)}, nil
}

// accepted is the answer of each call that changes something.
type accepted = oas.ClickToPayAcceptedHeaders

func (c calls) acceptOfCustomer(ctx context.Context, customer, auditUser string, asked clicktopay.Asked) (_ *accepted, err error) {
	if asked.Customer, asked.AuditUser, err = customerAndUser(customer, auditUser); err != nil {
		return nil, err
	}
	return c.accept(ctx, asked)
}

func (c calls) acceptOfCard(ctx context.Context, card, auditUser string, asked clicktopay.Asked) (_ *accepted, err error) {
	if asked.CardID, asked.AuditUser, err = cardTextAndUser(card, auditUser); err != nil {
		return nil, err
	}
	return c.accept(ctx, asked)
}

// accept calls the flow, and converts back.
func (c calls) accept(ctx context.Context, asked clicktopay.Asked) (*accepted, error) {
	asked.Channel = clicktopay.ChannelAPI
	request, err := c.ClickToPay.Accept(ctx, asked)
	if err != nil {
		return nil, door.Recorded(err)
	}
	door.CallFrom(ctx).Note("request", request.ID) // by which operators find what became of it
	return &accepted{Response: oas.ClickToPayAccepted{RequestTraceId: request.ID}}, nil
}
