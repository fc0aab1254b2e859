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
	// GooglePay makes what an app hands to the Google Wallet SDK.
	GooglePay(ctx context.Context, req provisioning.GooglePayRequest) (provisioning.Result, error)
	// SamsungPay makes what an app hands to the Samsung Pay SDK.
	SamsungPay(ctx context.Context, req provisioning.SamsungPayRequest) (provisioning.Result, error)
	// IssuerWallet makes the payload of a card for an issuer's own wallet.
	IssuerWallet(ctx context.Context, req provisioning.IssuerWalletRequest) (provisioning.Result, error)
}

// calls implements the calls of the specification.
type calls struct{ Flows }

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

// ProvisionGooglepay converts, calls the flow, and converts back.
func (c calls) ProvisionGooglepay(ctx context.Context, req oas.OptGooglePayRequest, p oas.ProvisionGooglepayParams) (oas.ProvisionGooglepayRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	body := req.Value
	result, err := c.Provisioner.GooglePay(ctx, provisioning.GooglePayRequest{
		CardID: card, AuditUser: user,
		Client: provisioning.Client{
			AppID: body.ClientAppID.Value, DeviceID: body.ClientDeviceID.Value, WalletAccountID: body.ClientWalletAccountID.Value,
		},
		OpaquePaymentCardRequested: body.GoogleOpaquePaymentCardRequested.Value,
		ServerSessionID:            body.ServerSessionId.Value,
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	return digitizationData(result), nil
}

// ProvisionSamsungpay converts, calls the flow, and converts back.
func (c calls) ProvisionSamsungpay(ctx context.Context, req oas.OptSamsungPayRequest, p oas.ProvisionSamsungpayParams) (oas.ProvisionSamsungpayRes, error) {
	card, user, err := cardAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	body := req.Value
	result, err := c.Provisioner.SamsungPay(ctx, provisioning.SamsungPayRequest{
		CardID: card, AuditUser: user,
		Client: provisioning.Client{
			AppID: body.ClientAppID.Value, DeviceID: body.ClientDeviceID.Value, WalletAccountID: body.ClientWalletAccountID.Value,
		},
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	return digitizationData(result), nil
}

// ProvisionIssuerwallet converts, calls the flow, and converts back.
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
	result, err := c.Provisioner.IssuerWallet(ctx, provisioning.IssuerWalletRequest{CardID: card, Provider: provider, AuditUser: user})
	if err != nil {
		return nil, door.Recorded(err)
	}
	return digitizationData(result), nil
}

func digitizationData(result provisioning.Result) *oas.ExternalResponseIssuerInitiatedDigitizationDataHeaders {
	answer := oas.ExternalResponseIssuerInitiatedDigitizationData{DigitizationData: oas.NewOptString(result.DigitizationData)}
	if result.GoogleOpaquePaymentCard != "" {
		answer.GoogleOpaquePaymentCard = oas.NewOptGoogleOpaquePaymentCard(oas.GoogleOpaquePaymentCard(result.GoogleOpaquePaymentCard))
	}
	return &oas.ExternalResponseIssuerInitiatedDigitizationDataHeaders{Response: answer}
}
