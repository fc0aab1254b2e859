package vault_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// stolenCard is what the tests below import onto: no field of it is empty.
func stolenCard(t testing.TB) walletport.Card {
	card := newCard(t, 1, testPAN)
	card.Status = walletport.CardStolen
	return card
}

// asText writes a card as one line, PAN and name too.
func (r rig) asText(t testing.TB, id walletport.CardID) string {
	t.Helper()
	var text string
	must(t, r.Borrow(t.Context(), r.mustFind(t, id), func(c *walletport.Card) error {
		text = fmt.Sprintf("%s %s %s|%s|%s|%s %s/%s", c.Status, c.Issuer, c.CustomerID, c.CardholderName.Reveal(), c.Product,
			c.PAN.Reveal(), c.Expiry.MM(), c.Expiry.YYYY())
		return nil
	}))
	return text
}

const stolenAsText = "CARD_STOLEN acme 5001|ADA LOVELACE|mc-debit|5204247750001471 12/2031"

// TestWhatARowDoesNotSayStays: a file that was written for something else must not
// unblock a card or take its name away.
func TestWhatARowDoesNotSayStays(t *testing.T) {
	none, json := vault.ImportOptions{Format: vault.CSV}, vault.ImportOptions{Format: vault.JSONLines}
	for _, c := range []struct {
		name    string
		file    string
		options vault.ImportOptions
		want    string
		changed map[string]int64
	}{
		{"a file without status, customer, name and product", "cardId,pan,expiryMonth,expiryYear\n1,5204247750001471,12,2031\n", csvOptions(), stolenAsText, nil},
		{"empty cells", "cardId,pan,expiryMonth,expiryYear,status,customerId,cardholderName,product\n1,,,,,,,\n", csvOptions(), stolenAsText, nil},
		{"cells of blanks", "cardId,status,customerId,cardholderName,product\n1, , ,\" \",\n", csvOptions(), stolenAsText, nil},
		{"an object without members", `{"cardId":1}`, json, stolenAsText, nil},
		{"empty strings", `{"cardId":1,"status":"","customerId":"","cardholderName":"","product":"","pan":""}`, json, stolenAsText, nil},
		{"the status alone, and no issuer", "cardId,status\n1,CARD_LOST\n", none, strings.Replace(stolenAsText, "STOLEN", "LOST", 1), map[string]int64{"status": 1}},
		{"the status alone, in JSON", `{"cardId":1,"status":"CARD_LOST"}`, json, strings.Replace(stolenAsText, "STOLEN", "LOST", 1), map[string]int64{"status": 1}},
		{"the name alone", "cardId,cardholderName\n1,ADA KING\n", none, strings.Replace(stolenAsText, "ADA LOVELACE", "ADA KING", 1), map[string]int64{"cardholderName": 1}},
		{"a renewed card: the expiry alone", "cardId,expiryMonth,expiryYear\n1,01,2036\n", none, strings.Replace(stolenAsText, "12/2031", "01/2036", 1), map[string]int64{"expiry": 1}},
		{"the PAN alone", "cardId,pan\n1,5555555555554444\n", none, strings.Replace(stolenAsText, testPAN, otherPAN, 1), map[string]int64{"pan": 1}},
		{"null empties customer, name and product", `{"cardId":1,"customerId":null,"cardholderName":null,"product":null}`, json,
			"CARD_STOLEN acme |||5204247750001471 12/2031", map[string]int64{"customerId": 1, "cardholderName": 1, "product": 1}},
		{"null says nothing elsewhere", `{"cardId":1,"status":null,"pan":null,"expiryMonth":null,"expiryYear":null,"issuer":null}`, json, stolenAsText, nil},
		{"everything again", "cardId,pan,expiryMonth,expiryYear,status,customerId,cardholderName,product\n1,5204247750001471,12,2031,CARD_STOLEN,5001,ADA LOVELACE,mc-debit\n", csvOptions(), stolenAsText, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPut(t, stolenCard(t))
				before := r.mustFind(t, 1)
				report := r.mustImport(t, c.file, c.options)
				if got := r.asText(t, 1); got != c.want {
					t.Errorf("the card is now %s, want %s", got, c.want)
				}
				if diff := cmp.Diff(c.changed, report.Changed); diff != "" {
					t.Errorf("changed (-want +got):\n%s", diff)
				}
				if report.Rejected != 0 || report.Updated != int64(min(1, len(c.changed))) {
					t.Errorf("report %+v", report)
				}
				if c.changed == nil {
					if diff := cmp.Diff(before, r.mustFind(t, 1)); diff != "" {
						t.Errorf("the row was written (-before +after):\n%s", diff)
					}
				}
			})
		})
	}
}

