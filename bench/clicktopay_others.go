package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// stick has a customer enrolled whom Visa never gets done with.
func (h *clickToPayHouse) stick(ctx context.Context, servers []*running) error {
	customer := h.next
	h.next++
	if _, err := h.atVisa(ctx, customer, `{"as": "VISA", "do": "stall"}`); err != nil {
		return err
	}
	return h.enrolments(servers, customer).call(ctx, 0)
}

// lock has another writer take a customer's lock at Visa, for good.
func (h *clickToPayHouse) lock(ctx context.Context, customer int) error {
	_, err := h.atVisa(ctx, customer, `{"as": "ANOTHER_WRITER", "do": "lock"}`)
	return err
}

// triedWithin is how long it may take until each request that fails was tried once.
const triedWithin = 10 * time.Minute

// untilTried waits until Visa has refused a customer's request for the first time.
func (h *clickToPayHouse) untilTried(ctx context.Context, customer int) error {
	for deadline := time.Now().Add(triedWithin); ; time.Sleep(100 * time.Millisecond) {
		truth, err := h.atVisa(ctx, customer, "")
		switch {
		case err != nil:
			return err
		case truth.Conflicts > 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("a request that is to fail was not tried within %s", triedWithin)
		}
	}
}

// truthAtVisa is what the stand-in tells of a consumer.
type truthAtVisa struct {
	Conflicts int `json:"conflicts"` // requests that met somebody else's lock
}

// atVisa does what somebody else does to a consumer there; without an act it looks.
func (h *clickToPayHouse) atVisa(ctx context.Context, customer int, act string) (truth truthAtVisa, err error) {
	method := http.MethodPost
	if act == "" {
		method = http.MethodGet
	}
	url := fmt.Sprintf("%s/consumers/%s/%d", h.visaURL, benchBID, customer)
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(act))
	if err != nil {
		return truth, err
	}
	if act != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return truth, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return truth, err
	}
	if resp.StatusCode != http.StatusOK {
		return truth, fmt.Errorf("the stand-in for Visa: status %d", resp.StatusCode)
	}
	return truth, json.Unmarshal(answer, &truth)
}
