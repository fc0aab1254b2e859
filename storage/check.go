package storage

import (
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// The checks below are the same for every engine and run before it is asked, so
// that one engine cannot take what another refuses.

// CheckCards returns CodeInvalid, reason text_malformed, for text that not every
// engine can keep.
func CheckCards(cards []Card) error {
	for i := range cards {
		if err := checkCard(&cards[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkCard(c *Card) error {
	return checkText(string(c.Issuer), c.CustomerID, string(c.Scheme), c.Product, string(c.Status), c.BIN, c.LastFour, c.KEK)
}

// isHalfEnvelope reports whether some of what is sealed, its data key and the id of the key
// that wrapped it are there, and not all three.
func isHalfEnvelope(sealed, wrappedKey []byte, kek string) bool {
	isSealed := len(sealed) > 0
	return isSealed != (len(wrappedKey) > 0) || isSealed != (kek != "")
}

// CheckChanges is CheckCards of changes, which must not have an id twice.
func CheckChanges(changes []CardChange) error {
	seen := make(map[walletport.CardID]struct{}, len(changes))
	for i := range changes {
		c := &changes[i]
		if _, twice := seen[c.ID]; twice {
			return fmt.Errorf("card %s is changed twice in one call", c.ID)
		}
		seen[c.ID] = struct{}{}
		if err := checkCard(&c.Card); err != nil {
			return err
		}
	}
	return nil
}

// CheckClient returns CodeInvalid, reason text_malformed, for text that not every
// engine can keep.
func CheckClient(c Client) error {
	for _, issuer := range c.Issuers {
		if err := checkText(string(issuer)); err != nil {
			return err
		}
	}
	for _, scope := range c.Scopes {
		if err := checkText(string(scope)); err != nil {
			return err
		}
	}
	return checkText(c.ID, c.Name, c.CertificateSHA256)
}

// CheckEntries proves that entries follow head without a gap and that every
// engine can keep them. A gap is the linker's fault and CodeInternal.
func CheckEntries(head AuditHead, entries []AuditEntry) error {
	for i := range entries {
		if want := head.Seq + 1 + int64(i); entries[i].Seq != want {
			return fmt.Errorf("audit entry has sequence number %d, want %d", entries[i].Seq, want)
		}
		r := &entries[i].Record
		err := checkText(r.RequestID, r.ClientID, string(r.AuditUser), string(r.Action), string(r.Issuer), r.Wallet,
			string(r.Scheme), r.Outcome, r.StepUp, r.RemoteAddress, strings.Join(r.KeyVersions, ""))
		if err != nil {
			return err
		}
		for _, d := range r.Details {
			if err := checkText(string(d.Name), d.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckNonceUse returns CodeInvalid, reason text_malformed, for text that not every
// engine can keep. A use that would be too old to count as soon as it is recorded is
// the caller's fault and CodeInternal.
func CheckNonceUse(use NonceUse) error {
	if use.Since.After(use.At) {
		return fmt.Errorf("nonce is used at %s, before the uses that count begin", use.At.UTC().Format(time.RFC3339))
	}
	return checkText(string(use.Issuer), string(use.Wallet))
}

// CheckNonceUses is CheckNonceUse of each.
func CheckNonceUses(uses []NonceUse) error {
	for _, use := range uses {
		if err := CheckNonceUse(use); err != nil {
			return err
		}
	}
	return nil
}

// CheckCheckpoint returns CodeInvalid, reason text_malformed, for text that not
// every engine can keep.
func CheckCheckpoint(c Checkpoint) error { return checkText(c.KeyID) }
