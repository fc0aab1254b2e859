package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/vault"
)

// cardRates is what a store of one size gives.
type cardRates struct {
	byID, byNumber latencies   // of one caller who asks the store
	call           callSpreads // issuer wallet, Mastercard
	memory         int         // the most that the server had resident, kB
	filled         time.Duration
}

// growCards measures look-ups and the main call at each size.
func (b growthBench) growCards(ctx context.Context, out io.Writer, h *growthHouse, rows []growthRow) error {
	cards, err := server.OpenVault(h.store, h.custody, time.Now)
	if err != nil {
		return err
	}
	for _, row := range rows {
		start := time.Now()
		if err := h.growTo(ctx, row.size); err != nil {
			return fmt.Errorf("%s on %s: %w", row.name, h.database, err)
		}
		rates := cardRates{filled: time.Since(start)}
		if err := b.measureCards(ctx, h, cards, &rates); err != nil {
			return fmt.Errorf("%s on %s: %w", row.name, h.database, err)
		}
		row.printCards(out, h.database, rates)
	}
	return nil
}

// growTo fills the store by the program's own import, so that its pages are as an issuer has them
// after one. It writes each page about once: ten million cards take about as long as the digests of
// their numbers and their sealing do.
func (h *growthHouse) growTo(ctx context.Context, size int) error {
	if err := h.addCards(cardCounts{mastercard: size}); err != nil {
		return err
	}
	raw, err := openRaw(ctx, h.url, h.path)
	if err != nil {
		return err
	}
	defer raw.close()
	return raw.run(ctx, raw.settle())
}

func (b growthBench) measureCards(ctx context.Context, h *growthHouse, cards *vault.Vault, rates *cardRates) (err error) {
	span := time.Duration(b.callSeconds) * time.Second
	if rates.byID, err = oneByOne(span/2, func(n int) error {
		_, err := cards.Find(ctx, walletport.CardID(1+scattered(n, h.cards.mastercard)))
		return err
	}); err != nil {
		return err
	}
	if rates.byNumber, err = oneByOne(span/2, func(n int) error {
		number, err := walletport.ParsePAN(numberOf(walletport.Mastercard, scattered(n, h.cards.mastercard)))
		if err != nil {
			return err
		}
		found, err := cards.FindByPAN(ctx, number)
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("%d cards have one number", len(found))
		}
		return err
	}); err != nil {
		return err
	}
	return h.onServers(ctx, 1, func(servers []*running) (err error) {
		if rates.call, err = b.measureMainCall(ctx, servers, h.cards.mastercard); err != nil {
			return err
		}
		rates.memory, err = peakMemory(servers[0].cmd.Process.Pid)
		return err
	})
}

// oneByOne asks again and again, one question after the other, and returns how long each took.
func oneByOne(span time.Duration, ask func(n int) error) (latencies, error) {
	var all []time.Duration
	for start, n := time.Now(), 0; time.Since(start) < span; n++ {
		asked := time.Now()
		if err := ask(n); err != nil {
			return latencies{}, err
		}
		all = append(all, time.Since(asked))
	}
	return latenciesOf(all), nil
}

// measureMainCall is as measureCalls by the usual engine, of cards all over the store.
func (b growthBench) measureMainCall(ctx context.Context, servers []*running, cards int) (callSpreads, error) {
	r := servers[0]
	t := &target{client: r.client, method: http.MethodPost, username: r.username, password: r.password}
	t.url = func(n int) string {
		return fmt.Sprintf("%s/wallet/v1/%d/provision/issuerwallet/bench-wallet?auditUser=bench", r.url, 1+scattered(n, cards))
	}
	span := time.Duration(b.callSeconds) * time.Second
	rates, err := b.closedRounds(ctx, servers, t, pushWork, span)
	if err != nil {
		return rates, err
	}
	rates.latencySpreads, err = openRounds(ctx, t, rates.perSecond.median/2, b.rounds, span/2)
	return rates, err
}

func printGrowingCardsHead(out io.Writer) {
	fmt.Fprintf(out, "\n| as cards grow | database | cards | look-up by id: p50 | p99 | by number: p50 | p99 | calls/s | calls per server CPU-second "+
		"| share of OpenSSL's RSA | p50 | p99 at half load | serve, most resident | filled in |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
}

func (row growthRow) printCards(out io.Writer, database string, r cardRates) {
	fmt.Fprintf(out, "| Issuer wallet, Mastercard | %s | %d | %s | %s | %s | %s | %.0f | %s | %s | %s | %s | %d MB | %s |\n", database, row.size,
		us(r.byID.p50), us(r.byID.p99), us(r.byNumber.p50), us(r.byNumber.p99), r.call.perSecond.median, r.call.perCPUSecond.rate(), r.call.ofOpenSSL.percent(),
		r.call.p50.milliseconds(), r.call.p99.milliseconds(), r.memory/1024, r.filled.Round(time.Second))
}

func us(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }
