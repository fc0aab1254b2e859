package rowfile

import (
	"bytes"
	"errors"
	"io"
)

// MaxLineBytes bounds one row. The longest sensible one of a card, a name of 64 characters
// all written as JSON escapes, has about 1,500 bytes; of a customer, some 5,000.
const MaxLineBytes = 8 << 10

// readBytes is how much of the file is in memory before it is cut into lines.
const readBytes = 64 << 10

// lineReader cuts a stream into lines of bounded length. A line ends in LF, CR LF or,
// as old Macintosh programs write it, CR alone. What it read is secret: it reads into
// one buffer that never moves, clears each line once it was used, and is wiped after.
type lineReader struct {
	r          io.Reader
	buffer     []byte
	used       int // before it everything is cleared
	start, end int // what was read and not handed out
	err        error
	afterCR    bool  // the last line ended in CR: an LF that follows belongs to it
	number     int64 // of the line last returned, from 1
	bytes      int64 // handed out so far
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: r, buffer: make([]byte, readBytes)}
}

func (l *lineReader) wipe() { clear(l.buffer) }

// head returns the first n bytes of the stream, fewer when it has no more.
func (l *lineReader) head(n int) ([]byte, error) {
	for l.end-l.start < n && l.err == nil {
		l.fill()
	}
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return nil, l.err
	}
	return l.buffer[l.start:min(l.start+n, l.end)], nil
}

// skip passes over the first n bytes of what head returned.
func (l *lineReader) skip(n int) { l.take(n) }

// next returns the next line without its line break, good until the next call; at
// the end io.EOF. A line that is too long is read to its end and not returned.
func (l *lineReader) next() (line []byte, tooLong bool, err error) {
	l.forget()
	if err := l.skipLF(); err != nil {
		return nil, false, err
	}
	for scanned := 0; ; {
		if i := bytes.IndexAny(l.buffer[l.start+scanned:l.end], "\r\n"); i >= 0 {
			line := l.line(scanned + i)
			l.afterCR = l.buffer[l.start] == '\r'
			l.take(1)
			return line, len(line) > MaxLineBytes, nil
		}
		scanned = l.end - l.start
		switch {
		case scanned > MaxLineBytes:
			l.number++
			return nil, true, l.drop()
		case errors.Is(l.err, io.EOF) && scanned > 0:
			return l.line(scanned), false, nil
		case l.err != nil:
			return nil, false, l.err
		}
		l.fill()
	}
}

// line hands out the next n bytes as a line.
func (l *lineReader) line(n int) []byte {
	line := l.buffer[l.start : l.start+n]
	l.number++
	l.take(n)
	return line
}

func (l *lineReader) take(n int) {
	l.start += n
	l.bytes += int64(n)
}

// forget clears what was handed out.
func (l *lineReader) forget() {
	clear(l.buffer[l.used:l.start])
	l.used = l.start
}

func (l *lineReader) skipLF() error {
	if !l.afterCR {
		return nil
	}
	l.afterCR = false
	for l.start == l.end && l.err == nil {
		l.fill()
	}
	if l.start == l.end {
		return l.err
	}
	if l.buffer[l.start] == '\n' {
		l.take(1)
	}
	return nil
}

// drop reads up to the end of the line.
func (l *lineReader) drop() error {
	for {
		i := bytes.IndexAny(l.buffer[l.start:l.end], "\r\n")
		if i >= 0 {
			l.afterCR = l.buffer[l.start+i] == '\r'
			l.take(i + 1)
			return nil
		}
		l.take(l.end - l.start)
		if l.err != nil {
			if errors.Is(l.err, io.EOF) {
				return nil
			}
			return l.err
		}
		l.forget()
		l.fill()
	}
}

// maxEmptyReads is how often a reader may give nothing, as in package bufio.
const maxEmptyReads = 100

// fill reads more, behind what is there; there is always room, for a line that is
// longer than MaxLineBytes is not kept.
func (l *lineReader) fill() {
	if l.start > 0 && len(l.buffer)-l.end < MaxLineBytes {
		l.forget()
		kept := copy(l.buffer, l.buffer[l.start:l.end])
		clear(l.buffer[kept:l.end])
		l.used, l.start, l.end = 0, 0, kept
	}
	for range maxEmptyReads {
		n, err := l.r.Read(l.buffer[l.end:])
		l.end += n
		l.err = err
		if n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}
