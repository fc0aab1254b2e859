package vault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// repeatedRows are rows of which several are about one card, some of them refused. Each inner list
// is a batch of its own.
var repeatedRows = [][]string{
	{
		`"cardId":1,"pan":"5204247750001472"`,                                          // a fault of its own
		`"cardId":2,"expiryMonth":"13","expiryYear":"2031"`,                            // and here
		`"cardId":301,"pan":"5204247750001472","expiryMonth":"12","expiryYear":"2031"`, // and here
		`"cardId":300,"status":"CARD_BLOCKED"`,                                         // not stored yet
		`"cardId":20,"issuer":"acme","status":"CARD_BLOCKED"`,                          // of another issuer
		`"cardId":3,"status":"CARD_BLOCKED"`,
		`"cardId":302,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`,
	},
	{
		`"cardId":1,"status":"CARD_STOLEN"`,
		`"cardId":300,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`,
	},
	{
		`"cardId":2,"product":"mc-gold"`,
		`"cardId":20,"issuer":"globex","status":"CARD_BLOCKED"`,
		`"cardId":301,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`,
		`"cardId":3,"status":"CARD_STOLEN"`,  // contradicts
		`"cardId":3,"status":"CARD_BLOCKED"`, // says it again
	},
	{
		`"cardId":300,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`, // says it again
		`"cardId":300,"pan":"5204247750001471","expiryMonth":"11","expiryYear":"2031"`, // contradicts
		`"cardId":302,"pan":"5204247750001471","expiryMonth":"11","expiryYear":"2031"`, // and here
		`"cardId":1,"status":"CARD_STOLEN"`,                                            // says it again
		`"cardId":20,"issuer":"globex","status":"CARD_STOLEN"`,                         // contradicts
		`"cardId":2,"product":"mc-gold"`,                                               // says it again
	},
}

