package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// clickToPayRates is what a row gives on one database.
type clickToPayRates struct {
	accepted, begun, completed latencies // of the 202; from it until Visa is asked; from it until the end
	perCPUSecond               float64   // requests brought to their end, where it is known how many
	memory                     int       // the most that was resident at once, kB, of the server that used most
	enrol                      enrolRates
	minutes                    []minute // of a long row
}

// measureRow makes the row's calls in an open loop and waits until all are completed. When
// they were begun and completed stands in their rows, by the clock of the database.
func (b clickToPayBench) measureRow(ctx context.Context, h *clickToPayHouse, servers []*running, row clickToPayRow) (rates clickToPayRates, err error) {
	first, count := h.next, row.calls()
	h.next += count
	stop := func() (enrolRates, error) { return enrolRates{}, nil }
	switch row.beside {
	case besidePortfolio:
		if stop, err = startEnrol(h.setup, row.portfolio); err != nil {
			return rates, err
		}
	case besideWaiting:
		if err := h.stick(ctx, servers); err != nil {
			return rates, err
		}
	case besideFailing:
		if err := h.untilTried(ctx, h.seeded-1); err != nil {
			return rates, err
		}
	case besideNothing, besideDue:
	}
	before, err := cpuTimes(servers)
	if err != nil {
		return rates, err
	}
	stopWatching := watchStolen()
	measured, err := openLoop(ctx, h.enrolments(servers, first), float64(row.rate), row.span)
	stolen, watchErr := stopWatching()
	enrol, stopErr := stop()
	if err := errors.Join(err, watchErr, stopErr); err != nil {
		return rates, err
	}
	patience := cmp.Or(row.patience, endWithin)
	begun, completed, err := h.ends(ctx, first, count, patience)
	if err != nil {
		return rates, err
	}
	done := count
	if row.beside == besideDue {
		if _, _, err := h.ends(ctx, h.seeded-row.seeds, row.seeds, patience); err != nil {
			return rates, err
		}
		done += row.seeds
	}
	after, err := cpuTimes(servers)
	if err != nil {
		return rates, err
	}
	if row.span >= longRow {
		rates.minutes = minutesOf(row.rate, measured, completed, stolen)
	}
	rates = clickToPayRates{accepted: latenciesOf(measured), begun: latenciesOf(begun), completed: latenciesOf(completed), enrol: enrol}
	if row.beside == besideNothing || row.beside == besideDue {
		rates.perCPUSecond = float64(done) / (after - before).Seconds()
	}
	for _, r := range servers {
		memory, err := peakMemory(r.cmd.Process.Pid)
		if err != nil {
			return rates, err
		}
		rates.memory = max(rates.memory, memory)
	}
	return rates, nil
}

// endWithin is how long after the last call its request may take, where nothing is before it.
const endWithin = time.Minute

// ends waits for the requests of the customers, and returns from when they were accepted how
// long it took until Visa was asked, and until they were completed.
func (h *clickToPayHouse) ends(ctx context.Context, first, count int, within time.Duration) (begun, completed []time.Duration, err error) {
	deadline := time.Now().Add(within)
	for n := first; n < first+count; {
		r, err := h.requestOf(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case r.State == storage.RequestCompleted && r.Result != storage.RequestSucceeded:
			return nil, nil, fmt.Errorf("a request failed: %v", r.Faults)
		case r.State == storage.RequestCompleted:
			begun, completed = append(begun, r.SentAt.Sub(r.AcceptAt)), append(completed, r.EndedAt.Sub(r.AcceptAt))
			n++
		case time.Now().After(deadline):
			return nil, nil, fmt.Errorf("%d of %d requests are not completed %s after the last call", first+count-n, count, within)
		default:
			time.Sleep(100 * time.Millisecond)
		}
	}
	return begun, completed, nil
}

// requestOf returns the one request of a customer.
func (h *clickToPayHouse) requestOf(ctx context.Context, number int) (none storage.EnrolmentRequest, _ error) {
	customer, err := h.store.Customer(ctx, walletport.CustomerKey{Issuer: benchIssuer, Number: strconv.Itoa(number)})
	if err != nil {
		return none, err
	}
	found, err := h.store.EnrolmentRequestsBefore(ctx, storage.RequestFilter{Customer: customer.ID}, 0, 2)
	if err != nil {
		return none, err
	}
	if len(found) != 1 {
		return none, fmt.Errorf("a customer has %d requests", len(found))
	}
	return found[0], nil
}

func printClickToPayHead(out io.Writer) {
	fmt.Fprintf(out, "\n| enrolments: TLS 1.3, Basic, durable audit; Visa takes %s for each step | database | calls/s | 202: p50 | p99 "+
		"| to the call of Visa: p50 | p99 | to COMPLETED: p50 | p99 | per server CPU-second | serve, most resident | `enrol` |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", stepDelay)
}

func (r clickToPayRow) print(out io.Writer, database string, rates clickToPayRates) {
	perCPUSecond := ""
	if rates.perCPUSecond > 0 {
		perCPUSecond = fmt.Sprintf("%.0f", rates.perCPUSecond)
	}
	fmt.Fprintf(out, "| %s | %s | %d | %s | %s | %s | %s | %s | %s | %s | %d MB | %s |\n", r.title, database, r.rate,
		ms(rates.accepted.p50), ms(rates.accepted.p99), ms(rates.begun.p50), ms(rates.begun.p99),
		ms(rates.completed.p50), ms(rates.completed.p99), perCPUSecond, rates.memory/1024, rates.enrol)
}
