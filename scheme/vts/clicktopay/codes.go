package clicktopay

import (
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// meaning is what a code of Visa's is for us.
type meaning struct {
	kind   scheme.FaultKind
	effect scheme.Effect            // of a request that is refused at once
	err    func() *walletport.Error // same
}

// meanings are the codes that are known: those of refusals at once (VICA), and of what
// stands before the API (XPT). Visa refuses before it does anything (inferred), but for
// failures of its own. That a code means the same in a result and in an item of getData is
// inferred: Visa says that it may not, and publishes neither list.
var meanings = map[string]meaning{
	"VIDC-1000":          {scheme.FaultInvalid, scheme.Refused, scheme.ErrRequestRefused},
	"VIDC-1001":          {scheme.FaultInvalid, scheme.Refused, scheme.ErrRequestRefused},
	"VIDC-1002":          {scheme.FaultInvalid, scheme.Refused, scheme.ErrRequestRefused},
	"VIDC-1003":          {scheme.FaultInvalid, scheme.Refused, scheme.ErrRequestRefused},
	"VIDC-2000":          {scheme.FaultConsumerEnrolled, scheme.Refused, scheme.ErrRefused},
	"VIDC-2001":          {scheme.FaultConsumerNotEnrolled, scheme.Refused, scheme.ErrRefused},
	"VIDC-2002":          {scheme.FaultNotEntitled, scheme.Refused, scheme.ErrRefused},
	"VIDC-2003":          {scheme.FaultCardExpired, scheme.Refused, scheme.ErrRefused},
	"VIDC-2004":          {scheme.FaultCardEnrolled, scheme.Refused, scheme.ErrRefused},
	"VIDC-2005":          {scheme.FaultCardNotEnrolled, scheme.Refused, scheme.ErrRefused},
	"VIDC-2006":          {scheme.FaultCardForeign, scheme.Refused, scheme.ErrRefused},
	"VIDC-2007":          {scheme.FaultUnsupported, scheme.Refused, scheme.ErrUnsupported},
	"VIDC-2008":          {scheme.FaultUnchangeable, scheme.Refused, scheme.ErrRefused},
	"VIDC-3000":          {scheme.FaultBusy, scheme.Refused, scheme.ErrBusy},
	"VIDC-5000":          {scheme.FaultSchemeFailed, scheme.Unknown, scheme.ErrUnavailable},
	"VIDC-7000":          {scheme.FaultDeclined, scheme.Refused, scheme.ErrRefused},
	vts.PayTokenSpent:    {scheme.FaultAccess, scheme.Refused, scheme.ErrSignatureSpent},
	vts.PayTokenMismatch: {scheme.FaultAccess, scheme.Refused, scheme.ErrAccessRefused},
	vts.PayTokenUnknown:  {scheme.FaultAccess, scheme.Refused, scheme.ErrAccessRefused},
}

// Codes lists the codes of Visa's that are known, in the order of the alphabet. Visa may say
// others.
func Codes() []string { return slices.Sorted(maps.Keys(meanings)) }

// FaultKind returns what a code of Visa's means; scheme.FaultUnknown of one that is not known.
func (*Messages) FaultKind(code string) scheme.FaultKind {
	if known, ok := meanings[code]; ok {
		return known.kind
	}
	return scheme.FaultUnknown
}

// meaningOf classifies a refusal by its status, where no code of it is known.
func meaningOf(status int) meaning {
	switch {
	case status == 401 || status == 403:
		return meaning{scheme.FaultAccess, scheme.Refused, scheme.ErrAccessRefused}
	case status == 409: // VIDC-3000 is the only one (VICA)
		return meaning{scheme.FaultBusy, scheme.Refused, scheme.ErrBusy}
	case status == 422: // the product does not have the operation (VICA)
		return meaning{scheme.FaultUnsupported, scheme.Refused, scheme.ErrUnsupported}
	case status == 429:
		return meaning{scheme.FaultBusy, scheme.Refused, scheme.ErrRateLimited}
	case status == 408 || status >= 500 && status < 600:
		return meaning{scheme.FaultSchemeFailed, scheme.Unknown, scheme.ErrUnavailable}
	case status >= 400 && status < 500:
		return meaning{scheme.FaultInvalid, scheme.Refused, scheme.ErrRequestRefused}
	}
	return meaning{scheme.FaultUnknown, scheme.Unknown, scheme.ErrUnreadable}
}

// messages are what callers read of each kind.
var messages = map[scheme.FaultKind]string{
	scheme.FaultConsumerEnrolled:    "the consumer is enrolled already",
	scheme.FaultConsumerNotEnrolled: "the consumer is not enrolled",
	scheme.FaultCardEnrolled:        "the card is enrolled already",
	scheme.FaultCardNotEnrolled:     "the card is not enrolled",
	scheme.FaultCardExpired:         "the card has expired",
	scheme.FaultCardForeign:         "the card is no Visa card",
	scheme.FaultDeclined:            "Visa gives the card no token",
	scheme.FaultNotEntitled:         "Visa does not let the issuer do this",
	scheme.FaultUnsupported:         "Visa does not support this",
	scheme.FaultUnchangeable:        "Visa does not let this be changed",
	scheme.FaultInvalid:             "Visa found a value missing or wrong",
	scheme.FaultBusy:                "Visa has not ended an earlier request for this consumer",
	scheme.FaultAccess:              "Visa does not accept how the issuer identifies itself",
	scheme.FaultSchemeFailed:        "Visa failed",
	scheme.FaultUnknown:             "Visa said no",
}
