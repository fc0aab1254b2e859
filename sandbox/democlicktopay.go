package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// The sample customer with two Visa cards.
const (
	demoCustomer   = "5003"
	demoSecondCard = 1007
)

// clickToPaySteps lead a customer through Click to Pay, from their enrolment to its end.
func (d *demo) clickToPaySteps() []demoStep {
	c := &clickToPayDemo{demo: d, customer: "/customer/" + demoCustomer, first: fmt.Sprint(demoVisaCardID), second: fmt.Sprint(demoSecondCard)}
	return []demoStep{
		{"enrol a customer for Click to Pay; the server is killed while Visa is at work", c.enrolAcrossKill},
		{"enrol them again: Visa refuses, and what is completed is no success", func(ctx context.Context) error {
			return c.change(ctx, http.MethodPost, "/enroll"+c.customer, object{"cardId": []string{c.first}}, "FAILED VIDC-2000")
		}},
		{"add a second card", func(ctx context.Context) error {
			return c.change(ctx, http.MethodPost, "/enroll/card/"+c.second, nil, "SUCCESS")
		}},
		{"read what Visa has", c.mustRead("ACTIVE", 1, c.first, c.second)},
		{"another address for the card, two e-mail addresses for the customer", c.update},
		{"deactivate the customer's cards", c.deactivate},
		{"delete the customer, and read again", c.delete},
	}
}

// clickToPayDemo is the life of one consumer.
type clickToPayDemo struct {
	*demo

	customer      string // of a path
	first, second string // ids of the cards
}

