package clicktopay

import (
	"runtime"

	"github.com/walletport/walletport/scheme"
)

// turns are as many as there are processors. To open an answer is an RSA operation of a
// millisecond and the most that a request costs. While more attempts than turns have
// answers, the others wait here, and not in the queue of the processors, in which all who
// ask the API would stand between them.
var turns = make(chan struct{}, runtime.GOMAXPROCS(0))

// commandInTurn has the command's answer read in a turn.
func commandInTurn(c scheme.Command) scheme.Command {
	read := c.Read
	c.Read = func(a scheme.Answer) scheme.Outcome {
		turns <- struct{}{}
		defer func() { <-turns }()
		return read(a)
	}
	return c
}

// queryInTurn has the query's answer read in a turn.
func queryInTurn[T any](q scheme.Query[T]) scheme.Query[T] {
	read := q.Read
	q.Read = func(a scheme.Answer) (T, error) {
		turns <- struct{}{}
		defer func() { <-turns }()
		return read(a)
	}
	return q
}
