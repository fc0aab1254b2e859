package server

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
)

// testNumbers are published: those that schemes and wallets give out to try payments with.
// Nobody pays with them, and everybody knows them. A sandbox has a card of each.
var testNumbers = []string{
	"5555555555554444",
	"5105105105105100",
	"2223003122003222",
	"5123456789012346",
	"5200828282828210",
	"4111111111111111",
	"4217651111111119",
	"4009348888881881",
	"5454545454545454",
	"4005519200000004",
	"5204247750001471",
	"5204247750001505",
	"5204247750001497",
	"4761120010000492",
	"4761349750010326",
	"4761209980011439",
}

// TestNumbers returns the numbers that no card for production may have.
func TestNumbers() ([]walletport.PAN, error) {
	numbers := make([]walletport.PAN, 0, len(testNumbers))
	for _, digits := range testNumbers {
		pan, err := walletport.ParsePAN(digits)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, pan)
	}
	return numbers, nil
}

// testCards watches for stored cards with test numbers. serve refuses such a card and
// goes on: an operator can import one by mistake, and must not stop everybody by it.
type testCards struct {
	found atomic.Pointer[[]walletport.CardID]
}

// testCardsInterval is how soon a test card that came in while serve runs is spoken
// of. It costs a look-up by index for each number. The card itself is refused at once.
const testCardsInterval = time.Minute

// warnOfTestCards looks for them once the server runs.
func (s *Server) warnOfTestCards(ctx context.Context) {
	if err := s.findTestCards(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("test cards not looked for", "err", err)
	}
}

// findTestCards looks for cards with test numbers and logs those that are new.
func (s *Server) findTestCards(ctx context.Context) error {
	cards, err := s.Vault.TestCards(ctx)
	if err != nil {
		return err
	}
	var known, found []walletport.CardID
	if list := s.testCards.found.Load(); list != nil {
		known = *list
	}
	for _, card := range cards {
		found = append(found, card.ID)
		if !slices.Contains(known, card.ID) {
			s.log.Warn("a card has a test number and is refused", "card_id", card.ID, "issuer", card.Issuer,
				"remedy", "walletport cards delete")
		}
	}
	s.testCards.found.Store(&found)
	return nil
}

// maxTestCardsNamed bounds a warning of /readyz.
const maxTestCardsNamed = 10

// testCardWarnings names the cards that are refused for their numbers.
func (s *Server) testCardWarnings() []string {
	list := s.testCards.found.Load()
	if list == nil {
		return nil
	}
	var warnings []string
	for i, id := range *list {
		if i == maxTestCardsNamed {
			return append(warnings, fmt.Sprintf("and %d more cards have test numbers", len(*list)-i))
		}
		warnings = append(warnings, "card "+id.String()+" has a test number and is refused: delete it (walletport cards delete)")
	}
	return warnings
}
