package config

import (
	"errors"
	"fmt"
)

// endedSettings are settings of earlier releases that have no effect any more, by their names,
// and what to know instead. A configuration that has one is taken, with a doubt.
var endedSettings = map[string]string{
	"audit.max_linger": "audit.max_age alone says how long a record waits for others",
	"audit.max_await":  "audit.max_age alone says how long a record waits for others",
}

// endedError is the problem of a setting that has ended, which keeps no server from starting.
type endedError struct{ where, instead string }

func (e endedError) Error() string {
	return fmt.Sprintf("%s: this setting of an earlier release has no effect any more, remove it: %s", e.where, e.instead)
}

// withoutEnded returns the problems of other settings, and what is to be said of those that
// have ended.
func withoutEnded(problems []error) (others []error, doubts []string) {
	for _, p := range problems {
		if ended, ok := errors.AsType[endedError](p); ok {
			doubts = append(doubts, ended.Error())
			continue
		}
		others = append(others, p)
	}
	return others, doubts
}
