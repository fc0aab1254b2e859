package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// listedToken is a token as GET /v1/card/{cardId}/tokens has it.
type listedToken struct {
	Reference string `json:"tokenUniqueReferenceId"`
	Requestor string `json:"tokenRequestorId"`
	Number    string `json:"tokenNumber"`
	ID        string `json:"tokenId"`
	Provider  string `json:"walletProvider"`
	Status    string `json:"status"`
}

// mustList returns the tokens of a card.
func (s *sandbox) mustList(t *testing.T, id int64) (tokens []listedToken) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/v1/card/%d/tokens?auditUser=ada%%40bank.example", s.file.BaseURL, id), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	c := s.caller()
	c.authorize(r)
	a := c.do(r)
	if err := json.Unmarshal([]byte(a.body), &tokens); a.status != http.StatusOK || err != nil || tokens == nil {
		t.Fatalf("the tokens of card %d: %d %s %v", id, a.status, a.body, a.err)
	}
	if strings.Contains(a.body, s.file.mustCard(t, id).PAN) {
		t.Error("a list has a card number")
	}
	return tokens
}

// mustFind waits until the card has one token listed.
func (s *sandbox) mustFind(t *testing.T, id int64) (token listedToken) {
	t.Helper()
	eventually(t, "the token of the card is listed", func() bool {
		tokens := s.mustList(t, id)
		if len(tokens) == 1 {
			token = tokens[0]
		}
		return len(tokens) == 1
	})
	return token
}

// TestACardInAWalletHasItsTokenListed: what the sandbox's wallet has put into the schemes is
// found over their interfaces, is the same after a kill, and follows what others do.
func TestACardInAWalletHasItsTokenListed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "box")
	box := mustSandbox(t, dir, "")
	if tokens := box.mustList(t, goodCard+1); len(tokens) != 0 {
		t.Errorf("a card in no wallet has %d tokens", len(tokens))
	}
	schemes := map[int64]string{mastercardCard: "mdes", visaCard: "vts"}
	before := map[int64]listedToken{}
	for id := range schemes {
		box.wantApplePay(t, id)
		before[id] = box.mustFind(t, id)
		if got := before[id]; got.Reference == "" || got.ID == "" || got.Status != "ACTIVE" || got.Provider != "Apple Pay" {
			t.Errorf("card %d has the token %+v", id, got)
		}
	}
	if number := before[visaCard].Number; strings.Count(number, "*") != 6 {
		t.Error("the number of a token is not masked") // Mastercard tells the last four digits alone
	}
	box.mustKill(t)

	box = mustSandbox(t, dir, "")
	for id, scheme := range schemes {
		if got := box.mustFind(t, id); got != before[id] {
			t.Errorf("after the kill: %+v, before %+v", got, before[id])
		}
		at := box.file.SandboxURL + "/" + scheme + "/tokens/" + before[id].Reference
		if a := box.send(t, http.MethodPost, at, `{"as":"CARDHOLDER","do":"suspend"}`, ""); a.status != http.StatusOK {
			t.Fatalf("the cardholder: %d %s", a.status, a.body)
		}
	}
	for id := range schemes {
		eventually(t, "the list tells what the cardholder did", func() bool { return box.mustFind(t, id).Status == "SUSPENDED" })
	}
	box.mustStop(t)
}
