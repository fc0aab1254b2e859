package e2e_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to edit a file database behind the program's back
)

// oldInstallation is what an earlier walletport left: testdata/old has it, and says how
// it was made.
type oldInstallation struct {
	*production
	parts     string // the folder of its own database, keys and export
	keys      sandboxFile
	databases string // URL of a PostgreSQL database; "" is SQLite

	MadeAt    time.Time `json:"madeAt"`
	UsedNonce string    `json:"usedNonce"` // of an Apple Pay call for card 7002
	Clients   struct {
		BackEnd       credentials `json:"backEnd"`
		Rotated       credentials `json:"rotated"`
		RotatedBefore credentials `json:"rotatedBefore"` // its secret before, for 90 days
		Ending        credentials `json:"ending"`        // in 2099
		Bound         credentials `json:"bound"`         // to client.pem
		Revoked       credentials `json:"revoked"`
		AcmeOnly      credentials `json:"acmeOnly"`
	} `json:"clients"`
}

const (
	oldMastercard = 7001
	oldVisa       = 7002
	oldBlocked    = 7003
	oldStepped    = 7101 // of globex, which wants proof of strong authentication

	// What the older walletport was told: for how long the secret before works, a nonce
	// counts, and the key that signs opaque payment cards serves.
	overlapOfOld   = 90 * 24 * time.Hour
	retentionOfOld = 30 * 24 * time.Hour
	validityOfOld  = 365 * 24 * time.Hour
)

// mustOldInstallation copies the files to a folder, and loads the dump into an empty
// PostgreSQL database.
func mustOldInstallation(t *testing.T, databaseURL string) *oldInstallation {
	t.Helper()
	const files = "testdata/old"
	o := &oldInstallation{production: &production{dir: t.TempDir()}, parts: filepath.Join(files, "sqlite"), databases: databaseURL}
	if databaseURL != "" {
		o.parts = filepath.Join(files, "postgres")
		mustExec(t, mustConnect(t, databaseURL), mustRead(t, filepath.Join(o.parts, "dump.sql")))
	}
	for _, from := range []string{files, o.parts} {
		found, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if !f.IsDir() && f.Name() != "dump.sql" {
				mustWrite(t, filepath.Join(o.dir, f.Name()), mustRead(t, filepath.Join(from, f.Name())))
			}
		}
	}
	if databaseURL != "" {
		o.mustConfigure(t, strings.Replace(mustRead(t, o.configPath()), "sqlite:walletport.db", databaseURL, 1))
	}
	if err := json.Unmarshal([]byte(o.text(t, "installation.json")), o); err != nil {
		t.Fatal(err)
	}
	o.client = o.Clients.BackEnd
	return o
}

func (o *oldInstallation) text(t *testing.T, name string) string {
	t.Helper()
	return mustRead(t, filepath.Join(o.dir, name))
}

func (o *oldInstallation) path(name string) string { return filepath.Join(o.dir, name) }

func (o *oldInstallation) mustPair(t *testing.T, name string) *keyPair {
	t.Helper()
	block, _ := pem.Decode([]byte(o.text(t, name+".pem")))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return &keyPair{certificate: certificate, key: mustPEM(t, o.text(t, name+"-key.pem"))}
}

func (o *oldInstallation) mustIdentityProvider(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return mustPEM(t, o.text(t, "id-key.pem"))
}

// mustVerifyOld verifies the stored trail and the export that the older walletport made,
// with the keys that signed them and nothing else, and holds one against the other.
func (o *oldInstallation) mustVerifyOld(t *testing.T) {
	t.Helper()
	export, first, second := o.path("trail.jsonl.gz"), o.path("checkpoint-v1.pem"), o.path("checkpoint-v2.pem")
	mustRun(t, "", "audit", "verify", export, "--key", first, "--key", second)
	if r := run(t, "", "audit", "verify", export, "--key", first); r.code != 1 {
		t.Errorf("the export verifies without the key that signed its end: exit code %d", r.code)
	}
	mustRun(t, "", o.at().with("audit", "verify")...)
	mustRun(t, "", o.at().with("audit", "compare", export)...)
}

