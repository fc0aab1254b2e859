package vault

import (
	"context"
	"encoding/binary"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault/cardfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// madeCard is what an import stores of a card.
type madeCard struct {
	storage.CardChange
	from walletport.CardStatus // of the stored card
}

type cardRow = row[walletport.CardID, madeCard]

// cardIntake is what an import does with cards.
type cardIntake struct {
	vault    *Vault
	options  ImportOptions
	together storage.CardChanges // once they were begun
	finds    *sorter             // by what the file's cards are found, once it was read for that
}

func (in *cardIntake) rules() intakeRules {
	return intakeRules{ImportOptions: in.options, schema: cardfile.Schema, of: "cards"}
}

func (in *cardIntake) begin(ctx context.Context) (err error) {
	in.together, err = in.vault.Cards.BeginCardChanges(ctx)
	return err
}

func (in *cardIntake) end() error { return in.together.End() }

func (in *cardIntake) announce(ctx context.Context, rows []cardRow) error {
	var changed []ChangedCard
	for i := range rows {
		if r := &rows[i]; !r.isNew {
			changed = append(changed, ChangedCard{ID: r.key, Issuer: r.change.Issuer, From: r.change.from, To: r.change.Status, Fields: r.fields})
		}
	}
	if in.options.Changing == nil || len(changed) == 0 {
		return nil
	}
	return in.options.Changing(ctx, changed)
}

func (in *cardIntake) store(ctx context.Context, rows []cardRow, mark *storage.ImportMark) ([]walletport.CardID, error) {
	changes := make([]storage.CardChange, len(rows))
	for i := range rows {
		changes[i] = rows[i].change.CardChange
	}
	if in.together != nil {
		return nil, in.together.Add(ctx, changes)
	}
	return in.vault.Cards.ChangeCards(ctx, changes, mark)
}

func (in *cardIntake) seenKey(id walletport.CardID) (key seenKey) {
	binary.BigEndian.PutUint64(key[8:], uint64(id)^1<<63)
	return key
}

func (in *cardIntake) commit(ctx context.Context) ([]walletport.CardID, error) {
	return in.together.Commit(ctx)
}

func (in *cardIntake) fault(rule string) []walletport.Field { return idFault(rule) }

func (in *cardIntake) errConflict(first walletport.CardID) error {
	return walletport.Errorf(walletport.CodeConflict, "import_conflict",
		"nothing is stored, for somebody else changed cards meanwhile, card %s first: import the file again", first)
}

func (in *cardIntake) count(r *cardRow, report *ImportReport) {
	if r.change.from == r.change.Status {
		return
	}
	if report.Statuses == nil {
		report.Statuses = map[StatusChange]int64{}
	}
	report.Statuses[StatusChange{r.change.from, r.change.Status}]++
}

// cardClerk makes the rows of cards.
type cardClerk struct {
	in     *cardIntake
	reader cardReader
	seal   *sealer
	stored map[walletport.CardID]storage.Card
}

func (in *cardIntake) newClerk(ring *keys.Ring) clerk[walletport.CardID, madeCard] {
	return in.newCardClerk(ring)
}

func (in *cardIntake) newCardClerk(ring *keys.Ring) *cardClerk {
	return &cardClerk{
		in: in, seal: newSealer(ring, in.vault.Clock()),
		reader: cardReader{issuers: in.options.issuers(), sandbox: in.options.AllowSandboxCards, testNumbers: in.vault.TestNumbers},
	}
}

func (k *cardClerk) wipe() { k.seal.wipe() }

func (k *cardClerk) keyOf(rec *rowfile.Record) (walletport.CardID, bool) {
	return parseID(rec.Text[walletport.CardFieldID])
}

func (k *cardClerk) isSound(rec *rowfile.Record) bool {
	p, faults := k.reader.read(rec)
	p.wipe()
	return len(faults) == 0
}

// lookUp reads the stored cards in one statement.
func (k *cardClerk) lookUp(ctx context.Context, ids []walletport.CardID) error {
	if len(ids) == 0 {
		return nil
	}
	cards, err := k.in.vault.Cards.CardsByID(ctx, ids)
	k.stored = make(map[walletport.CardID]storage.Card, len(cards))
	for _, card := range cards {
		k.stored[card.ID] = card
	}
	return err
}

func (k *cardClerk) make(rec *rowfile.Record) (cardRow, []walletport.Field, error) {
	p, faults := k.reader.read(rec)
	defer p.wipe()
	if len(faults) > 0 {
		return cardRow{}, faults, nil
	}
	made, faults, err := k.row(&p)
	made.key = p.card.ID
	return made, faults, err
}

// row makes what is to be stored of a patch and the card that it is about.
func (k *cardClerk) row(p *patch) (cardRow, []walletport.Field, error) {
	stored, isStored := k.stored[p.card.ID]
	if !isStored {
		return k.newCard(p)
	}
	expected := p.card.Issuer
	if expected == "" && !k.reader.issuers.mixed {
		expected = k.reader.issuers.issuer
	}
	if expected != "" && expected != stored.Issuer {
		return cardRow{}, idFault(ruleOtherIssuer), nil
	}
	if stored.Status == walletport.CardForgotten {
		return k.forgottenCard(p, &stored)
	}
	was, err := k.in.vault.openWhole(&stored)
	if err != nil {
		faults, err := openFault(err)
		return cardRow{}, faults, err
	}
	defer wipeCard(was)
	card, changed := p.onto(was)
	if faults := p.check(&card, false); len(faults) > 0 {
		return cardRow{}, faults, nil
	}
	made := cardRow{fields: changed}
	made.change.from = was.Status
	if len(changed) == 0 {
		return made, nil, nil
	}
	faults, err := k.sealInto(&made, &card)
	made.change.Replaces = stored.ContentMAC
	return made, faults, err
}

// newCard makes a card that is not stored yet.
func (k *cardClerk) newCard(p *patch) (cardRow, []walletport.Field, error) {
	made, faults, err := k.asNew(p, k.reader.issuers.issuer)
	made.isNew = true
	return made, faults, err
}

// forgottenCard makes a card that comes back under the id of one that was forgotten.
func (k *cardClerk) forgottenCard(p *patch, stored *storage.Card) (cardRow, []walletport.Field, error) {
	if err := checkForgotten(k.in.vault.Keys.Current(), stored); err != nil {
		faults, err := openFault(err)
		return cardRow{}, faults, err
	}
	if !k.in.options.ReplaceForgotten {
		return cardRow{}, idFault(ruleForgotten), nil
	}
	made, faults, err := k.asNew(p, stored.Issuer)
	made.fields, made.change.from = []string{fieldAll}, stored.Status
	made.change.Replaces = stored.ContentMAC
	return made, faults, err
}

// asNew makes a card of what the row alone says; issuer is that of a row that names none.
func (k *cardClerk) asNew(p *patch, issuer walletport.IssuerID) (cardRow, []walletport.Field, error) {
	card, _ := p.onto(nil)
	if card.Issuer == "" {
		card.Issuer = issuer
	}
	faults := p.check(&card, true)
	if card.Issuer == "" {
		faults = missingIssuer(faults)
	}
	if len(faults) > 0 {
		return cardRow{}, faults, nil
	}
	var made cardRow
	faults, err := k.sealInto(&made, &card)
	return made, faults, err
}

// sealInto seals the card. An issuer without a key has its rows refused; those of the
// others go on.
func (k *cardClerk) sealInto(made *cardRow, card *walletport.Card) ([]walletport.Field, error) {
	var err error
	made.change.Card, err = k.seal.seal(card)
	if walletport.ReasonOf(err) == reasonNoKey {
		return []walletport.Field{{Name: walletport.CardFieldIssuer.String(), Reason: ruleNoKey}}, nil
	}
	return nil, err
}

// ruleForgotten is of a row whose card was erased on purpose: it must not come back by a
// file that is imported again.
const ruleForgotten = "names a card that was forgotten: nothing of it is kept. To store a card of that id again, say --replace-forgotten"

// ruleNoKey is of a row whose issuer has nothing that seals; those of the others go on.
const ruleNoKey = "has no active key of the vault (key_unavailable): generate one, or leave the issuer's rows out"

// ruleNoIssuer is of a row that does not say whose it is.
const ruleNoIssuer = "is missing: say --issuer, or name it in each row"

const ruleOtherIssuer = "belongs to a card of another issuer"

func idFault(rule string) []walletport.Field {
	return []walletport.Field{{Name: walletport.CardFieldID.String(), Reason: rule}}
}

// openFault turns what a stored card does not open for into the row's fault: other
// rows go on.
func openFault(err error) ([]walletport.Field, error) {
	switch walletport.ReasonOf(err) {
	case reasonDamaged:
		return idFault("names a stored card that was altered in the database, or does not open (card_damaged): walletport vault verify tells more. Delete the card and import it whole"), nil
	case reasonNoKey:
		return idFault("names a stored card whose key is not in the key store (key_unavailable)"), nil
	}
	return nil, err
}

func missingIssuer(faults []walletport.Field) []walletport.Field {
	rule := walletport.Field{Name: walletport.CardFieldIssuer.String(), Reason: ruleNoIssuer}
	for i := range faults {
		if faults[i].Name == walletport.CardFieldIssuer.String() {
			faults[i] = rule
		}
	}
	return faults
}
