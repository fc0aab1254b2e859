package vault

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// verifyPage is how many rows are in memory at once.
const verifyPage = 1000

// Finding is a stored row that cannot be lent or opened as it stands. All but one of the
// ids are zero.
type Finding struct {
	ID       walletport.CardID
	Token    walletport.TokenID
	Customer string              // number of a customer, as the row says
	Request  string              // id of a request of Click to Pay, as the row says
	Issuer   walletport.IssuerID // as the row says
	// Reason is that of the kind (card_damaged) for a row that is not as it was written, and
	// key_unavailable for one whose key is not in the key store, or is there as another
	// key of the same id (ForeignKEKs): nobody knows then.
	Reason string
	Detail string // what does not agree, for operators
}

// VerifyReport counts stored rows.
type VerifyReport struct {
	Of      [KindCount]VerifyCounts
	Issuers map[walletport.IssuerID]VerifyCounts // cards by issuer, as the rows say
}

// Rows is how many rows were counted, of all kinds.
func (r *VerifyReport) Rows() (sum int64) {
	for _, of := range r.Of {
		sum += of.Rows()
	}
	return sum
}

// VerifyCounts counts rows by what was found of them.
type VerifyCounts struct{ Good, Altered, WithoutKey int64 }

// Rows is how many rows were counted.
func (c VerifyCounts) Rows() int64 { return c.Good + c.Altered + c.WithoutKey }

func (c *VerifyCounts) count(reason string) {
	switch reason {
	case "":
		c.Good++
	case reasonNoKey:
		c.WithoutKey++
	default:
		c.Altered++
	}
}

// VerifyOptions say whose rows are verified, and who is told.
type VerifyOptions struct {
	Issuer   walletport.IssuerID // "" for all
	Found    func(Finding) error // told of each finding, kind by kind, in id order; its error ends the scan
	Progress func(rows int64)    // called after each page; may be nil
}

// Verify opens every stored card and customer and holds the row against what was sealed, and
// opens every number of a token and what every open request says. It reads page by page
// beside running servers, and holds one page in memory.
//
// Of a token only the number is sealed, with the digits of it that stand in clear: the
// scheme tells the rest again, and the row's other columns are not held against anything.
//
// A row that was put back whole as it was at an earlier time agrees with itself, and a
// row that was deleted is not there: the audit trail tells of these.
func (v *Vault) Verify(ctx context.Context, o VerifyOptions) (VerifyReport, error) {
	report := VerifyReport{Issuers: map[walletport.IssuerID]VerifyCounts{}}
	foreign, err := v.ForeignKEKs(ctx)
	if err != nil {
		return report, err
	}
	scan := verification{vault: v, options: o, foreign: foreign, report: &report}
	for _, t := range v.tables() {
		if err := t.verify(ctx, &scan); err != nil {
			return report, err
		}
	}
	return report, nil
}

// verification is one scan.
type verification struct {
	vault   *Vault
	options VerifyOptions
	foreign map[keys.ID]bool
	report  *VerifyReport
}

func (t *table[R, ID]) verify(ctx context.Context, s *verification) error {
	list := func(after ID) ([]R, error) { return t.rows(ctx, s.options.Issuer, after, verifyPage) }
	for rows, err := range t.pages(list) {
		if err != nil {
			return err
		}
		for i, fault := range checkAll(rows, t.check) {
			found, reason := t.finding(&rows[i]), ""
			if fault != nil {
				if reason, err = s.judge(found, keys.ID(t.row(&rows[i]).KEK), fault); err != nil {
					return err
				}
			}
			s.report.count(t.kind, found.Issuer, reason)
		}
		if s.options.Progress != nil {
			s.options.Progress(s.report.Rows())
		}
	}
	return nil
}

func (r *VerifyReport) count(kind Kind, issuer walletport.IssuerID, reason string) {
	r.Of[kind].count(reason)
	if kind == Cards {
		of := r.Issuers[issuer]
		of.count(reason)
		r.Issuers[issuer] = of
	}
}

// judge tells of what is wrong with a row and returns the reason. A fault that is not of the
// row is returned as the error.
func (s *verification) judge(row Finding, kek keys.ID, fault error) (reason string, err error) {
	row.Reason = walletport.ReasonOf(fault)
	if row.Reason != reasonNoKey && !isDamage(row.Reason) {
		return "", fault
	}
	row.Detail = "its key " + string(kek) + " is not in the key store"
	if e, ok := errors.AsType[*walletport.Error](fault); ok && e.Err != nil {
		row.Detail = e.Err.Error()
	}
	if s.foreign[kek] {
		row.Reason, row.Detail = reasonNoKey, foreignText(kek)
	}
	return row.Reason, s.options.Found(row)
}

func isDamage(reason string) bool {
	return slices.ContainsFunc(sealedKinds[:], func(k *sealedKind) bool { return k.fault.Reason == reason })
}

// checkAll checks rows on all processors.
func checkAll[R any](rows []R, check func(R) error) []error {
	faults := make([]error, len(rows))
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < len(rows); i += workers {
				faults[i] = check(rows[i])
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
