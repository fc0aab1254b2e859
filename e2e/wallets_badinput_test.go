package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// badWalletCall is a request that must be refused.
type badWalletCall struct {
	name   string
	path   string
	body   any // nil sends none
	status int
	code   string
	field  string // that errors[] names, "" is none
	change func(*http.Request)
}

// spareNonce stands in every request that is refused, and must be good afterwards.
const spareNonce = "0badc0de5eed"

// TestBadWalletInput sends what apps and back ends get wrong. Each is refused by a code
// of its own and recorded, and changes nothing.
func TestBadWalletInput(t *testing.T) {
	t.Parallel()
	apple := mustAuthority(t)
	p := mustWalletProduction(t, "", "", apple)
	s := p.mustServe(t)
	cards := mustRun(t, "", p.at().with("cards", "list", "--json")...)
	good := appleRequest(apple.mustChain(t)).with(members{"nonce": spareNonce})
	rows := slices.Concat(badChainCalls(t, apple, good), badNonceCalls(good), badClientCalls(), badSessionCalls(), badBodyCalls(good), wrongCardCalls(good))
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			a := s.post(c.path, c.body, requestIDOf(c.name), func(r *http.Request) {
				if c.change != nil {
					c.change(r)
				}
			})
			wantRefused(t, a, badCall{status: c.status, code: c.code})
			if got := fieldsOf(t, a); c.field != "" && !slices.Contains(got, c.field) {
				t.Errorf("errors name %q, want %s", got, c.field)
			}
		})
	}
	wantNothingDone(t, s, good)
	tr := mustExport(t, p.at())
	for _, c := range rows {
		if found := tr.byID[requestIDOf(c.name)]; len(found) != 1 || found[0].Outcome != c.code {
			t.Errorf("%s: recorded %+v, want the outcome %s", c.name, found, c.code)
		}
	}
	mustVerify(t, p.at(), tr)
	if after := mustRun(t, "", p.at().with("cards", "list", "--json")...); after != cards {
		t.Error("the cards have changed")
	}
}

// wantNothingDone uses the nonce of the refused requests: once it is good, then used up
// for every card and call.
func wantNothingDone(t *testing.T, s *server, good members) {
	t.Helper()
	s.post(provisionPath(servedVisa, "applepay"), good, "spare-good").mustMembers(t, "activationData", "encryptedPassData", "ephemeralPublicKey")
	for name, a := range map[string]answer{
		"the same call":      s.post(provisionPath(servedVisa, "applepay"), good, "spare-again"),
		"with another card":  s.post(provisionPath(servedMastercard, "applepay"), good, "spare-other"),
		"to activate a card": s.post("/v3/7002/activate", members{"nonce": spareNonce}, "spare-activate"),
	} {
		t.Run("nonce reused, "+name, func(t *testing.T) {
			wantRefused(t, a, badCall{status: http.StatusConflict, code: "nonce_reused"})
		})
	}
}

