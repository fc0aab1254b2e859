package keys_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

func TestRehearse(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	broken := errors.New("the sealer is broken")
	narrow := func(p keys.Purpose, issuer walletport.IssuerID, ranges ...string) keys.Meta {
		m := keys.Meta{Purpose: p, Issuer: issuer}
		for _, text := range ranges {
			r, err := keys.ParseBINRange(text)
			if err != nil {
				t.Fatal(err)
			}
			m.BINs = append(m.BINs, r)
		}
		return m
	}
	both := []keys.Purpose{keys.MDESEncryption, keys.TAVSigning}
	for _, c := range []struct {
		name     string
		ring     []keys.Meta
		purposes []keys.Purpose
		fails    string // the BIN of the card that the work fails for
		tried    []string
		want     string
	}{
		{"keys for all", []keys.Meta{narrow(keys.MDESEncryption, ""), narrow(keys.TAVSigning, "acme")}, both, "", []string{"51000000"}, ""},
		{"no key at all", []keys.Meta{narrow(keys.MDESEncryption, "")}, both, "", nil, "key_unavailable"},
		{"a key of another issuer", []keys.Meta{narrow(keys.MDESEncryption, ""), narrow(keys.TAVSigning, "globex")}, both, "", nil, "key_unavailable"},
		{"a key that has ended", []keys.Meta{narrow(keys.MDESEncryption, ""), {Purpose: keys.TAVSigning, ValidUntil: at}}, both, "", nil, "key_unavailable"},
		{"a key for some BINs", []keys.Meta{narrow(keys.MDESEncryption, ""), narrow(keys.TAVSigning, "acme", "520424-520499", "53000000")}, both, "", []string{"52042400", "53000000"}, ""},
		{"keys for BINs apart", []keys.Meta{narrow(keys.MDESEncryption, "", "520424"), narrow(keys.TAVSigning, "", "530000")}, both, "", nil, "key_unavailable"},
		{"a key for BINs of another scheme", []keys.Meta{narrow(keys.MDESEncryption, ""), narrow(keys.TAVSigning, "", "400000")}, both, "", nil, "key_unavailable"},
		{"a purpose that asks for no key", []keys.Meta{narrow(keys.MDESEncryption, "")}, []keys.Purpose{keys.MDESEncryption, ""}, "", []string{"51000000"}, ""},
		{"work that fails for one of the BINs", []keys.Meta{narrow(keys.MDESEncryption, ""), narrow(keys.TAVSigning, "", "520424", "530000")}, both, "53000000", []string{"52042400", "53000000"}, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tried []string
			var lent []walletport.PAN
			err := keys.Rehearse(keystest.Ring(t, c.ring...), c.purposes, "acme", walletport.Mastercard, at, func(card *walletport.Card) error {
				tried, lent = append(tried, card.BIN), append(lent, card.PAN)
				if card.Issuer != "acme" || card.Scheme != walletport.Mastercard || card.Expiry.ExpiredAt(at) || card.CheckTokenizable(at) != nil {
					t.Errorf("made up %+v", card.CardSummary)
				}
				if card.BIN == c.fails {
					return broken
				}
				return nil
			})
			if walletport.ReasonOf(err) != c.want || c.want == "internal" && !errors.Is(err, broken) {
				t.Errorf("Rehearse = %v, want reason %q", err, c.want)
			}
			if !slices.Equal(tried, c.tried) {
				t.Errorf("tried cards of %q, want %q", tried, c.tried)
			}
			for _, pan := range lent {
				if !pan.IsZero() {
					t.Error("a card's number is still there")
				}
			}
		})
	}
}
