package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

// operator is an opened location with the audit trail at hand.
type operator struct {
	settings config.Config
	db       server.Database
	keys     keys.Custodian // nil of a command that works without keys
	log      *audit.Log
	// keyLost signs on although the checkpoint key that signed last is lost.
	keyLost bool
}

// operate opens the location, runs do, and closes everything: the trail is
// signed and flushed before it returns. The context that do gets says who the
// operator is, so that every record under it does, also one that a flow makes.
func (l location) operate(ctx context.Context, do func(context.Context, *operator) error) error {
	return l.opened(ctx, func(ctx context.Context, o *operator) error { return o.recording(ctx, do) })
}

// opened opens the location, runs do, and closes everything. Nothing is written: the trail
// takes no records.
func (l location) opened(ctx context.Context, do func(context.Context, *operator) error) error {
	settings, err := l.load()
	if err != nil {
		return err
	}
	return withOperator(ctx, settings, do)
}

// withOperator opens what a configuration names, runs do, and closes it.
func withOperator(ctx context.Context, settings config.Config, do func(context.Context, *operator) error) error {
	keyStore, err := server.OpenKeys(settings.Keys, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	db, err := server.OpenDatabase(ctx, settings.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(ctx, &operator{settings: settings, db: db, keys: keyStore})
}

// checkKeys refuses a key store that is not the one of the database. It writes nothing.
func (o *operator) checkKeys(ctx context.Context) error {
	err := server.CheckKeyStore(ctx, o.db, o.keys, now)
	if o.keyLost && walletport.ReasonOf(err) == audit.ReasonKeyMissing {
		return nil
	}
	return err
}

// recording runs do with a trail that takes records. What others left unsigned is
// signed by it, so whoever judges the trail does so before. With a key store that did
// not sign the trail nothing is written and do does not run.
func (o *operator) recording(ctx context.Context, do func(context.Context, *operator) error) (err error) {
	var source keys.Source = noKeys{}
	if o.keys != nil {
		source = o.keys
		if err := o.checkKeys(ctx); err != nil {
			return err
		}
	}
	o.log, err = audit.New(audit.Config{Store: o.db, Keys: source, Clock: now, Settings: o.settings.Audit, KeyLost: o.keyLost})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- o.log.Run(running) }()
	defer func() {
		stop()
		if runErr := <-done; err == nil {
			err = runErr
		}
	}()
	return do(asOperator(ctx), o)
}

// noKeys is the catalogue of a command that works without a key store.
type noKeys struct{}

func (noKeys) Current() *keys.Ring { return keys.NewRing(nil) }

// declare does an act that changes something. What is intended is in the audit trail
// before it begins, and how it ended after it; effect adds to the record what it
// learns. If the first record cannot be made durable, nothing is done.
func (o *operator) declare(ctx context.Context, intended act.Request, effect func(*act.Record) error) error {
	intended.AuditUser = osUser()
	_, err := act.Declared(ctx, o.log, intended, func(record *act.Record) (struct{}, error) {
		return struct{}{}, effect(record)
	})
	return err
}

// change is declare for an act that changes stored rows and nothing else: how it ended is in
// the trail with the change, in one commit.
func (o *operator) change(ctx context.Context, intended act.Request, effect func(storage.Tx, *act.Record) error) error {
	intended.AuditUser = osUser()
	return act.DeclaredChange(ctx, o.log, intended, effect)
}

// reading does an act that changes nothing, and returns once it is recorded: what was
// read must be shown after that.
func (o *operator) reading(ctx context.Context, asked act.Request, read func(*act.Record) error) error {
	asked.AuditUser = osUser()
	_, err := act.Audited(ctx, o.log, asked, func(record *act.Record) (struct{}, error) {
		return struct{}{}, read(record)
	})
	return err
}

// noteRefused names the outcome of an act on many things, of which some were done and
// some refused: one that left any out is not ok.
func noteRefused(record *act.Record, done, refused int64) {
	switch {
	case refused == 0:
	case done == 0:
		record.Outcome = walletport.OutcomeAllRefused
	default:
		record.Outcome = walletport.OutcomeSomeRefused
	}
}

// operatorClient is the client of what an operator does at the console, which has no
// API client.
const operatorClient = "operator"

// asOperator returns a context whose records are those of one act of the operator.
func asOperator(ctx context.Context) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: operatorClient})
	return walletport.WithRequest(ctx, walletport.Request{ID: newActID(), Details: consoleDetails(ctx)})
}

// newActID makes the request id of an operator's act.
func newActID() string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // never fails
	return "op-" + strings.ToLower(base32.StdEncoding.EncodeToString(raw))
}

// consoleDetails says what is known of the console beside the operating system's user,
// who is the record's audit user. SUDO_USER is what the environment says, which its
// owner may have set; the login user is kept by the kernel through sudo and su. So
// the trail names all three.
func consoleDetails(ctx context.Context) walletport.AuditDetails {
	host, _ := os.Hostname()
	var details walletport.AuditDetails
	return details.
		With(walletport.DetailCommand, commandFrom(ctx)).
		With(walletport.DetailHost, checkedName(host)).
		With(walletport.DetailSudoUser, checkedName(os.Getenv("SUDO_USER"))).
		With(walletport.DetailLoginUser, checkedName(loginUser()))
}

// osUser names who sits at the console.
func osUser() walletport.AuditUser {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	who, err := walletport.ParseAuditUser("os:" + name)
	if err != nil {
		return "os:unknown"
	}
	return who
}

// loginUser returns the name, or else the number, of the user whose login the process
// descends from; "" where the kernel does not say.
func loginUser() string {
	text, err := os.ReadFile("/proc/self/loginuid")
	id := strings.TrimSpace(string(text))
	const none = "4294967295" // no login: a service
	if err != nil || id == "" || id == none {
		return ""
	}
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// checkedName returns text from outside if a record may name somebody by it.
func checkedName(text string) string {
	if text == "" {
		return ""
	}
	name, err := walletport.ParseAuditUser(text)
	if err != nil {
		return "unreadable"
	}
	return string(name)
}

type commandKey struct{}

// withCommand returns a context that carries which command runs, as kong spells it.
// Arguments and flags are left out: whoever types a secret or a card number there
// must not find it in the trail.
func withCommand(ctx context.Context, spelled string) context.Context {
	var words []string
	for word := range strings.FieldsSeq(spelled) {
		if !strings.ContainsAny(word, "<[") {
			words = append(words, word)
		}
	}
	return context.WithValue(ctx, commandKey{}, strings.Join(words, " "))
}

func commandFrom(ctx context.Context) string {
	command, _ := ctx.Value(commandKey{}).(string)
	return command
}

// warnOfIssuers tells the operator of issuers on the command line that nothing names
// yet: a first client of a new issuer, or a slip.
func (o *operator) warnOfIssuers(ctx context.Context, w io.Writer, ids ...walletport.IssuerID) error {
	names, err := server.ReadIssuerNames(ctx, o.db, o.keys.Current())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		doubt, err := names.Doubt(ctx, id)
		if err != nil {
			return err
		}
		if doubt != "" {
			fmt.Fprintf(w, "walletport: warning: %s\n", doubt)
		}
	}
	return nil
}
