package main

import (
	"fmt"
	"io"
)

// comparison is one job of walletport's encoders beside everybody else who does it.
type comparison struct {
	name  string // as -only matches it
	title string
	sides []side // the first is walletport
	work  rsaWork
}

// side is one way to do a job, in a process of its own.
type side struct {
	name    string
	measure func(m material, what string, seconds int, into any) error
	what    string
}

var comparisons = []comparison{
	{"encoder/mastercard-push", "Mastercard: encrypt + TAV", []side{
		{"walletport", measureSelf, "mastercard-push"},
		{"walletport, keys.rsa: go", measureSelf, "mastercard-push-go"},
		{"npm mastercard-client-encryption + node:crypto signature", measureNode, "mastercard-push"},
	}, pushWork},
	{"encoder/visa-push", "Visa: push JWE", []side{
		{"walletport", measureSelf, "visa-push"},
		{"go-jose v4", measureSelf, "go-jose"},
		{"npm jose", measureNode, "visa-push"},
	}, noRSA},
	{"encoder/apple-mastercard", "Apple Pay, Mastercard: chain + TAV + pass data", []side{
		{"walletport", measureSelf, "apple-mastercard"},
		{"walletport, keys.rsa: go", measureSelf, "apple-mastercard-go"},
		{"node:crypto", measureNode, "apple-mastercard"},
	}, tavWork},
	{"encoder/apple-visa", "Apple Pay, Visa: chain + MBPAC + pass data", []side{
		{"walletport", measureSelf, "apple-visa"},
		{"node:crypto", measureNode, "apple-visa"},
	}, noRSA},
	{"encoder/opaque-card", "Google opaque card, RSA-3072", []side{
		{"walletport", measureSelf, "opaque-card"},
		{"walletport, keys.rsa: go", measureSelf, "opaque-card-go"},
		{"go-crypto openpgp.Encrypt", measureSelf, "go-crypto"},
		{"gpg, a process for each message", measureSelf, "gpg"},
	}, opcWork},
}

// limited reports whether RSA sets a limit to the job.
func (c comparison) limited() bool { return c.work != noRSA }

// names are those of its rows.
func (c comparison) names() []string {
	var names []string
	for _, s := range c.sides {
		names = append(names, s.name)
	}
	if c.limited() {
		names = append(names, "Go's RSA alone: "+c.work.String(), "openssl speed: the same")
	}
	return names
}

// measure returns the rates of one round, in the order of names: jobs a second on
// one core.
func (c comparison) measure(m material, openSSL rsaCosts, seconds int) ([]float64, error) {
	var rates []float64
	for _, s := range c.sides {
		var rate float64
		if err := s.measure(m, s.what, seconds, &rate); err != nil {
			return nil, err
		}
		rates = append(rates, rate)
	}
	if !c.limited() {
		return rates, nil
	}
	limit, err := goRSALimit(m, c.work, seconds)
	return append(rates, limit, openSSL.rate(c.work)), err
}

// benchEncoders runs all sides of all comparisons in turn, rounds times, and prints
// medians.
func (p plan) benchEncoders(out io.Writer, m material) error {
	chosen := pick(comparisons, p.only, func(c comparison) string { return c.name })
	if len(chosen) == 0 {
		return nil
	}
	measured := make([][][]float64, len(chosen))
	for range p.rounds {
		openSSL, err := openSSLCosts(p.seconds)
		if err != nil {
			return err
		}
		for i, c := range chosen {
			rates, err := c.measure(m, openSSL, p.seconds)
			if err != nil {
				return err
			}
			measured[i] = append(measured[i], rates)
		}
	}
	fmt.Fprintf(out, "| encoder, one core, median of %d rounds in turn | | jobs/s | against walletport |\n| --- | --- | --- | --- |\n", p.rounds)
	for i, c := range chosen {
		c.print(out, measured[i])
	}
	return nil
}

func (c comparison) print(out io.Writer, rounds [][]float64) {
	title := c.title
	for column, name := range c.names() {
		rate := medianOf(rounds, func(rates []float64) float64 { return rates[column] })
		ours := medianOf(rounds, func(rates []float64) float64 { return rates[0] })
		fmt.Fprintf(out, "| %s | %s | %.0f | %.2f |\n", title, name, rate, rate/ours)
		title = "" // said once
	}
}