func TestANewCardWithoutAStatusIsOK(t *testing.T) {
	r := newRig(t)
	report := r.mustImport(t, "cardId,pan,expiryMonth,expiryYear,status\n1,5204247750001471,12,2031,\n2,5204247750001471,12,2031,CARD_LOST\n", csvOptions())
	if report.Inserted != 2 || r.mustFind(t, 1).Status != walletport.CardOK || r.mustFind(t, 2).Status != walletport.CardLost {
		t.Errorf("report %+v", report)
	}
}

func TestImportRefusesWhatDoesNotFitTheStoredCard(t *testing.T) {
	other := csvOptions()
	other.Issuer = "globex"
	for _, c := range []struct {
		name, file string
		options    vault.ImportOptions
		want       vault.RowError
	}{
		{"the status of a card that is not stored", "cardId,status\n2,CARD_LOST\n", csvOptions(),
			vault.RowError{Line: 2, Field: "pan", Rule: "is missing: no card of this id is stored, and a new one needs pan, expiryMonth and expiryYear"}},
		{"the status of another issuer's card", "cardId,status\n1,CARD_OK\n", other, vault.RowError{Line: 2, Field: "cardId", Rule: "belongs to a card of another issuer"}},
		{"another issuer's card that a row names", "cardId,issuer,status\n1,globex,CARD_OK\n", vault.ImportOptions{Format: vault.CSV},
			vault.RowError{Line: 2, Field: "cardId", Rule: "belongs to a card of another issuer"}},
		{"a month without its year", "cardId,expiryMonth,expiryYear\n1,12,\n", csvOptions(), vault.RowError{Line: 2, Field: "expiryYear", Rule: "is missing: month and year come together"}},
		{"a PAN that the stored customer number holds", "cardId,pan\n3,5555555555554444\n", csvOptions(),
			vault.RowError{Line: 2, Field: "customerId", Rule: "must not contain the card number"}},
		{"a card that was altered in the database", "cardId,status\n4,CARD_OK\n", csvOptions(),
			vault.RowError{Line: 2, Field: "cardId", Rule: "names a stored card that was altered in the database, or does not open (card_damaged): walletport vault verify tells more. Delete the card and import it whole"}},
		{"a card that has another's index of the PAN", "cardId,status\n6,CARD_LOST\n", csvOptions(),
			vault.RowError{Line: 2, Field: "cardId", Rule: "names a stored card that was altered in the database, or does not open (card_damaged): walletport vault verify tells more. Delete the card and import it whole"}},
		{"a card whose key is gone", "cardId,status\n5,CARD_OK\n", csvOptions(),
			vault.RowError{Line: 2, Field: "cardId", Rule: "names a stored card whose key is not in the key store (key_unavailable)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			awkward := newCard(t, 3, testPAN)
			awkward.CustomerID = "c" + otherPAN
			r.mustPut(t, stolenCard(t), awkward, newCard(t, 4, testPAN), newCard(t, 5, testPAN), newCard(t, 6, testPAN))
			for id, edit := range map[walletport.CardID]func(*storage.Card){
				4: func(c *storage.Card) { c.Status = walletport.CardLost },
				5: func(c *storage.Card) { c.KEK = "vault-kek-v9" },
				6: func(c *storage.Card) { c.PANIndex = make([]byte, 32) },
			} {
				r.edit(t, id, edit)
			}
			report := r.mustImport(t, c.file, c.options)
			if report.Rejected != 1 || !slices.Contains(report.Errors, c.want) {
				t.Errorf("report %+v, want %+v", report, c.want)
			}
			if got := r.asText(t, 1); got != stolenAsText {
				t.Errorf("the card is now %s", got)
			}
		})
	}
}

