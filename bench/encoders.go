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
	byGo    string // the same with keys.rsa: go, where the job has RSA and we do it
}

var comparisons = []comparison{
	{"encoder/mastercard-push", "Mastercard: encrypt + TAV", []side{
		{"walletport", measureSelf, "mastercard-push", "mastercard-push-go"},
		{"npm mastercard-client-encryption + node:crypto signature", measureNode, "mastercard-push", ""},
	}, pushWork},
	{"encoder/visa-push", "Visa: push JWE", []side{
		{"walletport", measureSelf, "visa-push", ""},
		{"go-jose v4", measureSelf, "go-jose", ""},
		{"npm jose", measureNode, "visa-push", ""},
	}, noRSA},
	{"encoder/apple-mastercard", "Apple Pay, Mastercard: chain + TAV + pass data", []side{
		{"walletport", measureSelf, "apple-mastercard", "apple-mastercard-go"},
		{"node:crypto", measureNode, "apple-mastercard", ""},
	}, tavWork},
	{"encoder/apple-visa", "Apple Pay, Visa: chain + MBPAC + pass data", []side{
		{"walletport", measureSelf, "apple-visa", ""},
		{"node:crypto", measureNode, "apple-visa", ""},
	}, noRSA},
	{"encoder/opaque-card", "Google opaque card, RSA-3072", []side{
		{"walletport", measureSelf, "opaque-card", "opaque-card-go"},
		{"go-crypto openpgp.Encrypt", measureSelf, "go-crypto", ""},
		{"gpg, a process for each message", measureSelf, "gpg", ""},
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

// encoderRates are those of one round: jobs a second on one core.
type encoderRates struct {
	rows []float64 // in the order of names
	byGo float64   // ours with keys.rsa: go; 0 where the engine makes no difference
}

// measure has all sides do the job, one after the other.
func (c comparison) measure(m material, openSSL rsaCosts, seconds int) (rates encoderRates, err error) {
	for _, s := range c.sides {
		var rate float64
		if err := s.measure(m, s.what, seconds, &rate); err != nil {
			return rates, err
		}
		rates.rows = append(rates.rows, rate)
		if s.byGo == "" {
			continue
		}
		if err := s.measure(m, s.byGo, seconds, &rates.byGo); err != nil {
			return rates, err
		}
	}
	if !c.limited() {
		return rates, nil
	}
	limit, err := goRSALimit(m, c.work, seconds)
	rates.rows = append(rates.rows, limit, openSSL.rate(c.work))
	return rates, err
}

// benchEncoders runs all sides of all comparisons in turn, rounds times, and prints
// medians.
func (p plan) benchEncoders(out io.Writer, m material) error {
	chosen := pick(comparisons, p.only, func(c comparison) string { return c.name })
	if len(chosen) == 0 {
		return nil
	}
	measured := make([][]encoderRates, len(chosen))
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
	fmt.Fprintf(out, "| encoder, one core, median of %d rounds in turn | | jobs/s | against walletport | jobs/s with `keys.rsa: go` "+
		"| against that |\n| --- | --- | --- | --- | --- | --- |\n", p.rounds)
	for i, c := range chosen {
		c.print(out, measured[i])
	}
	return nil
}

// print has the rate of walletport by Go's RSA in its own row, and each rate against both.
func (c comparison) print(out io.Writer, rounds []encoderRates) {
	rateOf := func(row int) float64 {
		return medianOf(rounds, func(r encoderRates) float64 { return r.rows[row] })
	}
	byGo := medianOf(rounds, func(r encoderRates) float64 { return r.byGo })
	title := c.title
	for row, name := range c.names() {
		against := spreadOf(rounds, func(r encoderRates) float64 { return r.rows[row] / r.rows[0] })
		goRate, againstGo := "", ""
		if byGo > 0 {
			againstGo = spreadOf(rounds, func(r encoderRates) float64 { return r.rows[row] / r.byGo }).ratio()
		}
		if byGo > 0 && row == 0 {
			goRate = fmt.Sprintf("%.0f", byGo)
		}
		fmt.Fprintf(out, "| %s | %s | %.0f | %s | %s | %s |\n", title, name, rateOf(row), against.ratio(), goRate, againstGo)
		title = "" // said once
	}
}
