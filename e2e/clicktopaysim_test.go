package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/oracle"
)

// clickToPaySecrets are what an issuer calls the simulated Click to Pay with.
type clickToPaySecrets struct {
	BaseURL               string `json:"baseURL"`
	APIKey                string `json:"apiKey"`
	SharedSecret          string `json:"sharedSecret"`
	BID                   string `json:"bid"`
	CertificateName       string `json:"certificateName"`
	EncryptionKeyID       string `json:"encryptionKeyId"`
	EncryptionCertificate string `json:"encryptionCertificate"`
	DecryptionKeyID       string `json:"decryptionKeyId"`
	DecryptionPrivateKey  string `json:"decryptionPrivateKey"`
}

// vicaAnswer is an answer of Click to Pay as a stranger opened it; status 0 is none.
type vicaAnswer struct {
	Status int     `json:"status"`
	Header members `json:"header"`
	Plain  string  `json:"plain"`
}

// enrolInNode sends requests by Node and the jose library, which is none of ours: each is
// signed in a second of its own, the first of them first seconds from now.
func (s *sandbox) enrolInNode(t *testing.T, first int, steps ...members) []vicaAnswer {
	t.Helper()
	own := s.file.ClickToPay
	request, err := json.Marshal(members{
		"secret": own.SharedSecret, "query": "apikey=" + own.APIKey, "base": own.BaseURL + "/visaIdCredential", "now": time.Now().Unix() + int64(first),
		"recipient": members{"kid": own.EncryptionKeyID, "public": publicOf(t, own.EncryptionCertificate)},
		"reader":    members{"private": own.DecryptionPrivateKey}, "steps": steps,
	})
	if err != nil {
		t.Fatal(err)
	}
	var answers []vicaAnswer
	said := oracle.NeedNode(t, "jose").Run(t, request, filepath.Join(oracle.Dir(t), "visaclicktopay.mjs"))
	if err := json.Unmarshal(said, &answers); err != nil || len(answers) != len(steps) {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	for _, a := range answers {
		if a.Status != 0 && a.Header.text("kid") != own.DecryptionKeyID {
			t.Errorf("an answer is encrypted to %v", a.Header["kid"])
		}
	}
	return answers
}

// consumerStory is what the simulated Visa knows of a consumer.
type consumerStory struct {
	Status  string `json:"status"`
	Emails  int    `json:"emails"`
	Running string `json:"running"`
	Cards   []struct {
		AccountNumber string `json:"accountNumber"`
		Status        string `json:"status"`
	} `json:"cards"`
	History []struct {
		Call    string   `json:"call"`
		By      string   `json:"by"`
		Outcome []string `json:"outcome"`
	} `json:"history"`
}

func (c consumerStory) deeds() (all string) {
	for _, d := range c.History {
		all += strings.Join(append([]string{d.By, d.Call}, d.Outcome...), " ") + "\n"
	}
	return all
}

func (s *sandbox) consumerStory(t *testing.T, id string) (story consumerStory) {
	t.Helper()
	a := s.caller().get("/sandbox/clicktopay/consumers/" + s.file.ClickToPay.BID + "/" + id)
	if err := json.Unmarshal([]byte(a.body), &story); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return story
}

// person is how a request about a consumer begins, within consumerInformation.
func (s *sandbox) person(id string) string {
	return fmt.Sprintf(`{"products":[{"productCode":"CLICK_TO_PAY"}],"consumerInformation":{"externalConsumerID":%q,"externalConsumerIDOwnerBID":%q`, id, s.file.ClickToPay.BID)
}

// What is known of the consumers, beside their cards.
const (
	consumersEmail = "canary@mail.example"
	consumersName  = `,"firstName":"Ada","lastName":"Lovelace","countryCode":"GBR","emails":["` + consumersEmail + `"`
)

// enrolment enrols a consumer with the sandbox's Visa card.
func (s *sandbox) enrolment(t *testing.T, id string) members {
	return members{"method": "POST", "call": "enrollData", "plain": s.person(id) + consumersName + fmt.Sprintf(
		`]},"paymentInstruments":[{"type":"CARD","accountNumber":%q,"nameOnCard":"Ada Lovelace","expirationDate":"2031-12",`+
			`"billingAddress":{"addressLine1":"1 Example Street","city":"London","postalCode":"N1 1AA","country":"GBR"}}]}`, s.file.mustCard(t, visaCard).PAN)}
}

// mustEnrol enrols a consumer, asks until that is done, and returns the question.
func (s *sandbox) mustEnrol(t *testing.T, id string) (status members) {
	t.Helper()
	taken := s.enrolInNode(t, 0, s.enrolment(t, id))[0]
	var said struct {
		TraceID string `json:"requestTraceId"`
	}
	if err := json.Unmarshal([]byte(taken.Plain), &said); err != nil || taken.Status != http.StatusAccepted {
		t.Fatalf("enrollData: %+v, %v", taken, err)
	}
	status = members{"method": "GET", "call": "requestStatus/" + said.TraceID}
	for n := 1; ; n++ { // each is signed in another second
		switch a := s.enrolInNode(t, n, status)[0]; {
		case a.Status != http.StatusOK || n > 60:
			t.Fatalf("the status: %+v", a)
		case strings.Contains(a.Plain, `"status":"COMPLETED"`):
			if !strings.Contains(a.Plain, `"SUCCESS"`) {
				t.Fatalf("it ended: %s", a.Plain)
			}
			return status
		}
	}
}

// TestTheSimulatedClickToPayKeepsItsState: a stranger enrols a consumer and asks until that is
// done, others do something, an answer is lost, and the sandbox is killed.
func TestTheSimulatedClickToPayKeepsItsState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "box")
	box := mustSandbox(t, dir, "")
	const id = "customer-1"
	status := box.mustEnrol(t, id)
	for path, body := range map[string]string{
		"/clicktopay/consumers/" + box.file.ClickToPay.BID + "/" + id: `{"as":"ANOTHER_WRITER","do":"deactivate"}`,
		"/faults": `{"scheme":"clicktopay","call":"manageConsumerInformation","fault":"drop_after_commit"}`,
	} {
		if a := box.send(t, http.MethodPost, box.file.SandboxURL+path, body, ""); a.status != http.StatusOK && a.status != http.StatusCreated {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
	}
	replace := members{"method": "PUT", "call": "manageConsumerInformation", "plain": box.person(id) + consumersName + `,"ada@mail.example"]}}`}
	if lost := box.enrolInNode(t, 0, replace)[0]; lost.Status != 0 {
		t.Errorf("an answer that should be lost: %+v", lost)
	}
	box.mustKill(t)

	box = mustSandbox(t, dir, "")
	const deeds = "ISSUER enrollData SUCCESS\nANOTHER_WRITER deactivate\nISSUER manageConsumerInformation SUCCESS\n"
	if story := box.consumerStory(t, id); story.deeds() != deeds || story.Status != "ACTIVE" || story.Emails != 2 || len(story.Cards) != 1 || story.Running != "" {
		t.Errorf("after the kill Visa knows %+v; what was done is\n%s", story, story.deeds())
	}
	number := box.file.mustCard(t, visaCard).PAN
	again := box.enrolInNode(t, 0, status, members{"method": "POST", "call": "getData", "plain": box.person(id) + "}}"}, box.enrolment(t, id))
	for i, want := range []struct {
		status int
		plain  string
	}{{http.StatusOK, `"status":"COMPLETED"`}, {http.StatusOK, consumersEmail}, {http.StatusBadRequest, "VIDC-2000"}} {
		if a := again[i]; a.Status != want.status || !strings.Contains(a.Plain, want.plain) || strings.Contains(a.Plain, number) {
			t.Errorf("answer %d after the kill, want %d with %s: %+v", i, want.status, want.plain, a)
		}
	}
	reports := box.caller().get("/sandbox/clicktopay/reports").body
	if !strings.Contains(reports, `"remedy"`) {
		t.Errorf("the reports name no remedy: %s", reports)
	}
	box.mustStop(t)
	for place, text := range map[string]string{"the reports": reports, "the register": mustRead(t, filepath.Join(dir, "clicktopay", "tokens.jsonl"))} {
		if strings.Contains(text, consumersEmail) || strings.Contains(text, number) || text == "" {
			t.Errorf("%s: personal data in clear, or nothing", place)
		}
	}
}