// mustOldRecords reads the export that the older walletport made.
func (o *oldInstallation) mustOldRecords(t *testing.T) []record {
	t.Helper()
	in, err := gzip.NewReader(bytes.NewReader([]byte(o.text(t, "trail.jsonl.gz"))))
	if err != nil {
		t.Fatal(err)
	}
	var records []record
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// TestAnOldInstallationIsTakenOver has today's program do its work on what the program
// before it left: configuration, key store, database, and an export of the trail.
func TestAnOldInstallationIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			o := mustOldInstallation(t, e.url(t))
			mustRun(t, "", "audit", "verify", o.path("trail.jsonl.gz"), "--key", o.path("checkpoint-v1.pem"), "--key", o.path("checkpoint-v2.pem"))
			mustRun(t, "", o.at().with("migrate")...)
			mustRun(t, "", o.at().with("config", "check")...)
			o.mustVerifyOld(t)
			o.wantCards(t)
			o.wantKeys(t)
			o.wantClients(t)
			o.mustRenewWhatEnded(t)

			server := o.mustServe(t)
			server.caller = server.over(nil, o.mustPair(t, "tls"))
			eventually(t, "the server is ready", server.isReady)
			answers := slices.Concat(o.wantWallets(t, server), o.wantActivations(t, server), o.wantStepUp(t, server),
				o.wantCallers(t, server), o.wantRefusals(t, server))

			// Cards that are sealed again, or changed, are as good as those that are not.
			mustRun(t, "", o.at().with("cards", "rewrap")...)
			mustRun(t, "cardId,status\n7003,CARD_OK\n", o.at().with("cards", "import", "-", "--format", "csv")...)
			o.mustCountCards(t)
			for _, id := range []int64{oldMastercard, oldBlocked, 7006} {
				a := server.provision(id, wallet, fmt.Sprint("rewrapped-", id))
				a.mustPayload(t)
				answers = append(answers, a)
			}
			server.mustStop(t)
			// A card is deleted with what tokens know of it, though it never had one.
			mustRun(t, "", o.at().with("cards", "delete", "7006", "--yes")...)

			tr := mustExport(t, o.at())
			tr.wantRecorded(t, answers)
			tr.wantWalletsOfCallsAlone(t)
			for i, r := range o.mustOldRecords(t) {
				if tr.records[i].Hash != r.Hash {
					t.Fatalf("record %d is another now", r.Seq)
				}
			}
			mustWrite(t, o.path("trail-now.jsonl"), tr.text)
			mustRun(t, "", "audit", "verify", o.path("trail-now.jsonl"), "--key", o.path("checkpoint-v1.pem"), "--key", o.path("checkpoint-v2.pem"))
			o.mustVerifyOld(t)
		})
	}
}

func (o *oldInstallation) wantCards(t *testing.T) {
	t.Helper()
	if n := o.mustCountCards(t); n != 6 {
		t.Errorf("%d cards are good, want 6", n)
	}
	list := mustRun(t, "", o.at().with("cards", "list", "--json")...)
	type card struct {
		CardID                     int64
		Issuer, Scheme, Status     string
		CustomerID, Product, Check string
	}
	got := map[int64]card{}
	for line := range strings.Lines(list) {
		var c card
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		got[c.CardID] = c
	}
	for _, want := range []card{
		{7001, "acme", "MASTERCARD", "CARD_OK", "1", "mc-credit", "ok"},
		{7002, "acme", "VISA", "CARD_OK", "2", "visa-debit", "ok"},
		{7003, "acme", "MASTERCARD", "CARD_BLOCKED", "3", "mc-debit", "ok"},
		{7006, "acme", "MASTERCARD", "CARD_OK", "", "mc-debit", "ok"},
		{7101, "globex", "MASTERCARD", "CARD_OK", "9", "mc-debit", "ok"},
		{7102, "globex", "VISA", "CARD_LOST", "", "", "ok"},
	} {
		if got[want.CardID] != want {
			t.Errorf("card %+v, want %+v", got[want.CardID], want)
		}
	}
	if shown := mustRun(t, "", o.at().with("cards", "show", "7001")...); len(got) != 6 || !strings.Contains(shown, "222300******0011") {
		t.Errorf("%d cards are listed, want 6; card 7001 is shown as %s", len(got), shown)
	}
}