// edit changes a row behind the vault's back, as a statement of SQL would.
func (r rig) edit(t testing.TB, id walletport.CardID, change func(*storage.Card)) {
	t.Helper()
	row, err := r.cards.Card(t.Context(), id)
	must(t, err)
	was := row.ContentMAC
	row.ContentMAC = nil // PutCards leaves a row with an equal one alone
	change(&row)
	_, err = r.cards.PutCards(t.Context(), []storage.Card{row})
	must(t, err)
	if row.ContentMAC != nil {
		return
	}
	row.ContentMAC = was
	_, err = r.cards.PutCards(t.Context(), []storage.Card{row})
	must(t, err)
}

func TestTheReportSaysWhatChanged(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN), newCard(t, 2, testPAN), newCard(t, 3, testPAN), newCard(t, 4, testPAN))
	report := r.mustImport(t, "cardId,status,cardholderName\n1,CARD_STOLEN,\n2,CARD_STOLEN,ADA KING\n3,CARD_CLOSED,\n4,,\n", csvOptions())
	want := vault.ImportReport{
		Rows: 4, Updated: 3, Unchanged: 1, Changed: map[string]int64{"status": 3, "cardholderName": 1},
		Statuses: map[vault.StatusChange]int64{
			{From: walletport.CardOK, To: walletport.CardStolen}: 2, {From: walletport.CardOK, To: walletport.CardClosed}: 1,
		},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func (r rig) allRows(t testing.TB) []storage.Card {
	t.Helper()
	rows, err := r.cards.CardsAfter(t.Context(), "", -10, 100_000)
	must(t, err)
	return rows
}

func TestADryRunSaysTheSameAndStoresNothing(t *testing.T) {
	const file = "cardId,pan,expiryMonth,expiryYear,status\n1,,,,CARD_LOST\n2,5204247750001471,12,2031,\n3,1,12,2031,\n2,5555555555554444,12,2031,\n"
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, stolenCard(t))
		before := r.allRows(t)
		for _, together := range []bool{false, true} {
			o := csvOptions()
			o.DryRun, o.AllOrNothing = true, together
			o.Changing = func(context.Context, []vault.ChangedCard) error { t.Error("a dry run announces a change"); return nil }
			dry := r.mustImport(t, file, o)
			if diff := cmp.Diff(before, r.allRows(t)); diff != "" {
				t.Fatalf("it stored something (-before +after):\n%s", diff)
			}
			wantDone, wantWithheld := int64(1), int64(0)
			if together { // an import would store nothing either
				wantDone, wantWithheld = 0, 2
			}
			if dry.Inserted != wantDone || dry.Updated != wantDone || dry.Withheld != wantWithheld || dry.Rejected != 2 {
				t.Errorf("dry run: %+v", dry)
			}
		}
		o := csvOptions()
		o.DryRun = true
		dry := r.mustImport(t, file, o)
		if diff := cmp.Diff(dry, r.mustImport(t, file, csvOptions())); diff != "" {
			t.Errorf("the import did something else (-dry run +import):\n%s", diff)
		}
	})
}

// manyRows is a file of n new cards with ids from 1, which are more than one batch.
func manyRows(n int) string {
	var file strings.Builder
	file.WriteString(header)
	for i := range n {
		fmt.Fprintf(&file, "%d,5204247750001471,12,2031,ADA LOVELACE,\n", i+1)
	}
	return file.String()
}

