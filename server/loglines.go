package server

import (
	"io"
	"sync/atomic"
)

// LogLines is where a server's log lines go. Nobody may be reading it any more, or its disk may
// be full: the server goes on without its log, and readiness warns.
type LogLines struct {
	to   io.Writer
	lost atomic.Bool // the last line
}

// NewLogLines returns lines that go to w.
func NewLogLines(w io.Writer) *LogLines { return &LogLines{to: w} }

// Write implements io.Writer.
func (l *LogLines) Write(line []byte) (int, error) {
	n, err := l.to.Write(line)
	l.lost.Store(err != nil)
	return n, err
}

// warnings says whether log lines are being lost.
func (l *LogLines) warnings() []string {
	if l == nil || !l.lost.Load() {
		return nil
	}
	return []string{"log lines are lost: standard error cannot be written"}
}
