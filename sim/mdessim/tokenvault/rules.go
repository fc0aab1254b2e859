package tokenvault

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Act is what a party wants done.
type Act struct {
	Call Call // Activate, Suspend, Unsuspend, Delete or Resend
	By   Party
	// FromApp deletes in the wallet only: the token goes on to pay.
	FromApp     bool
	ReasonCode  string
	CommentID   string
	CommentText string
	Audit       *Audit
}

// The reasons of a refusal; each error is CodeConflict.
const (
	ReasonStatus   = "token_status"   // the state does not allow it
	ReasonWorkflow = "token_workflow" // provisioning has not come so far
)

func refuse(reason, why string) error {
	return walletport.Errorf(walletport.CodeConflict, reason, "%s", why)
}

// apply returns the token as the act leaves it.
func (t Token) apply(a Act, now time.Time) (Token, error) {
	t = t.at(now)
	t.Suspenders = slices.Clone(t.Suspenders)
	if t.Status == StatusDeactivated {
		return t, refuse(ReasonStatus, "the token is deleted")
	}
	rule, ok := rules[a.Call]
	if !ok {
		return t, walletport.Errorf(walletport.CodeInternal, "act_unknown", "there is no such act on a token")
	}
	if err := rule(&t, a, now); err != nil {
		return t, err
	}
	t.Change = &Change{Call: a.Call, By: a.By, At: now, ReasonCode: a.ReasonCode, CommentID: a.CommentID, CommentText: a.CommentText, Audit: a.Audit}
	return t, nil
}

var rules = map[Call]func(*Token, Act, time.Time) error{
	Activate:  (*Token).activate,
	Suspend:   (*Token).suspend,
	Unsuspend: (*Token).unsuspend,
	Delete:    (*Token).delete,
	Resend:    (*Token).resend,
}

// activate: only what is on the phone and waits for it. A token that the cardholder
// removed, and whose card is being added again, is one of these, though it is ACTIVE.
func (t *Token) activate(_ Act, now time.Time) error {
	isReturning := t.IsDeletedFromApp() && t.Progress() == ProvisioningAwaits
	switch {
	case t.Status != StatusInactive && !isReturning:
		return refuse(ReasonStatus, "the token does not wait for its activation")
	case t.Progress() != ProvisioningAwaits:
		return refuse(ReasonWorkflow, "the token is not provisioned")
	}
	if t.Status == StatusInactive {
		t.Status, t.ActivatedAt = StatusActive, &now
	}
	t.Provisioning, t.DeletedFromAppAt, t.CodeExpiresAt = ProvisioningSuccess, nil, nil
	return nil
}

// suspend adds one more who holds the token; each lets go for itself.
func (t *Token) suspend(a Act, _ time.Time) error {
	switch {
	case t.Status != StatusActive && t.Status != StatusSuspended:
		return refuse(ReasonStatus, "a token in progress can only be deleted")
	case t.isHeldBy(a.By):
		return refuse(ReasonStatus, "this party holds it suspended already")
	case t.Type() == CardOnFile && a.By == Cardholder:
		return refuse(ReasonStatus, "a token on file is suspended by its issuer or requestor only")
	case t.isApples() && a.By == Cardholder && t.isHeldBy(Issuer):
		return refuse(ReasonStatus, "in Apple Pay the cardholder suspends nothing that the issuer holds")
	}
	t.Suspenders = append(t.Suspenders, a.By)
	t.Status = StatusSuspended
	return nil
}

// unsuspend takes off the party's own hold. In Apple Pay the issuer may take off the
// cardholder's, once it has none of its own (that order is inferred).
func (t *Token) unsuspend(a Act, _ time.Time) error {
	hold := a.By
	if !t.isHeldBy(hold) && t.isApples() && a.By == Issuer {
		hold = Cardholder
	}
	if t.Status != StatusSuspended || !t.isHeldBy(hold) {
		return refuse(ReasonStatus, "this party does not hold it suspended")
	}
	t.Suspenders = slices.DeleteFunc(t.Suspenders, func(p Party) bool { return p == hold })
	if len(t.Suspenders) == 0 {
		t.Suspenders, t.Status = nil, StatusActive
	}
	return nil
}

// delete is final, but for one in the wallet only.
func (t *Token) delete(a Act, now time.Time) error {
	if !a.FromApp {
		t.Status, t.Suspenders = StatusDeactivated, nil
		return nil
	}
	switch {
	case t.Type() == CardOnFile:
		return refuse(ReasonStatus, "a token on file is on no phone")
	case t.Status == StatusInactive:
		return refuse(ReasonStatus, "a token in progress is deleted as a whole")
	case t.IsDeletedFromApp():
		return refuse(ReasonStatus, "the token is on no phone any more")
	}
	t.DeletedFromAppAt, t.Provisioning = &now, ""
	return nil
}

// How long a code is good, and until when a new one can be had.
const (
	codeLasts   = 30 * time.Minute
	resendUntil = 30 * 24 * time.Hour
)

// resend begins the time of the activation code anew.
func (t *Token) resend(_ Act, now time.Time) error {
	switch {
	case t.Progress() != ProvisioningAwaits:
		return refuse(ReasonStatus, "the token does not wait for a code")
	case now.After(t.CreatedAt.Add(resendUntil)):
		return refuse(ReasonWorkflow, "the token was made more than 30 days ago")
	}
	expires := now.Add(codeLasts)
	t.CodeExpiresAt = &expires
	return nil
}

// revive is what adding the card to the same phone again does to a token that was removed
// from it; a step-up is due again without a TAV.
func (t Token) revive(needsStepUp bool, now time.Time) (Token, error) {
	if t = t.at(now); t.Status == StatusDeactivated || !t.IsDeletedFromApp() {
		return t, refuse(ReasonStatus, "the token is not one that was removed from a phone")
	}
	t.Provisioning = ProvisioningAwaits
	if !needsStepUp {
		t.Provisioning, t.DeletedFromAppAt = ProvisioningSuccess, nil
	}
	t.Change = &Change{Call: Digitize, By: TokenRequestor, At: now}
	return t, nil
}
