package clicktopay

import (
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Reasons lists, in the order of the alphabet, the reasons of ours with which a request may
// fail; those of the scheme's own come beside them. Another one is shown as the last word of
// errors that are not for callers, "internal": docs/click-to-pay.md explains each that is here,
// and a caller meets none that it does not.
func Reasons() []string {
	all := slices.Clone(ownReasons)
	slices.Sort(all)
	return all
}

var ownReasons = []string{
	errGivenUp().Reason, errOutcomeUnknown().Reason, errNotDone().Reason, walletport.ReasonOf(ErrOptedOut),

	// What cannot be made any more of what is stored.
	walletport.ErrCustomerNotFound().Reason, "customer_damaged",
	walletport.ErrCardNotFound().Reason, "card_not_eligible", "card_damaged",
	"enrolment_data_invalid", "overrides_damaged", "customer_bid_unknown",

	// What the scheme refused without a word of its own.
	scheme.ErrRefused().Reason, scheme.ErrRequestRefused().Reason, scheme.ErrUnsupported().Reason,

	// What kept a request from being done until it was given up: at the scheme, and here.
	scheme.ErrUnavailable().Reason, scheme.ErrRateLimited().Reason, scheme.ErrBusy().Reason, scheme.ErrAccessRefused().Reason,
	scheme.ErrSignatureSpent().Reason, scheme.ErrNoAnswer().Reason, scheme.ErrUnreadable().Reason,
	"scheme_not_configured", "key_unavailable", "key_unusable", "sealing_unavailable", "store_unavailable", "database_rights",
	reasonInternal,
}

const reasonInternal = string(walletport.CodeInternal)

// isOwnReason reports whether a caller may meet a reason.
func isOwnReason(reason string) bool { return slices.Contains(ownReasons, reason) }
