package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/disk"
)

type auditProveCommand struct {
	Seq        int64      `arg:"" help:"Number of the record."`
	Checkpoint string     `help:"Prove it in the tree of this note, which somebody kept; without it in that of the newest." xor:"tree" placeholder:"FILE"`
	Witness    witnessKey `help:"Prove it in the newest tree that this witness has confirmed." xor:"tree" placeholder:"NAME+ID+KEY"`
	Output     string     `help:"File to make; without it, standard output." short:"o" placeholder:"FILE"`
	unrecorded
	location
}

func (auditProveCommand) Help() string {
	return `Examples:
  walletport audit prove 17 -o record-17.tlog-proof --config walletport.yaml
  walletport audit prove 17 --checkpoint kept.note -o record-17.tlog-proof --config walletport.yaml
  walletport audit prove 17 --witness "witness.example+1e4c6f31+BN…" -o record-17.tlog-proof --config walletport.yaml
The file has the one record whole, hashes of others, and a signed note (c2sp.org/tlog-proof).
walletport audit verify-proof checks it on any machine, without the database.`
}

func (c auditProveCommand) Run(ctx context.Context, con console) error {
	kept, err := readNote(c.Checkpoint)
	if err != nil {
		return err
	}
	var proof string
	err = c.opened(ctx, func(ctx context.Context, o *operator) (err error) {
		proof, err = c.prove(ctx, o, kept)
		return err
	})
	if err != nil {
		return err
	}
	return writeText(con.Out, c.Output, proof)
}

// prove returns the proof once the record of it is durable, unless none is asked for.
func (c auditProveCommand) prove(ctx context.Context, o *operator, kept string) (proof string, err error) {
	prove := func() error {
		trusted := audit.TrustedKeys(o.keys.Current())
		if c.Witness.Witness != nil {
			if kept, err = audit.Witnessed(ctx, o.db, trusted, c.Witness.Witness); err != nil {
				return err
			}
		}
		proof, err = audit.Prove(ctx, o.db, trusted, c.Seq, kept)
		return err
	}
	if c.NoRecord {
		err = prove()
		return proof, err
	}
	err = o.recording(ctx, func(ctx context.Context, o *operator) error {
		return o.reading(ctx, act.Request{Action: walletport.ActionAuditProve}, func(record *act.Record) error {
			noteRange(record, audit.Summary{Records: 1, FirstSeq: c.Seq, LastSeq: c.Seq})
			return prove()
		})
	})
	return proof, err
}

type auditConsistencyCommand struct {
	Checkpoint string `help:"The older note, which somebody kept." required:"" placeholder:"FILE"`
	Output     string `help:"File to make; without it, standard output." short:"o" placeholder:"FILE"`
	location
}

func (auditConsistencyCommand) Help() string {
	return `Examples:
  walletport audit prove-consistency --checkpoint kept.note -o consistency.proof --config walletport.yaml
The file has hashes and the newest note, and no record: looking at them leaves none in the trail.`
}

func (c auditConsistencyCommand) Run(ctx context.Context, con console) error {
	older, err := readNote(c.Checkpoint)
	if err != nil {
		return err
	}
	return c.opened(ctx, func(ctx context.Context, o *operator) error {
		proof, err := audit.ProveConsistency(ctx, o.db, audit.TrustedKeys(o.keys.Current()), older)
		if err != nil {
			return err
		}
		return writeText(con.Out, c.Output, proof)
	})
}

type auditCheckpointCommand struct {
	PublicKeys bool `help:"Print the public keys of the notes instead, a line each, as auditors and witnesses take them."`
	location
}

func (c auditCheckpointCommand) Run(ctx context.Context, con console) error {
	return c.opened(ctx, func(ctx context.Context, o *operator) error {
		text, err := audit.Newest(ctx, o.db)
		if err != nil {
			return err
		}
		if c.PublicKeys {
			return printLogKeys(con.Out, text, audit.TrustedKeys(o.keys.Current()))
		}
		_, err = io.WriteString(con.Out, text)
		return err
	})
}

// printLogKeys prints the keys that may sign notes of the trail of one, a line each.
func printLogKeys(out io.Writer, text string, trusted []audit.TrustedKey) error {
	list, err := audit.LogKeys(text, trusted)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, strings.Join(list, "\n")+"\n")
	return err
}

// readNote reads a file with a note; no name is no note. An empty file is an error: it would
// demand nothing, and is what is left where the note could not be written.
func readNote(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := disk.ReadArgument(path, note.MaxBytes)
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("%s is empty and no note", path)
	}
	return string(text), err
}

// writeText writes to a new file, or to standard output.
func writeText(stdout io.Writer, path, text string) error {
	out, finish, err := createFile(stdout, path)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return errors.Join(err, finish())
}
