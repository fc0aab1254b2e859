package clicktopay

import (
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// DriftKind is one way in which what the scheme has of a consumer differs from what is
// stored here. Scripts rely on the words.
type DriftKind string

// The kinds. Here is what is stored, there is what the scheme has.
const (
	DriftNotThere     DriftKind = "not_enrolled_there" // the customer
	DriftNotHere      DriftKind = "not_enrolled_here"
	DriftForgotten    DriftKind = "customer_forgotten" // the data was erased here, and the scheme has it
	DriftInactive     DriftKind = "inactive_there"     // the customer, and active here
	DriftActive       DriftKind = "active_there"
	DriftCardNotThere DriftKind = "card_not_there"
	DriftCardNotHere  DriftKind = "card_not_here" // a card of the customer's, enrolled there only
	DriftCardUnknown  DriftKind = "card_unknown"  // none of the customer's cards here
	DriftCardStatus   DriftKind = "card_status"   // enrolled here, and not active there
	DriftCustomerData DriftKind = "customer_data" // the fields say which
	DriftCardData     DriftKind = "card_data"
)

// Drift is one difference. It has no values of personal data.
type Drift struct {
	Kind     DriftKind
	CardID   walletport.CardID // of those of a card that is known here, else 0
	LastFour string            // of DriftCardUnknown
	Status   string            // of DriftCardStatus: the scheme's word
	Fields   []string          // of DriftCustomerData and DriftCardData: what differs
}

// comparison is a consumer as it is stored and as the scheme has it.
type comparison struct {
	here  storage.Consumer
	there scheme.Enrolled
	cards []storage.Card // of the customer
}

// ofEnrolment returns how the two differ in who is enrolled with which cards.
func (c *comparison) ofEnrolment() []Drift {
	switch {
	case c.here.IsEnrolled && !c.there.IsEnrolled:
		return []Drift{{Kind: DriftNotThere}}
	case !c.here.IsEnrolled && c.there.IsEnrolled:
		return []Drift{{Kind: DriftNotHere}}
	case !c.there.IsEnrolled:
		return nil
	}
	var drifts []Drift
	switch isInactive := c.there.Consumer.Inactive; {
	case isInactive && !c.here.IsInactive:
		drifts = append(drifts, Drift{Kind: DriftInactive})
	case !isInactive && c.here.IsInactive:
		drifts = append(drifts, Drift{Kind: DriftActive})
	}
	return append(drifts, c.ofCards()...)
}

func (c *comparison) ofCards() (drifts []Drift) {
	shown := c.shown()
	for _, card := range c.here.Cards {
		if _, isThere := shown[card.ID]; card.State == storage.CardEnrolled && !isThere {
			drifts = append(drifts, Drift{Kind: DriftCardNotThere, CardID: card.ID})
		}
	}
	for _, card := range c.there.Cards {
		id := cardIDOf(card, c.cards)
		switch isHere := standing(c.here.Cards, id).State == storage.CardEnrolled; {
		case card.Deleted:
		case id == 0:
			drifts = append(drifts, Drift{Kind: DriftCardUnknown, LastFour: card.LastFour})
		case !isHere:
			drifts = append(drifts, Drift{Kind: DriftCardNotHere, CardID: id})
		case card.Inactive:
			drifts = append(drifts, Drift{Kind: DriftCardStatus, CardID: id, Status: card.Status})
		}
	}
	return drifts
}

// shown returns the cards that the scheme has and that are known here.
func (c *comparison) shown() map[walletport.CardID]scheme.EnrolledCard {
	shown := map[walletport.CardID]scheme.EnrolledCard{}
	for _, card := range c.there.Cards {
		if id := cardIDOf(card, c.cards); id != 0 && !card.Deleted {
			shown[id] = card
		}
	}
	return shown
}

// consumerFields returns the names of what the scheme has otherwise than it would be sent now.
// The consent is left out, which not every answer has.
func consumerFields(sent, there scheme.Consumer) []string {
	return differing(
		difference{walletport.CustomerFirstName.String(), isSame(sent.FirstName, there.FirstName)},
		difference{walletport.CustomerMiddleName.String(), isSame(sent.MiddleName, there.MiddleName)},
		difference{walletport.CustomerLastName.String(), isSame(sent.LastName, there.LastName)},
		difference{walletport.CustomerEmails.String(), haveSame(sent.Emails, there.Emails)},
		difference{walletport.CustomerPhones.String(), haveSame(sent.Phones, there.Phones)},
		difference{walletport.CustomerLocale.String(), sent.Locale == there.Locale},
		difference{walletport.CustomerCountry.String(), sent.Country == there.Country},
	)
}

// cardFields is consumerFields of a card.
func cardFields(sent scheme.ConsumerCard, there scheme.EnrolledCard) []string {
	a, b := sent.Address, there.Address
	return differing(
		difference{"cardholderName", isSame(sent.Name, there.Name)},
		difference{"expiry", sent.Expiry == there.Expiry},
		difference{walletport.CustomerLine1.String(), isSame(a.Line1, b.Line1)},
		difference{walletport.CustomerLine2.String(), isSame(a.Line2, b.Line2)},
		difference{walletport.CustomerLine3.String(), isSame(a.Line3, b.Line3)},
		difference{walletport.CustomerCity.String(), isSame(a.City, b.City)},
		difference{walletport.CustomerState.String(), isSame(a.State, b.State)},
		difference{walletport.CustomerPostalCode.String(), isSame(a.PostalCode, b.PostalCode)},
		difference{walletport.CustomerAddressCountry.String(), a.Country == b.Country},
	)
}

// difference is a field, and whether it is the same on both sides.
type difference struct {
	name   string
	isSame bool
}

func differing(all ...difference) (names []string) {
	for _, d := range all {
		if !d.isSame {
			names = append(names, d.name)
		}
	}
	return names
}

// haveSame compares lists whatever their order, which a scheme need not keep.
func haveSame(a, b []walletport.Private) bool {
	return slices.EqualFunc(slices.SortedFunc(slices.Values(a), inOrder), slices.SortedFunc(slices.Values(b), inOrder), isSame)
}
