package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
)

// walletAnswers makes each call of a device wallet for both schemes, and returns the
// answers by name, each with what it was asked for.
func walletAnswers(t *testing.T, box *sandbox) map[string]object {
	t.Helper()
	d := &demo{sandbox: box, out: io.Discard, http: &http.Client{Timeout: 10 * time.Second}}
	answers := map[string]object{}
	for _, card := range demoWalletCards {
		for _, w := range []struct{ name, first string }{{"applepay", "request"}, {"googlepay", "session"}, {"samsungpay", "device"}} {
			request, err := d.ask(t.Context(), w.name+"/"+w.first)
			must(t, err)
			sent := maps.Clone(request)
			if w.name == "googlepay" {
				sent["googleOpaquePaymentCardRequested"] = true
			}
			answer, err := d.provisionInto(t.Context(), w.name, card.id, sent)
			must(t, err)
			answers[fmt.Sprintf("%s of %s", w.name, card.scheme)] = answer
			if w.name == "applepay" {
				answers[fmt.Sprintf("request for %s", card.scheme)] = request
			}
		}
	}
	return answers
}

// storeDemoCard puts the demo's own card in.
func storeDemoCard(t *testing.T, box *sandbox) {
	t.Helper()
	must(t, (&demo{sandbox: box, out: io.Discard}).storeCard(t.Context()))
}

// inspected writes the text to a file and inspects it with the sandbox's keys.
func inspected(t *testing.T, dir, text string) (code int, fault, stdout string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payload")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	code, stdout, _ = runs(t, "inspect", path, "--keys", sandboxFilePath(dir), "--json")
	var report struct {
		FirstFault *struct{ Code string } `json:"firstFault"`
	}
	must(t, json.Unmarshal([]byte(stdout), &report))
	if report.FirstFault != nil {
		fault = report.FirstFault.Code
	}
	return code, fault, stdout
}

func TestInspectReadsEveryWalletsAnswer(t *testing.T) {
	dir := t.TempDir()
	box, _ := startSandbox(t, dir)
	storeDemoCard(t, box)
	answers := walletAnswers(t, box)
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(answer)
			must(t, err)
			code, fault, stdout := inspected(t, dir, string(text))
			if code != exitOK || fault != "" && fault != "client_app_id_absent" {
				t.Errorf("exit %d, fault %q:\n%s", code, fault, stdout)
			}
			for _, pan := range []string{"2223000048400011", "4111111111111111"} {
				if strings.Contains(stdout, pan) {
					t.Errorf("a PAN is shown")
				}
			}
			code, stdout, _ = runs(t, "inspect", "-", "--keys", sandboxFilePath(dir))
			if code != exitFault || stdout == "" {
				t.Errorf("nothing on standard input: exit %d", code)
			}
		})
	}
	for _, c := range []struct {
		name, of string
		mangle   func(object) string
		fault    string
	}{
		{"pass data of another answer", "applepay of MASTERCARD", func(a object) string {
			a["encryptedPassData"] = answers["applepay of VISA"]["encryptedPassData"]
			return asJSON(a)
		}, "pass_data_not_for_this_leaf"},
		{"activation data of the other scheme", "applepay of MASTERCARD", func(a object) string {
			a["activationData"] = answers["applepay of VISA"]["activationData"]
			return asJSON(a)
		}, "activation_data_other_scheme"},
		{"base64 twice around a JWE", "samsungpay of VISA", func(a object) string {
			return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(a["digitizationData"].(string)))))
		}, ""},
		{"an opaque card cut short", "googlepay of VISA", func(a object) string {
			text := a["googleOpaquePaymentCard"].(string)
			a["googleOpaquePaymentCard"] = text[:len(text)/8*4]
			return asJSON(a)
		}, ""},
		{"leaf twice", "request for VISA", func(a object) string {
			chain := a["certificates"].([]any)
			a["certificates"] = []any{chain[0], chain[0]}
			return asJSON(a)
		}, ""},
		{"an error answer", "request for VISA", func(object) string {
			return `{"type":"/docs/errors#nonce_reused","status":409,"code":"nonce_reused","requestId":"1"}`
		}, "call_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, fault, stdout := inspected(t, dir, c.mangle(maps.Clone(answers[c.of])))
			if code != exitFault || fault == "" || c.fault != "" && fault != c.fault {
				t.Errorf("exit %d, fault %q, want %q:\n%s", code, fault, c.fault, stdout)
			}
		})
	}
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestAnOlderSandboxGetsTheKeysItLacks opens a folder whose store has the keys of
// the first release only.
func TestAnOlderSandboxGetsTheKeysItLacks(t *testing.T) {
	dir := t.TempDir()
	settings, err := sandboxConfig(dir, "127.0.0.1:0", "")
	must(t, err)
	store, err := openOrCreateKeys(settings.Keys)
	must(t, err)
	older := []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint, keys.TAVSigning}
	for _, purpose := range older {
		must(t, generateOnce(store, file.Spec{Purpose: purpose, Activate: true, Sandbox: true}))
	}
	before := store.Current().All()
	box, _ := startSandbox(t, dir)
	for _, k := range before {
		if kept, ok := box.keys.Current().ByID(k.ID); !ok || kept.Fingerprint != k.Fingerprint {
			t.Errorf("key %s is not what it was", k.ID)
		}
	}
	for _, purpose := range keys.Purposes() {
		if !hasPurpose(box.keys, purpose) {
			t.Errorf("there is no %s key", purpose)
		}
	}
}

