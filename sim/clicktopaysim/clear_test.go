package clicktopaysim_test

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport"
)

// canaries are what an enrolment says of a person.
var canaries = []string{"Canaria", "Müllerine", "16504005555", "canary", "Canary", "San Canario", testPAN}

// No file, no report, no truth and no answer has personal data or a card number in clear.
func TestNothingPersonalIsInClear(t *testing.T) {
	w := newWorld(t, nil)
	said := &bytes.Buffer{}
	keep := func(a answer) answer {
		said.Write(a.body)
		return a
	}
	keep(w.ask(t, w.question(http.MethodPost, "enrollData", enrolment("c-1"))))
	w.clock.add(delay)
	keep(w.ask(t, w.question(http.MethodPost, "getData", body(ids("c-1")))))
	for _, change := range []func(members){in("consumer", "firstName", "Canaria\u0000Canaria Canaria Canaria Canaria Canaria"), in("consumer", "emails", []any{"canary"}), in("card", "accountNumber", testPAN+"x"), in("address", "addressLine1", "Canary @ "+testPAN), in("", testPAN, "canary")} {
		b := enrolment("c-2")
		change(b)
		keep(w.ask(t, w.question(http.MethodPost, "enrollData", b)))
	}
	q := w.question(http.MethodPost, "enrollData", enrolment("c-3"))
	q.body, q.headers["X-Correlation-Id"] = q.plain, []string{testPAN}
	keep(w.ask(t, q))
	for _, path := range []string{"/c2p/consumers", "/c2p/requests", "/c2p/consumers/" + testBID + "/c-1"} {
		status, text := w.send(t, http.MethodGet, path, "")
		if said.Write(text); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			said.Write(must(os.ReadFile(path)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range canaries {
		for _, spelled := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:len(canary)/3*4]} {
			if bytes.Contains(said.Bytes(), []byte(spelled)) {
				t.Errorf("%q is in clear", canary)
			}
		}
	}
	if walletport.ContainsPAN(said.String()) {
		t.Error("there is a card number in clear")
	}
	if said.Len() < 5000 {
		t.Errorf("only %d bytes were searched", said.Len())
	}
}
