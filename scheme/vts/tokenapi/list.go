package tokenapi

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// listJSON is the answer to retrieveTokenInfo. The members of an item are those that FIS-L
// wraps; their names on Visa's wire are inferred.
type listJSON struct {
	TokenDetails *[]itemJSON `json:"tokenDetails"`
}

type itemJSON struct {
	TokenRequestorID      text `json:"tokenRequestorID"`
	TokenReferenceID      text `json:"tokenReferenceID"`
	PANReferenceID        text `json:"panReferenceID"`
	TokenStatus           text `json:"tokenStatus"`
	LastFourOfPAN         text `json:"lastFourOfPAN"`
	ClientWalletAccountID text `json:"clientWalletAccountID"`
}

// CardTokens asks for all tokens of a card; Visa does not page. They are Brief: number,
// expiry, device and times are in the answer to Token. CardTokens costs one signature.
// Besides those of the contract its errors are CodeUnavailable, reason signing_unavailable:
// the custodian did not sign, or sealing_unavailable: the card number could not be encrypted.
func (m *Messages) CardTokens(in scheme.CardTokensInput) (scheme.Query[scheme.TokenPage], error) {
	var none scheme.Query[scheme.TokenPage]
	switch {
	case in.PAN.IsZero() || in.Now.IsZero() || in.Rand == nil:
		return none, errors.New("token API: CardTokensInput needs PAN, Now and Rand")
	case in.After != "":
		return none, walletport.Errorf(walletport.CodeInvalid, "page_unknown", "Visa gives the tokens of a card in one page")
	}
	encrypted, err := m.sealCard(in)
	if err != nil {
		return none, err
	}
	body := struct {
		EncryptedData string `json:"encryptedData"`
	}{encrypted}
	request, err := m.request(in.Access.Secret, "POST", "vtis/v1/pan/retrieveTokenInfo", body)
	if err != nil {
		return none, err
	}
	return scheme.Query[scheme.TokenPage]{Name: "retrieveTokenInfo", Request: request, Read: func(a scheme.Answer) (scheme.TokenPage, error) {
		return m.readList(in.Access, a)
	}}, nil
}

func (m *Messages) readList(access scheme.Access, a scheme.Answer) (scheme.TokenPage, error) {
	said, f := read[listJSON](access, a)
	switch {
	case f != nil && isNotFound(f) && m.profile.UnknownCardIsNone:
		return scheme.TokenPage{}, nil
	case f != nil:
		return scheme.TokenPage{}, f.Err
	case said.TokenDetails == nil:
		return scheme.TokenPage{}, vts.Unread(a, "it has no tokenDetails").Err
	}
	var page scheme.TokenPage
	seen := make(map[walletport.TokenRef]bool, len(*said.TokenDetails))
	for i, item := range *said.TokenDetails {
		if item.TokenStatus == tokenizationRequested {
			continue
		}
		t, rule := item.token()
		if rule == "" && seen[t.Ref] {
			rule = "stands twice"
		}
		if rule != "" {
			return scheme.TokenPage{}, vts.Unread(a, fmt.Sprintf("token %d of it: %s", i+1, rule)).Err
		}
		seen[t.Ref] = true
		page.Tokens = append(page.Tokens, t)
	}
	return page, nil
}

// token returns the token of an item, or the rule that it breaks.
func (i itemJSON) token() (t scheme.Token, rule string) {
	t = scheme.Token{
		Ref:          walletport.TokenRef{Scheme: walletport.Visa, Requestor: string(i.TokenRequestorID), Reference: string(i.TokenReferenceID)},
		PANReference: shown(string(i.PANReferenceID)),
		Brief:        true,
		CardLastFour: lastFour(i.LastFourOfPAN),
		WalletID:     shown(string(i.ClientWalletAccountID)),
	}
	if i.TokenStatus == "" {
		return t, "it has no tokenStatus"
	}
	t.Status = statuses[i.TokenStatus] // empty for a word that is not known: see scheme.Token
	return t, t.Ref.Rule()
}

func lastFour(t text) string {
	if len(t) != len("1111") || !walletport.IsDigits(string(t)) {
		return ""
	}
	return string(t)
}
