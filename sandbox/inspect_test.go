package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// walletAnswers makes each call of a device wallet for both schemes, and returns the
// answers by name, each with what it was asked for.
func walletAnswers(t *testing.T, box *Sandbox) map[string]object {
	t.Helper()
	d := &demo{Sandbox: box, out: io.Discard, http: &http.Client{Timeout: 10 * time.Second}}
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
func storeDemoCard(t *testing.T, box *Sandbox) {
	t.Helper()
	must(t, (&demo{Sandbox: box, out: io.Discard}).storeCard(t.Context()))
}

// inspected is what is found in a text with the sandbox's keys.
func inspected(t *testing.T, dir, text string) (faulty bool, fault, printed string) {
	t.Helper()
	found, err := Inspect([]byte(text), FilePath(dir))
	must(t, err)
	var out strings.Builder
	must(t, found.WriteJSON(&out))
	if first := found.verdict().FirstFault; first != nil {
		fault = first.Code
	}
	return found.Faulty(), fault, out.String()
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
			faulty, fault, stdout := inspected(t, dir, string(text))
			if faulty || fault != "" && fault != "client_app_id_absent" {
				t.Errorf("faulty %v, fault %q:\n%s", faulty, fault, stdout)
			}
			for _, pan := range []string{"2223000048400011", "4111111111111111"} {
				if strings.Contains(stdout, pan) {
					t.Errorf("a PAN is shown")
				}
			}
		})
	}
	if faulty, _, _ := inspected(t, dir, ""); !faulty {
		t.Error("nothing at all is taken for a payload")
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
			faulty, fault, stdout := inspected(t, dir, c.mangle(maps.Clone(answers[c.of])))
			if !faulty || fault == "" || c.fault != "" && fault != c.fault {
				t.Errorf("faulty %v, fault %q, want %q:\n%s", faulty, fault, c.fault, stdout)
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
