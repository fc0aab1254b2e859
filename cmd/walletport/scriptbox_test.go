package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/walletport/walletport/sandbox"
)

// longestStart bounds how long a sandbox is waited for.
const longestStart = 30 * time.Second

// longestSettle is longer than the default settle_after and the longest pause between two
// questions behind it.
const longestSettle = 2 * time.Minute

func readBox(ts *testscript.TestScript, dir string) (file sandbox.File) {
	text, err := os.ReadFile(sandbox.FilePath(ts.MkAbs(dir)))
	ts.Check(err)
	ts.Check(json.Unmarshal(text, &file))
	return file
}

func scriptReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready DIR")
	}
	client := http.Client{Timeout: longestStart}
	for deadline := time.Now().Add(longestStart); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		// The file may still be that of an earlier start.
		at := strings.TrimSuffix(readBox(ts, args[0]).BaseURL, "/wallet") + "/readyz"
		answer, err := client.Get(at)
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("the sandbox is not ready")
}

func scriptOutside(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: outside DIR PATH BODY")
	}
	client := http.Client{Timeout: longestStart}
	answer, err := client.Post(readBox(ts, args[0]).SandboxURL+args[1], "application/json", strings.NewReader(args[2]))
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode/100 != 2 {
		ts.Fatalf("%s %s", answer.Status, body)
	}
}

func scriptKeep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME REGEXP")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("nothing in stdout matches %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// scriptSettled waits until no request of Click to Pay is open.
func scriptSettled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: settled DIR")
	}
	for deadline := time.Now().Add(longestSettle); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		ts.Check(ts.Exec("walletport", "clicktopay", "list", "--issuer", "acme", "--open", "--dir", args[0]))
		if strings.HasPrefix(ts.ReadFile("stdout"), "0 requests") {
			return
		}
	}
	ts.Fatalf("requests stay open")
}
