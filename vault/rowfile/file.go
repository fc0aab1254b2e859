// Package rowfile reads files of rows: CSV, or JSON Lines. It cuts a file into rows and a
// row into texts, and says of a file or a row that is none what it most likely is and what
// to do. A Schema says which columns there are; what they mean it does not know.
//
// What it reads holds card numbers and personal data: they stay in buffers of a fixed size
// that are wiped, and no error repeats a value.
package rowfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/walletport/walletport"
)

// Format is the form of a file.
type Format string

// The formats. Both have the columns of the schema, as columns or members, and no others, in
// any order. Text is UTF-8, with or without a byte order mark; lines end in LF, CR LF or CR
// and have at most MaxLineBytes; lines and columns without a value are passed over.
const (
	CSV       Format = "csv"   // RFC 4180 with a header, comma-separated, no line break in a field
	JSONLines Format = "jsonl" // an object per line; values are strings, or what the column says
)

// File is a file that is read line by line. It must be wiped after use.
type File struct {
	schema *Schema
	lines  *lineReader
	format Format
	header []int // of CSV: places of columns
}

// Open reads the beginning of a file, up to the first row. Its errors are those of r,
// and CodeInvalid with the reason import_format for a file of another kind and
// import_header for one whose header says nothing that could be stored.
func Open(r io.Reader, format Format, schema *Schema) (*File, error) {
	f := &File{schema: schema, lines: newLineReader(r), format: format}
	if err := f.begin(); err != nil {
		f.Wipe()
		return nil, err
	}
	return f, nil
}

func (f *File) begin() error {
	head, err := f.lines.head(headBytes)
	if err != nil {
		return f.errRead(err)
	}
	if err := f.checkForm(head); err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte(byteOrderMark)) {
		f.lines.skip(len(byteOrderMark))
	}
	if f.format == CSV {
		return f.readHeader()
	}
	return nil
}

func (f *File) errRead(err error) error { return fmt.Errorf("read %s: %w", f.schema.of, err) }

func (f *File) readHeader() error {
	for {
		line, tooLong, err := f.lines.next()
		switch {
		case errors.Is(err, io.EOF), tooLong:
			return errHeader("the file has no header")
		case err != nil:
			return f.errRead(err)
		case isBlank(line):
			continue
		}
		f.header, err = f.schema.parseHeader(line)
		return err
	}
}

// Next returns the next line without its line break, good until the next call; at the
// end io.EOF. A line of more than MaxLineBytes is read to its end and not returned.
func (f *File) Next() (line []byte, tooLong bool, err error) { return f.lines.next() }

// Number is that of the line last returned, from 1, the header and empty lines counted.
func (f *File) Number() int64 { return f.lines.number }

// Bytes is how much of the file is handed out.
func (f *File) Bytes() int64 { return f.lines.bytes }

// Wipe clears what was read.
func (f *File) Wipe() { f.lines.wipe() }

// Parser reads a line into a record, or says what is wrong with the line. It does not
// change the line, which may be read again. A line without any value gives a blank
// record. It is for one goroutine, and wiped after use.
type Parser interface {
	Parse(line []byte, into *Record) []walletport.Field
	Wipe()
}

// NewParser returns a parser of the file's rows. There may be several at once.
func (f *File) NewParser() Parser {
	if f.format == CSV {
		return newCSVParser(f.schema, f.header)
	}
	return newJSONParser(f.schema)
}