// TestOldNoncesAreForgotten deletes in bites until none is left.
func TestOldNoncesAreForgotten(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	storeDemoCard(t, box)
	d := &demo{sandbox: box, out: io.Discard, http: &http.Client{Timeout: 10 * time.Second}}
	must(t, d.applePay(t.Context(), demoCardID))
	box.config.Wallets.NonceRetention = time.Nanosecond
	time.Sleep(2 * time.Millisecond) // the database counts milliseconds
	box.forgetNonces(context.WithoutCancel(t.Context()))
	answer, err := d.provisionInto(t.Context(), "applepay", demoCardID, d.callback)
	if err != nil || answer["activationData"] == nil {
		t.Errorf("a forgotten nonce is still refused: %v", err)
	}
}

// TestAMisspeltIssuerIsWarnedOf: a step-up rule for it would have no gate, silently.
func TestAMisspeltIssuerIsWarnedOf(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	var log strings.Builder
	s := &server{db: box.db, keys: box.keys, log: slog.New(slog.NewTextHandler(&log, nil))}
	s.config.Auth.StepUp = []auth.StepUpRule{
		{Rule: "right", Issuers: []walletport.IssuerID{"acme", "globex"}},
		{Rule: "wrong", Issuers: []walletport.IssuerID{"globex", "acne"}},
	}
	s.config.Wallets.GooglePay.Visa.Issuers = []string{"globx"}
	s.warnOfIssuers(t.Context())
	got := log.String()
	for _, want := range []string{
		"auth.step_up[1].issuers[1]: no card, client or key knows the issuer acne; did you mean acme?",
		"wallets.googlepay.visa.issuers[0]: no card, client or key knows the issuer globx",
	} {
		if strings.Count(got, "level=WARN") != 2 || !strings.Contains(got, want) {
			t.Errorf("the log says %q, want %q", got, want)
		}
	}
	must(t, box.db.Close())
	log.Reset()
	if s.warnOfIssuers(t.Context()); !strings.Contains(log.String(), "was not checked") {
		t.Errorf("without a database the log says %q", log.String())
	}
}

func TestASharedWSDKeyIsWarnedOfWhereItActivates(t *testing.T) {
	for _, c := range []struct {
		name   string
		visa   bool
		key    keys.Meta
		warned bool
	}{
		{"for every issuer, with activation", true, keys.Meta{Purpose: keys.WSD}, true},
		{"an issuer's own", true, keys.Meta{Purpose: keys.WSD, Issuer: "acme"}, false},
		{"without activation", false, keys.Meta{Purpose: keys.WSD}, false},
		{"another purpose", true, keys.Meta{Purpose: keys.VTSPush}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, err := openOrCreateKeys(config.Keys{File: filepath.Join(t.TempDir(), "k.age"), KeyFile: filepath.Join(t.TempDir(), "k.key")})
			must(t, err)
			alias := map[keys.Purpose]string{keys.WSD: "401200.1", keys.VTSPush: "KID"}[c.key.Purpose]
			_, err = store.Generate(file.Spec{Purpose: c.key.Purpose, Issuer: c.key.Issuer, Alias: alias, Activate: true})
			must(t, err)
			s := &server{keys: store}
			s.config.Activation.Visa.Enabled = c.visa
			if got := s.keyWarnings(); (len(got) > 0) != c.warned {
				t.Errorf("warnings %q", got)
			}
		})
	}
}

// TestAKeyStoreThatCannotBeReadAgainIsAWarning: the keys that were read before serve,
// and a server that takes itself out of service for it would take all replicas out at
// once.
func TestAKeyStoreThatCannotBeReadAgainIsAWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.age")
	store, err := openOrCreateKeys(config.Keys{File: path, KeyFile: filepath.Join(t.TempDir(), "k.key")})
	must(t, err)
	s := &server{keys: store}
	_, err = store.Generate(file.Spec{Purpose: keys.VaultKEK, Activate: true})
	must(t, err)
	if got := s.keyWarnings(); len(got) > 0 {
		t.Fatalf("warnings before: %q", got)
	}
	must(t, os.Chmod(path, 0o604))
	store.Refresh()
	if err := s.vaultReady(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
	got := s.keyWarnings()
	if len(got) != 1 || got[0].Code != "keystore_unreadable" || !strings.Contains(got[0].Message, "cannot be read since 20") ||
		!strings.Contains(got[0].Message, "mode 0604") || strings.Contains(got[0].Message, path) {
		t.Errorf("warnings %q, want since when and why, and no path", got)
	}
	must(t, os.Chmod(path, 0o600))
	must(t, store.Reload())
	if got := s.keyWarnings(); len(got) > 0 {
		t.Errorf("warnings after it was mended: %q", got)
	}
}
