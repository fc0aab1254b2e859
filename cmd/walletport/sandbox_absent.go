//go:build nosandbox

package main

import "github.com/walletport/walletport/config"

// sandboxIssuer is nobody: a program without the sandbox imports into none.
const sandboxIssuer = ""

var errNoSandbox = usagef("this program was built without the sandbox and the simulators: take one that was built without -tags nosandbox")

func sandboxConfigPath(string) (string, error) { return "", errNoSandbox }

func runningSandbox(string) (config.Config, error) { return config.Config{}, errNoSandbox }

// absentCommand stands for a command that this program was built without, whatever its
// flags.
type absentCommand struct {
	Arguments []string `arg:"" optional:"" passthrough:"" hidden:"" help:"What the command takes elsewhere."`
}

func (absentCommand) Run() error { return errNoSandbox }

func (absentCommand) Help() string {
	return `Not in this program: it was built without the sandbox and the simulators (-tags nosandbox).

Examples:
  go install github.com/walletport/walletport/cmd/walletport@latest`
}

type (
	sandboxCommand struct{ absentCommand }
	demoCommand    struct{ absentCommand }
	inspectCommand struct{ absentCommand }
)
