package main

import (
	"fmt"
	"time"
)

// clickToPayRow is a load of single calls, each of which enrols another customer, beside
// something else that goes on.
type clickToPayRow struct {
	name, title string
	rate        int // calls a second
	span        time.Duration
	beside      beside
	seeds       int           // requests that are seeded each time
	portfolio   portfolioRun  // of the command, beside its calls
	patience    time.Duration // how long after the last call the last request may take; 0 is endWithin
	full        bool          // with -full only
}

// beside is what a row's calls are measured beside.
type beside int

const (
	besideNothing beside = iota
	besidePortfolio
	besideWaiting
	besideDue
	besideFailing
)

// portfolioRun is what the command `clicktopay enrol` is asked for.
type portfolioRun struct {
	rate  int  // requests a second
	cards int  // enough for one measurement
	whole bool // it goes on until it is done with all cards
}

const (
	enrolRate  = 200 // requests a second of the command where it is to take what it gets
	enrolSpans = 3   // times callSeconds that it is watched for

	// waiting is how many requests wait in the row clicktopay/waiting. Every second one is of a
	// portfolio and due, so that the server is at work at them; the others are single ones that
	// are put off, as while the scheme is down.
	waiting = 100_000
	// due is how many single requests are due at once in the row clicktopay/due.
	due = 10_000
	// failing is how many single requests fail again and again in the row clicktopay/failing.
	failing = 2_000
)

// clickToPayRows are the rows as a plan has them.
func clickToPayRows(p plan) []clickToPayRow {
	span := time.Duration(p.callSeconds) * time.Second
	taking := portfolioRun{rate: enrolRate, cards: enrolRate * enrolSpans * p.callSeconds * 11 / 10}
	whole := portfolioRun{rate: p.enrolRate, cards: p.enrolCards, whole: true}
	return []clickToPayRow{
		{name: "clicktopay/accept", title: "Many", rate: 200, span: span},
		{name: "clicktopay/completed", title: "Some", rate: 50, span: span},
		{
			name: "clicktopay/enrol", title: fmt.Sprintf("Some, beside `enrol` at %d/s", enrolRate), rate: 50, span: enrolSpans * span,
			beside: besidePortfolio, portfolio: taking,
		},
		{
			name: "clicktopay/enrol-full", title: fmt.Sprintf("Some, beside `enrol` of %d cards at %d/s", whole.cards, whole.rate), rate: 50,
			span: time.Duration(whole.cards) * time.Second / time.Duration(whole.rate), beside: besidePortfolio, portfolio: whole, full: true,
		},
		{
			name: "clicktopay/due", title: fmt.Sprintf("Some, behind %d that are due", due), rate: 50, span: span, beside: besideDue, seeds: due,
			patience: 10 * time.Minute,
		},
		{
			name: "clicktopay/failing", title: fmt.Sprintf("Some, beside %d that fail", failing), rate: 50, span: span, beside: besideFailing,
			seeds: failing,
		},
		{
			name: "clicktopay/waiting", title: fmt.Sprintf("Some, beside %d that wait", waiting), rate: 50, span: span, beside: besideWaiting,
			seeds: waiting,
		},
	}
}

// calls is how many the row makes on one database.
func (r clickToPayRow) calls() int { return int(int64(r.rate) * int64(r.span) / int64(time.Second)) }

// leavesNothing: all that the row asked for is done when it ends.
func (r clickToPayRow) leavesNothing() bool {
	return r.beside == besideNothing || r.beside == besidePortfolio && !r.portfolio.whole
}

// measuredOn returns on how many of so many numbers of replicas the row is measured. The whole
// portfolio takes half an hour, and needs as many customers each time.
func (r clickToPayRow) measuredOn(replicas int) int {
	if r.portfolio.whole {
		return 1
	}
	return replicas
}

// seedsOn reports whether requests are seeded before the measurement with an index: what is put
// off waits for the next one too, what is due is done by then, and what fails is put off.
func (r clickToPayRow) seedsOn(measurement int) bool {
	return r.seeds > 0 && (r.beside != besideWaiting || measurement == 0)
}

// housesOf parts rows: one that leaves something behind has a database of its own.
func housesOf(rows []clickToPayRow) (houses [][]clickToPayRow) {
	var shared []clickToPayRow
	for _, r := range rows {
		if r.leavesNothing() {
			shared = append(shared, r)
			continue
		}
		houses = append(houses, []clickToPayRow{r})
	}
	if len(shared) > 0 {
		houses = append([][]clickToPayRow{shared}, houses...)
	}
	return houses
}

// customers says whom the rows ask for, by their numbers: those of the portfolio come first,
// then those of single calls, then those whose requests are seeded. Nobody is asked for twice.
type customers struct{ portfolio, single, seeded int }

func (c customers) sum() int { return c.portfolio + c.single + c.seeded }

// customersFor is enough for the rows, each measured on so many numbers of replicas.
func customersFor(rows []clickToPayRow, replicas int) (c customers) {
	for _, r := range rows {
		c.portfolio += r.measuredOn(replicas) * r.portfolio.cards
		for measurement := range r.measuredOn(replicas) {
			c.single += r.calls() + 1 // and one who is stuck
			if r.seedsOn(measurement) {
				c.seeded += r.seeds
			}
		}
	}
	return c
}
