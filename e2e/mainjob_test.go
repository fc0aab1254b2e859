package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// report is the answer of a simulated wallet, and of inspect --json.
type report struct {
	Accepted   bool `json:"accepted"`
	FirstFault *struct {
		Code string `json:"code"`
	} `json:"firstFault"`
	Facts struct {
		TAV *struct {
			ValidUntil *time.Time `json:"validUntil"`
		} `json:"tav"`
	} `json:"facts"`
	Token *struct {
		TokenUniqueReference string `json:"tokenUniqueReference"`
		PANUniqueReference   string `json:"panUniqueReference"`
		Status               string `json:"status"`
		AccountPANSuffix     string `json:"accountPanSuffix"`
	} `json:"token"`
}

// mustAdd hands a payload to the wallet's front door, as the app would.
func (s *sandbox) mustAdd(t *testing.T, provider, payload string) report {
	t.Helper()
	body, err := json.Marshal(map[string]string{"walletProvider": provider, "digitizationData": payload})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.file.SandboxURL+"/wallets/issuerwallet/add", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a := s.caller().do(r)
	var found report
	if err := json.Unmarshal([]byte(a.body), &found); err != nil || a.status != http.StatusOK {
		t.Fatalf("the wallet did not answer: %v", a)
	}
	return found
}

// TestMainJob walks the way of a card into a wallet, over HTTP and the command
// line alone, and once more after a restart.
func TestMainJob(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "box")
			first := mustSandbox(t, dir, e.url(t))
			wantPrivate(t, first.path())

			bearer := first.caller()
			bearer.authorize = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+first.file.Credentials.Bearer) }
			basic := first.provisioned(t, first.caller(), wallet, "first-basic")
			first.provisioned(t, bearer, wallet, "first-bearer")
			first.provisioned(t, first.caller(), "acme-watch", "first-watch")
			before := mustExport(t, first.at())
			mustVerify(t, first.at(), before)
			wantRecordOf(t, before, "first-basic", first.file.Credentials.Basic.Username)
			wantRecordOf(t, before, "first-bearer", "sandbox-app@https://tokens.sandbox.walletport.example")
			tokens := first.caller().get("/sandbox/mdes/tokens").body
			first.mustStop(t)

			second := mustSandbox(t, dir, "")
			first.file.MDES.CustomerService.BaseURL = second.file.MDES.CustomerService.BaseURL // has a port of its own each time
			if second.file.MDES != first.file.MDES || second.file.Credentials.Basic != first.file.Credentials.Basic {
				t.Error("the second start has other keys or credentials")
			}
			if got := second.caller().get("/sandbox/mdes/tokens").body; got != tokens || !strings.Contains(got, basic.Token.TokenUniqueReference) {
				t.Errorf("tokens after the restart: %s, before: %s", got, tokens)
			}
			again := second.provisioned(t, second.caller(), wallet, "second-basic")
			if again.Token.PANUniqueReference != basic.Token.PANUniqueReference || again.Token.TokenUniqueReference == basic.Token.TokenUniqueReference {
				t.Errorf("token %+v after the restart, before %+v", again.Token, basic.Token)
			}
			after := mustExport(t, second.at())
			mustVerify(t, second.at(), after)
			wantContinued(t, before, after)
			second.mustStop(t)
		})
	}
}

// provisioned takes one card all the way to an active token.
func (s *sandbox) provisioned(t *testing.T, c caller, provider, requestID string) report {
	t.Helper()
	a := c.provision(goodCard, provider, requestID)
	payload := a.mustPayload(t)
	if got := a.header.Get("X-Request-Id"); got != requestID {
		t.Errorf("X-Request-Id %q, want %q", got, requestID)
	}
	found := s.mustAdd(t, provider, payload)
	if !found.Accepted || found.Token == nil || found.Token.Status != "ACTIVE" || found.Token.AccountPANSuffix != "4444" {
		t.Errorf("MDES answered %+v, token %+v", found, found.Token)
	}
	inspected := run(t, a.body, "inspect", "-", "--keys", s.path(), "--json")
	var seen report
	if err := json.Unmarshal([]byte(inspected.out), &seen); err != nil || inspected.code != 0 || !seen.Accepted {
		t.Errorf("inspect: exit code %d, %s%s", inspected.code, inspected.out, inspected.errOut)
	}
	if strings.Contains(inspected.out, s.file.Cards[0].PAN) {
		t.Error("inspect prints a whole PAN")
	}
	return found
}

func wantPrivate(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("%s has mode %v, want 0600", filepath.Base(path), info.Mode().Perm())
	}
}

func wantRecordOf(t *testing.T, tr trail, requestID, client string) {
	t.Helper()
	found := tr.byID[requestID]
	if len(found) != 1 {
		t.Fatalf("%d records of %s, want 1", len(found), requestID)
	}
	r := found[0]
	if r.Client != client || r.AuditUser != "ada@bank.example" || r.Action != "provision.issuerwallet" || r.Issuer != "acme" ||
		r.CardID != goodCard || r.Wallet != wallet || r.Scheme != "MASTERCARD" || r.Outcome != "ok" || len(r.KeyVersions) != 2 {
		t.Errorf("record of %s: %+v", requestID, r)
	}
}

// wantContinued wants the records of before to stand unchanged at the start of after.
func wantContinued(t *testing.T, before, after trail) {
	t.Helper()
	if len(after.records) <= len(before.records) {
		t.Fatalf("%d records after the restart, %d before", len(after.records), len(before.records))
	}
	for i, r := range before.records {
		if after.records[i].Hash != r.Hash {
			t.Fatalf("record %d changed with the restart", r.Seq)
		}
	}
}
