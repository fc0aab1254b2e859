//go:build !nosandbox

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/telemetry"
)

// sandboxIssuer is whose the rows of an import into a sandbox are that name no issuer.
const sandboxIssuer = sandbox.Issuer

// sandboxConfigPath returns where a sandbox keeps its configuration.
func sandboxConfigPath(dir string) (string, error) { return sandbox.ConfigPath(dir), nil }

// runningSandbox returns the configuration of the sandbox that runs on a folder, with the
// addresses of its simulated schemes.
func runningSandbox(dir string) (config.Config, error) { return sandbox.RunningConfig(dir) }

// sandboxOptions are those of every sandbox of this program.
func sandboxOptions() sandbox.Options {
	return sandbox.Options{Clock: now, Version: programVersion(), Operator: osUser(), AsOperator: asOperator}
}

type sandboxCommand struct {
	Dir      string `required:"" help:"Folder of the sandbox; made if absent. A second start keeps keys, cards, tokens and audit." placeholder:"DIR"`
	Listen   string `default:"127.0.0.1:8080" help:"Address to listen on; port 0 picks a free one." placeholder:"ADDR"`
	Database string `help:"Database URL; without it, SQLite in the folder." placeholder:"URL"`

	ClickToPay string `help:"Address of the simulated Visa Click to Pay; without it, the host of --listen with a port that stays from start to start." placeholder:"ADDR"`
}

func (sandboxCommand) Help() string {
	return `DIR/sandbox.json appears when the sandbox is ready: address, credentials, cards and the keys of the other side.
Nothing in it is a secret of anybody's; the card numbers are published test numbers.

Examples:
  walletport sandbox --dir my-sandbox
  walletport sandbox --dir my-sandbox --listen 127.0.0.1:0 --database postgres://walletport@localhost/walletport`
}

func (c sandboxCommand) Run(ctx context.Context, con console) error {
	options := sandboxOptions()
	options.Dir, options.Listen, options.Database, options.ClickToPay = c.Dir, c.Listen, c.Database, c.ClickToPay
	options.Log = telemetry.NewLogger(con.Err, slog.LevelInfo)
	box, err := sandbox.Open(ctx, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.Err, "sandbox ready at %s, everything to try it in %s\n", box.File.BaseURL, sandbox.FilePath(c.Dir))
	return box.Run(ctx)
}

type demoCommand struct {
	Keep string `help:"Keep the sandbox in this folder instead of a temporary one." placeholder:"DIR"`
}

func (demoCommand) Help() string {
	return `Stores a card and puts it into an issuer's wallet, Apple Pay, Google Pay and Samsung Pay, and a Visa card too where a
wallet takes one: asks for each payload over HTTP, hands it to simulated wallets and schemes that open it with code of
their own, and sees tokens come to life. Then lists the tokens, suspends, resumes and deactivates one of each scheme, loses an
answer of the scheme and finds out what became of it; enrols a customer for Click to Pay, kills the server meanwhile, adds a
card, reads, updates, deactivates and deletes; and verifies the audit trail. Exit status 0 only if every step held.

Examples:
  walletport demo
  walletport demo --keep my-sandbox`
}

func (c demoCommand) Run(ctx context.Context, con console) error {
	return sandbox.Demo(ctx, sandbox.DemoOptions{Options: sandboxOptions(), Keep: c.Keep, Out: con.Out, Process: sandboxProcess})
}

// sandboxProcess makes this program run a sandbox as a process of its own.
func sandboxProcess(ctx context.Context, dir string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, "sandbox", "--dir", dir, "--listen", "127.0.0.1:0") //nolint:gosec // G204: it is this program
	command.Args[0] = os.Args[0]
	return command, nil
}

type inspectCommand struct {
	File string `arg:"" help:"Payload: digitizationData, TAV, Visa JWE, MBPAC, MBPAD, Apple's pass data, Google's opaque card, or a whole API answer; - reads standard input."`
	Keys string `help:"sandbox.json with the keys of the other side; without it, only what needs no key is checked." placeholder:"FILE"`
	JSON bool   `help:"Print JSON."`
}

func (inspectCommand) Help() string {
	return `Examples:
  walletport inspect answer.json --keys my-sandbox/sandbox.json
  curl -s … | walletport inspect -
What a terminal or an HTTP client put around the payload (white space, quotes, the headers of curl -i, UTF-16) is taken off and noted.
Exit status 0: nothing wrong was found; 1: a fault was, and it is named.`
}

func (c inspectCommand) Run(ctx context.Context, con console) error {
	payload, err := readInput(ctx, con.In, c.File, sandbox.MaxPayloadBytes)
	if err != nil {
		return err
	}
	found, err := sandbox.Inspect(payload, c.Keys)
	if err != nil {
		return err
	}
	if c.JSON {
		err = found.WriteJSON(con.Out)
	} else {
		err = found.WriteText(con.Out)
	}
	if err == nil && found.Faulty() {
		return errFault
	}
	return err
}
