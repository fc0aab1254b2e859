package api

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/provisioning"
)

// Provisioner is the flow of push provisioning. It records its own successes and
// refusals in the audit trail.
type Provisioner interface {
	// ApplePay makes what an app sets on PKAddPaymentPassRequest.
	ApplePay(ctx context.Context, req provisioning.ApplePayRequest) (provisioning.ApplePayResult, error)
	// Push makes what goes into a wallet of the table of offers.
	Push(ctx context.Context, req provisioning.PushRequest) (provisioning.PushResult, error)
}

// ProvisionApplepay converts, calls the flow, and converts back.
func (c calls) ProvisionApplepay(ctx context.Context, req *oas.ApplePayRequest, p oas.ProvisionApplepayParams) (oas.ProvisionApplepayRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	result, err := c.Provisioner.ApplePay(ctx, provisioning.ApplePayRequest{
		CardID: card, AuditUser: user, Certificates: req.Certificates, Nonce: req.Nonce, NonceSignature: req.NonceSignature,
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	door.CallFrom(ctx).Note("certificates", result.CertificateForm) // integrators ask for it
	return &oas.ApplePayResponseHeaders{Response: oas.ApplePayResponse{
		ActivationData: result.ActivationData, EncryptedPassData: result.EncryptedPassData, EphemeralPublicKey: result.EphemeralPublicKey,
	}}, nil
}

// ProvisionGooglepay converts, and pushes.
func (c calls) ProvisionGooglepay(ctx context.Context, req oas.OptGooglePayRequest, p oas.ProvisionGooglepayParams) (oas.ProvisionGooglepayRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	body := req.Value
	return c.push(ctx, provisioning.PushRequest{
		CardID: card, AuditUser: user, Wallet: walletport.GooglePay,
		Client: provisioning.Client{
			AppID: body.ClientAppID.Value, DeviceID: body.ClientDeviceID.Value, WalletAccountID: body.ClientWalletAccountID.Value,
		},
		OpaquePaymentCardRequested: body.GoogleOpaquePaymentCardRequested.Value,
		ServerSessionID:            body.ServerSessionId.Value,
	})
}

// ProvisionSamsungpay converts, and pushes.
func (c calls) ProvisionSamsungpay(ctx context.Context, req oas.OptSamsungPayRequest, p oas.ProvisionSamsungpayParams) (oas.ProvisionSamsungpayRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	body := req.Value
	return c.push(ctx, provisioning.PushRequest{
		CardID: card, AuditUser: user, Wallet: walletport.SamsungPay,
		Client: provisioning.Client{
			AppID: body.ClientAppID.Value, DeviceID: body.ClientDeviceID.Value, WalletAccountID: body.ClientWalletAccountID.Value,
		},
	})
}

// ProvisionIssuerwallet converts, and pushes.
func (c calls) ProvisionIssuerwallet(ctx context.Context, p oas.ProvisionIssuerwalletParams) (oas.ProvisionIssuerwalletRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	provider, err := walletport.ParseWalletProviderID(p.WalletProvider)
	if err != nil {
		return nil, err
	}
	door.CallFrom(ctx).SetWallet(string(provider))
	return c.push(ctx, provisioning.PushRequest{CardID: card, AuditUser: user, Wallet: walletport.IssuerWallet, Provider: provider})
}

// pushed is the answer of each push.
type pushed = oas.ExternalResponseIssuerInitiatedDigitizationDataHeaders

// push calls the flow, and converts back.
func (c calls) push(ctx context.Context, req provisioning.PushRequest) (*pushed, error) {
	result, err := c.Provisioner.Push(ctx, req)
	if err != nil {
		return nil, door.Recorded(err)
	}
	answer := oas.ExternalResponseIssuerInitiatedDigitizationData{DigitizationData: oas.NewOptString(result.DigitizationData)}
	if result.GoogleOpaquePaymentCard != "" {
		answer.GoogleOpaquePaymentCard = oas.NewOptGoogleOpaquePaymentCard(oas.GoogleOpaquePaymentCard(result.GoogleOpaquePaymentCard))
	}
	return &pushed{Response: answer}, nil
}
