package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// What is personal in calls of Click to Pay, in good ones and in bad ones, and of the customers
// whom they are about.
var personCanaries = append(named(), []string{
	"mary@mail.example", "17575550103", "3 Example Road", "Hampton",
	"canary.one@mail.example", "17575550177", "77 Canary Crescent", "Canaryville", "CA 77 NRY",
	"canary.two@mail.example", "canary-without-a-domain", "17575550188", "88 Canary & Sons", "CANARY-UNKNOWN",
}...)

// canaryCalls bring them in; an empty outcome is a call that is refused at once.
var canaryCalls = []struct {
	name, method, path string
	body               members
	outcome            string
}{
	{"an enrolment", http.MethodPost, "/enroll/customer/5003", members{
		"cardId": []string{"1006"}, "overrides": members{"emails": []string{"canary.one@mail.example"}, "phones": []string{"17575550177"}},
		"cardOverrides": members{"addressLine1": "77 Canary Crescent", "city": "Canaryville", "postalCode": "CA 77 NRY"}, "note": "CANARY-UNKNOWN",
	}, "SUCCESS"},
	{"an enrolment that Visa refuses", http.MethodPost, "/enroll/customer/5003", members{
		"cardId": []string{"1006"}, "overrides": members{"emails": []string{"canary.two@mail.example"}},
	}, "VIDC-2000"},
	{"an update", http.MethodPut, "/update/customer/5003", members{"overrides": members{"emails": []string{"canary.two@mail.example"}}}, "SUCCESS"},
	{"an e-mail address that is none", http.MethodPut, "/update/customer/5003", members{"overrides": members{"emails": []string{"canary-without-a-domain"}}}, ""},
	{"a phone with a plus", http.MethodPut, "/update/customer/5003", members{"overrides": members{"phones": []string{"+17575550188"}}}, ""},
	{"an address with a forbidden character", http.MethodPut, "/update/card/1006", members{"cardOverrides": members{"addressLine1": "88 Canary & Sons"}}, ""},
	{"an enrolment of whoever has unusual names", http.MethodPost, "/enroll/customer/7007", members{"cardId": []string{"7701"}}, "SUCCESS"},
	{"an enrolment of theirs that Visa refuses", http.MethodPost, "/enroll/customer/7007", members{"cardId": []string{"7701"}}, "VIDC-2000"},
	{"an update of theirs", http.MethodPut, "/update/customer/7007", nil, "SUCCESS"},
	{"an update of their card", http.MethodPut, "/update/card/7701", nil, "SUCCESS"},
	{"an enrolment of whoever has an address that is not taken", http.MethodPost, "/enroll/customer/7008", members{"cardId": []string{"7801"}}, ""},
	{"an address in the place of an id", http.MethodPost, "/enroll/customer/canary.two@mail.example", members{"cardId": []string{"1006"}}, ""},
	{"an address in the place of a card", http.MethodPost, "/enroll/card/canary.two@mail.example", nil, ""},
	{"an address in the place of a request", http.MethodGet, "/status/canary.two@mail.example", nil, ""},
	{"an address in the place of a BID", http.MethodPost, "/delete/customer/5003", members{"customerBID": "canary.two@mail.example"}, ""},
	{"an address in the place of a card of a list", http.MethodPost, "/enroll/customer/5003", members{"cardId": []string{"canary.two@mail.example"}}, ""},
}

// TestNobodyIsNamed: with everything talkative, what is personal stands in no answer but that
// of a read, no log, metric, span or record, and nowhere in the files of the database.
func TestNobodyIsNamed(t *testing.T) {
	t.Parallel()
	var hidden []string
	for _, text := range personCanaries {
		hidden = append(hidden, forms(text)...)
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			spans, databaseURL, dir := startCollector(t), e.url(t), filepath.Join(t.TempDir(), "box")
			box := mustSandboxAt(t, plainHTTP, dir, databaseURL, "WALLETPORT_LOG__LEVEL=debug", "WALLETPORT_TRACE__SAMPLE_RATIO=1",
				fmt.Sprintf("WALLETPORT_TRACE__ENDPOINT=%s/v1/traces", spans.URL))
			box.mustNameSomebody(t, hidden)
			c := box.caller()
			for _, call := range canaryCalls {
				body := call.body
				if body["customerBID"] == nil {
					body = byBID(body)
				}
				if call.outcome != "" {
					if got := c.mustComplete(t, c.mustAccept(t, call.method, call.path, body)); got != call.outcome {
						t.Errorf("%s: %s, want %s", call.name, got, call.outcome)
					}
					continue
				}
				a := c.clickToPay(call.method, call.path, body)
				if a.status < 400 || a.status > 499 {
					t.Errorf("%s: %v", call.name, a)
				}
				wantNoCanary(t, "the answer to "+call.name, a.body+joined(a.header), hidden...)
			}
			if p := c.mustProfile(t, "5003"); p.CustomerInformation.Email[0] != "canary.two@mail.example" || p.PaymentInstruments[0].BillingAddress.City != "Canaryville" {
				t.Errorf("what is enrolled is %+v", p)
			}
			page := c.get("/metrics").body
			for _, want := range []string{
				`walletport_clicktopay_accepted_total{action="enrol_customer",channel="api"} 4`,
				`walletport_clicktopay_completed_total{action="enrol_customer",result="VIDC-2000"} 2`,
				`walletport_outbound_calls_total{call="enrollData",outcome="ok",target="vts.clicktopay"} 2`,
			} {
				if !strings.Contains(page, want) {
					t.Errorf("the metrics page lacks %s", want)
				}
			}
			wantNoCanary(t, "the metrics page", page, hidden...)
			wantNoCanary(t, "what the simulated Visa tells", c.get("/sandbox/clicktopay/reports").body+c.get("/sandbox/clicktopay/consumers/123456/5003").body, hidden...)
			box.wantNobodyNamedByCommands(t, hidden)
			wantNoCanary(t, "the audit export", mustExport(t, box.at()).text, hidden...)
			if databaseURL == "" {
				for _, name := range []string{"walletport.db", "walletport.db-wal"} {
					wantNoCanary(t, name, mustRead(t, filepath.Join(dir, name)), hidden...)
				}
			} else {
				wantCleanCluster(t, databaseURL, hidden)
			}
			box.mustStop(t)
			if !box.says(`"request_id":"c2p-update-customer-5003"`) {
				t.Error("the log has no line of a call")
			}
			wantNoCanary(t, "the log", box.out.String(), hidden...)
			if got := spans.received.String(); !strings.Contains(got, "/v1/click2pay/VISA/enroll/customer/{customerId}") || !strings.Contains(got, "clicktopay.request") {
				t.Error("no spans of a call and of a job arrived")
			} else {
				wantNoCanary(t, "what the collector got", got, hidden...)
			}
		})
	}
}
