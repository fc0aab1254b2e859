package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// tokenSteps are the lives of a token of each scheme. Visa does not tell who suspended a
// token, and lets the issuer resume each.
func (d *demo) tokenSteps() []demoStep {
	mastercard := &tokenDemo{demo: d, card: demoCardID, wallet: demoProvider, path: "mdes", faulty: "suspend"}
	visa := &tokenDemo{demo: d, card: demoVisaCardID, wallet: "Google Pay", path: "vts", faulty: "lifecycle"}
	return []demoStep{
		{"list the tokens of the MASTERCARD card", mastercard.list},
		{"the phone is mislaid: suspend its token; it is found: resume it", mastercard.suspendAndResume},
		{"suspend it again: the scheme does it, and its answer is lost", mastercard.loseAnswer},
		{"its cardholder suspends it too, on the phone: a resume takes the issuer's own hold back, and no other", mastercard.resumeShared},
		{"deactivate it for good", mastercard.deactivate},
		{"list the tokens of the VISA card", visa.list},
		{"suspend one of them and resume it", visa.suspendAndResume},
		{"suspend it again: the scheme does it, and its answer is lost", visa.loseAnswer},
		{"deactivate it for good", visa.deactivate},
	}
}

// tokenDemo is the life of one token.
type tokenDemo struct {
	*demo

	card   int64
	wallet string // whose token it is
	path   string // of the simulated scheme, below the sandbox's
	faulty string // the scheme's own name of a suspension

	token demoToken
}

// demoToken is a token as the API lists it.
type demoToken struct {
	ID        string `json:"tokenId"`
	Reference string `json:"tokenUniqueReferenceId"`
	Wallet    string `json:"walletProvider"`
	Status    string `json:"status"`
}

// list lists the tokens of the card. The first one of t.wallet is the one that the other
// steps change.
func (t *tokenDemo) list(ctx context.Context) error {
	path := fmt.Sprintf("/v1/card/%d/tokens", t.card)
	t.printf("   GET /wallet%s\n", path)
	status, body, err := t.request(ctx, http.MethodGet, path, "")
	if err != nil {
		return err
	}
	var tokens []demoToken
	if err := json.Unmarshal(body, &tokens); err != nil || status != http.StatusOK {
		return fmt.Errorf("status %d: %s", status, body)
	}
	for _, token := range tokens {
		t.printf("   token %-3s %-12s %s\n", token.ID, token.Wallet, token.Status)
		if token.Wallet == t.wallet && t.token.ID == "" {
			t.token = token
		}
	}
	if t.token.ID == "" {
		return errors.New("the token is not listed")
	}
	return nil
}

// request makes a call of the API.
func (t *tokenDemo) request(ctx context.Context, method, path, reason string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, t.File.BaseURL+path+demoAuditUser, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	if reason != "" {
		req.Header.Set("X-Reason", reason)
	}
	who := t.File.Credentials.Basic
	req.SetBasicAuth(who.Username, who.Password)
	return t.do(req)
}

// ask asks for a change of the token, and prints how it is asked for.
func (t *tokenDemo) ask(ctx context.Context, action walletport.TokenAction, reason walletport.TokenReason) (int, []byte, error) {
	path := fmt.Sprintf("/v1/tokens/%s/%s", t.token.ID, action)
	t.printf("   PUT /wallet%s", path)
	if reason != "" {
		t.printf(", X-Reason: %s", reason)
	}
	t.printf("\n")
	return t.request(ctx, http.MethodPut, path, string(reason))
}

// change has the token changed, which must be in a state after it.
func (t *tokenDemo) change(ctx context.Context, action walletport.TokenAction, reason walletport.TokenReason, want walletport.TokenStatus) error {
	status, body, err := t.ask(ctx, action, reason)
	if err != nil {
		return err
	}
	var after demoToken
	if err := json.Unmarshal(body, &after); err != nil || status != http.StatusOK || after.Status != string(want) {
		return fmt.Errorf("status %d, want %s: %s", status, want, body)
	}
	t.printf("   200 %s\n", after.Status)
	return nil
}

// mustNot asks for a change that must be refused.
func (t *tokenDemo) mustNot(ctx context.Context, action walletport.TokenAction, code string) error {
	status, body, err := t.ask(ctx, action, "")
	if err != nil {
		return err
	}
	if status != http.StatusConflict {
		return fmt.Errorf("status %d: %s", status, body)
	}
	return t.printProblem(body, status, code)
}

func (t *tokenDemo) suspendAndResume(ctx context.Context) error {
	if err := t.change(ctx, walletport.TokenSuspend, walletport.TokenReasonLost, walletport.TokenSuspended); err != nil {
		return err
	}
	return t.change(ctx, walletport.TokenResume, "", walletport.TokenActive)
}

// loseAnswer has the scheme keep its answer to a suspension back. It is found out what
// became of it, and it is not sent again.
func (t *tokenDemo) loseAnswer(ctx context.Context) error {
	before, err := t.truth(ctx)
	if err != nil {
		return err
	}
	fault := object{"scheme": t.path, "call": t.faulty, "fault": "drop_after_commit", "times": 1}
	if _, err := t.send(ctx, t.File.SandboxURL+"/faults", fault, nil, http.StatusCreated); err != nil {
		return err
	}
	status, body, err := t.ask(ctx, walletport.TokenSuspend, walletport.TokenReasonStolen)
	if err != nil {
		return err
	}
	var after demoToken
	if err := json.Unmarshal(body, &after); err != nil || status != http.StatusOK || after.Status != string(walletport.TokenSuspended) {
		return fmt.Errorf("status %d: %s", status, body)
	}
	truth, err := t.truth(ctx)
	if err != nil {
		return err
	}
	if len(truth.History) != len(before.History)+1 {
		return fmt.Errorf("the scheme has %d changes of it more, want one", len(truth.History)-len(before.History))
	}
	t.printf("   200 %s, as the scheme was asked what became of it; it was sent once\n", after.Status)
	return nil
}

// truth is what the simulated scheme knows of the token.
func (t *tokenDemo) truth(ctx context.Context) (truth sim.Truth, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.outside(), http.NoBody)
	if err != nil {
		return truth, err
	}
	body, err := t.expect(req, http.StatusOK)
	if err != nil {
		return truth, fmt.Errorf("the scheme's truth: %w", err)
	}
	return truth, json.Unmarshal(body, &truth)
}

// outside is where others than the issuer do things to the token.
func (t *tokenDemo) outside() string {
	return t.File.SandboxURL + "/" + t.path + "/tokens/" + t.token.Reference
}

func (t *tokenDemo) resumeShared(ctx context.Context) error {
	deed := object{"as": "CARDHOLDER", "do": "suspend"}
	if _, err := t.send(ctx, t.outside(), deed, nil, http.StatusOK); err != nil {
		return err
	}
	if err := t.change(ctx, walletport.TokenResume, "", walletport.TokenSuspended); err != nil {
		return err
	}
	return t.mustNot(ctx, walletport.TokenResume, "suspended_by_others")
}

func (t *tokenDemo) deactivate(ctx context.Context) error {
	if err := t.change(ctx, walletport.TokenDeactivate, walletport.TokenReasonStolen, walletport.TokenDeactivated); err != nil {
		return err
	}
	return t.mustNot(ctx, walletport.TokenResume, "token_transition_not_allowed")
}
