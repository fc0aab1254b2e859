package api

import (
	"context"
	"crypto/x509"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/provisioning"
)

// Provisioner is the flow of push provisioning. It records its own successes and
// refusals in the audit trail.
type Provisioner interface {
	// IssuerWallet makes the payload of a card for an issuer's own wallet.
	IssuerWallet(ctx context.Context, req provisioning.IssuerWalletRequest) (provisioning.Result, error)
}

// Authenticator says who is calling. cert is the verified certificate of the TLS
// connection, nil without one. Refusals are CodeUnauthenticated.
type Authenticator interface {
	AuthenticateBasic(ctx context.Context, id, secret string, cert *x509.Certificate) (walletport.Actor, error)
	AuthenticateBearer(ctx context.Context, token string, cert *x509.Certificate) (walletport.Actor, error)
}

// operations implements the calls of the specification.
type operations struct{ door *Door }

// ProvisionIssuerwallet converts, calls the flow, and converts back.
func (o operations) ProvisionIssuerwallet(ctx context.Context, p oas.ProvisionIssuerwalletParams) (oas.ProvisionIssuerwalletRes, error) {
	c := callFrom(ctx)
	user, err := auditUser(c)
	if err != nil {
		return nil, err
	}
	card := walletport.CardID(p.CardId)
	if card.IsPAN() {
		return nil, errCardID("card_id_contains_pan", "must not be a card number")
	}
	provider, err := walletport.ParseWalletProviderID(p.WalletProvider)
	if err != nil {
		return nil, err
	}
	c.wallet = provider
	result, err := o.door.Provisioner.IssuerWallet(ctx, provisioning.IssuerWalletRequest{CardID: card, Provider: provider, AuditUser: user})
	if err != nil {
		return nil, byFlow{err}
	}
	return &oas.ExternalResponseIssuerInitiatedDigitizationDataHeaders{
		Response: oas.ExternalResponseIssuerInitiatedDigitizationData{DigitizationData: oas.NewOptString(result.DigitizationData)},
	}, nil
}

// auditUser returns the audit user of a call. The generated decoder takes the
// first of several, which would let a caller hide another one behind it.
func auditUser(c *call) (walletport.AuditUser, error) {
	given := c.r.URL.Query()["auditUser"]
	switch len(given) {
	case 0:
		return walletport.ParseAuditUser("")
	case 1:
		return walletport.ParseAuditUser(given[0])
	}
	return "", invalid("audit_user_repeated", "auditUser must be given once", walletport.Field{Name: "auditUser", Reason: "must be given once"})
}

// parseCardID reads a card id of a path for a record of a refusal: 0 when it is
// none, or reads like a PAN.
func parseCardID(text string) walletport.CardID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || walletport.CardID(id).IsPAN() {
		return 0
	}
	return walletport.CardID(id)
}

func errCardID(reason, rule string) *walletport.Error {
	return invalid(reason, "cardId "+rule, walletport.Field{Name: "cardId", Reason: rule})
}

func invalid(reason, message string, fields ...walletport.Field) *walletport.Error {
	return &walletport.Error{Code: walletport.CodeInvalid, Reason: reason, Message: message, Fields: fields}
}
