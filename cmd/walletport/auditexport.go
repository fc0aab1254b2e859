package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
)

type auditExportCommand struct {
	Since   string      `help:"Begin with the first record of this time or later, RFC 3339." placeholder:"TIME"`
	FromSeq int64       `help:"Begin with this record." placeholder:"N"`
	After   notedRecord `help:"Go on behind the last record of an earlier export: its number, or SEQ:HASH, which must still stand there." placeholder:"SEQ"`
	Output  string      `help:"File to make, compressed if its name ends in .gz; without it, standard output." short:"o" placeholder:"FILE"`
	Key     []string    `help:"Public checkpoint key (PEM file) that the key store has lost, and that signed a part of the trail." placeholder:"PEM"`
	unrecorded
	location
}

func (c auditExportCommand) Run(ctx context.Context, con console) error {
	since, err := parseTime(c.Since)
	if err != nil {
		return usagef("--since: %v", err)
	}
	if c.After.Noted != nil && (c.FromSeq > 0 || !since.IsZero()) {
		return usagef("--after says where to begin: give neither --from-seq nor --since")
	}
	former, err := readCheckpointKeys(c.Key)
	if err != nil {
		return err
	}
	options := audit.ExportOptions{Now: now(), Former: former, FromSeq: c.FromSeq, FromTime: since, After: c.After.Noted}
	return c.opened(ctx, func(ctx context.Context, o *operator) error {
		options.Keys = o.keys.Current()
		return c.recordedExport(ctx, con, o, options)
	})
}

// recordedExport exports, and leaves a record of it unless that is not asked for.
func (c auditExportCommand) recordedExport(ctx context.Context, con console, o *operator, options audit.ExportOptions) error {
	if c.NoRecord { // what ends an export is a signature, too
		if err := o.checkKeys(ctx); walletport.ReasonOf(err) == audit.ReasonForeign {
			return err
		}
		_, err := c.export(ctx, con, o, options)
		return err
	}
	return o.recording(ctx, func(ctx context.Context, o *operator) error {
		return o.declare(ctx, act.Request{Action: walletport.ActionAuditExport}, func(record *act.Record) error {
			summary, err := c.export(ctx, con, o, options)
			noteRange(record, summary.Summary)
			return exportOutcome(record, err)
		})
	})
}

// exportOutcome names a broken trail in the record: an error of its kind has no reason. What else
// went wrong stays with it.
func exportOutcome(record *act.Record, err error) error {
	if _, ok := errors.AsType[*audit.Break](err); ok {
		return walletport.Errorf(walletport.CodeConflict, "audit_broken", "the audit trail is broken").WithCause(err)
	}
	return err
}

// export writes the trail. A broken one is kept: it is evidence, and nobody has signed
// its end. Half of one that could not be read to its end is not.
func (c auditExportCommand) export(ctx context.Context, con console, o *operator, options audit.ExportOptions) (audit.Exported, error) {
	file, finish, err := createFile(con.Out, c.Output)
	if err != nil {
		return audit.Exported{}, err
	}
	out, flush := compressed(file, c.Output)
	summary, exportErr := audit.Export(ctx, o.db, out, options)
	endErr := errors.Join(flush(), finish())
	err = errors.Join(exportErr, endErr)
	broken, isBreak := errors.AsType[*audit.Break](exportErr)
	toFile := c.Output != "" && c.Output != "-"
	switch {
	case isBreak && toFile:
		return summary, c.keepEvidence(con, summary, broken, errors.Join(summary.Unwritten, endErr))
	case err != nil && toFile:
		return summary, errors.Join(err, os.Remove(c.Output)) // half an export must not look like a whole one
	case err == nil && summary.Records == 0:
		fmt.Fprintln(con.Err, "there is no such record: the export is empty")
		if toFile {
			return summary, os.Remove(c.Output)
		}
	case err == nil: // on standard error, for standard output may be the export
		fmt.Fprintf(con.Err, "records %d to %d are exported; next: --after %d:%x\n", summary.FirstSeq, summary.LastSeq, summary.LastSeq, summary.Head)
	}
	return summary, err
}

// keepEvidence says what the file has of a broken trail. cut is why that is not all that there was
// to export.
func (c auditExportCommand) keepEvidence(con console, made audit.Exported, broken *audit.Break, cut error) error {
	switch {
	case cut != nil:
		fmt.Fprintf(con.Err, "the trail is broken, and could not be written to its end: %s is cut\n", c.Output)
		return errors.Join(broken, cut)
	case made.FirstWritten == 0:
		fmt.Fprintln(con.Err, "the trail is broken, and has no record to export from there on")
		return errors.Join(broken, os.Remove(c.Output))
	case made.FirstWritten == 1:
		fmt.Fprintf(con.Err, "the trail is broken; all of it is in %s as it stands, up to record %d, and its end is not signed\n", c.Output, made.LastWritten)
	default:
		fmt.Fprintf(con.Err, "the trail is broken; from record %d to %d it is in %s as it stands, and its end is not signed\n", made.FirstWritten, made.LastWritten, c.Output)
	}
	return broken
}

// compressed returns what compresses into w if the file's name asks for it, and what
// ends that.
func compressed(w io.Writer, name string) (io.Writer, func() error) {
	if !strings.HasSuffix(name, ".gz") {
		return w, func() error { return nil }
	}
	z := gzip.NewWriter(w)
	return z, z.Close
}
