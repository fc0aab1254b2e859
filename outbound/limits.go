package outbound

import (
	"cmp"
	"errors"
	"time"
)

// Limits bounds a call. A zero is the default that its comment names.
type Limits struct {
	Connect     time.Duration `setting:"connect"`      // of TCP; 0 is 5s, 10ms to 5m
	TLS         time.Duration `setting:"tls"`          // of the handshake; 0 is 5s, 10ms to 5m
	Headers     time.Duration `setting:"headers"`      // from the request, when it is sent, to the answer's headers; 0 is 10s, 10ms to 5m
	Whole       time.Duration `setting:"whole"`        // of everything after the wait for the call's turn, redirects and the body of the answer too; 0 is 30s, 10ms to 5m
	AnswerBytes int64         `setting:"answer_bytes"` // of the answer's body, decompressed; 0 is 1 MiB, at most 16 MiB
}

const (
	defaultConnect     = 5 * time.Second
	defaultTLS         = 5 * time.Second
	defaultHeaders     = 10 * time.Second
	defaultWhole       = 30 * time.Second
	defaultAnswerBytes = 1 << 20
	maxAnswerBytes     = 16 << 20
	minTime, maxTime   = 10 * time.Millisecond, 5 * time.Minute
	maxHeaderBytes     = 64 << 10 // of an answer
	idleTime           = 90 * time.Second
	maxIdle            = 16 // connections kept for the next call
)

// Validate reports everything that is wrong with l, each with the setting's name.
func (l Limits) Validate() error {
	return errors.Join(
		rule("connect", isBetween(l.Connect, minTime, maxTime), "10ms to 5m, or 0, which is 5s"),
		rule("tls", isBetween(l.TLS, minTime, maxTime), "10ms to 5m, or 0, which is 5s"),
		rule("headers", isBetween(l.Headers, minTime, maxTime), "10ms to 5m, or 0, which is 10s"),
		rule("whole", isBetween(l.Whole, minTime, maxTime), "10ms to 5m, or 0, which is 30s"),
		rule("answer_bytes", isBetween(l.AnswerBytes, 1, maxAnswerBytes), "1 to 16777216 (16 MiB), or 0, which is 1048576"),
	)
}

// WithDefaults returns l with what is in force for fields that are zero.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Connect: cmp.Or(l.Connect, defaultConnect), TLS: cmp.Or(l.TLS, defaultTLS), Headers: cmp.Or(l.Headers, defaultHeaders),
		Whole: cmp.Or(l.Whole, defaultWhole), AnswerBytes: cmp.Or(l.AnswerBytes, defaultAnswerBytes),
	}
}

// rule is an error about a setting, unless it is as it must be.
func rule(setting string, ok bool, must string) error {
	if ok {
		return nil
	}
	return errors.New(setting + ": " + must)
}

// isBetween reports whether a setting is 0, for its default, or between its bounds.
func isBetween[N int | int64 | time.Duration](n, least, most N) bool {
	return n == 0 || n >= least && n <= most
}
