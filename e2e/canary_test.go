package e2e_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Published test numbers, a different one for each way in. None has many zeros: packed two
// digits a byte it would look like a small number of the database.
const (
	importedPAN  = "2222400070000005"
	importedName = "CANARY QUIXOTRY"
	rejectedPAN  = "5577000055770004"
	pathPAN      = "5424180279791732"
	queryPAN     = "5500005555555559"
	headerPAN    = "2223000048410010"
	bodyPAN      = "5555341244441115"
	userPAN      = "2223520443560010"
	passwordPAN  = "5100290029002909"
	walletPAN    = "2222410740360010"
	agentPAN     = "5413330089010012"
)

var canaries = append([]string{importedPAN, importedName, rejectedPAN, pathPAN, queryPAN, headerPAN, bodyPAN, userPAN, passwordPAN, walletPAN, agentPAN}, walletCanaries...)

// forms returns the ways in which a text may stand in bytes: as it is, in hex of
// both cases, in both base64 alphabets at each of the three offsets, and digits
// packed two a byte.
func forms(text string) []string {
	all := []string{text, hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text)))}
	for offset := range 3 {
		padded := append(make([]byte, offset), text...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString(padded)
			all = append(all, encoded[(offset*8+5)/6:len(encoded)-1]) // without what the neighbours share
		}
	}
	if packed, err := hex.DecodeString(text); err == nil {
		all = append(all, string(packed))
	}
	return all
}

// wantNoCanary looks for every canary in every form, and for pieces of answers.
func wantNoCanary(t *testing.T, where, content string, answered ...string) {
	t.Helper()
	for i, piece := range answered {
		if strings.Contains(content, piece) {
			t.Errorf("%s holds a piece of answer %d", where, i)
		}
	}
	for i, canary := range canaries {
		for j, form := range forms(canary) {
			if strings.Contains(content, form) {
				t.Errorf("%s holds canary %d in form %d", where, i, j)
			}
		}
	}
}

func TestFormsAreFound(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "x", "xy", "xyz"} {
		plain := before + importedPAN + "tail"
		for _, coded := range []string{
			plain, hex.EncodeToString([]byte(plain)), fmt.Sprintf("%X", plain),
			base64.StdEncoding.EncodeToString([]byte(plain)), base64.RawURLEncoding.EncodeToString([]byte(plain)),
		} {
			found := false
			for _, form := range forms(importedPAN) {
				found = found || strings.Contains(coded, form)
			}
			if !found {
				t.Errorf("not found behind %d bytes in an encoding", len(before))
			}
		}
	}
}

// TestNoCardNumberLeaks brings canaries in on every way there is, with everything
// talkative, and looks for them wherever something is written.
func TestNoCardNumberLeaks(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			spans, databaseURL := startCollector(t), e.url(t)
			p, secrets := mustCanaryProduction(t, databaseURL, fmt.Sprintf("log: {level: debug}\ntrace: {endpoint: %q, sample_ratio: 1}\n", spans.URL+"/v1/traces"))
			p.importCanaries(t)
			s := p.mustServe(t)
			s.sendCanaries(t)
			good := s.provision(8001, wallet, "canary")
			wantSealed(t, good.mustPayload(t))
			secrets.server = s
			answered := secrets.mustSend(t)
			wantNoCanary(t, "the metrics page", s.get("/metrics").body, answered...)
			tr := mustExport(t, p.at())
			if n := len(tr.byID["canary"]); n != 1 {
				t.Errorf("%d records of the good call", n)
			}
			wantNoCanary(t, "the audit export", tr.text, answered...)
			wantNoCanary(t, "cards list", mustRun(t, "", p.at().with("cards", "list", "--json")...))
			if databaseURL == "" {
				p.wantCleanFiles(t, answered, "walletport.db", "walletport.db-wal", "walletport.db-shm")
				wantDigestOfNonce(t, mustReadAll(t, p.dir))
			} else {
				wantCleanCluster(t, databaseURL, answered)
			}
			s.mustStop(t)
			wantNoCanary(t, "the log", s.out.String(), answered...)
			if got := spans.received.String(); !strings.Contains(got, "/v1/{cardId}/provision/issuerwallet/{walletProvider}") {
				t.Error("no spans arrived")
			} else {
				wantNoCanary(t, "what the collector got", got, answered...)
			}
			if !s.says(`"request_id":"canary"`) {
				t.Error("the log has no line of the good call")
			}
			wantNoCanary(t, "the folder of the server", mustReadAll(t, p.dir), answered...)
		})
	}
}

