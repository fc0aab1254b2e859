package vault

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// verifyPage is how many rows are in memory at once.
const verifyPage = 1000

// Finding is a stored card that cannot be lent as it stands.
type Finding struct {
	ID     walletport.CardID
	Issuer walletport.IssuerID // as the row says
	// Reason is card_damaged for a row that is not as it was written, and
	// key_unavailable for one whose key is not in the key store, or is there as another
	// key of the same id (ForeignKEKs): nobody knows then.
	Reason string
	Detail string // what does not agree, for operators
}

// VerifyReport counts stored cards: Cards = Good + Altered + WithoutKey.
type VerifyReport struct {
	Cards, Good, Altered, WithoutKey int64
	Issuers                          map[walletport.IssuerID]VerifyCounts
}

// VerifyCounts are those of one issuer, as the rows say.
type VerifyCounts struct{ Good, Altered, WithoutKey int64 }

// VerifyOptions say which cards are verified, and who is told.
type VerifyOptions struct {
	Issuer   walletport.IssuerID // "" for all
	Found    func(Finding) error // told of each finding, in id order; its error ends the scan
	Progress func(cards int64)   // called after each page; may be nil
}

// Verify opens every stored card and holds its row against what was sealed. It reads
// page by page beside running servers, and holds one page in memory.
//
// A row that was put back whole as it was at an earlier time agrees with itself, and a
// row that was deleted is not there: the audit trail tells of these.
func (v *Vault) Verify(ctx context.Context, o VerifyOptions) (VerifyReport, error) {
	report := VerifyReport{Issuers: map[walletport.IssuerID]VerifyCounts{}}
	foreign, err := v.ForeignKEKs(ctx)
	if err != nil {
		return report, err
	}
	for after := walletport.CardID(math.MinInt64); ; {
		cards, err := v.Cards.CardsAfter(ctx, o.Issuer, after, verifyPage)
		if err != nil || len(cards) == 0 {
			return report, err
		}
		after = cards[len(cards)-1].ID
		for i, fault := range v.checkAll(cards) {
			finding, err := findingOf(&cards[i], fault)
			if err != nil {
				return report, err
			}
			if kek := keys.ID(cards[i].KEK); fault != nil && foreign[kek] {
				finding.Reason, finding.Detail = reasonNoKey, foreignText(kek)
			}
			report.count(cards[i].Issuer, finding.Reason)
			if fault == nil {
				continue
			}
			if err := o.Found(finding); err != nil {
				return report, err
			}
		}
		if o.Progress != nil {
			o.Progress(report.Cards)
		}
	}
}

func (r *VerifyReport) count(issuer walletport.IssuerID, reason string) {
	counts := r.Issuers[issuer]
	r.Cards++
	switch reason {
	case "":
		r.Good++
		counts.Good++
	case reasonDamaged:
		r.Altered++
		counts.Altered++
	default:
		r.WithoutKey++
		counts.WithoutKey++
	}
	r.Issuers[issuer] = counts
}

// findingOf says what Check's error is about; one of another kind is returned.
func findingOf(row *storage.Card, fault error) (Finding, error) {
	if fault == nil {
		return Finding{}, nil
	}
	found := Finding{ID: row.ID, Issuer: row.Issuer, Reason: walletport.ReasonOf(fault)}
	if found.Reason != reasonDamaged && found.Reason != reasonNoKey {
		return Finding{}, fault
	}
	found.Detail = "its key " + row.KEK + " is not in the key store"
	if e, ok := errors.AsType[*walletport.Error](fault); ok && e.Err != nil {
		found.Detail = e.Err.Error()
	}
	return found, nil
}

// checkAll checks rows on all processors.
func (v *Vault) checkAll(cards []storage.Card) []error {
	faults := make([]error, len(cards))
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < len(cards); i += workers {
				faults[i] = v.Check(cards[i])
			}
		})
	}
	group.Wait()
	return faults
}

// Check reports whether a row is as it was written, its index of the PAN too: nil, or
// the errors of Borrow. The row of a forgotten card is good too.
func (v *Vault) Check(row storage.Card) error {
	card, err := v.openWhole(&row)
	if row.Status == walletport.CardForgotten && walletport.CodeOf(err) == walletport.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	wipeCard(card)
	return nil
}

// openWhole opens a row whose index of the PAN is as it was written too. Whoever writes a
// row anew begins so, for else nothing would show that it had been altered.
func (v *Vault) openWhole(row *storage.Card) (*walletport.Card, error) {
	card, err := v.open(row)
	if err != nil {
		return nil, err
	}
	if !isMACOf(v.Keys.Current(), row.PANIndex, card.PAN.Reveal()) {
		wipeCard(card)
		return nil, errDamaged(row, "the index of its PAN is another's")
	}
	return card, nil
}

// isTestNumber reports whether a PAN is one that everybody knows.
func (v *Vault) isTestNumber(pan walletport.PAN) bool {
	return slices.ContainsFunc(v.TestNumbers, pan.Equal)
}

// TestCards returns the stored cards that have a test number, which are not lent.
func (v *Vault) TestCards(ctx context.Context) ([]storage.Card, error) {
	var found []storage.Card
	for _, pan := range v.TestNumbers {
		cards, err := v.FindByPAN(ctx, pan)
		if err != nil {
			return nil, fmt.Errorf("look for test numbers: %w", err)
		}
		found = append(found, cards...)
	}
	return found, nil
}