// call makes a call of Click to Pay, and prints it unless it is the question how far a request
// has come, which is asked again and again.
func (c *clickToPayDemo) call(ctx context.Context, method, path string, body object, want int) ([]byte, error) {
	path = "/v1/click2pay/VISA" + path
	content, header := []byte(nil), http.Header{}
	if method != http.MethodGet {
		if body == nil {
			body = object{}
		}
		body["customerBID"] = clickToPayBID
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
		header.Set("Content-Type", "application/json")
		c.printf("   %s /wallet%s\n", method, path)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.File.BaseURL+path+demoAuditUser, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	req.Header = header
	who := c.File.Credentials.Basic
	req.SetBasicAuth(who.Username, who.Password)
	return c.expect(req, want)
}

// accept has a change accepted, and returns the id to ask for its status with.
func (c *clickToPayDemo) accept(ctx context.Context, method, path string, body object) (string, error) {
	answer, err := c.call(ctx, method, path, body, http.StatusAccepted)
	if err != nil {
		return "", err
	}
	var accepted struct {
		ID string `json:"requestTraceId"`
	}
	if err := json.Unmarshal(answer, &accepted); err != nil {
		return "", err
	}
	c.printf("   202 %s\n", accepted.ID)
	return accepted.ID, nil
}

// state is how far a request has come: IN_PROGRESS, or how it ended.
func (c *clickToPayDemo) state(ctx context.Context, id string) (string, error) {
	answer, err := c.call(ctx, http.MethodGet, "/status/"+id, nil, http.StatusOK)
	if err != nil {
		return "", err
	}
	var said struct {
		Status  string `json:"status"`
		Details struct {
			Status       string `json:"status"`
			ErrorDetails []struct {
				Reason string `json:"reason"`
			} `json:"errorDetails"`
		} `json:"details"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return "", err
	}
	if said.Status != "COMPLETED" {
		return said.Status, nil
	}
	state := said.Details.Status
	for _, fault := range said.Details.ErrorDetails {
		state += " " + fault.Reason
	}
	return state, nil
}

// clickToPayRunning is the state of a request that has not ended.
const clickToPayRunning = "IN_PROGRESS"

// mustEnd asks until a request has ended, which must be as wanted.
func (c *clickToPayDemo) mustEnd(ctx context.Context, id, want string) error {
	var state string
	err := c.until(ctx, demoAsk, func() (_ bool, err error) {
		state, err = c.state(ctx, id)
		return state != clickToPayRunning, err
	})
	if err == nil && state != want {
		err = fmt.Errorf("it ended %s, want %s", state, want)
	}
	if err != nil {
		return err
	}
	c.printf("   GET /wallet/v1/click2pay/VISA/status/%.8s…: COMPLETED, %s\n", id, state)
	return nil
}

// change has a change made, which must end as wanted.
func (c *clickToPayDemo) change(ctx context.Context, method, path string, body object, want string) error {
	id, err := c.accept(ctx, method, path, body)
	if err != nil {
		return err
	}
	return c.mustEnd(ctx, id, want)
}

// enrolAcrossKill kills the server between the answer 202 and the end of the request. Visa is
// held at work meanwhile, so that the request is certainly not done before.
func (c *clickToPayDemo) enrolAcrossKill(ctx context.Context) error {
	process, err := c.serveElsewhere(ctx)
	if err != nil {
		return err
	}
	id, err := c.enrolHeld(ctx)
	kill(process)
	if err != nil {
		return err
	}
	c.printf("   kill -9 %d, which was the server; another one starts on what it left\n", process.Pid)
	c.http.CloseIdleConnections()
	if err := c.serve(ctx); err != nil {
		return err
	}
	if err := c.visa(ctx, "go_on"); err != nil {
		return err
	}
	return c.mustEnd(ctx, id, "SUCCESS")
}

// enrolHeld has the enrolment accepted and taken by Visa, which does not end it.
func (c *clickToPayDemo) enrolHeld(ctx context.Context) (id string, err error) {
	if err := c.visa(ctx, "stall"); err != nil {
		return "", err
	}
	if id, err = c.accept(ctx, http.MethodPost, "/enroll"+c.customer, object{"cardId": []string{c.first}}); err != nil {
		return "", err
	}
	if err := c.until(ctx, demoLook, func() (bool, error) { return c.wasAsked(ctx) }); err != nil {
		return "", err
	}
	state, err := c.state(ctx, id)
	if err != nil {
		return "", err
	}
	if state != clickToPayRunning {
		return "", fmt.Errorf("it is %s already", state)
	}
	c.printf("   GET /wallet/v1/click2pay/VISA/status/%.8s…: %s\n", id, state)
	return id, nil
}

// outside is where Visa does things to the consumer.
func (c *clickToPayDemo) outside() string {
	return c.File.SandboxURL + "/clicktopay/consumers/" + clickToPayBID + "/" + demoCustomer
}

func (c *clickToPayDemo) visa(ctx context.Context, deed string) error {
	_, err := c.send(ctx, c.outside(), object{"as": "VISA", "do": deed}, nil, http.StatusOK)
	return err
}

// wasAsked reports whether the last that Visa saw is the question what became of a request.
// Between two questions the server holds no lease on the job, so the next one goes on at once
// and need not wait for a lease to end.
func (c *clickToPayDemo) wasAsked(ctx context.Context) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.File.SandboxURL+"/clicktopay/reports", http.NoBody)
	if err != nil {
		return false, err
	}
	body, err := c.expect(req, http.StatusOK)
	if err != nil {
		return false, err
	}
	var reports struct {
		Requests []struct {
			Call string `json:"call"`
		} `json:"requests"`
	}
	err = json.Unmarshal(body, &reports)
	return len(reports.Requests) > 0 && reports.Requests[0].Call == "requestStatus", err
}

// mustRead reads what Visa has: the customer in a state, with so many e-mail addresses and
// these cards. Nothing personal is printed.
func (c *clickToPayDemo) mustRead(status string, emails int, cards ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		answer, err := c.call(ctx, http.MethodPost, c.customer, nil, http.StatusOK)
		if err != nil {
			return err
		}
		var has struct {
			Customer struct {
				Status string   `json:"status"`
				Emails []string `json:"email"`
			} `json:"customerInformation"`
			Cards []struct {
				ID string `json:"cardId"`
			} `json:"paymentInstruments"`
		}
		if err := json.Unmarshal(answer, &has); err != nil {
			return err
		}
		var shown []string
		for _, card := range has.Cards {
			shown = append(shown, card.ID)
		}
		slices.Sort(shown)
		c.printf("   200 %s, e-mail addresses: %d, cards: %v\n", has.Customer.Status, len(has.Customer.Emails), shown)
		if has.Customer.Status != status || len(has.Customer.Emails) != emails || !slices.Equal(shown, cards) {
			return errors.New("that is not what was asked for")
		}
		return nil
	}
}

func (c *clickToPayDemo) update(ctx context.Context) error {
	address := object{"cardOverrides": object{"addressLine1": "4 Example Road", "city": "Norfolk"}}
	if err := c.change(ctx, http.MethodPut, "/update/card/"+c.second, address, "SUCCESS"); err != nil {
		return err
	}
	contacts := object{"overrides": object{"emails": []string{"first@mail.example", "second@mail.example"}}}
	if err := c.change(ctx, http.MethodPut, "/update"+c.customer, contacts, "SUCCESS"); err != nil {
		return err
	}
	return c.mustRead("ACTIVE", 2, c.first, c.second)(ctx)
}

// deactivate sends the stored data with it: the overrides were for the calls before.
func (c *clickToPayDemo) deactivate(ctx context.Context) error {
	if err := c.change(ctx, http.MethodPut, "/update"+c.customer+"/status", object{"active": false}, "SUCCESS"); err != nil {
		return err
	}
	return c.mustRead("INACTIVE", 1, c.first, c.second)(ctx)
}

func (c *clickToPayDemo) delete(ctx context.Context) error {
	if err := c.change(ctx, http.MethodPost, "/delete"+c.customer, nil, "SUCCESS"); err != nil {
		return err
	}
	body, err := c.call(ctx, http.MethodPost, c.customer, nil, http.StatusNotFound)
	if err != nil {
		return err
	}
	return c.printProblem(body, http.StatusNotFound, "customer_not_enrolled")
}