// batchFile writes each list of rows so that it fills a batch: with new cards behind the rows, and
// lines so long that 32 of them are a batch.
func batchFile(t testing.TB, batches [][]string) string {
	t.Helper()
	const rows, width = 32, 8100
	var b strings.Builder
	for i, batch := range batches {
		for n := range rows {
			row := fmt.Sprintf(`"cardId":%d,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`, 1000+i*rows+n)
			if n < len(batch) {
				row = batch[n]
			}
			fmt.Fprintf(&b, "%-*s\n", width, "{"+row+"}")
		}
	}
	path := filepath.Join(t.TempDir(), "cards.jsonl")
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// breakAt breaks an import off at one of its batches, before or behind its commit.
type breakAt struct {
	storage.Cards
	left   int // batches before it
	behind bool
}

var errBroken = errors.New("broken off")

func (b *breakAt) ChangeCards(ctx context.Context, changes []storage.CardChange, mark *storage.ImportMark) (missed []walletport.CardID, err error) {
	isHere := b.left == 0
	b.left--
	if !isHere || b.behind {
		missed, err = b.Cards.ChangeCards(ctx, changes, mark)
	}
	if isHere {
		err = errors.Join(err, errBroken)
	}
	return missed, err
}

// TestAnImportThatGoesOnTakesWhatAnUnbrokenOneTakes: wherever it is broken off, the cards that are
// stored in the end, the rows that are refused and why are the same, however many errors are listed.
// Of rows behind the first hundred errors that is so where they were refused for faults of their own.
func TestAnImportThatGoesOnTakesWhatAnUnbrokenOneTakes(t *testing.T) {
	ownFaults := slices.Clone(repeatedRows)
	ownFaults[0] = slices.DeleteFunc(slices.Clone(ownFaults[0]), func(row string) bool {
		return strings.HasPrefix(row, `"cardId":300,`) || strings.HasPrefix(row, `"cardId":20,`)
	})
	many := make([]string, 31) // and a good one
	for i := range many {
		many[i] = `"cardId":303,"pan":"5204247750001472"`
	}
	for _, c := range []struct {
		name                         string
		batches                      [][]string
		maxErrors                    int
		rejected, unchanged, updated int64
	}{
		{"all errors are listed", repeatedRows, 100, 9, 4, 4},
		{"one error is listed", repeatedRows, 1, 9, 4, 4},
		{"more errors than are kept", append([][]string{many, many, many, many}, ownFaults...), 1, 4*31 + 7, 4, 4},
	} {
		path := batchFile(t, c.batches)
		unbroken, o := repeatedRig(t, path, c.maxErrors)
		want, err := unbroken.importFile(t, path, o)
		must(t, err)
		if want.Rejected != c.rejected || want.Unchanged != c.unchanged || want.Updated != c.updated {
			t.Fatalf("the unbroken import is another one than this test means: %+v", want)
		}
		wantStored := unbroken.contents(t)
		for at := range 2 * len(c.batches) {
			t.Run(fmt.Sprintf("%s, broken at batch %d, behind its commit %t", c.name, at/2+1, at%2 == 1), func(t *testing.T) {
				r, o := repeatedRig(t, path, c.maxErrors)
				v := *r.Vault
				v.Cards = &breakAt{r.cards, at / 2, at%2 == 1}
				broken := r
				broken.Vault = &v
				if _, err := broken.importFile(t, path, o); !errors.Is(err, errBroken) {
					t.Fatalf("it was not broken off: %v", err)
				}
				report, err := r.importFile(t, path, o)
				must(t, err)
				if diff := cmp.Diff(want, report); diff != "" {
					t.Errorf("report (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(wantStored, r.contents(t)); diff != "" {
					t.Errorf("stored cards (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// repeatedRig has the cards that repeatedRows are about.
func repeatedRig(t *testing.T, path string, maxErrors int) (rig, vault.ImportOptions) {
	t.Helper()
	r := handRig(t, newRig(t).cards)
	other := newCard(t, 20, otherPAN)
	other.Issuer = "globex"
	r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, testPAN), newCard(t, 3, testPAN), other)
	o := fileOptions(t, path)
	o.Format, o.MixedIssuers, o.MaxErrors = vault.JSONLines, true, maxErrors
	return r, o
}

// content is what a stored card says.
type content struct {
	walletport.CardSummary
	MAC []byte
}

func (r rig) contents(t *testing.T) (all []content) {
	t.Helper()
	for _, c := range r.allRows(t) {
		all = append(all, content{c.CardSummary, c.ContentMAC})
	}
	return all
}

// TestNothingIsLeftOfRowsThatWereRefusedBefore an import was broken off, when it has gone on.
func TestNothingIsLeftOfRowsThatWereRefusedBefore(t *testing.T) {
	const card = `"cardId":1,"pan":"5204247750001471","expiryMonth":"12","expiryYear":"2031"`
	path := batchFile(t, [][]string{{card + `,"customerId":"C1"`}, {card + `,"customerId":"C2"`}, nil})
	r := newRig(t)
	o := fileOptions(t, path)
	o.Format = vault.JSONLines
	v := *r.Vault
	v.Cards = &breakAt{Cards: r.cards, left: 2}
	broken := r
	broken.Vault = &v
	if _, err := broken.importFile(t, path, o); !errors.Is(err, errBroken) {
		t.Fatalf("it was not broken off: %v", err)
	}
	report, err := r.importFile(t, path, o)
	must(t, err)
	if report.Inserted != 3*32-1 || report.Rejected != 1 {
		t.Fatalf("report: %+v", report)
	}
	r.wantFinds(t, 2*report.Inserted+1) // of each card number and last four digits, and one customer
}

// storedAhead counts the values that are stored ahead.
type storedAhead struct {
	storage.Cards
	values int
}

func (s *storedAhead) AddCardFinds(ctx context.Context, finds []storage.CardFind) error {
	s.values += len(finds)
	return s.Cards.AddCardFinds(ctx, finds)
}

// TestWhatAStoredCardHasIsNotStoredAhead, also when the key of the index is another one now.
func TestWhatAStoredCardHasIsNotStoredAhead(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, testPAN), newCard(t, 3, testPAN)) // of the customer 5001
	r.setState("vault-index-v1", keys.Retired)
	r.add(t, keys.Meta{Purpose: keys.VaultIndex, Version: 2})
	path := filepath.Join(t.TempDir(), "cards.csv")
	must(t, os.WriteFile(path, []byte("cardId,pan,expiryMonth,expiryYear,customerId\n"+
		"1,5204247750001471,12,2031,5001\n"+ // as it is
		"2,5204247750001471,12,2031,5002\n"+ // another customer
		"3,5555555555554444,12,2031,5001\n"+ // another number
		"4,5204247750001471,12,2031,5001\n"), 0o600)) // new
	ahead := &storedAhead{Cards: r.cards}
	v := *r.Vault
	v.Cards = ahead
	r.Vault = &v
	report, err := r.importFile(t, path, fileOptions(t, path))
	must(t, err)
	if report.Updated != 2 || report.Unchanged != 1 || report.Inserted != 1 {
		t.Errorf("report: %+v", report)
	}
	if ahead.values != 0+1+2+3 {
		t.Errorf("%d values were stored ahead, want those that no stored card has: 6", ahead.values)
	}
	r.wantFinds(t, 3*4)
}

// TestABatchWithAMissedRowIsNotHalfStored: somebody changes one card of a batch between look-up and
// change, the import is broken off before the batch comes again, and somebody changes another card of
// it. The import that goes on stores the batch once, and does not undo what they did.
func TestABatchWithAMissedRowIsNotHalfStored(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, testPAN))
		path := filepath.Join(t.TempDir(), "cards.csv")
		must(t, os.WriteFile(path, []byte("cardId,pan,expiryMonth,expiryYear,status,product\n"+
			"1,,,,,mc-gold\n2,5204247750001471,12,2031,CARD_OK,\n3,5204247750001471,12,2031,CARD_OK,\n"), 0o600))
		set := func(id int, status string) {
			_, err := r.Import(t.Context(), strings.NewReader(fmt.Sprintf("cardId,status\n%d,%s\n", id, status)), csvOptions())
			must(t, err)
		}
		v := *r.Vault
		v.Cards = &breakAt{Cards: between{r.cards, func(batch int) {
			if batch == 1 {
				set(1, "CARD_LOST")
			}
		}, new(int)}, left: 1}
		broken := r
		broken.Vault = &v
		if _, err := broken.importFile(t, path, fileOptions(t, path)); !errors.Is(err, errBroken) {
			t.Fatalf("it was not broken off: %v", err)
		}
		if stored := len(r.allRows(t)); stored != 1 {
			t.Errorf("%d cards are stored of a batch that was not", stored)
		}
		report, err := r.importFile(t, path, fileOptions(t, path))
		must(t, err)
		if report.Inserted != 2 || report.Updated != 1 || report.Rows != 3 {
			t.Errorf("report: %+v", report)
		}
		if got := r.asText(t, 1); !strings.Contains(got, "CARD_LOST") || !strings.Contains(got, "mc-gold") {
			t.Errorf("card 1 is %s", got)
		}
	})
}

// TestABatchThatComesAgainIsToldOfOnce: who is told of changes hears of those again that were made
// anew, and of no others.
func TestABatchThatComesAgainIsToldOfOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, testPAN), newCard(t, 3, testPAN))
		v := *r.Vault
		v.Cards = between{r.cards, func(batch int) {
			if batch == 1 {
				_, err := r.Import(t.Context(), strings.NewReader("cardId,status\n2,CARD_LOST\n"), csvOptions())
				must(t, err)
			}
		}, new(int)}
		told := map[walletport.CardID]int{}
		o := csvOptions()
		o.Changing = func(_ context.Context, cards []vault.ChangedCard) error {
			for _, c := range cards {
				told[c.ID]++
			}
			return nil
		}
		report, err := v.Import(t.Context(), strings.NewReader("cardId,product\n1,mc-gold\n2,mc-gold\n3,mc-gold\n"), o)
		must(t, err)
		if diff := cmp.Diff(map[walletport.CardID]int{1: 1, 2: 2, 3: 1}, told); diff != "" || report.Updated != 3 {
			t.Errorf("%d are updated, told of (-want +got):\n%s", report.Updated, diff)
		}
	})
}
