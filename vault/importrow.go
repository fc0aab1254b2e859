package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"hash"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault/cardfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// clerk makes the rows of a chunk: it reads lines, looks up the cards they are about,
// and seals what is to be stored. It is for one goroutine, and wiped after use.
type clerk struct {
	im     *importer
	parser rowfile.Parser
	reader rowReader
	seal   *sealer
	digest hash.Hash
	said   []byte // what a row says, for its digest: it holds a PAN
	stored map[walletport.CardID]storage.Card
}

func (im *importer) newClerk() *clerk {
	k := &clerk{
		im: im, parser: im.file.NewParser(), seal: newSealer(im.vault.newestRing(), im.vault.Clock()),
		digest: hmac.New(sha256.New, im.digestKey), said: make([]byte, 0, cardfile.Schema.MaxRecordBytes()),
		reader: rowReader{
			issuer: im.options.Issuer, mixed: im.options.MixedIssuers, sandbox: im.options.AllowSandboxCards,
			testNumbers: im.vault.TestNumbers,
		},
	}
	return k
}

func (k *clerk) wipe() {
	k.parser.Wipe()
	k.seal.wipe()
	clear(k.said[:cap(k.said)])
}

// process fills in the rows of some of the chunk's lines: of all at first, later of
// those whose cards were changed meanwhile.
func (im *importer) process(ctx context.Context, c *chunk, lines []textLine) error {
	k := im.newClerk()
	defer k.wipe()
	c.ring = k.seal.ring
	if err := k.lookUp(ctx, c, lines); err != nil {
		return err
	}
	for _, l := range lines {
		faults, err := k.line(c, l)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			c.reject(l.number, faults)
		}
	}
	return nil
}

// lookUp reads the stored cards of the lines in one statement.
func (k *clerk) lookUp(ctx context.Context, c *chunk, lines []textLine) error {
	var rec rowfile.Record
	ids := make([]walletport.CardID, 0, len(lines))
	for _, l := range lines {
		if l.tooLong || len(k.parser.Parse(c.text[l.begin:l.end], &rec)) > 0 {
			continue
		}
		if id, ok := parseID(rec.Text[walletport.CardFieldID]); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	cards, err := k.im.vault.Cards.CardsByID(ctx, ids)
	k.stored = make(map[walletport.CardID]storage.Card, len(cards))
	for _, card := range cards {
		k.stored[card.ID] = card
	}
	return err
}

// line adds the row of a line to the chunk, or says what is wrong with it.
func (k *clerk) line(c *chunk, l textLine) ([]walletport.Field, error) {
	if l.tooLong {
		return rowfile.LineFault("is longer than 8192 bytes"), nil
	}
	var rec rowfile.Record
	if faults := k.parser.Parse(c.text[l.begin:l.end], &rec); len(faults) > 0 {
		return faults, nil
	}
	if rec.IsBlank() {
		c.blank++
		return nil, nil
	}
	p, faults := k.reader.read(&rec)
	defer p.wipe()
	if len(faults) > 0 {
		return faults, nil
	}
	made, faults, err := k.row(&p)
	if err != nil || len(faults) > 0 {
		return faults, err
	}
	made.line = l
	made.digest = k.digestOf(&rec)
	c.rows = append(c.rows, made)
	return nil, nil
}

// row makes what is to be stored of a patch and the card that it is about.
func (k *clerk) row(p *patch) (row, []walletport.Field, error) {
	stored, isStored := k.stored[p.card.ID]
	if !isStored {
		return k.newCard(p)
	}
	expected := p.card.Issuer
	if expected == "" && !k.reader.mixed {
		expected = k.reader.issuer
	}
	if expected != "" && expected != stored.Issuer {
		return row{}, idFault(ruleOtherIssuer), nil
	}
	if stored.Status == walletport.CardForgotten {
		return k.forgottenCard(p, &stored)
	}
	was, err := k.im.vault.openWhole(&stored)
	if err != nil {
		faults, err := openFault(err)
		return row{}, faults, err
	}
	defer wipeCard(was)
	card, changed := p.onto(was)
	if faults := p.check(&card, false); len(faults) > 0 {
		return row{}, faults, nil
	}
	made := row{what: ChangedCard{ID: card.ID, Issuer: card.Issuer, From: was.Status, To: card.Status, Fields: changed}}
	made.change.ID = card.ID
	if len(changed) == 0 {
		return made, nil, nil
	}
	faults, err := k.sealInto(&made, &card)
	made.change.Replaces = stored.ContentMAC
	return made, faults, err
}

// newCard makes a card that is not stored yet.
func (k *clerk) newCard(p *patch) (row, []walletport.Field, error) {
	made, faults, err := k.asNew(p, k.reader.issuer)
	made.isNew = true
	return made, faults, err
}

// forgottenCard makes a card that comes back under the id of one that was forgotten.
func (k *clerk) forgottenCard(p *patch, stored *storage.Card) (row, []walletport.Field, error) {
	if err := checkForgotten(k.im.vault.Keys.Current(), stored); err != nil {
		faults, err := openFault(err)
		return row{}, faults, err
	}
	if !k.im.options.ReplaceForgotten {
		return row{}, idFault(ruleForgotten), nil
	}
	made, faults, err := k.asNew(p, stored.Issuer)
	made.what.From, made.what.Fields = stored.Status, []string{fieldAll}
	made.change.Replaces = stored.ContentMAC
	return made, faults, err
}

// asNew makes a card of what the row alone says; issuer is that of a row that names none.
func (k *clerk) asNew(p *patch, issuer walletport.IssuerID) (row, []walletport.Field, error) {
	card, _ := p.onto(nil)
	if card.Issuer == "" {
		card.Issuer = issuer
	}
	faults := p.check(&card, true)
	if card.Issuer == "" {
		faults = missingIssuer(faults)
	}
	if len(faults) > 0 {
		return row{}, faults, nil
	}
	made := row{what: ChangedCard{ID: card.ID, Issuer: card.Issuer, To: card.Status}}
	faults, err := k.sealInto(&made, &card)
	return made, faults, err
}

// sealInto seals the card. An issuer without a key has its rows refused; those of the
// others go on.
func (k *clerk) sealInto(made *row, card *walletport.Card) ([]walletport.Field, error) {
	var err error
	made.change.Card, err = k.seal.seal(card)
	if walletport.ReasonOf(err) == reasonNoKey {
		return []walletport.Field{{Name: walletport.CardFieldIssuer.String(), Reason: "has no active key of the vault (key_unavailable): generate one, or leave the issuer's rows out"}}, nil
	}
	return nil, err
}

// ruleForgotten is of a row whose card was erased on purpose: it must not come back by a
// file that is imported again.
const ruleForgotten = "names a card that was forgotten: nothing of it is kept. To store a card of that id again, say --replace-forgotten"

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
	rule := walletport.Field{Name: walletport.CardFieldIssuer.String(), Reason: "is missing: say --issuer, or name it in each row"}
	for i := range faults {
		if faults[i].Name == walletport.CardFieldIssuer.String() {
			faults[i] = rule
		}
	}
	return faults
}

// digestOf is keyed, for there are few PANs to try.
func (k *clerk) digestOf(rec *rowfile.Record) [8]byte {
	k.said = rec.AppendTo(k.said[:0])
	k.digest.Reset()
	k.digest.Write(k.said)
	var sum [sha256.Size]byte
	return [8]byte(k.digest.Sum(sum[:0]))
}
