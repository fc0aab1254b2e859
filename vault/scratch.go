package vault

import (
	"bufio"
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// scratchFault says of what an error is, and who says where such files are.
func scratchFault(err error) error {
	return fmt.Errorf("scratch file of the import, in the folder that TMPDIR names: %w", err)
}

// scratchFile makes a file without a name, which is gone when the process is.
func scratchFile(folder string) (*os.File, error) {
	f, err := os.CreateTemp(folder, "walletport-import-*")
	if err != nil {
		return nil, scratchFault(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(scratchFault(err), f.Close())
	}
	return f, nil
}

const (
	sortedTogether = 16 << 20 // bytes of records that are sorted in memory
	maxRecordBytes = 255
	readAhead      = 64 << 10 // of each run, when they are merged
)

// sorter sorts more records than memory holds: what fits is sorted and written to a scratch
// file as a run, and the runs are merged when they are read. A record is bytes, at most
// maxRecordBytes of them. It is closed after use.
type sorter struct {
	folder string // of scratch files
	room   int    // bytes of records in memory

	records []byte // each behind its length in a byte
	starts  []int
	runs    []*os.File
}

func newSorter(folder string) *sorter { return &sorter{folder: folder, room: sortedTogether} }

// add takes a record.
func (s *sorter) add(record []byte) error {
	if len(s.records)+1+len(record) > s.room {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.starts = append(s.starts, len(s.records))
	s.records = append(append(s.records, byte(len(record))), record...)
	return nil
}

func (s *sorter) at(start int) []byte {
	return s.records[start+1 : start+1+int(s.records[start])]
}

// spill writes what is in memory as a run.
func (s *sorter) spill() error {
	if len(s.starts) == 0 {
		return nil
	}
	slices.SortFunc(s.starts, func(a, b int) int { return bytes.Compare(s.at(a), s.at(b)) })
	f, err := scratchFile(s.folder)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f)
	w := bufio.NewWriterSize(f, readAhead)
	for _, start := range s.starts {
		if _, err := w.Write(s.records[start : start+1+int(s.records[start])]); err != nil {
			return scratchFault(err)
		}
	}
	if err := w.Flush(); err != nil {
		return scratchFault(err)
	}
	s.records, s.starts = s.records[:0], s.starts[:0]
	return nil
}

// each hands out all records in their order. The bytes are good until the next one. It may be
// called again.
func (s *sorter) each(take func(record []byte) error) error {
	if err := s.spill(); err != nil {
		return err
	}
	s.records, s.starts = nil, nil
	var heads runHeads
	for _, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return scratchFault(err)
		}
		head := &runHead{r: bufio.NewReaderSize(f, readAhead)}
		if err := head.next(); err != nil {
			return err
		}
		heads = append(heads, head)
	}
	heap.Init(&heads)
	for len(heads) > 0 {
		first := heads[0]
		if err := take(first.record); err != nil {
			return err
		}
		err := first.next()
		switch {
		case errors.Is(err, io.EOF):
			heap.Pop(&heads)
		case err != nil:
			return err
		default:
			heap.Fix(&heads, 0)
		}
	}
	return nil
}

func (s *sorter) close() {
	for _, f := range s.runs {
		f.Close()
	}
	s.runs = nil
}

// runHead is the first record of a run that was not handed out.
type runHead struct {
	r      *bufio.Reader
	record []byte
	space  [maxRecordBytes]byte
}

// next reads the record behind; io.EOF says that there is none.
func (h *runHead) next() error {
	n, err := h.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return err
	}
	if err == nil {
		h.record = h.space[:n]
		_, err = io.ReadFull(h.r, h.record)
	}
	if err != nil {
		return scratchFault(err)
	}
	return nil
}

// runHeads is a heap.
type runHeads []*runHead

func (h runHeads) Len() int           { return len(h) }
func (h runHeads) Less(i, j int) bool { return bytes.Compare(h[i].record, h[j].record) < 0 }
func (h runHeads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeads) Push(x any)        { *h = append(*h, x.(*runHead)) }
func (h *runHeads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
