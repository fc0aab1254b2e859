package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/door"
)

// Flows are what the calls ask. All are required.
type Flows struct {
	Provisioner Provisioner
	Activator   Activator
	Tokens      Tokens
	ClickToPay  ClickToPay
}

// check reports every flow that is missing.
func (f Flows) check() error {
	missing := func(absent bool, name string) error {
		if absent {
			return errors.New("api: " + name + " is missing")
		}
		return nil
	}
	return errors.Join(missing(f.Provisioner == nil, "Provisioner"), missing(f.Activator == nil, "Activator"),
		missing(f.Tokens == nil, "Tokens"), missing(f.ClickToPay == nil, "ClickToPay"))
}

// calls implements the calls of the specification: each converts, calls one method of a
// flow, and converts back.
type calls struct{ Flows }

// operation is a row of the table of calls: what the door and the audit trail need to
// know of a call of the specification beyond what is generated.
type operation struct {
	route  string
	scope  walletport.Scope // the specification's x-required-scope
	action walletport.Action
	card   string // the path's argument that is the card's id; "" where there is none
	// wallet and provider say what the call is about: a wallet, or the path's argument
	// that names a wallet provider. Both are "" where neither is known.
	wallet   walletport.Wallet
	provider string
	// token and change are the path's arguments that are a token's id and what is to be
	// done to it; "" where there are none. With them, action is for a change that is none.
	token      string
	change     string
	customer   string     // the path's argument that is a customer's number; "" where there is none
	body       *door.Body // nil takes none
	once       *door.Once // of calls that change something, but for those whose payload is not stored
	deprecated bool
}

