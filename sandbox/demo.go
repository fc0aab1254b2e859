package sandbox

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/vault"
)

// DemoOptions are what a demonstration is given. All but Keep are required.
type DemoOptions struct {
	Options           // Dir, Listen, Database and Log are chosen
	Keep    string    // folder of the sandbox; "" is a temporary one
	Out     io.Writer // each step, for people
	// Process makes what runs a sandbox on a folder and on any free port, as a process of its
	// own, which can be killed.
	Process func(ctx context.Context, dir string) (*exec.Cmd, error)
}

// Demo walks through the main job against a sandbox of its own: it stores a card, asks for
// each payload over HTTP, hands it to simulated wallets and schemes, lists and changes the
// tokens that they made, enrols a customer for Click to Pay while the server is killed, and
// verifies the audit trail. The error names the first step that did not hold.
func Demo(ctx context.Context, o DemoOptions) (err error) {
	dir := o.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "walletport-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	logFile, err := openLog(dir)
	if err != nil {
		return err
	}
	defer logFile.Close()
	o.Dir, o.Listen, o.Database, o.Log = dir, "127.0.0.1:0", "", telemetry.NewLogger(logFile, slog.LevelInfo)
	d := &demo{options: o, log: logFile, out: o.Out, http: &http.Client{Timeout: 10 * time.Second}}
	if err := d.serve(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.leave()) }()
	return runDemo(ctx, d)
}

// openLog makes the sandbox's folder and a file in it for the log, so that the
// demo's own lines can be read.
func openLog(dir string) (*os.File, error) {
	if err := disk.MakeFolder(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "sandbox.log")
	f, err := disk.CreateOwn(path)
	if errors.Is(err, fs.ErrExist) {
		return os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	}
	return f, err
}

// demo is one walk through the main job.
type demo struct {
	*Sandbox
	leave func() error // ends the sandbox, once

	options DemoOptions
	log     *os.File
	out     io.Writer
	http    *http.Client
	step    int

	digitizationData string
	report           mdessim.Report
	callback         object // Apple's, of the last card
}

// demoStep is one step with its title.
type demoStep struct {
	title string
	run   func(context.Context) error
}

// demoAuditUser is the query of every call.
const demoAuditUser = "?auditUser=demo%40acme.example"

// demoCard is stored by the demo itself, besides the sample cards.
const (
	demoCardID   = 1042
	demoCardPAN  = "2223000048400011"
	demoCardCSV  = "cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product\n1042,5001," + demoCardPAN + ",12,2031,ADA LOVELACE,mc-debit\n"
	demoProvider = "acme-wallet"
)

func runDemo(ctx context.Context, d *demo) error {
	d.printf("walletport %s: the main job, on real parts, at %s\n\n", d.o.Version, d.File.BaseURL)
	steps := []demoStep{
		{"store a card", d.storeCard},
		{"ask for its payload, as the bank's back end does", d.provision},
		{"ask as another issuer: the card must not be found", d.provisionAsOther},
		{"ask for a closed card: it must be refused", d.provisionClosed},
		{"hand the payload to MDES, which opens it with its own code", d.digitize},
		{"see the token", d.showToken},
		{"break the payload: MDES must name the fault", d.digitizeBroken},
	}
	steps = append(steps, d.walletSteps()...)
	steps = append(steps, d.tokenSteps()...)
	steps = append(steps, d.clickToPaySteps()...)
	steps = append(steps, demoStep{"verify the audit trail", d.verifyAudit})
	for _, step := range steps {
		d.step++
		d.printf("%d. %s\n", d.step, step.title)
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("step %d, %s: %w", d.step, step.title, err)
		}
	}
	d.printf("\nEverything held.\n")
	return nil
}

func (d *demo) printf(format string, args ...any) { fmt.Fprintf(d.out, format, args...) }

func (d *demo) storeCard(ctx context.Context) error {
	report, err := d.Vault.Import(ctx, bytes.NewReader([]byte(demoCardCSV)), vault.ImportOptions{Format: vault.CSV, Issuer: Issuer})
	if err != nil {
		return err
	}
	if report.Rejected > 0 {
		return errors.New("the card was rejected")
	}
	card, err := d.Vault.Find(ctx, demoCardID)
	if err != nil {
		return err
	}
	d.printf("   card %s: %s, %s, valid to %s/%s; sealed with AES-256-GCM under a key of its own, wrapped by %s\n",
		card.ID, card.MaskedPAN(), card.Scheme, card.Expiry.MM(), card.Expiry.YYYY(), card.KEK)
	return nil
}

// call asks for the payload of a card over HTTP and returns status and body.
func (d *demo) call(ctx context.Context, who basic, cardID int64) (int, []byte, error) {
	path := fmt.Sprintf("/v1/%d/provision/issuerwallet/%s", cardID, demoProvider) + demoAuditUser
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.File.BaseURL+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	req.SetBasicAuth(who.Username, who.Password)
	d.printf("   POST /wallet%s\n", path)
	return d.do(req)
}

func (d *demo) do(req *http.Request) (int, []byte, error) {
	resp, err := d.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxPayloadBytes))
	return resp.StatusCode, body, err
}

// expect makes a request that must be answered with a status, and returns the body.
func (d *demo) expect(req *http.Request, status int) ([]byte, error) {
	got, body, err := d.do(req)
	if err != nil {
		return nil, err
	}
	if got != status {
		return nil, fmt.Errorf("status %d, want %d: %s", got, status, body)
	}
	return body, nil
}