func TestAllOrNothing(t *testing.T) {
	const n = 2500
	together := csvOptions()
	together.AllOrNothing = true
	for _, c := range []struct {
		name, more string
		reason     string
	}{
		{"good rows are all stored", "", ""},
		{"a bad row at the end keeps all out", "9000,1,12,2031,ADA,\n", "import_refused"},
		{"a row that contradicts keeps all out", "1,5555555555554444,12,2031,ADA,\n", "import_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, r rig) {
				r.mustPut(t, stolenCard(t))
				report, err := r.Import(t.Context(), strings.NewReader(manyRows(n)+c.more), together)
				wantReason(t, err, c.reason)
				rows := r.allRows(t)
				if c.reason == "" {
					if len(rows) != n || report.Inserted != n-1 || report.Updated != 0 || r.asText(t, 1) != stolenAsText {
						t.Errorf("%d cards, %+v", len(rows), report)
					}
					return
				}
				if len(rows) != 1 || report.Rejected != 1 || r.asText(t, 1) != stolenAsText {
					t.Errorf("%d cards, %+v", len(rows), report)
				}
			})
		})
	}
	t.Run("an import that is stopped stores nothing", func(t *testing.T) {
		onEachEngine(t, func(t *testing.T, r rig) {
			ctx, stop := context.WithCancel(t.Context())
			o := together
			o.Progress = func(vault.ImportProgress) { stop() }
			if _, err := r.Import(ctx, strings.NewReader(manyRows(5000)), o); !errors.Is(err, context.Canceled) {
				t.Errorf("Import: %v", err)
			}
			if rows := r.allRows(t); len(rows) != 0 {
				t.Errorf("%d cards are stored", len(rows))
			}
		})
	})
	t.Run("a card that changed meanwhile keeps all out", func(t *testing.T) {
		onEachEngine(t, func(t *testing.T, r rig) {
			r.mustPut(t, newCard(t, 1, testPAN))
			other := r.Vault
			mine := *r.Vault
			changed := false
			mine.Cards = meddling{Cards: r.cards, meddle: func([]walletport.CardID) {
				if !changed {
					changed = true
					_, err := other.Import(t.Context(), strings.NewReader("cardId,status\n1,CARD_STOLEN\n"), csvOptions())
					must(t, err)
				}
			}}
			_, err := mine.Import(t.Context(), strings.NewReader(header+"1,,,,ADA KING,\n2,5204247750001471,12,2031,,\n"), together)
			wantReason(t, err, "import_conflict")
			if rows := r.allRows(t); len(rows) != 1 || r.asText(t, 1) != stolenAsText {
				t.Errorf("%d cards, card 1 is %s", len(rows), r.asText(t, 1))
			}
		})
	})
}

// meddling lets somebody else act between the look-up of cards and their change. Batches are looked
// up side by side.
type meddling struct {
	storage.Cards
	meddle func(ids []walletport.CardID)
}

func (m meddling) CardsByID(ctx context.Context, ids []walletport.CardID) ([]storage.Card, error) {
	cards, err := m.Cards.CardsByID(ctx, ids)
	m.meddle(ids)
	return cards, err
}

// Two imports change one card: neither change may be lost, and a card that was blocked
// meanwhile must not be opened again.
func TestAChangeThatHappensMeanwhileIsKept(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, testPAN))
		mine := *r.Vault
		calls := 0
		mine.Cards = meddling{Cards: r.cards, meddle: func([]walletport.CardID) {
			calls++
			var file string
			switch calls {
			case 1:
				file = "cardId,status\n1,CARD_STOLEN\n"
			case 2:
				file = "cardId,product\n1,mc-credit\n"
			default:
				return
			}
			_, err := r.Import(t.Context(), strings.NewReader(file), csvOptions())
			must(t, err)
		}}
		report, err := mine.Import(t.Context(), strings.NewReader(header+"1,,,,ADA KING,\n2,5204247750001471,12,2031,,\n"), csvOptions())
		must(t, err)
		if got, want := r.asText(t, 1), "CARD_STOLEN acme 5001|ADA KING|mc-credit|5204247750001471 12/2031"; got != want {
			t.Errorf("the card is %s, want %s", got, want)
		}
		if report.Inserted != 1 || report.Updated != 1 || report.Rows != 2 || calls != 3 {
			t.Errorf("report %+v after %d look-ups", report, calls)
		}
	})
}

