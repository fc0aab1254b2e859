package tokenapi

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// detailsJSON is the answer to details. Which members stand in its encryptedData and which
// beside it is inferred, so that each is read in either place.
type detailsJSON struct {
	TokenInfo struct {
		Token                      digits     `json:"token"`
		TokenStatus                text       `json:"tokenStatus"`
		TokenExpirationDate        expiryJSON `json:"tokenExpirationDate"`
		TokenActivationDate        text       `json:"tokenActivationDate"`
		LastTokenStatusUpdatedTime text       `json:"lastTokenStatusUpdatedTime"`
	} `json:"tokenInfo"`
	DeviceInfo struct {
		DeviceID   text `json:"deviceID"`
		DeviceName text `json:"deviceName"`
		DeviceType text `json:"deviceType"`
	} `json:"deviceInfo"`
	TokenReferenceID           text `json:"tokenReferenceID"`
	PANReferenceID             text `json:"panReferenceID"`
	LastFourOfPAN              text `json:"lastFourOfPAN"`
	ClientWalletAccountID      text `json:"clientWalletAccountID"`
	LifeCycleTraceID           text `json:"lifeCycleTraceID"`
	CardholderVerificationList []struct {
		LifeCycleTraceID text `json:"lifeCycleTraceID"`
	} `json:"cardholderVerificationList"`
}

// Token asks for one token. The number of the token in the answer is its caller's to wipe.
// An answer that cannot be opened is CodeUnavailable, reason scheme_answer_unreadable, and
// its cause says which key is missing.
func (m *Messages) Token(in scheme.TokenInput) (scheme.Query[scheme.Token], error) {
	path, err := tokenPath(in.Ref, "details")
	if err != nil {
		return scheme.Query[scheme.Token]{}, err
	}
	request, err := m.request(in.Access.Secret, "GET", path, nil)
	if err != nil {
		return scheme.Query[scheme.Token]{}, err
	}
	return scheme.Query[scheme.Token]{Name: "details", Request: request, Read: func(a scheme.Answer) (scheme.Token, error) {
		said, f := read[detailsJSON](in.Access, a)
		defer clear(said.TokenInfo.Token)
		if f != nil {
			return scheme.Token{}, f.Err
		}
		t, rule := m.token(in.Ref, said)
		if rule != "" {
			return scheme.Token{}, vts.Unread(a, rule).Err
		}
		return t, nil
	}}, nil
}

// token returns what the details say, or the rule that they break. A number or a date that
// cannot be read is left out: a token can be changed without.
func (m *Messages) token(ref walletport.TokenRef, said detailsJSON) (t scheme.Token, rule string) {
	switch {
	case said.TokenReferenceID != "" && string(said.TokenReferenceID) != ref.Reference:
		return t, "it is about another token"
	case said.TokenInfo.TokenStatus == "":
		return t, "it has no tokenStatus"
	}
	t = scheme.Token{
		Ref:          ref,
		PANReference: shown(string(said.PANReferenceID)),
		Status:       statuses[said.TokenInfo.TokenStatus], // empty for a word that is not known: see scheme.Token
		Expiry:       said.TokenInfo.TokenExpirationDate.expiry(),
		CardLastFour: lastFour(said.LastFourOfPAN),
		WalletID:     shown(string(said.ClientWalletAccountID)),
		Device: scheme.Device{
			ID:   shown(string(said.DeviceInfo.DeviceID)),
			Name: m.profile.deviceName(said.DeviceInfo.DeviceName),
			Type: shown(string(said.DeviceInfo.DeviceType)),
		},
		CorrelationID: shown(string(said.LifeCycleTraceID)),
		ActivatedAt:   instant(said.TokenInfo.TokenActivationDate),
		StatusSince:   instant(said.TokenInfo.LastTokenStatusUpdatedTime),
	}
	if t.CorrelationID == "" && len(said.CardholderVerificationList) > 0 {
		t.CorrelationID = shown(string(said.CardholderVerificationList[0].LifeCycleTraceID))
	}
	if number, err := walletport.ParsePAN([]byte(said.TokenInfo.Token)); err == nil {
		t.Number, t.LastFour = number, number.LastFour()
	}
	return t, ""
}