func (d *demo) provision(ctx context.Context) error {
	status, body, err := d.call(ctx, d.File.Credentials.Basic, demoCardID)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("status %d: %s", status, body)
	}
	var answer struct {
		DigitizationData string `json:"digitizationData"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	d.digitizationData = answer.DigitizationData
	d.printf("   200 {\"digitizationData\": \"%.40s…\"}, %d characters\n", answer.DigitizationData, len(answer.DigitizationData))
	return nil
}

// refused makes a call that must end with the status and the problem code.
func (d *demo) refused(ctx context.Context, who basic, cardID int64, status int, code string) error {
	got, body, err := d.call(ctx, who, cardID)
	if err != nil {
		return err
	}
	if got != status {
		return fmt.Errorf("status %d; want %d", got, status)
	}
	return d.printProblem(body, status, code)
}

func (d *demo) printProblem(body []byte, status int, code string) error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(body, &problem); err != nil {
		return err
	}
	if problem.Code != code {
		return fmt.Errorf("code %q; want %q", problem.Code, code)
	}
	d.printf("   %d %s: %s\n", status, problem.Code, problem.Detail)
	return nil
}

func (d *demo) provisionAsOther(ctx context.Context) error {
	return d.refused(ctx, d.File.Credentials.OtherIssuer, demoCardID, http.StatusNotFound, "card_not_found")
}

func (d *demo) provisionClosed(ctx context.Context) error {
	const closedCardID = 1003
	return d.refused(ctx, d.File.Credentials.Basic, closedCardID, http.StatusForbidden, "card_not_eligible")
}

// add hands a payload to the wallet's front door, as the app would.
func (d *demo) add(ctx context.Context, payload string) (mdessim.Report, error) {
	body, err := json.Marshal(map[string]string{"walletProvider": demoProvider, "digitizationData": payload})
	if err != nil {
		return mdessim.Report{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.File.SandboxURL+"/wallets/issuerwallet/add", bytes.NewReader(body))
	if err != nil {
		return mdessim.Report{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	status, answer, err := d.do(req)
	if err != nil {
		return mdessim.Report{}, err
	}
	var report mdessim.Report
	if err := json.Unmarshal(answer, &report); err != nil {
		return report, fmt.Errorf("status %d: %w", status, err)
	}
	return report, nil
}

func (d *demo) digitize(ctx context.Context) error {
	report, err := d.add(ctx, d.digitizationData)
	if err != nil {
		return err
	}
	for _, check := range report.Checks {
		d.printf("   %s %-28s %s\n", mark(check.OK), check.Name, check.Detail)
	}
	if !report.Accepted {
		return fmt.Errorf("refused: %+v", report.FirstFault)
	}
	d.report = report
	return nil
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

func (d *demo) showToken(context.Context) error {
	token := d.report.Token
	if token == nil || token.Status != tokenvault.StatusActive {
		return fmt.Errorf("no active token: %+v", token)
	}
	d.printf("   %s, %s, for the card that ends in %s\n", token.TokenUniqueReference, token.Status, token.AccountPANSuffix)
	return nil
}

// digitizeBroken encodes the payload once too often, a mistake that real apps make.
func (d *demo) digitizeBroken(ctx context.Context) error {
	report, err := d.add(ctx, base64.StdEncoding.EncodeToString([]byte(d.digitizationData)))
	if err != nil {
		return err
	}
	if report.Accepted || report.FirstFault == nil {
		return errors.New("a broken payload was accepted")
	}
	d.printf("   refused, %s: %s %s\n", report.FirstFault.Code, report.FirstFault.Detail, report.FirstFault.Remedy)
	return nil
}

func (d *demo) verifyAudit(ctx context.Context) error {
	summary, err := audit.Verify(ctx, d.Database, audit.TrustedKeys(d.Keys.Current()))
	if err != nil {
		return err
	}
	d.printf("   %d records in one chain, head %x…\n", summary.Records, summary.Head[:8])
	return d.verifyWitnessed(ctx, summary.LastSeq)
}

// verifyWitnessed waits until the witness has confirmed the trail up to a record, and checks
// a proof of that record as an auditor would, who has the file and two keys.
func (d *demo) verifyWitnessed(ctx context.Context, seq int64) error {
	witness, err := d.Settings.Audit.Witnesses[0].Witness()
	if err != nil {
		return err
	}
	by := audit.Proven{Trusted: audit.TrustedKeys(d.Keys.Current())}
	by.Witnesses = append(by.Witnesses, witness)
	var opened audit.ProvenRecord
	err = d.until(ctx, demoAsk, func() (bool, error) {
		proof, err := audit.Prove(ctx, d.Database, by.Trusted, seq, "")
		switch {
		case walletport.ReasonOf(err) == audit.ReasonNotNoted || walletport.ReasonOf(err) == audit.ReasonNoNote:
			return false, nil
		case err != nil:
			return false, err
		}
		opened, err = audit.VerifyProof(proof, by)
		if refusal, ok := errors.AsType[*audit.Refusal](err); ok && refusal.Kind == audit.Unwitnessed {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	d.printf("   the witness %s cosigned the tree of %d records by itself, and the proof of record %d verifies against it\n", witness.Name(), opened.Note.Size, opened.Seq)
	return nil
}
