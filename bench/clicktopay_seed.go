package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	queue "github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// waiting is how many requests wait in the row clicktopay/waiting. Every second one is of a
// portfolio and due, so that the server is at work at them; the others are single ones that are
// put off, as while the scheme is down.
const waiting = 100_000

// putOff is longer than a run.
const putOff = time.Hour

// customers says whom the rows ask for, by their numbers: those of the portfolio come first,
// then those of single calls, then those whose requests wait. Nobody is asked for twice.
type customers struct{ portfolio, single, waiting int }

func (c customers) sum() int { return c.portfolio + c.single + c.waiting }

// customersFor is enough for all rows, on one replica and on two.
func customersFor(callSeconds int) customers {
	c := customers{portfolio: 2 * enrolRate * enrolSpans * callSeconds * 11 / 10, waiting: waiting}
	for _, r := range clickToPayRows {
		c.single += 2 * (r.calls(callSeconds) + 1)
	}
	return c
}

// customerFile makes a customer for each card.
func customerFile(count int) []byte {
	var csv bytes.Buffer
	csv.WriteString("customerId,firstName,lastName,emails,phones,locale,country,addressLine1,city,postalCode,addressCountry," +
		"consentVersion,consentPresenter,consentTime\n")
	for n := 1; n <= count; n++ {
		fmt.Fprintf(&csv, "%d,Test,Cardholder,customer%d@mail.example,4477%08d,en_GB,GBR,%d Example Street,London,N1 1AA,GBR,2026-01,bench,2026-01-15T09:00:00Z\n",
			n, n, n, n)
	}
	return csv.Bytes()
}

// addClickToPay gives the server the keys that it asks Visa with, and the customers.
func (s *setup) addClickToPay(v visaSide, customers int) error {
	for name, content := range map[string][]byte{
		"visa-secret.txt": []byte(v.Secret), "visa-reading.pem": []byte(v.Visa.Certificate), "issuer-reading.pem": []byte(v.Issuer.PrivateKey),
		"customers.csv": customerFile(customers),
	} {
		if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"keys", "import", "clicktopay-api", s.path("visa-secret.txt"), "--alias", visaAPIKey, "--activate"},
		{"keys", "import", "clicktopay-encryption", s.path("visa-reading.pem"), "--alias", visaReading, "--activate"},
		{"keys", "import", "clicktopay-decryption", s.path("issuer-reading.pem"), "--alias", issuerReading, "--activate"},
		{"customers", "import", s.path("customers.csv"), "--issuer", benchIssuer},
	} {
		if _, err := s.command(args...); err != nil {
			return err
		}
	}
	return nil
}

// seedWaiting lets requests wait for so many customers from the first on.
func seedWaiting(ctx context.Context, store storage.Store, first, count int) error {
	now, err := store.Now(ctx)
	if err != nil {
		return err
	}
	for from := first; from < first+count; from += seedTogether {
		err := store.Update(ctx, func(tx storage.Tx) error {
			for n := from; n < min(from+seedTogether, first+count); n++ {
				if err := putWaiting(tx, n, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill with requests: %w", err)
		}
	}
	return nil
}

// putWaiting puts one request, as the flow accepts it.
func putWaiting(tx storage.Tx, n int, now time.Time) error {
	customer := walletport.CustomerKey{Issuer: benchIssuer, Number: fmt.Sprint(n)}
	key := storage.ConsumerKey{Customer: walletport.CustomerID(n), BID: benchBID}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012x", n)
	job := queue.Request{Kind: clicktopay.RequestKind, Key: queue.Key{Of: "customer", ID: int64(n)}, Delay: putOff}
	channel := storage.RequestOfCommand
	if n%2 == 0 {
		job.Kind, job.Delay, channel = clicktopay.PortfolioKind, 0, storage.RequestOfPortfolio
	}
	err := tx.UpdateConsumer(key, customer, func(c storage.Consumer) (storage.Consumer, error) {
		if c.Open != 0 {
			return c, errors.New("somebody was asked for twice")
		}
		c.Open, c.Last = 1, storage.LastRequest{ID: id, Print: make([]byte, 32), IsOpen: true}
		c.Cards = []storage.ConsumerCard{{ID: walletport.CardID(n), State: storage.CardAsked, Since: now}}
		return c, nil
	})
	if err != nil {
		return err
	}
	no, err := tx.AddEnrolmentRequest(storage.EnrolmentRequest{
		ID: id, Action: walletport.EnrolCustomer, ConsumerKey: key, Issuer: benchIssuer, Number: customer.Number, CardID: walletport.CardID(n),
		Print: make([]byte, 32), State: storage.RequestAccepted, AcceptAt: now, UpdatedAt: now, By: "bench", Channel: channel,
	})
	if err != nil {
		return err
	}
	job.Arg = int64(no)
	_, err = tx.EnqueueJob(job)
	return err
}
