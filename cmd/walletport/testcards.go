package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
)

// testCards watches for stored cards with test numbers. serve refuses such a card and
// goes on: an operator can import one by mistake, and must not stop everybody by it.
type testCards struct {
	found atomic.Pointer[[]walletport.CardID]
}

// testCardsInterval is how soon a test card that came in while serve runs is spoken
// of. It costs a look-up by index for each number. The card itself is refused at once.
const testCardsInterval = time.Minute

// warnOfTestCards looks for them once the server runs.
func (s *server) warnOfTestCards(ctx context.Context) {
	if err := s.findTestCards(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("test cards not looked for", "err", err)
	}
}

// findTestCards looks for cards with test numbers and logs those that are new.
func (s *server) findTestCards(ctx context.Context) error {
	cards, err := s.vault.TestCards(ctx)
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
func (s *server) testCardWarnings() []string {
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
