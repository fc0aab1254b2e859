package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	queue "github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// putOff is longer than a run.
const putOff = time.Hour

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

// seed lets requests wait for the next of the customers that are for that, as the row wants them.
func (h *clickToPayHouse) seed(ctx context.Context, row clickToPayRow) error {
	first, end := h.seeded, h.seeded+row.seeds
	h.seeded = end
	if row.beside == besideFailing {
		for n := first; n < end; n++ {
			if err := h.lock(ctx, n); err != nil {
				return err
			}
		}
	}
	now, err := h.store.Now(ctx)
	if err != nil {
		return err
	}
	for from := first; from < end; from += seedTogether {
		wanted, err := h.customersOf(ctx, from, min(from+seedTogether, end))
		if err != nil {
			return err
		}
		err = h.store.Update(ctx, func(tx storage.Tx) error {
			for _, customer := range wanted {
				if err := row.put(tx, customer, now); err != nil {
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

// customersOf returns those with the numbers from first to end-1, in that order.
func (h *clickToPayHouse) customersOf(ctx context.Context, first, end int) ([]storage.Customer, error) {
	var wanted []walletport.CustomerKey
	for n := first; n < end; n++ {
		wanted = append(wanted, walletport.CustomerKey{Issuer: benchIssuer, Number: strconv.Itoa(n)})
	}
	found, err := h.store.CustomersByKey(ctx, wanted)
	if err != nil {
		return nil, err
	}
	if len(found) != len(wanted) {
		return nil, fmt.Errorf("%d of %d customers are there", len(found), len(wanted))
	}
	slices.SortFunc(found, func(a, b storage.Customer) int {
		return cmp.Or(len(a.Number)-len(b.Number), strings.Compare(a.Number, b.Number))
	})
	return found, nil
}

// put puts one request, as the flow accepts it. One that is to fail adds a card to a consumer
// whom Visa keeps locked: enrolling one does not ask for the lock.
func (r clickToPayRow) put(tx storage.Tx, customer storage.Customer, now time.Time) error {
	n, err := strconv.Atoi(customer.Number) // that of the card too
	if err != nil {
		return err
	}
	key := storage.ConsumerKey{Customer: customer.ID, BID: benchBID}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012x", n)
	job := queue.Request{Kind: clicktopay.RequestKind, Key: queue.Key{Of: clicktopay.KeyOf, ID: int64(customer.ID)}}
	channel, action := storage.RequestOfCommand, walletport.EnrolCustomer
	switch {
	case r.beside == besideFailing:
		action = walletport.EnrolCard
	case r.beside == besideWaiting && n%2 == 0:
		job.Kind, channel = clicktopay.PortfolioKind, storage.RequestOfPortfolio
	case r.beside == besideWaiting:
		job.Delay = putOff
	}
	err = tx.UpdateConsumer(key, customer.CustomerKey, func(c storage.Consumer) (storage.Consumer, error) {
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
		ID: id, Action: action, ConsumerKey: key, Issuer: benchIssuer, Number: customer.Number, CardID: walletport.CardID(n),
		Print: make([]byte, 32), State: storage.RequestAccepted, AcceptAt: now, UpdatedAt: now, By: "bench", Channel: channel,
	})
	if err != nil {
		return err
	}
	job.Arg = int64(no)
	_, err = tx.EnqueueJob(job)
	return err
}
