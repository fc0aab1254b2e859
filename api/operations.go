package api

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// operations implements the calls of the specification.
type operations struct{ door *Door }

// operation is what the gate and the audit trail need to know of a call of the
// specification beyond what is generated.
type operation struct {
	route      string
	scope      walletport.Scope // the specification's x-required-scope
	action     walletport.Action
	wallet     walletport.Wallet // "" where the path names the wallet, or none is known
	body       *bodyShape        // nil takes none
	deprecated bool
}

// operationTable has a row for each call of the specification.
var operationTable = map[oas.OperationName]operation{
	oas.ProvisionApplepayOperation: {
		route:  "/v1/{cardId}/provision/applepay",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvisionApplePay,
		wallet: walletport.ApplePay,
		body:   &applePayBody,
	},
	oas.ProvisionGooglepayOperation: {
		route:  "/v1/{cardId}/provision/googlepay",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvisionGooglePay,
		wallet: walletport.GooglePay,
		body:   &googlePayBody,
	},
	oas.ProvisionSamsungpayOperation: {
		route:  "/v1/{cardId}/provision/samsungpay",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvisionSamsungPay,
		wallet: walletport.SamsungPay,
		body:   &samsungPayBody,
	},
	oas.ProvisionIssuerwalletOperation: {
		route:  "/v1/{cardId}/provision/issuerwallet/{walletProvider}",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvisionIssuerWallet,
	},
	oas.ActivateOperation: {
		route:  "/v3/{cardId}/activate",
		scope:  walletport.ScopeActivate,
		action: walletport.ActionActivate,
		body:   &activationBody,
	},
	oas.ActivateMdesTav2V1Operation: {
		route:      "/v1/{cardId}/activate/mdes/tav2",
		scope:      walletport.ScopeActivate,
		action:     walletport.ActionActivateTAV2,
		body:       &activationTAV2Body,
		deprecated: true,
	},
	oas.ActivateMdesTav2V2Operation: {
		route:      "/v2/{cardId}/activate/mdes/tav2",
		scope:      walletport.ScopeActivate,
		action:     walletport.ActionActivateTAV2,
		body:       &activationTAV2Body,
		deprecated: true,
	},
}

// The bodies of the specification.
var (
	applePayBody = bodyShape{
		members:  map[string]memberKind{"certificates": textList, "nonce": text, "nonceSignature": text},
		required: []string{"certificates", "nonce", "nonceSignature"},
	}
	googlePayBody = bodyShape{members: map[string]memberKind{
		"clientAppID": text, "clientDeviceID": text, "clientWalletAccountID": text,
		"googleOpaquePaymentCardRequested": truth, "serverSessionId": text,
	}}
	samsungPayBody     = bodyShape{members: map[string]memberKind{"clientAppID": text, "clientDeviceID": text, "clientWalletAccountID": text}}
	activationBody     = bodyShape{members: map[string]memberKind{"nonce": text, "tokenUniqueReference": text}}
	activationTAV2Body = bodyShape{members: map[string]memberKind{"tokenUniqueReference": text}}
)

// Headers of the answers of deprecated calls (RFC 9745, RFC 8288).
var (
	headerDeprecation = []string{"@1767225600"} // 2026-01-01T00:00:00Z
	headerSuccessor   = []string{`</docs#tag/Activation-data/operation/activate>; rel="successor-version"`}
)