// fieldsOf returns the fields that a problem names.
func fieldsOf(t *testing.T, a answer) []string {
	t.Helper()
	var p struct{ Errors []struct{ Field string } }
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

func badChainCalls(t *testing.T, apple authority, good members) []badWalletCall {
	t.Helper()
	path := provisionPath(servedMastercard, "applepay")
	rows := []badWalletCall{
		{name: "certificates of 1 MB", path: path, body: good.with(members{"certificates": []string{strings.Repeat("A", 1<<20)}}), status: 413, code: "body_too_large"},
	}
	for _, c := range apple.mustBadChains(t) {
		rows = append(rows, badWalletCall{
			name: "certificates " + c.name, path: path, body: good.with(members{"certificates": c.certificates}), status: 400, code: c.code,
		})
	}
	return rows
}

func badNonceCalls(good members) []badWalletCall {
	kilobyte := strings.Repeat("ab", 1<<10)
	var rows []badWalletCall
	for _, c := range []struct {
		name  string
		value any
		fault string
	}{
		{"odd", "75ebe15", "malformed"},
		{"in upper case", "75EBE155", "malformed"},
		{"in base64", "devhVQ==", "malformed"},
		{"empty", "", "missing"},
		{"absent", nil, "missing"},
		{"of 1 kB", kilobyte, "too_long"},
	} {
		path := provisionPath(servedVisa, "applepay")
		rows = append(rows,
			badWalletCall{name: "nonce " + c.name, path: path, body: good.with(members{"nonce": c.value}), status: 400, code: "apple_nonce_" + c.fault, field: "nonce"},
			badWalletCall{name: "nonce signature " + c.name, path: path, body: good.with(members{"nonceSignature": c.value}), status: 400,
				code: "apple_nonce_signature_" + c.fault, field: "nonceSignature"},
		)
		if c.fault != "missing" { // then it needs one, which another row shows
			rows = append(rows, badWalletCall{name: "activation nonce " + c.name, path: "/v3/7002/activate", body: members{"nonce": c.value}, status: 400,
				code: "nonce_" + c.fault, field: "nonce"})
		}
	}
	return rows
}

// goodClient are ids as a wallet gives them.
var goodClient = members{"clientAppID": clientAppID, "clientDeviceID": "d76a992bf2a6f6512b9d4c39", "clientWalletAccountID": "da2116e5ca109f1175f3b93a"}

func badClientCalls() []badWalletCall {
	visa := provisionPath(servedVisa, "googlepay")
	var rows []badWalletCall
	for field, code := range map[string]string{
		"clientAppID": "client_app_id", "clientDeviceID": "client_device_id", "clientWalletAccountID": "client_wallet_account_id",
	} {
		for _, w := range []string{"googlepay", "samsungpay"} {
			path := provisionPath(servedMastercard, w) // refused before it is known who needs them
			for _, c := range []struct{ name, value, fault string }{
				{"too long", strings.Repeat("a", 65), "too_long"},
				{"with a bell", "acme\abank", "malformed"},
				{"with a zero", "acme\x00bank", "malformed"},
				{"with a line break", "acme\nbank", "malformed"},
				{"with an invisible character", "acme\u202ebank", "malformed"},
				{"with a card number", inputPAN, "contains_pan"},
			} {
				rows = append(rows, badWalletCall{
					name: w + " " + field + " " + c.name, path: path, body: goodClient.with(members{field: c.value}),
					status: 400, code: code + "_" + c.fault, field: field,
				})
			}
		}
	}
	return append(rows,
		badWalletCall{name: "clientAppID of 37", path: visa, body: goodClient.with(members{"clientAppID": strings.Repeat("a", 37)}),
			status: 400, code: "client_app_id_too_long", field: "clientAppID"},
		badWalletCall{name: "clientAppID that Visa does not take", path: visa, body: goodClient.with(members{"clientAppID": "acme/bank"}),
			status: 400, code: "client_app_id_malformed", field: "clientAppID"},
		badWalletCall{name: "Visa without device", path: visa, body: goodClient.with(members{"clientDeviceID": nil}),
			status: 400, code: "client_device_id_missing", field: "clientDeviceID"},
		badWalletCall{name: "Visa without account", path: visa, body: goodClient.with(members{"clientWalletAccountID": nil}),
			status: 400, code: "client_wallet_account_id_missing", field: "clientWalletAccountID"},
		badWalletCall{name: "Visa without a body", path: visa, status: 400, code: "client_device_id_missing", field: "clientDeviceID"},
	)
}

func badSessionCalls() []badWalletCall {
	path, asked := provisionPath(servedMastercard, "googlepay"), members{"googleOpaquePaymentCardRequested": true}
	var rows []badWalletCall
	for name, session := range map[string]string{
		"a word": "session", "braced": "{8f072e15-604c-414c-be5c-b1cbceda665b}", "without hyphens": "8f072e15604c414cbe5cb1cbceda665b",
		"of 10 kB": strings.Repeat("8f072e15-", 1_200),
	} {
		rows = append(rows, badWalletCall{name: "serverSessionId " + name, path: path, body: asked.with(members{"serverSessionId": session}),
			status: 400, code: "server_session_id_malformed", field: "serverSessionId"})
	}
	return append(rows,
		badWalletCall{name: "serverSessionId missing", path: path, body: asked, status: 400, code: "server_session_id_missing", field: "serverSessionId"},
		badWalletCall{name: "serverSessionId empty", path: path, body: asked.with(members{"serverSessionId": ""}),
			status: 400, code: "server_session_id_missing", field: "serverSessionId"},
	)
}

func badBodyCalls(good members) []badWalletCall {
	path := provisionPath(servedMastercard, "applepay")
	return []badWalletCall{
		{name: "no body", path: path, status: 400, code: "body_missing"},
		{name: "body is a list", path: path, body: []members{good}, status: 400, code: "body_malformed"},
		{name: "body with a number for a text", path: path, body: good.with(members{"nonce": 75}), status: 400, code: "body_malformed", field: "nonce"},
		{name: "body is cut", path: path, body: good, change: withBody(`{"nonce":"` + spareNonce), status: 400, code: "body_malformed"},
		{name: "body is a form", path: path, body: good, change: withHeader("Content-Type", "application/x-www-form-urlencoded"), status: 415, code: "media_type_unsupported"},
		{name: "body is compressed", path: path, body: good, change: withHeader("Content-Encoding", "gzip"), status: 415, code: "media_type_unsupported"},
	}
}

func wrongCardCalls(good members) []badWalletCall {
	calls := map[string]members{"applepay": good, "googlepay": goodClient, "samsungpay": goodClient}
	var rows []badWalletCall
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		rows = append(rows, badWalletCall{name: name + " for no card", path: provisionPath(424242, name), body: calls[name], status: 404, code: "card_not_found"})
	}
	return append(rows,
		badWalletCall{name: "a scheme that the wallet is not set up for", path: provisionPath(servedVisa, "samsungpay"), body: goodClient, status: 403, code: "wallet_not_offered"},
		badWalletCall{name: "activation for no card", path: "/v3/424242/activate", status: 404, code: "card_not_found"},
		badWalletCall{name: "token reference malformed", path: "/v3/7001/activate", body: members{"tokenUniqueReference": "D|1225"},
			status: 400, code: "token_unique_reference_malformed", field: "tokenUniqueReference"},
	)
}

