package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/storage"
)

type clickToPayStatusCommand struct {
	ID   string `arg:"" help:"Id of the request, as whoever asked was given it."`
	JSON bool   `help:"Print JSON."`
	location
}

func (clickToPayStatusCommand) Help() string {
	return `Everything that is known of a request: who asked for what, how far it has come, and what was wrong. Nothing personal of the
customer is shown. Visa is not asked.

Examples:
  walletport clicktopay status 3f0c1f2a-6b0e-4f6f-9a55-0d6f3f6b8f10 --config walletport.yaml
  walletport clicktopay status 3f0c1f2a-6b0e-4f6f-9a55-0d6f3f6b8f10 --json --dir my-sandbox`
}

func (c clickToPayStatusCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		flow, err := o.clickToPay()
		if err != nil {
			return err
		}
		status, err := flow.Status(ctx, clicktopay.StatusRequest{ID: c.ID, AuditUser: osUser(), Channel: clicktopay.ChannelCommand})
		if err != nil {
			return err
		}
		behind, err := o.waitsBehind(ctx, &status.Request)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(con.Out).Encode(struct {
				requestJSON
				WaitsBehind string `json:"waitsBehind"` // id of the open request that is done before; "" if there is none
			}{requestOf(status.Request), behind})
		}
		at, err := o.db.Now(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(con.Out, requestText(&status.Request, behind, at))
		return err
	})
}

// waitsBehind returns the id of the open request after which this one is done, "" if there is
// none: requests of a customer are done one after the other, whatever their BID.
func (o *operator) waitsBehind(ctx context.Context, r *storage.EnrolmentRequest) (string, error) {
	if r.State == storage.RequestCompleted {
		return "", nil
	}
	filter := storage.RequestFilter{Issuer: r.Issuer, Customer: r.Customer, IsOpen: true}
	earlier, err := o.db.EnrolmentRequestsBefore(ctx, filter, r.No, 1)
	if err != nil || len(earlier) == 0 {
		return "", err
	}
	return earlier[0].ID, nil
}

// requestJSON is a request of Click to Pay as scripts read it.
type requestJSON struct {
	ID        string      `json:"requestId"`
	Issuer    string      `json:"issuer"`
	Customer  string      `json:"customerId"`
	BID       string      `json:"customerBID"`
	CardID    *int64      `json:"cardId"` // null of an action that is about none
	Action    string      `json:"action"`
	State     string      `json:"state"`
	Result    string      `json:"result"` // SUCCESS or FAILED; "" until it is completed
	Faults    []faultJSON `json:"faults"`
	Reference string      `json:"visaTraceId"` // "" until Visa took it
	Sends     int         `json:"sends"`
	AcceptAt  *time.Time  `json:"acceptedAt"`
	SentAt    *time.Time  `json:"sentAt"`
	UpdatedAt *time.Time  `json:"stateSince"`
	EndedAt   *time.Time  `json:"completedAt"`
	By        string      `json:"by"`
	Client    string      `json:"client"` // API client; "" for others
	Channel   string      `json:"channel"`
}

type faultJSON struct {
	Field   string `json:"field"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func requestOf(r storage.EnrolmentRequest) requestJSON {
	shown := requestJSON{
		ID: r.ID, Issuer: string(r.Issuer), Customer: r.Number, BID: r.BID, CardID: cardJSON(r.CardID), Action: string(r.Action), State: string(r.State),
		Result: string(r.Result), Faults: []faultJSON{}, Reference: r.Reference, Sends: r.Sends, AcceptAt: momentJSON(r.AcceptAt), SentAt: momentJSON(r.SentAt),
		UpdatedAt: momentJSON(r.UpdatedAt), EndedAt: momentJSON(r.EndedAt), By: string(r.By), Client: r.Client, Channel: string(r.Channel),
	}
	for _, f := range r.Faults {
		shown.Faults = append(shown.Faults, faultJSON(f))
	}
	return shown
}

// requestText is a request on one screen; behind is the one that is done before.
func requestText(r *storage.EnrolmentRequest, behind string, at time.Time) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-12s%s\n", name, wrapped(value, 14))
		}
	}
	fmt.Fprintf(&b, "Request %s\n", r.ID)
	line("Asked for", strings.ReplaceAll(string(r.Action), "_", " ")+askedOf(r))
	line("By", askedBy(r))
	line("Accepted", momentText(r.AcceptAt, at))
	line("State", stateText(r)+", "+momentText(r.UpdatedAt, at))
	if behind != "" {
		line("Waits for", "request "+behind)
	}
	if r.Sends > 0 {
		line("Sent", fmt.Sprintf("%s, first %s", counted(r.Sends, "time"), momentText(r.SentAt, at)))
	}
	line("Visa's id", plain(r.Reference))
	for _, f := range r.Faults {
		line("Wrong", strings.TrimPrefix(fmt.Sprintf("%s: %s: %s", f.Field, f.Reason, f.Message), ": "))
	}
	return b.String()
}

func askedOf(r *storage.EnrolmentRequest) string {
	text := fmt.Sprintf(", customer %s of %s with %s", r.Number, r.Issuer, r.BID)
	if r.CardID != 0 {
		text += fmt.Sprintf(", card %s", r.CardID)
	}
	return text
}

func askedBy(r *storage.EnrolmentRequest) string {
	by := plain(string(r.By))
	switch {
	case r.Client != "":
		by += ", client " + plain(r.Client)
	case r.Channel == storage.RequestOfPortfolio:
		by += ", with a portfolio"
	}
	return by
}

func stateText(r *storage.EnrolmentRequest) string {
	switch r.State {
	case storage.RequestAccepted:
		return "accepted: nothing was sent yet"
	case storage.RequestSent:
		return "sent: a server finds out whether Visa took it"
	case storage.RequestInProgress:
		return "in progress at Visa"
	case storage.RequestCompleted:
		return "completed: " + string(r.Result)
	}
	return string(r.State)
}
