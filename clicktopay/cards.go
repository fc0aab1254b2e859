package clicktopay

import (
	"cmp"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// removed returns cards of which isGone names those that are enrolled no longer: that is
// remembered.
func removed(cards []storage.ConsumerCard, at time.Time, isGone func(storage.ConsumerCard) bool) []storage.ConsumerCard {
	cards = slices.Clone(cards)
	for i, card := range cards {
		if isGone(card) {
			cards[i] = storage.ConsumerCard{ID: card.ID, State: storage.CardRemoved, Since: at}
		}
	}
	return cards
}

func isEnrolled(card storage.ConsumerCard) bool { return card.State == storage.CardEnrolled }
func isRefused(card storage.ConsumerCard) bool  { return card.State == storage.CardRefused }

// find finds a card among those of a consumer, which are in the order of their ids.
func find(cards []storage.ConsumerCard, id walletport.CardID) (at int, found bool) {
	return slices.BinarySearchFunc(cards, id, func(c storage.ConsumerCard, id walletport.CardID) int { return cmp.Compare(c.ID, id) })
}

// standing returns how a card of a consumer stands; zero if nothing was ever asked for it.
func standing(cards []storage.ConsumerCard, id walletport.CardID) storage.ConsumerCard {
	if at, found := find(cards, id); found {
		return cards[at]
	}
	return storage.ConsumerCard{}
}

// withCard returns cards and the card in its place. One that was enrolled already has been so
// since then.
func withCard(cards []storage.ConsumerCard, card storage.ConsumerCard) []storage.ConsumerCard {
	cards = slices.Clone(cards)
	at, found := find(cards, card.ID)
	switch {
	case found && cards[at].State == storage.CardEnrolled && card.State == storage.CardEnrolled:
	case found:
		cards[at] = card
	default:
		cards = slices.Insert(cards, at, card)
	}
	return cards
}
