package keys

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Rehearse tries whether the keys of a ring serve an issuer's cards of a scheme. try
// is given a made-up card and does the work with it; purposes are those that the work
// selects keys of, "" for none. Rehearse wipes the card.
//
// A card's keys depend on its BIN, and the ring does not know which BINs an issuer has.
// So there is a made-up card for each BIN that a key names, and one of another BIN. A
// card without a key is no fault, for the issuer may have no such cards. It is a fault
// when no card has all its keys, or when one has them and the work fails.
func Rehearse(r *Ring, purposes []Purpose, issuer walletport.IssuerID, scheme walletport.SchemeID, now time.Time, try func(*walletport.Card) error) error {
	var missing error
	works := false
	for _, bin := range binsOf(r, purposes, issuer, now) {
		card, err := walletport.MadeUpCard(issuer, scheme, bin, now)
		if err != nil {
			continue // a BIN of another scheme
		}
		absent := lacks(r, purposes, card, now)
		if absent == nil {
			err = try(card)
		}
		card.PAN.Wipe()
		switch {
		case err != nil:
			return err
		case absent != nil:
			missing = absent
		default:
			works = true
		}
	}
	if works {
		return nil
	}
	return missing
}

// lacks returns the error of the first purpose without a key for the card.
func lacks(r *Ring, purposes []Purpose, card *walletport.Card, now time.Time) error {
	for _, p := range purposes {
		if p == "" {
			continue
		}
		if _, err := r.Select(p, card.Issuer, card.BIN, now); err != nil {
			return err
		}
	}
	return nil
}

// binsOf returns the first BIN of each range of the keys that could serve the issuer,
// and last "", for any other.
func binsOf(r *Ring, purposes []Purpose, issuer walletport.IssuerID, now time.Time) []string {
	var bins []string
	for _, k := range r.All() {
		if !slices.Contains(purposes, k.Purpose) || !k.ServesAt(now) || k.Issuer != "" && k.Issuer != issuer {
			continue
		}
		for _, b := range k.BINs {
			if !slices.Contains(bins, b.Low) {
				bins = append(bins, b.Low)
			}
		}
	}
	return append(bins, "")
}
