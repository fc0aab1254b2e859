package vault

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLineBytes bounds one row of an import. The longest sensible one, a name of 64
// characters all written as JSON escapes, has about 1,500 bytes.
const maxLineBytes = 8 << 10

// lineReader cuts a stream into lines of bounded length.
type lineReader struct {
	r      *bufio.Reader
	number int64 // of the line last returned, from 1
	bytes  int64 // read so far
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, maxLineBytes+len("\ufeff\r\n"))}
}

// next returns the next line without its line break, good until the next call; at
// the end io.EOF. A line that is too long is read to its end and not returned whole.
func (l *lineReader) next() (line []byte, tooLong bool, err error) {
	line, err = l.r.ReadSlice('\n')
	l.bytes += int64(len(line))
	if len(line) == 0 && err != nil {
		return nil, false, err
	}
	l.number++
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, true, l.drop()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	if l.number == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	return line, len(line) > maxLineBytes, nil
}

// drop reads up to the end of the line.
func (l *lineReader) drop() error {
	for {
		part, err := l.r.ReadSlice('\n')
		l.bytes += int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil
		}
		return err
	}
}
