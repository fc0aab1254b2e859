package vault

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault/rowfile"
)

// findsTogether is how many values are stored in one commit: some 50 ms on SQLite, for which
// other writers wait.
const findsTogether = 10_000

// ahead reads the file once, sorts by what its cards are found, and stores that in its order.
// Rows are read as those of new cards; what it leaves out is stored with the card.
func (in *cardIntake) ahead(ctx context.Context, after int64, beat func(context.Context) error) error {
	source, err := in.options.File.Open()
	if err != nil {
		return fmt.Errorf("open the file again: %w", err)
	}
	defer source.Close()
	second, err := newIntake(in.vault, source, in.rules(), in)
	if err != nil {
		return err
	}
	defer second.wipe()
	if second.file, err = rowfile.Open(second.source, in.options.Format, second.rules.schema); err != nil {
		return err
	}
	in.finds = newSorter(in.options.Scratch)
	err = second.run(ctx, func(ctx context.Context, c *chunk[walletport.CardID, madeCard]) error {
		return in.findsOf(ctx, c, second.file, after)
	}, func(ctx context.Context, c *chunk[walletport.CardID, madeCard]) error {
		for rest := c.finds; len(rest) > 0; rest = rest[1+rest[0]:] {
			if err := in.finds.add(rest[1 : 1+rest[0]]); err != nil {
				return err
			}
		}
		return beat(ctx)
	})
	if err == nil {
		err = second.checkRead()
	}
	if err != nil {
		return err
	}
	return in.eachFinds(ctx, beat, func(storage.CardFind) bool { return true }, in.vault.Cards.AddCardFinds)
}

// close lets go of scratch files.
func (in *cardIntake) close() {
	if in.finds != nil {
		in.finds.close()
	}
}

// tidy takes away what was stored ahead of rows that were refused.
func (in *cardIntake) tidy(ctx context.Context, refused refusals[walletport.CardID], beat func(context.Context) error) error {
	if in.finds == nil || refused.isEmpty() {
		return nil
	}
	return in.eachFinds(ctx, beat, func(f storage.CardFind) bool { return refused.has(f.ID) }, in.vault.Cards.DropCardFinds)
}

// findsOf fills in the finds of a chunk: each as a record of the sorter, behind its length.
func (in *cardIntake) findsOf(ctx context.Context, c *chunk[walletport.CardID, madeCard], file *rowfile.File, after int64) error {
	lines := slices.DeleteFunc(c.lines, func(l textLine) bool { return l.number <= after })
	k := in.newCardClerk(in.vault.newestRing())
	d := desk[walletport.CardID, madeCard]{clerk: k, parser: file.NewParser()}
	defer d.wipe()
	if err := k.lookUp(ctx, d.about(c, lines)); err != nil {
		return err
	}
	for _, l := range lines {
		if l.tooLong || len(d.parser.Parse(c.text[l.begin:l.end], &d.record)) > 0 || d.record.IsBlank() {
			continue
		}
		c.finds = k.appendFinds(c.finds, &d.record)
	}
	return nil
}

// appendFinds appends the finds of the card that a record would make if it were new. What a stored
// card has already is left out: of its number that is told by what stands in clear, for its index
// may be by an older key.
func (k *cardClerk) appendFinds(to []byte, rec *rowfile.Record) []byte {
	p, faults := k.reader.read(rec)
	defer p.wipe()
	if len(faults) > 0 || !p.says[walletport.CardFieldPAN] {
		return to
	}
	card, _ := p.onto(nil)
	if card.Issuer == "" {
		card.Issuer = k.reader.issuers.issuer
	}
	if len(p.check(&card, true)) > 0 {
		return to
	}
	stored := k.stored[card.ID]
	if stored.Status == walletport.CardForgotten && !k.in.options.ReplaceForgotten {
		return to // the row will be refused, and of such a card nothing is to stand, not even for a while
	}
	if card.CustomerID != stored.CustomerID && card.CustomerID != "" {
		to = appendFind(to, storage.ByCustomer, []byte(card.CustomerID), card.ID)
	}
	if card.PAN.BIN() == stored.BIN && card.PAN.LastFour() == stored.LastFour {
		return to
	}
	index, err := k.seal.ring.Select(keys.VaultIndex, card.Issuer, card.PAN.BIN(), k.seal.now)
	if err != nil {
		return to // the row will be refused for it
	}
	to = appendFind(to, storage.ByPANIndex, index.MAC.Sum(card.PAN.Reveal()), card.ID)
	return appendFind(to, storage.ByLastFour, []byte(card.PAN.LastFour()), card.ID)
}

// appendFind appends a find as a record: attribute, value, the id with its sign turned, so that
// records sort as finds do. Values of one length do; those of others are near enough.
func appendFind(to []byte, attribute storage.CardAttribute, value []byte, id walletport.CardID) []byte {
	to = append(to, byte(1+len(value)+8), byte(attribute))
	to = append(to, value...)
	return binary.BigEndian.AppendUint64(to, uint64(id)^1<<63)
}

func parseFind(record []byte) storage.CardFind {
	id := len(record) - 8
	return storage.CardFind{
		Attribute: storage.CardAttribute(record[0]), Value: append([]byte(nil), record[1:id]...),
		ID: walletport.CardID(binary.BigEndian.Uint64(record[id:]) ^ 1<<63),
	}
}

// eachFinds hands out the chosen of the sorted finds in batches. It calls beat again and again,
// also where few are chosen.
func (in *cardIntake) eachFinds(
	ctx context.Context, beat func(context.Context) error,
	chosen func(storage.CardFind) bool, take func(context.Context, []storage.CardFind) error,
) error {
	batch, read := make([]storage.CardFind, 0, findsTogether), 0
	err := in.finds.each(func(record []byte) error {
		if f := parseFind(record); chosen(f) {
			batch = append(batch, f)
		}
		if len(batch) == findsTogether {
			if err := take(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
		if read++; read%findsTogether == 0 {
			return beat(ctx)
		}
		return nil
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return take(ctx, batch)
}