// importCanaries stores one card and has another one refused.
func (p *production) importCanaries(t *testing.T) {
	t.Helper()
	cards := "cardId,pan,expiryMonth,expiryYear,cardholderName\n8001," + importedPAN + ",12,2031," + importedName + "\n8002," + rejectedPAN + ",13,2031," + importedName + "\n"
	r := run(t, cards, p.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	if r.code != 1 || !strings.Contains(r.out, "1 inserted") || !strings.Contains(r.errOut, "line 3, expiryMonth") {
		t.Errorf("import: exit code %d, %s%s", r.code, r.out, r.errOut)
	}
	wantNoCanary(t, "the import's report", r.out+r.errOut)
}

// sendCanaries makes bad calls, each with a card number somewhere.
func (s *server) sendCanaries(t *testing.T) {
	t.Helper()
	path := func(card, provider, query string) string {
		return fmt.Sprintf("/v1/%s/provision/issuerwallet/%s?auditUser=%s", card, provider, query)
	}
	good := path("8001", wallet, "ada")
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
	}{
		{"card id", path(pathPAN, wallet, "ada"), nil},
		{"path that leads nowhere", "/v1/" + pathPAN, nil},
		{"wallet provider", path("8001", walletPAN, "ada"), nil},
		{"escaped wallet provider", path("8001", "%32"+walletPAN[1:], "ada"), nil},
		{"audit user", path("8001", wallet, queryPAN), nil},
		{"audit user in groups", path("8001", wallet, queryPAN[:4]+"-"+queryPAN[4:8]+"-"+queryPAN[8:12]+"-"+queryPAN[12:]), nil},
		{"another parameter", good + "&" + queryPAN + "=" + queryPAN, nil},
		{"request id", good, withHeader("X-Request-Id", headerPAN)},
		{"unknown header", good, withHeader("X-"+headerPAN, headerPAN)},
		{"user agent", good, withHeader("User-Agent", agentPAN)},
		{"trace state", good, func(r *http.Request) {
			r.Header.Set("Traceparent", "00-"+headerPAN+headerPAN+"-"+headerPAN+"-01")
			r.Header.Set("Tracestate", "pan="+headerPAN)
			r.Header.Set("Baggage", "pan="+headerPAN)
		}},
		{"accept", good, withHeader("Accept", headerPAN+"/"+headerPAN)},
		{"method", good, func(r *http.Request) { r.Method = headerPAN }},
		{"body", good, withBody(`{"pan":"` + bodyPAN + `"}`)},
		{"body above the limit", good, withBody(strings.Repeat(bodyPAN, 1<<13))},
		{"credentials", good, as(credentials{userPAN, passwordPAN})},
		{"right user, wrong password", good, func(r *http.Request) {
			user, _, _ := r.BasicAuth()
			r.SetBasicAuth(user, passwordPAN)
		}},
		{"card whose tokens are asked for", "/v1/card/" + pathPAN + "/tokens?auditUser=ada", withMethod(http.MethodGet)},
		{"token", "/v1/tokens/" + pathPAN + "/suspend?auditUser=ada", withMethod(http.MethodPut)},
		{"action on a token", "/v1/tokens/1/" + pathPAN + "?auditUser=ada", withMethod(http.MethodPut)},
		{"audit user of a change", "/v1/tokens/1/suspend?auditUser=" + queryPAN, withMethod(http.MethodPut)},
		{"reason of a change", "/v1/tokens/1/suspend?auditUser=ada", func(r *http.Request) {
			r.Method = http.MethodPut
			r.Header.Set("X-Reason", headerPAN)
		}},
		{"bearer", good, withHeader("Authorization", "Bearer "+passwordPAN)},
		{"authentication scheme", good, withHeader("Authorization", userPAN+" "+passwordPAN)},
	} {
		r, err := http.NewRequest(http.MethodPost, s.base+c.target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		s.authorize(r)
		r.Header.Set("X-Request-Id", "leak")
		if c.change != nil {
			c.change(r)
		}
		a := s.do(r)
		if a.err != nil || a.status >= http.StatusInternalServerError {
			t.Errorf("%s: %v", c.name, a.status)
		}
		wantNoCanary(t, "the answer to a PAN as "+c.name, a.body+joined(a.header))
	}
}

func withMethod(method string) func(*http.Request) {
	return func(r *http.Request) { r.Method = method }
}

// wantSealed looks through the payload as far as it opens without a key.
func wantSealed(t *testing.T, payload string) {
	t.Helper()
	opened, err := base64.StdEncoding.DecodeString(payload)
	if err != nil || !json.Valid(opened) {
		t.Fatalf("the payload is not base64 of JSON: %v", err)
	}
	wantNoCanary(t, "the payload", payload+string(opened))
}

func (p *production) wantCleanFiles(t *testing.T, answered []string, names ...string) {
	t.Helper()
	for _, name := range names {
		content := mustRead(t, filepath.Join(p.dir, name))
		if content == "" {
			t.Errorf("%s is empty: there is nothing to look through", name)
		}
		wantNoCanary(t, name, content, answered...)
	}
}

func mustReadAll(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		if errors.Is(err, fs.ErrNotExist) { // a running database takes files away
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// wantCleanCluster looks through the files of the database and through the log
// that goes before them.
func wantCleanCluster(t *testing.T, databaseURL string, answered []string) {
	t.Helper()
	root, own := mustClusterOf(t, databaseURL)
	for _, folder := range []string{own, "pg_wal"} {
		content := mustReadAll(t, filepath.Join(root, folder))
		if !strings.Contains(content, "8001") && !strings.Contains(content, "ada@bank.example") {
			t.Errorf("%s does not hold what was stored: there is nothing to look through", folder)
		}
		wantNoCanary(t, "the database folder "+folder, content, answered...)
	}
	if log, err := os.ReadFile(filepath.Join(filepath.Dir(root), "log")); err == nil {
		wantNoCanary(t, "the database server's log", string(log), answered...)
	}
}

// mustClusterOf returns the folder of a database server, and below it that of one of its
// databases, once what is in memory is in the files.
func mustClusterOf(t *testing.T, databaseURL string) (root, own string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	err = db.QueryRow(ctx, "SELECT current_setting('data_directory'), 'base/' || oid FROM pg_database WHERE datname = current_database()").Scan(&root, &own)
	if err != nil {
		t.Fatal(err)
	}
	return root, own
}