// TestGoodWalletInput sends what looks odd and is right.
func TestGoodWalletInput(t *testing.T) {
	t.Parallel()
	apple := mustAuthority(t)
	s := mustWalletProduction(t, "", "", apple).mustServe(t)
	chain := apple.mustChain(t)
	passMembers := []string{"activationData", "encryptedPassData", "ephemeralPublicKey"}
	for _, c := range []struct {
		name, path string
		body       any
		members    []string
	}{
		{"chain out of order", provisionPath(servedMastercard, "applepay"), appleRequest([]string{chain[1], chain[0]}), passMembers},
		{"chain with the root", provisionPath(servedVisa, "applepay"), appleRequest(append(chain, apple.root.der())), passMembers},
		{"chain in PEM", provisionPath(servedVisa, "applepay"), appleRequest([]string{chain[0], pemText("CERTIFICATE", apple.sub.Raw)}), passMembers},
		{"session that nobody asked for", provisionPath(servedVisa, "googlepay"), goodClient.with(members{"serverSessionId": "no UUID"}), []string{"digitizationData"}},
		{"session that is refused by name", provisionPath(servedVisa, "googlepay"),
			goodClient.with(members{"serverSessionId": "no UUID", "googleOpaquePaymentCardRequested": false}), []string{"digitizationData"}},
		{"member of a later release", provisionPath(servedMastercard, "samsungpay"), goodClient.with(members{"later": 1}), []string{"digitizationData"}},
		{"Mastercard without ids", provisionPath(servedMastercard, "samsungpay"), nil, []string{"digitizationData"}},
		{"both payment cards", provisionPath(servedVisa, "googlepay"),
			goodClient.with(members{"serverSessionId": "8f072e15-604c-414c-be5c-b1cbceda665b", "googleOpaquePaymentCardRequested": true}),
			[]string{"digitizationData", "googleOpaquePaymentCard"}},
	} {
		t.Run(c.name, func(t *testing.T) { s.post(c.path, c.body, requestIDOf(c.name)).mustMembers(t, c.members...) })
	}
}
