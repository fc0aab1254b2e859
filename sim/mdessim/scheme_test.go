package mdessim_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

const testRequestor = "50110030273"

func openScheme(t *testing.T, dir string) *mdessim.Scheme {
	t.Helper()
	s, err := mdessim.New(mdessim.Config{Dir: dir, Keys: simKeys, Rand: rand.Reader, Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // tests that reopen close it themselves
	return s
}

func digitize(t *testing.T, s *mdessim.Scheme, wallet string, r *recipe) mdessim.Report {
	t.Helper()
	report, err := s.Push(t.Context(), sim.Push{TokenRequestorID: testRequestor, Wallet: wallet, Payload: r.text()})
	if err != nil {
		t.Fatal(err)
	}
	return ownReport(report)
}

// ownReport is a report with the types that the scheme put into it.
func ownReport(shared sim.Report) mdessim.Report {
	report := mdessim.Report{Kind: mdessim.Kind(shared.Kind), Verdict: shared.Verdict, Facts: shared.Facts.(mdessim.Facts)}
	if shared.Token != nil {
		report.Token = shared.Token.(*tokenvault.Token)
	}
	return report
}

func TestPushMakesAnActiveToken(t *testing.T) {
	s := openScheme(t, t.TempDir())
	report := digitize(t, s, "acme", newRecipe())
	if !report.Accepted || report.Token == nil {
		t.Fatalf("refused: %+v", report.FirstFault)
	}
	token := *report.Token
	for reference, form := range map[string]string{token.TokenUniqueReference: `^DWSPMC[0-9a-f]{42}$`, token.PANUniqueReference: `^FWSPMC[0-9a-f]{42}$`} {
		if !regexp.MustCompile(form).MatchString(reference) {
			t.Errorf("reference %q is not of the form %s", reference, form)
		}
	}
	want := tokenvault.Token{TokenUniqueReference: token.TokenUniqueReference, PANUniqueReference: token.PANUniqueReference,
		Status: tokenvault.StatusActive, TokenRequestorID: testRequestor, WalletProvider: "acme", AccountPANSuffix: "1471", CreatedAt: testNow, ActivatedAt: &testNow, AccountExpiry: "1228"}
	if diff := cmp.Diff(want, token); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if found, ok := s.Vault().Token(token.TokenUniqueReference); !ok || !cmp.Equal(found, token) {
		t.Errorf("the token is not found again")
	}
	if _, ok := s.Vault().Token("DWSPMC"); ok {
		t.Errorf("a token of nobody is found")
	}
	mustNotShow(t, report, testPAN)
}

func TestPushWithoutTAVNeedsAStepUp(t *testing.T) {
	s := openScheme(t, t.TempDir())
	r := newRecipe()
	r.noTAV = true
	report := digitize(t, s, "acme", r)
	if !report.Accepted || report.Token == nil || report.Token.Status != tokenvault.StatusInactive || report.Token.ActivatedAt != nil {
		t.Errorf("accepted %v, token %+v; want an inactive token", report.Accepted, report.Token)
	}
	if report.FirstFault == nil || report.FirstFault.Code != "tav_missing" {
		t.Errorf("fault %+v, want tav_missing", report.FirstFault)
	}
}

func TestPushRefuses(t *testing.T) {
	s := openScheme(t, t.TempDir())
	for _, c := range mangledPayloads {
		if c.code == "tav_missing" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := newRecipe()
			c.change(r)
			if r.keys != nil {
				t.Skip("needs other keys than this scheme has; see TestEveryFaultIsNamed")
			}
			report := digitize(t, s, "acme", r)
			if report.Accepted || report.Token != nil {
				t.Errorf("accepted with the fault %s", c.code)
			}
		})
	}
	if tokens := s.Vault().Tokens(nil); len(tokens) != 0 {
		t.Errorf("%d tokens of refused cards", len(tokens))
	}
}

func TestReferenceInsteadOfCard(t *testing.T) {
	r := newRecipe()
	r.shape, r.noTAV = "fundingAccountInfo", true
	r.iidd = set("fundingAccountInfo", members{"pushAccountReceipt": "MCC-STL-496B63A8-6943-4E3F-8F36-C2543D898584"})
	report := digitize(t, openScheme(t, t.TempDir()), "acme", r)
	if report.FirstFault == nil || report.FirstFault.Code != "reference_unknown" || report.Token != nil {
		t.Errorf("fault %+v, want reference_unknown", report.FirstFault)
	}
	if report := mdessim.OpenDigitizationData(r.text(), simKeys()); report.Accepted || !checkOf(t, report, "account_reference").Skipped {
		t.Errorf("inspection judges a receipt that only MDES knows")
	}
}

func TestSameCardSamePANReference(t *testing.T) {
	s := openScheme(t, t.TempDir())
	other := newRecipe()
	other.pan = otherPAN
	first, second := digitize(t, s, "acme", newRecipe()).Token, digitize(t, s, "acme", newRecipe()).Token
	elsewhere, another := digitize(t, s, "zeta", newRecipe()).Token, digitize(t, s, "acme", other).Token
	if first.PANUniqueReference != second.PANUniqueReference || first.PANUniqueReference != elsewhere.PANUniqueReference {
		t.Errorf("one card has several PAN references")
	}
	if first.PANUniqueReference == another.PANUniqueReference {
		t.Errorf("two cards share a PAN reference")
	}
	if first.TokenUniqueReference == second.TokenUniqueReference {
		t.Errorf("two digitizations share a token")
	}
}

func TestTokensSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	s := openScheme(t, dir)
	before := digitize(t, s, "acme", newRecipe()).Token
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openScheme(t, dir)
	if diff := cmp.Diff([]tokenvault.Token{*before}, s.Vault().Tokens(nil)); diff != "" {
		t.Errorf("tokens after a restart (-want +got):\n%s", diff)
	}
	if after := digitize(t, s, "acme", newRecipe()).Token; after.PANUniqueReference != before.PANUniqueReference {
		t.Errorf("the PAN reference changed over a restart")
	}
	if data := must(os.ReadFile(filepath.Join(dir, "tokens.jsonl"))); bytes.Contains(data, []byte(testPAN)) || bytes.Count(data, []byte("\n")) != 2 {
		t.Errorf("the record holds a PAN, or not two lines")
	}
	for _, name := range []string{"tokens.jsonl", "pan-reference.key"} {
		if mode := must(os.Stat(filepath.Join(dir, name))).Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
}

func TestNewAsksForWhatItNeeds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, reason string
		config       mdessim.Config
	}{
		{"a folder", "config_incomplete", mdessim.Config{Keys: simKeys, Rand: rand.Reader}},
		{"keys", "config_incomplete", mdessim.Config{Dir: t.TempDir(), Rand: rand.Reader}},
		{"randomness", "config_incomplete", mdessim.Config{Dir: t.TempDir(), Keys: simKeys}},
		{"randomness that works", "random", mdessim.Config{Dir: t.TempDir(), Keys: simKeys, Rand: iotest.ErrReader(os.ErrClosed)}},
		{"a folder that is one", "store_unavailable", mdessim.Config{Dir: file, Keys: simKeys, Rand: rand.Reader}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := mdessim.New(c.config); walletport.ReasonOf(err) != c.reason {
				t.Errorf("error %v, want reason %s", err, c.reason)
			}
		})
	}
}

func TestPushErrors(t *testing.T) {
	s := openScheme(t, t.TempDir())
	request := sim.Push{TokenRequestorID: testRequestor, Wallet: "acme", Payload: newRecipe().text()}
	for _, id := range []string{"", "5011003027", "5011003027x"} {
		bad := request
		bad.TokenRequestorID = id
		if _, err := s.Push(t.Context(), bad); walletport.ReasonOf(err) != "token_requestor_id" {
			t.Errorf("requestor of %d characters: %v", len(id), err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Push(gone, request); walletport.CodeOf(err) != walletport.CodeUnavailable {
		t.Errorf("given up: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Push(t.Context(), request); walletport.ReasonOf(err) != "store_unavailable" {
		t.Errorf("without its file: %v", err)
	}
	if tokens := s.Vault().Tokens(nil); len(tokens) != 0 {
		t.Errorf("a token that was not written is told of")
	}
	if _, err := s.Enrol(t.Context(), sim.Enrolment{}); walletport.ReasonOf(err) != "token_requestor_id" {
		t.Errorf("an enrolment of nobody: %v", err)
	}
}

func TestPushAtOnceLosesNothing(t *testing.T) {
	dir := t.TempDir()
	s := openScheme(t, dir)
	text := newRecipe().text()
	const callers, calls = 4, 5
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range calls {
				if _, err := s.Push(t.Context(), sim.Push{TokenRequestorID: testRequestor, Wallet: "acme", Payload: text}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	distinct := map[string]bool{}
	for _, token := range openScheme(t, dir).Vault().Tokens(nil) {
		distinct[token.TokenUniqueReference] = true
	}
	if len(distinct) != callers*calls {
		t.Errorf("%d tokens, want %d", len(distinct), callers*calls)
	}
}

func TestJSONOfAnAnswer(t *testing.T) {
	s := openScheme(t, t.TempDir())
	if empty := must(s.TokensJSON()); string(empty) != "[]" {
		t.Errorf("no tokens are %s", empty)
	}
	push := func(text string) []byte {
		return must(json.Marshal(must(s.Push(t.Context(), sim.Push{TokenRequestorID: testRequestor, Wallet: "acme", Payload: text}))))
	}
	var answer struct {
		Accepted bool
		Checks   []struct {
			Name, Detail string
			OK           *bool
		}
		FirstFault *struct{ Code, Detail, Remedy string }
		Token      *struct{ TokenUniqueReference, PANUniqueReference, Status string }
	}
	good := push(newRecipe().text())
	if err := json.Unmarshal(good, &answer); err != nil || !answer.Accepted || answer.FirstFault != nil || answer.Token == nil || answer.Checks[0].OK == nil {
		t.Errorf("answer %s: %v", good, err)
	}
	answer.Token = nil
	bad := push("x")
	if err := json.Unmarshal(bad, &answer); err != nil || answer.Accepted || answer.FirstFault == nil || answer.Token != nil || bytes.Contains(bad, []byte(`"token"`)) {
		t.Errorf("answer %s: %v", bad, err)
	}
	if tokens := must(s.TokensJSON()); bytes.Count(tokens, []byte("tokenUniqueReference")) != 1 {
		t.Errorf("tokens %s", tokens)
	}
}