func TestACardThatNeverHoldsStillIsRefused(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, newCard(t, 1, testPAN))
	mine := *r.Vault
	calls := 0
	mine.Cards = meddling{Cards: r.cards, meddle: func([]walletport.CardID) {
		calls++
		_, err := r.Import(t.Context(), strings.NewReader(fmt.Sprintf("cardId,product\n1,p%d\n", calls)), csvOptions())
		must(t, err)
	}}
	report, err := mine.Import(t.Context(), strings.NewReader("cardId,status\n1,CARD_LOST\n"), csvOptions())
	must(t, err)
	if report.Rejected != 1 || report.Updated != 0 || report.Errors[0].Field != "cardId" || report.Errors[0].Line != 2 {
		t.Errorf("report %+v", report)
	}
}

// A row whose card becomes another issuer's between look-up and change is refused then.
func TestACardThatAnotherIssuerTakesMeanwhileIsRefused(t *testing.T) {
	r := newRig(t)
	mine := *r.Vault
	mine.Cards = meddling{Cards: r.cards, meddle: func([]walletport.CardID) {
		card := newCard(t, 1, otherPAN)
		card.Issuer = "globex"
		r.mustPut(t, card)
	}}
	report, err := mine.Import(t.Context(), strings.NewReader(header+"1,5204247750001471,12,2031,,\n"), csvOptions())
	must(t, err)
	want := []vault.RowError{{Line: 2, Field: "cardId", Rule: "belongs to a card of another issuer"}}
	if diff := cmp.Diff(want, report.Errors); diff != "" || report.Rejected != 1 {
		t.Errorf("report %+v (-want +got):\n%s", report, diff)
	}
}

func TestAnImportTellsOfEachChangeBeforeItIsStored(t *testing.T) {
	r := newRig(t)
	r.mustPut(t, stolenCard(t), newCard(t, 2, testPAN))
	const file = "cardId,status,cardholderName,product,pan,expiryMonth,expiryYear\n1,CARD_LOST,,,,,\n2,,ADA KING,mc-credit,,,\n3,,,,5204247750001471,12,2031\n"
	t.Run("an error of who is told stops it", func(t *testing.T) {
		o := csvOptions()
		gone := errors.New("gone")
		o.Changing = func(context.Context, []vault.ChangedCard) error { return gone }
		if _, err := r.Import(t.Context(), strings.NewReader(file), o); !errors.Is(err, gone) {
			t.Errorf("Import: %v", err)
		}
		if len(r.allRows(t)) != 2 || r.asText(t, 1) != stolenAsText {
			t.Errorf("something is stored")
		}
	})
	var told []vault.ChangedCard
	o := csvOptions()
	o.Changing = func(_ context.Context, cards []vault.ChangedCard) error {
		told = append(told, cards...)
		if r.asText(t, 1) != stolenAsText {
			t.Errorf("it is stored already")
		}
		return nil
	}
	r.mustImport(t, file, o)
	want := []vault.ChangedCard{
		{ID: 1, Issuer: "acme", From: walletport.CardStolen, To: walletport.CardLost, Fields: []string{"status"}},
		{ID: 2, Issuer: "acme", From: walletport.CardOK, To: walletport.CardOK, Fields: []string{"cardholderName", "product"}},
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestAnIssuerWithoutAKeyHoldsUpNoOther(t *testing.T) {
	r := newRig(t)
	all := r.ring()
	for i, k := range all {
		scoped := *k
		scoped.Issuer = "acme"
		all[i] = &scoped
	}
	r.keys.Replace(keys.NewRing(all))
	const file = "cardId,issuer,pan,expiryMonth,expiryYear\n1,acme,5204247750001471,12,2031\n2,globex,5555555555554444,12,2031\n3,acme,5555555555554444,12,2031\n"
	report := r.mustImport(t, file, vault.ImportOptions{Format: vault.CSV})
	if report.Inserted != 2 || report.Rejected != 1 || report.Errors[0].Field != "issuer" || report.Errors[0].Line != 3 ||
		!strings.Contains(report.Errors[0].Rule, "key_unavailable") {
		t.Errorf("report %+v", report)
	}
}