// operations has a row for each call of the specification. Those that make data for a wallet
// are not done once for each Idempotency-Key: their answers are not to be stored, they change
// nothing, and where they must not be made twice a nonce of the wallet's sees to it.
var operations = map[oas.OperationName]operation{
	oas.ProvisionApplepayOperation: {
		route:  "/v1/{cardId}/provision/applepay",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvision(walletport.ApplePay),
		card:   "cardId",
		wallet: walletport.ApplePay,
		body: &door.Body{Members: []door.Member{
			{Name: "certificates", Kind: door.TextList, Missing: "apple_certificates_missing"},
			{Name: "nonce", Missing: "apple_nonce_missing"},
			{Name: "nonceSignature", Missing: "apple_nonce_signature_missing"},
		}},
	},
	oas.ProvisionGooglepayOperation: {
		route:  "/v1/{cardId}/provision/googlepay",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvision(walletport.GooglePay),
		card:   "cardId",
		wallet: walletport.GooglePay,
		body: &door.Body{Members: []door.Member{
			{Name: "clientAppID"}, {Name: "clientDeviceID"}, {Name: "clientWalletAccountID"},
			{Name: "googleOpaquePaymentCardRequested", Kind: door.Truth}, {Name: "serverSessionId"},
		}},
	},
	oas.ProvisionSamsungpayOperation: {
		route:  "/v1/{cardId}/provision/samsungpay",
		scope:  walletport.ScopeProvision,
		action: walletport.ActionProvision(walletport.SamsungPay),
		card:   "cardId",
		wallet: walletport.SamsungPay,
		body:   &door.Body{Members: []door.Member{{Name: "clientAppID"}, {Name: "clientDeviceID"}, {Name: "clientWalletAccountID"}}},
	},
	oas.ProvisionIssuerwalletOperation: {
		route:    "/v1/{cardId}/provision/issuerwallet/{walletProvider}",
		scope:    walletport.ScopeProvision,
		action:   walletport.ActionProvision(walletport.IssuerWallet),
		card:     "cardId",
		provider: "walletProvider",
	},
	oas.ActivateOperation: {
		route:  "/v3/{cardId}/activate",
		scope:  walletport.ScopeActivate,
		action: walletport.ActionActivate,
		card:   "cardId",
		body:   &door.Body{Members: []door.Member{{Name: "nonce"}, {Name: "tokenUniqueReference"}}},
	},
	oas.ActivateMdesTav2V1Operation: {
		route:      "/v1/{cardId}/activate/mdes/tav2",
		scope:      walletport.ScopeActivate,
		action:     walletport.ActionActivateTAV2,
		card:       "cardId",
		body:       &door.Body{Members: []door.Member{{Name: "tokenUniqueReference"}}},
		deprecated: true,
	},
	oas.ActivateMdesTav2V2Operation: {
		route:      "/v2/{cardId}/activate/mdes/tav2",
		scope:      walletport.ScopeActivate,
		action:     walletport.ActionActivateTAV2,
		card:       "cardId",
		body:       &door.Body{Members: []door.Member{{Name: "tokenUniqueReference"}}},
		deprecated: true,
	},
	oas.GetTokensOperation: {
		route:  "/v1/card/{cardId}/tokens",
		scope:  walletport.ScopeTokensRead,
		action: walletport.ActionTokensList,
		card:   "cardId",
	},
	oas.ChangeTokenStatusOperation: {
		route:  "/v1/tokens/{tokenId}/{action}",
		scope:  walletport.ScopeTokensWrite,
		action: walletport.ActionTokensChange,
		token:  "tokenId",
		change: "action",
		once:   &door.Once{Headers: []string{reasonHeader}},
	},
	oas.EnrollClickToPayCustomerOperation: {
		route:    "/v1/click2pay/VISA/enroll/customer/{customerId}",
		scope:    walletport.ScopeClickToPay,
		action:   walletport.ActionClickToPay(walletport.EnrolCustomer),
		customer: "customerId",
		body: &door.Body{Members: []door.Member{
			{Name: "cardId", Kind: door.IDList, Missing: "card_id_missing"}, requiredBID, overrides, cardOverrides,
		}},
		once: &door.Once{},
	},
	oas.EnrollClickToPayCardOperation: {
		route:  "/v1/click2pay/VISA/enroll/card/{cardId}",
		scope:  walletport.ScopeClickToPay,
		action: walletport.ActionClickToPay(walletport.EnrolCard),
		card:   "cardId",
		body:   &door.Body{Members: []door.Member{requiredBID, cardOverrides}},
		once:   &door.Once{},
	},
	oas.GetClickToPayCustomerOperation: {
		route:    "/v1/click2pay/VISA/customer/{customerId}",
		scope:    walletport.ScopeClickToPay,
		action:   walletport.ActionClickToPayRead,
		customer: "customerId",
		body:     &door.Body{Members: []door.Member{optionalBID}},
	},
	oas.DeleteClickToPayCardOperation: {
		route:  "/v1/click2pay/VISA/delete/card/{cardId}",
		scope:  walletport.ScopeClickToPay,
		action: walletport.ActionClickToPay(walletport.DeleteCard),
		card:   "cardId",
		body:   &door.Body{Members: []door.Member{requiredBID}},
		once:   &door.Once{},
	},
	oas.DeleteClickToPayCustomerOperation: {
		route:    "/v1/click2pay/VISA/delete/customer/{customerId}",
		scope:    walletport.ScopeClickToPay,
		action:   walletport.ActionClickToPay(walletport.DeleteCustomer),
		customer: "customerId",
		body:     &door.Body{Members: []door.Member{requiredBID}},
		once:     &door.Once{},
	},
	oas.UpdateClickToPayCardOperation: {
		route:  "/v1/click2pay/VISA/update/card/{cardId}",
		scope:  walletport.ScopeClickToPay,
		action: walletport.ActionClickToPay(walletport.UpdateCard),
		card:   "cardId",
		body:   &door.Body{Members: []door.Member{requiredBID, cardOverrides}},
		once:   &door.Once{},
	},
	oas.UpdateClickToPayCustomerStatusOperation: {
		route:    "/v1/click2pay/VISA/update/customer/{customerId}/status",
		scope:    walletport.ScopeClickToPay,
		action:   walletport.ActionClickToPayActive,
		customer: "customerId",
		body:     &door.Body{Members: []door.Member{optionalBID, {Name: "active", Kind: door.Truth}}},
		once:     &door.Once{},
	},
	oas.UpdateClickToPayCustomerOperation: {
		route:    "/v1/click2pay/VISA/update/customer/{customerId}",
		scope:    walletport.ScopeClickToPay,
		action:   walletport.ActionClickToPay(walletport.UpdateCustomer),
		customer: "customerId",
		body:     &door.Body{Members: []door.Member{requiredBID, overrides}},
		once:     &door.Once{},
	},
	oas.GetClickToPayStatusOperation: {
		route:  "/v1/click2pay/VISA/status/{traceId}",
		scope:  walletport.ScopeClickToPay,
		action: walletport.ActionClickToPayStatus,
	},
}

