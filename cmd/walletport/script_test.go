package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/sim/simtest"
	"github.com/walletport/walletport/storage/storagetest"
)

// withPostgres stops the PostgreSQL server of the tests when they have ended.
type withPostgres struct{ *testing.M }

func (m withPostgres) Run() int { return storagetest.Main(m.M) }

// TestMain lets the test binary be walletport itself, for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(withPostgres{m}, map[string]func(){
		"walletport": func() {
			os.Exit(run(context.Background(), os.Args[1:], console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// TestScripts runs testdata/script. Besides testscript's own commands there are
//
//	exits CODE PROGRAM ARGS…   runs the program and demands its exit status
//	payload DIR                writes answers of the issuer-wallet call, good and
//	                           mangled, and a sandbox.json that opens them
//	sql FILE STATEMENT         edits a SQLite database behind walletport's back
//	mode OCTAL FILE            demands the permission bits of a file
//	ready DIR                  waits for the sandbox that was started on a folder
//	outside DIR PATH BODY      does something on the other side of it, as of {sandboxURL}
//	keep NAME REGEXP           sets a variable to what the parentheses match in stdout
//
// and the condition [openssl].
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "payload": scriptPayload, "mode": scriptMode, "sql": scriptSQL,
			"ready": scriptReady, "outside": scriptOutside, "keep": scriptKeep, "settled": scriptSettled,
		},
		Condition: func(name string) (bool, error) {
			if name != "openssl" {
				return false, errors.New("unknown condition")
			}
			_, err := exec.LookPath("openssl")
			return err == nil, nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector sleeps a second at each exit
			return nil
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	result, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		ts.Fatalf("%d rows were changed, want 1", n)
	}
}

func scriptMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("mode %s, want %s", got, args[0])
	}
}

func scriptPayload(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: payload DIR")
	}
	files, err := payloadFiles()
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o700))
	for name, content := range files {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+"/"+name), content, 0o600))
	}
}

// payloadFiles returns what the issuer-wallet call answers, and what real apps
// have made of it.
func payloadFiles() (map[string][]byte, error) {
	mdesKey, err := newPair()
	if err != nil {
		return nil, err
	}
	sealer, err := mdes.NewSealer(mdes.DefaultProfile())
	if err != nil {
		return nil, err
	}
	card, err := testCard(1001)
	if err != nil {
		return nil, err
	}
	seal := func(signing crypto.Signer) (payload string, answer []byte, err error) {
		iidd, err := sealer.SealCard(scheme.SealInput{
			Card: &card, Recipient: scheme.Recipient{Public: &mdesKey.private.PublicKey, Certificate: mdesKey.certificate},
			Signer: scheme.Signer{Key: signing}, Now: time.Now(), Rand: rand.Reader,
		})
		if err != nil {
			return "", nil, err
		}
		payload = base64.StdEncoding.EncodeToString(iidd)
		answer, err = json.Marshal(map[string]string{"digitizationData": payload})
		return payload, answer, err
	}
	signing := keystest.RSAKey(scriptTB{})
	payload, answer, err := seal(signing)
	if err != nil {
		return nil, err
	}
	_, stranger, err := seal(keystest.MDESKey(scriptTB{}))
	if err != nil {
		return nil, err
	}
	tav, err := publicPEM(&signing.PublicKey)
	if err != nil {
		return nil, err
	}
	box, err := json.Marshal(map[string]any{"mdes": map[string]string{
		"encryptionPrivateKey": string(mdesKey.privatePEM), "encryptionCertificate": string(mdesKey.certificatePEM), "tavPublicKey": tav,
	}})
	if err != nil {
		return nil, err
	}
	leaky, open, err := spoiledCardInfo(payload)
	return map[string][]byte{
		"answer.json":   answer,
		"payload.txt":   []byte(payload + "\n"),
		"twice.txt":     []byte(base64.StdEncoding.EncodeToString([]byte(payload))),
		"cut.txt":       []byte(payload[:len(payload)/2]),
		"stranger.json": stranger, // its TAV is signed by another key
		"sandbox.json":  box,
		"curl.txt":      []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + string(answer)),
		"utf16.txt":     simtest.UTF16("\ufeff" + string(answer) + "\r\n"),
		"clear.json":    leaky,
		"open.json":     open,
	}, err
}

// spoiledCardInfo puts the card in clear beside encryptedData, and in its place.
func spoiledCardInfo(payload string) (leaky, open []byte, err error) {
	spoil := func(change func(cardInfo map[string]any)) ([]byte, error) {
		var iidd map[string]any
		text, err := base64.StdEncoding.DecodeString(payload)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &iidd); err != nil {
			return nil, err
		}
		cardInfo, ok := iidd["cardInfo"].(map[string]any)
		if !ok {
			return nil, errors.New("there is no cardInfo to spoil")
		}
		change(cardInfo)
		if text, err = json.Marshal(iidd); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]string{"digitizationData": base64.StdEncoding.EncodeToString(text)})
	}
	if leaky, err = spoil(func(c map[string]any) { c["accountNumber"] = "5555555555554444" }); err != nil {
		return nil, nil, err
	}
	open, err = spoil(func(c map[string]any) { c["encryptedData"] = `{"accountNumber":"5555555555554444"}` })
	return leaky, open, err
}
