// Command walletport is the wallet server that an issuer runs itself, its
// sandbox, and its operator's tools. docs/architecture.md draws how it is built.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
)

// Exit codes, as design documents promise them to scripts.
const (
	exitOK    = 0
	exitFault = 1
	exitUsage = 2
	// exitUnknown is of a change at a scheme that may or may not have been made: it is not
	// known yet.
	exitUnknown = 3
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // writing to a pipe that nobody reads is an error like others, not the end
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	code := run(ctx, os.Args[1:], console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

// now is the clock of the program. Every room is handed it, and no other place reads the
// time.
func now() time.Time { return time.Now() }

// console is where a command reads and writes; tests pass buffers.
type console struct {
	In       io.Reader
	Out, Err io.Writer
}

// cli is the command line, one field a command.
type cli struct {
	Demo       demoCommand       `cmd:"" help:"Run the main job from start to finish against a sandbox in a temporary folder."`
	Sandbox    sandboxCommand    `cmd:"" help:"Run the server with generated keys, sample cards and simulated schemes."`
	Serve      serveCommand      `cmd:"" help:"Run the production server."`
	Inspect    inspectCommand    `cmd:"" help:"Open a payload, check each field, name the first fault."`
	Cards      cardsCommand      `cmd:"" help:"Import, find, change, forget and delete cards."`
	Customers  customersCommand  `cmd:"" help:"Import, show and forget customers."`
	Tokens     tokensCommand     `cmd:"" help:"List the tokens of a card, show one, change one at its scheme."`
	ClickToPay clickToPayCommand `cmd:"" name:"clicktopay" help:"Enrol cards for Click to Pay by the thousand, follow requests, compare with Visa."`
	Vault      vaultCommand      `cmd:"" help:"Verify the stored cards."`
	Keys       keysCommand       `cmd:"" help:"Make, import and rotate keys."`
	Clients    clientsCommand    `cmd:"" help:"Create and revoke API clients."`
	Jobs       jobsCommand       `cmd:"" help:"List, re-drive and drop parked background jobs."`
	Audit      auditCommand      `cmd:"" help:"Verify and export the audit trail."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database schema up to date."`
	Config     configCommand     `cmd:"" help:"Check and print the configuration."`
	Version    versionCommand    `cmd:"" help:"Print version, revision, Go version, FIPS module and who does the arithmetic of RSA."`
}

// errFault ends a command that has already said what is wrong.
var errFault = errors.New("fault already reported")

// errOutcomeUnknown ends a command that has said that nobody knows what became of its change.
var errOutcomeUnknown = errors.New("outcome of a change not known, as already reported")

// kongExit carries kong's wish to exit (after --help) out of its parser.
type kongExit int

func run(ctx context.Context, args []string, con console) (code int) {
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case kongExit:
			code = int(fault)
		default:
			panic(fault)
		}
	}()
	if at, isSet := os.LookupEnv("WALLETPORT_CONFIG"); isSet && at == "" { // an empty variable counts as not set, and kong counts it
		if err := os.Unsetenv("WALLETPORT_CONFIG"); err != nil {
			panic(err) // a name that is none
		}
	}
	var commands cli
	parser, err := kong.New(&commands, kong.Name("walletport"),
		kong.Description("The wallet server that an issuer runs itself: payloads for Apple Pay, Google Pay, Samsung Pay and issuer wallets, activation data for their tokens, a card vault, key custody and an audit trail."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Help(printHelp),
		kong.Writers(con.Out, con.Err), kong.Exit(func(status int) { panic(kongExit(status)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(con))
	if err != nil {
		fmt.Fprintln(con.Err, "walletport:", err)
		return exitFault
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		con.complain(withVariableHint(args, withNegativeHint(err)))
		return exitUsage
	}
	if command.Command() != "serve" { // whose warnings are log lines
		for _, warning := range config.Warnings() {
			fmt.Fprintln(con.Err, "walletport: warning:", warning)
		}
	}
	command.BindTo(withCommand(ctx, command.Command()), (*context.Context)(nil))
	err = command.Run()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFault), errors.Is(err, syscall.EPIPE): // as of "| head": nobody wants to hear more
		return exitFault
	case errors.Is(err, errOutcomeUnknown):
		return exitUnknown
	case isStopped(ctx, err):
		fmt.Fprintln(con.Err, "walletport: stopped:", context.Cause(ctx))
		return exitFault
	case errors.Is(err, errUsage):
		con.complain(err)
		return exitUsage
	}
	con.complain(err)
	if refused, ok := errors.AsType[*walletport.Error](err); ok {
		for _, field := range refused.Fields {
			fmt.Fprintf(con.Err, "%s: %s\n", field.Name, field.Reason)
		}
	}
	return exitFault
}

// withNegativeHint says how an id below zero, as sample cards may have, is given: it looks
// like a flag.
func withNegativeHint(err error) error {
	if flag, found := strings.CutPrefix(err.Error(), "unknown flag -"); !found || flag == "" || flag[0] < '0' || flag[0] > '9' {
		return err
	}
	return fmt.Errorf("%w; an id below 0 stands at the end, behind --, as in: walletport tokens list --config FILE -- -1", err)
}

// withVariableHint says that it is the environment that named a configuration, where --dir is
// given and --config is not.
func withVariableHint(args []string, err error) error {
	isGiven := slices.ContainsFunc(args, func(arg string) bool { return arg == "--config" || strings.HasPrefix(arg, "--config=") })
	if isGiven || err.Error() != "--config and --dir can't be used together" {
		return err
	}
	return errors.New("WALLETPORT_CONFIG is set, as if --config were given, and that and --dir can't be used together: unset it for this command, or leave out --dir")
}

// complain says what is wrong. A message can repeat an argument, and whoever types a card
// number there must not find it in what keeps the output of a script.
func (c console) complain(err error) {
	text := err.Error()
	if walletport.ContainsPAN(text) {
		text = "the message of what is wrong holds a card number and is not shown; a card number is never an argument: cards find --pan and tokens list --pan read it from standard input"
	}
	fmt.Fprintln(c.Err, "walletport:", text)
}

// printHelp shows a command that has no examples of its own those of its group.
func printHelp(options kong.HelpOptions, at *kong.Context) error {
	if command := at.Selected(); command != nil && command.Detail == "" && command.Parent != nil {
		command.Detail = command.Parent.Detail
	}
	return kong.DefaultHelpPrinter(options, at)
}

// errUsage marks a fault of the command line that only the command can see.
var errUsage = errors.New("wrong usage")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}
