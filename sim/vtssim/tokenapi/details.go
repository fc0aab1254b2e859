package tokenapi

import (
	"time"

	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// details tells all of a token: what is secret in encryptedData, the rest beside it. Which
// members are inside is inferred.
func (s *Service) details(in request) (any, *refusal) {
	t, refused := s.token(in)
	if refused != nil {
		return nil, refused
	}
	p := s.spell()
	sealed, err := s.seal(in, p, object{"tokenInfo": s.tokenInfo(p, t), "deviceInfo": s.deviceInfo(p, t)})
	if err != nil {
		return nil, internal()
	}
	answer := object{"encryptedData": sealed}
	describeCard(answer, t)
	query := in.http.URL.Query()
	if query.Get("deviceBindingInfo") == "true" {
		answer["deviceBindingInfoList"] = append([]tokenvault.Device{}, t.Devices...)
	}
	if query.Get("cardHolderVerificationRetrieve") == "true" {
		answer["cardholderVerificationList"] = s.verifications(p, t)
	}
	return answer, nil
}

// token returns the one that a path names; the requestor must be its own.
func (s *Service) token(in request) (tokenvault.Token, *refusal) {
	t, ok := s.c.Vault.Token(in.reference)
	if !ok || t.TokenRequestorID != in.requestor {
		return tokenvault.Token{}, notFound("tokenReferenceID")
	}
	return t, nil
}

func (s *Service) tokenInfo(p spelling, t tokenvault.Token) object {
	counts := map[tokenvault.Status]int{}
	for _, other := range s.c.Vault.OfCard(t.PANReferenceID) {
		counts[other.Status]++
	}
	info := object{
		"token": s.c.Vault.Number(t).Clear(), "tokenType": typeOf(t), "tokenStatus": t.Status,
		"tokenExpirationDate":           p.expiry(expiryOf(t)),
		"tokenAssuranceMethod":          "10",
		"lastTokenStatusUpdatedTime":    instant(t.StatusSince()),
		"numberOfActiveTokensForPAN":    counts[tokenvault.StatusActive],
		"numberOfInactiveTokensForPAN":  counts[tokenvault.StatusInactive],
		"numberOfSuspendedTokensForPAN": counts[tokenvault.StatusSuspended],
	}
	info.putTime("tokenActivationDate", t.ActivationDate)
	info.putTime("tokenDeactivationDate", t.DeactivationDate)
	return info
}

// expiryOf is the month to whose end a token is good: three years after it was made
// (inferred: nothing is published).
func expiryOf(t tokenvault.Token) time.Time {
	return time.Date(t.CreatedAt.Year()+3, t.CreatedAt.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// deviceInfo makes up the phone that a simulated wallet is.
func (s *Service) deviceInfo(p spelling, t tokenvault.Token) object {
	device := object{"deviceType": "MOBILE_PHONE", "osType": "ANDROID", "tokenProtectionMethod": "CLOUD"}
	if s.isOfOtherSet(t.TokenReferenceID) {
		device["deviceType"] = "PHONE"
	}
	name := "Ada's phone"
	if t.TokenRequestorName == "applepay" {
		device["osType"], device["tokenProtectionMethod"] = "IOS", "SECURE_ELEMENT"
		name = "Ada's iPhone"
	}
	device["deviceName"] = p.name(name)
	device.put("deviceID", t.DeviceID)
	return device
}

// verifications are the step-ups of a cardholder, oldest first.
func (s *Service) verifications(p spelling, t tokenvault.Token) []object {
	list := []object{}
	for _, change := range s.c.Vault.History(t.TokenReferenceID) {
		if change.Operation.IsStepUp() {
			list = append(list, object{"lifeCycleTraceID": p.trace(s.c.Vault.TraceID(t)), "status": "APPROVED", "timestamp": instant(change.At)})
		}
	}
	return list
}
