package vault

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// chunkRows is how many rows are sealed by one worker and stored in one transaction.
const chunkRows = 1000

// chunk is a run of lines on its way through an import.
type chunk struct {
	text  []byte // the lines, one behind the other: it holds PANs and is wiped
	lines []textLine
	bytes int64 // of the file, up to the end of the chunk

	done   chan struct{} // closed when the rest is filled in
	cards  []sealedRow
	faults []RowError
	bad    int64 // rows with faults
	err    error // a fault of ours, not of a row
}

type textLine struct {
	number  int64
	end     int // in text; it begins where the one before ends
	tooLong bool
}

type sealedRow struct {
	line int64
	card storage.Card
}

func (im *importer) newChunk() *chunk {
	select {
	case c := <-im.free:
		*c = chunk{text: c.text[:0], lines: c.lines[:0], cards: c.cards[:0], faults: c.faults[:0], done: make(chan struct{})}
		return c
	default:
		return &chunk{lines: make([]textLine, 0, chunkRows), cards: make([]sealedRow, 0, chunkRows), done: make(chan struct{})}
	}
}

// recycle keeps the chunk's memory for another one.
func (im *importer) recycle(c *chunk) {
	clear(c.cards)
	select {
	case im.free <- c:
	default:
	}
}

// fillChunk reads up to chunkRows lines. Its error stands behind what was read.
func (im *importer) fillChunk(c *chunk) error {
	for len(c.lines) < chunkRows {
		line, tooLong, err := im.lines.next()
		c.bytes = im.lines.bytes
		if err != nil {
			return err
		}
		if len(line) == 0 && !tooLong {
			continue
		}
		if !tooLong {
			c.text = append(c.text, line...)
		}
		c.lines = append(c.lines, textLine{number: im.lines.number, end: len(c.text), tooLong: tooLong})
	}
	return nil
}

// process parses, checks and seals the lines, and wipes their text.
func (im *importer) process(c *chunk) {
	defer clear(c.text[:cap(c.text)])
	parser := im.newParser()
	defer parser.wipe()
	reader := rowReader{issuer: im.options.Issuer, mixed: im.options.MixedIssuers, sandbox: im.options.AllowSandboxCards}
	seal := newSealer(im.vault.Keys.Current(), im.vault.Clock())
	defer seal.wipe()
	var rec record
	begin := 0
	for _, l := range c.lines {
		line := c.text[begin:l.end]
		begin = l.end
		if l.tooLong {
			c.reject(l.number, lineFault("is longer than 8192 bytes"))
			continue
		}
		if faults := parser.parse(line, &rec); len(faults) > 0 {
			c.reject(l.number, faults)
			continue
		}
		if err := c.add(l.number, &rec, reader, seal); err != nil {
			c.err = err
			return
		}
	}
}

// add seals one row, or rejects it.
func (c *chunk) add(number int64, rec *record, reader rowReader, seal *sealer) error {
	card, faults := reader.card(rec)
	defer card.PAN.Wipe()
	if len(faults) > 0 {
		c.reject(number, faults)
		return nil
	}
	sealed, err := seal.seal(&card)
	if err != nil {
		return err
	}
	c.cards = append(c.cards, sealedRow{number, sealed})
	return nil
}

func (c *chunk) reject(number int64, faults []walletport.Field) {
	c.bad++
	for _, f := range faults {
		c.faults = append(c.faults, RowError{Line: number, Field: f.Name, Rule: f.Reason})
	}
}

func (im *importer) newParser() rowParser {
	if im.options.Format == CSV {
		return &csvParser{header: im.header}
	}
	return &jsonParser{}
}