func (o *oldInstallation) wantKeys(t *testing.T) {
	t.Helper()
	var list []struct{ ID, State string }
	if err := json.Unmarshal([]byte(mustRun(t, "", o.at().with("keys", "list", "--json")...)), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range list {
		got = append(got, k.ID+" "+k.State)
	}
	slices.Sort(got)
	want := []string{
		"audit-checkpoint-v1 retired", "audit-checkpoint-v2 active", "globex-tav-signing-v1 active", "mdes-encryption-v1 active",
		"opc-encryption-v1 active", "opc-signing-v1 active", "tav-signing-v1 retired", "tav-signing-v2 active",
		"vault-index-v1 active", "vault-kek-v1 active", "vault-kek-v2 active", "vts-push-v1 active", "wsd-v1 active",
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func (o *oldInstallation) wantClients(t *testing.T) {
	t.Helper()
	type client struct{ ID, Name, State string }
	var list []client
	if err := json.Unmarshal([]byte(mustRun(t, "", o.at().with("clients", "list", "--json")...)), &list); err != nil {
		t.Fatal(err)
	}
	for _, want := range []client{
		{o.Clients.BackEnd.Username, "back-end", "active"}, {o.Clients.Rotated.Username, "rotated", "active"},
		{o.Clients.Ending.Username, "ending", "active"}, {o.Clients.Bound.Username, "bound", "active"},
		{o.Clients.Revoked.Username, "revoked", "revoked"}, {o.Clients.AcmeOnly.Username, "acme only", "active"},
	} {
		if !slices.Contains(list, want) || len(list) != 6 {
			t.Errorf("%d clients, want 6 and among them %+v: %+v", len(list), want, list)
		}
	}
}

// mustRenewWhatEnded keeps this test the same in later years: the key that signs opaque
// payment cards gets a successor once it has ended, for Google takes none for longer than
// two years; and the use of the old nonce is dated anew once it no longer counts.
func (o *oldInstallation) mustRenewWhatEnded(t *testing.T) {
	t.Helper()
	since := time.Since(o.MadeAt)
	if since < 0 || since > validityOfOld-time.Hour {
		mustRun(t, "", o.at().with("keys", "generate", "opc-signing", "--activate")...)
	}
	if since < retentionOfOld-time.Hour {
		return
	}
	statement := fmt.Sprintf("UPDATE nonces SET used_ms = %d", time.Now().UnixMilli())
	if o.databases != "" {
		mustExec(t, mustConnect(t, o.databases), statement)
		return
	}
	db, err := sql.Open("sqlite", o.path("walletport.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// wantWalletsOfCallsAlone wants a wallet in the records of provisioning calls, and in no
// others: an operator's act or an activation has none.
func (tr trail) wantWalletsOfCallsAlone(t *testing.T) {
	t.Helper()
	for _, r := range tr.records {
		if provisions := strings.HasPrefix(r.Action, "provision."); (r.Wallet != "") != provisions {
			t.Errorf("record %d of %s has the wallet %q", r.Seq, r.Action, r.Wallet)
		}
	}
}

// as is the caller with other credentials.
func (c caller) as(of credentials) caller {
	c.authorize = func(r *http.Request) { r.SetBasicAuth(of.Username, of.Password) }
	return c
}

func (o *oldInstallation) appleChain(t *testing.T) []string {
	t.Helper()
	return []string{derOf(o.text(t, "apple-leaf.pem")), derOf(o.text(t, "apple-sub.pem"))}
}

// wantWallets makes a call for each wallet and scheme, and opens what is sealed.
func (o *oldInstallation) wantWallets(t *testing.T, s *server) []answer {
	t.Helper()
	o.keys.Apple.LeafPrivateKey = o.text(t, "apple-leaf-key.pem")
	o.keys.MDES.EncryptionPrivateKey = o.text(t, "mdes-key.pem")
	o.keys.MDES.TAVPublicKey = mustRun(t, "", o.at().with("keys", "export-public", "tav-signing-v2")...)
	o.keys.VTS.PushSharedSecret, o.keys.VTS.WSDKeySet, o.keys.VTS.WSDKey = pushSecret, "401288.1", strings.ToLower(wsdSecret)
	o.keys.Google.OPCPrivateKey = o.text(t, "opc-key.asc")
	o.keys.Google.IssuerPublicKey = mustRun(t, "", o.at().with("keys", "export-public", mustKeyID(t, o.at(), "opc-signing"))...)
	mastercard := sampleCard{CardID: oldMastercard, Scheme: "MASTERCARD", PAN: "2223000048400011", ExpiryMonth: "12", ExpiryYear: "2099", CardholderName: "ADA LOVELACE"}
	visa := sampleCard{CardID: oldVisa, Scheme: "VISA", PAN: "4012888888881881", ExpiryMonth: "11", ExpiryYear: "2099", CardholderName: "MARY JACKSON"}

	var answers []answer
	call := func(card sampleCard, walletName string, body any) answer {
		a := s.post(provisionPath(card.CardID, walletName), body, strings.ReplaceAll(fmt.Sprintf("old-%s-%d", walletName, card.CardID), "/", "-"))
		answers = append(answers, a)
		return a
	}
	device := members{"clientAppID": clientAppID, "clientDeviceID": "device-1", "clientWalletAccountID": "account-1"}
	session := "6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f"
	google := device.with(members{"serverSessionId": session, "googleOpaquePaymentCardRequested": true})
	for _, card := range []sampleCard{mastercard, visa} {
		request := appleRequest(o.appleChain(t))
		o.wantPass(t, card, request, call(card, "applepay", request).mustMembers(t, "activationData", "encryptedPassData", "ephemeralPublicKey"))
		got := call(card, "googlepay", google).mustMembers(t, "digitizationData", "googleOpaquePaymentCard")
		o.wantPushed(t, card, got.text("digitizationData"))
		wantOpaqueCard(t, mustOpenOpaque(t, o.keys, got.text("googleOpaquePaymentCard")), card, session)
		o.wantPushed(t, card, call(card, "samsungpay", device).mustMembers(t, "digitizationData").text("digitizationData"))
	}
	o.wantPushed(t, mastercard, call(mastercard, "issuerwallet/acme-wallet", nil).mustPayload(t))
	call(mastercard, "issuerwallet/acme-watch", nil).mustPayload(t)
	again := members{"certificates": o.appleChain(t), "nonce": o.UsedNonce, "nonceSignature": "40" + strings.Repeat("5a", 80)}
	reused := s.post(provisionPath(oldVisa, "applepay"), again, "old-nonce")
	wantRefused(t, reused, badCall{status: http.StatusConflict, code: "nonce_reused"})
	return append(answers, reused)
}

func (o *oldInstallation) wantPass(t *testing.T, card sampleCard, request, got members) {
	t.Helper()
	decode := mustLowerHex
	if card.Scheme == "VISA" {
		decode = func(t *testing.T, text string) []byte { return mustBase64(t, base64.StdEncoding, text) }
	}
	pass := o.keys.mustOpenPass(t, decode(t, got.text("encryptedPassData")), decode(t, got.text("ephemeralPublicKey")))
	if pass.text("primaryAccountNumber") != card.PAN || pass.text("nonce") != request.text("nonce") {
		t.Errorf("the pass of card %d is of another card or request", card.CardID)
	}
	if card.Scheme == "VISA" {
		o.keys.mustOpenMBPAC(t, string(mustBase64(t, base64.StdEncoding, got.text("activationData"))))
		return
	}
	o.keys.wantTAV(t, got.text("activationData"), "3", card, "")
}

func (o *oldInstallation) wantPushed(t *testing.T, card sampleCard, data string) {
	t.Helper()
	var opened members
	if card.Scheme == "VISA" {
		_, opened = o.keys.mustOpenPush(t, data)
	} else {
		var tav string
		opened, tav = o.keys.mustOpenIIDD(t, data)
		o.keys.wantTAV(t, tav, "3", card, "")
	}
	if opened.text("accountNumber") != card.PAN {
		t.Errorf("the push of card %d is of another card", card.CardID)
	}
}

func (o *oldInstallation) wantActivations(t *testing.T, s *server) []answer {
	t.Helper()
	answers := []answer{
		s.post("/v3/7001/activate", nil, "old-activate"),
		s.post("/v2/7001/activate/mdes/tav2", nil, "old-activate-tav2"),
		s.post("/v3/7002/activate", members{"nonce": randomHex(4)}, "old-activate-visa"),
	}
	wantAllGood(t, answers)
	return answers
}

func (o *oldInstallation) wantStepUp(t *testing.T, s *server) []answer {
	t.Helper()
	path := fmt.Sprintf("/v1/%d/provision/issuerwallet/%s", oldStepped, wallet)
	proof := mustProof(t, o.mustIdentityProvider(t), proofFor(wallet))
	answers := []answer{
		s.post(path, nil, "old-proof", withHeader("Step-Up-Assertion", proof)),
		s.post(path, nil, "old-no-proof"),
	}
	if answers[0].code() != "ok" || answers[1].code() != "step_up_required" {
		t.Errorf("with and without a proof: %v", answers)
	}
	return answers
}

// wantCallers calls as each client of before, and as a bearer.
func (o *oldInstallation) wantCallers(t *testing.T, s *server) []answer {
	t.Helper()
	presenting := s.over(o.mustPair(t, "client"), o.mustPair(t, "tls"))
	beforeCode := "ok"
	if time.Since(o.MadeAt) > overlapOfOld {
		beforeCode = "credentials_invalid"
	}
	token := mustProof(t, o.mustIdentityProvider(t), members{
		"iss": "https://login.bank.example", "aud": "walletport", "client_id": "app", "scope": "provision", "exp": time.Now().Add(time.Hour).Unix(),
	})
	bearer := s.caller
	bearer.authorize = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	var answers []answer
	for _, c := range []struct {
		name string
		as   caller
		code string
	}{
		{"rotated", s.as(o.Clients.Rotated), "ok"},
		{"rotated with the secret before", s.as(o.Clients.RotatedBefore), beforeCode},
		{"ending", s.as(o.Clients.Ending), "ok"},
		{"bound", presenting.as(o.Clients.Bound), "ok"},
		{"bound without its certificate", s.as(o.Clients.Bound), "certificate_required"},
		{"revoked", s.as(o.Clients.Revoked), "client_revoked"},
		{"bearer", bearer, "ok"},
	} {
		a := c.as.provision(oldMastercard, wallet, requestIDOf("old-"+c.name))
		if a.code() != c.code {
			t.Errorf("%s: %v, want %s", c.name, a, c.code)
		}
		answers = append(answers, a)
	}
	return answers
}

func (o *oldInstallation) wantRefusals(t *testing.T, s *server) []answer {
	t.Helper()
	answers := []answer{
		s.provision(oldBlocked, wallet, "old-blocked"),
		s.provision(7004, wallet, "old-deleted"),
		s.provision(oldMastercard, "nobody", "old-nobody"),
		s.as(o.Clients.AcmeOnly).provision(oldStepped, wallet, "old-another-issuers"),
	}
	var got []string
	for _, a := range answers {
		got = append(got, a.code())
	}
	if want := []string{"card_not_eligible", "card_not_found", "wallet_provider_not_found", "card_not_found"}; !slices.Equal(got, want) {
		t.Errorf("refusals %q, want %q", got, want)
	}
	return answers
}

// TestAnOldFileIsWrittenByIssuer follows the note of config check: the old ways of saying
// what holds for an issuer are taken out of the file, and what the note shows is put in.
func TestAnOldFileIsWrittenByIssuer(t *testing.T) {
	t.Parallel()
	o := mustOldInstallation(t, "")
	mustRun(t, "", o.at().with("migrate")...)
	said := run(t, "", o.at().with("config", "check")...)
	_, shown, noted := strings.Cut(said.out, "the same is:\n")
	shown, _, _ = strings.Cut(shown, "\n\n")
	if said.code != 0 || !noted {
		t.Fatalf("config check of the old file: exit code %d, %s%s", said.code, said.out, said.errOut)
	}
	file := o.text(t, "walletport.yaml")
	rule := file[strings.Index(file, "  step_up:\n"):strings.Index(file, "audit:")]
	for _, old := range []string{rule, ", issuers: [acme, globex]", ", issuers: [acme]", "    issuers: [acme, globex]\n"} {
		if !strings.Contains(file, old) {
			t.Fatalf("the old file does not say %q", old)
		}
		file = strings.ReplaceAll(file, old, "")
	}
	o.mustConfigure(t, file+shown+"\n")
	if again := run(t, "", o.at().with("config", "check")...); again.code != 0 || strings.Contains(again.out, "note:") {
		t.Errorf("config check of the new file: exit code %d, %s%s", again.code, again.out, again.errOut)
	}
	server := o.mustServe(t)
	server.caller = server.over(nil, o.mustPair(t, "tls"))
	o.wantWallets(t, server)
	o.wantStepUp(t, server)
	o.wantCallers(t, server)
	server.mustStop(t)
}