// Members of bodies of Click to Pay. What the texts may be is the flow's to check.
var (
	requiredBID = door.Member{Name: "customerBID", Missing: "customer_bid_missing"}
	optionalBID = door.Member{Name: "customerBID"}
	overrides   = door.Member{Name: "overrides", Kind: door.Group, Members: []door.Member{
		{Name: "emails", Kind: door.TextList}, {Name: "phones", Kind: door.TextList},
	}}
	cardOverrides = door.Member{Name: "cardOverrides", Kind: door.Group, Members: []door.Member{
		{Name: "addressLine1"}, {Name: "addressLine2"}, {Name: "addressLine3"}, {Name: "city"}, {Name: "state"}, {Name: "postalCode"}, {Name: "country"},
	}}
)

// deprecation is in the headers of the answers of deprecated calls (RFC 9745, RFC 8288).
var deprecation = map[string][]string{
	"Deprecation": {"@1767225600"}, // 2026-01-01T00:00:00Z
	"Link":        {`</docs#tag/Activation-data/operation/activate>; rel="successor-version"`},
}

// newTable returns what the door must know of each row.
func newTable(rows map[oas.OperationName]operation) (map[oas.OperationName]*door.Operation, error) {
	table := make(map[oas.OperationName]*door.Operation, len(rows))
	for name, row := range rows {
		var s subject
		for _, a := range []struct {
			name  string
			place *int
		}{{row.card, &s.card}, {row.provider, &s.provider}, {row.token, &s.token}, {row.change, &s.change}, {row.customer, &s.customer}} {
			if *a.place = argument(row.route, a.name); a.name != "" && *a.place < 0 {
				return nil, fmt.Errorf("api: the path of %s lacks an argument of its row", name)
			}
		}
		op := door.Operation{Route: row.route, Scope: row.scope, Action: row.action, Wallet: row.wallet, Body: row.body, Once: row.once, Describe: s.describe}
		if row.deprecated {
			op.Headers = deprecation
		}
		table[name] = &op
	}
	return table, nil
}

// argument returns the place of a path's argument among all of them; -1 if there is none
// of the name.
func argument(route, name string) int {
	var names []string
	for part := range strings.SplitSeq(route, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return slices.Index(names, name)
}

// subject is where a call names what it is about: places among the path's arguments; -1
// is nowhere.
type subject struct{ card, provider, token, change, customer int }

// describe reads for the record of a refusal what a request says, checked or not. What
// may be a card number is left out.
func (s subject) describe(r *http.Request, arguments []string, record *walletport.AuditRecord) {
	if user, err := auditUser(r); err == nil {
		record.AuditUser = user
		if walletport.SuspectsPAN(string(user)) {
			record.AuditUser = walletport.RedactedNumber
		}
	}
	if s.card >= 0 {
		record.CardID = parseCardID(arguments[s.card])
	}
	if s.provider >= 0 {
		if provider, err := walletport.ParseWalletProviderID(arguments[s.provider]); err == nil && !walletport.SuspectsPAN(string(provider)) {
			record.Wallet = string(provider)
		}
	}
	if s.token >= 0 {
		if id, err := walletport.ParseTokenID(arguments[s.token]); err == nil {
			record.SetDetail(walletport.DetailTokenID, id.String())
		}
	}
	if s.customer >= 0 {
		if number, err := parseCustomer(arguments[s.customer]); err == nil {
			record.SetDetail(walletport.DetailCustomer, number)
		}
	}
	if s.change >= 0 {
		if action, err := walletport.ParseTokenAction(arguments[s.change]); err == nil {
			record.Action = walletport.ActionTokenChange(action)
		}
	}
}
