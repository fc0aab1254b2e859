package walletport

// ClickToPayAction is what somebody asks Click to Pay to change.
type ClickToPayAction string

// The actions, one for each call of the API that changes something, and one for each value
// of the member active.
const (
	EnrolCustomer      ClickToPayAction = "enrol_customer" // with one card
	EnrolCard          ClickToPayAction = "enrol_card"     // of a customer who is enrolled
	UpdateCustomer     ClickToPayAction = "update_customer"
	UpdateCard         ClickToPayAction = "update_card"
	DeactivateCustomer ClickToPayAction = "deactivate_customer"
	ActivateCustomer   ClickToPayAction = "activate_customer"
	DeleteCard         ClickToPayAction = "delete_card"
	DeleteCustomer     ClickToPayAction = "delete_customer" // with all cards
)

// ClickToPayActions returns all actions.
func ClickToPayActions() []ClickToPayAction {
	return []ClickToPayAction{
		EnrolCustomer, EnrolCard, UpdateCustomer, UpdateCard, DeactivateCustomer, ActivateCustomer, DeleteCard, DeleteCustomer,
	}
}

// IsOfCard reports whether the action is about one card.
func (a ClickToPayAction) IsOfCard() bool {
	return a == EnrolCustomer || a == EnrolCard || a == UpdateCard || a == DeleteCard
}

// maxBIDBytes is the length of the longest Visa Business Identifier (VICA).
const maxBIDBytes = 8

// BIDRule returns the rule that an issuer's id at Click to Pay (of Visa the Visa Business
// Identifier) breaks, for a message; "" for none.
func BIDRule(bid string) string {
	if bid == "" || len(bid) > maxBIDBytes || !IsAlnum(bid, "") {
		return "must have 1 to 8 letters and digits"
	}
	return ""
}
