package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/disk"
)

type auditCommand struct {
	Verify  auditVerifyCommand  `cmd:"" help:"Prove that nothing was changed, removed, inserted or reordered."`
	Export  auditExportCommand  `cmd:"" help:"Print the trail as JSON Lines, its end signed."`
	Compare auditCompareCommand `cmd:"" help:"Hold the database's trail against an export that was archived."`
	Prove   auditProveCommand   `cmd:"" help:"Make a file that proves one record, and shows no other."`

	ProveConsistency auditConsistencyCommand `cmd:"" help:"Make a file that proves that nothing was changed since an older note."`
	VerifyProof      auditVerifyProofCommand `cmd:"" help:"Check a proof, without a database."`
	Checkpoint       auditCheckpointCommand  `cmd:"" help:"Print the newest signed note."`
	Cosign           auditCosignCommand      `cmd:"" help:"Have an outside witness confirm the newest note."`
}

func (auditCommand) Help() string {
	return `Examples:
  walletport audit verify --config walletport.yaml
  walletport audit export -o trail-1.jsonl.gz --config walletport.yaml
  walletport audit export --after 34075:93ac0f… -o trail-2.jsonl.gz --config walletport.yaml
  walletport keys export-public audit-checkpoint-v1 --config walletport.yaml > checkpoint.pem
  walletport audit verify trail-1.jsonl.gz trail-2.jsonl.gz --key checkpoint.pem
  walletport audit compare trail-1.jsonl.gz trail-2.jsonl.gz --config walletport.yaml
  walletport audit prove 17 -o record-17.tlog-proof --config walletport.yaml
  walletport audit verify-proof record-17.tlog-proof --key checkpoint.pem
An export says on standard error what it wrote and where the next one goes on.
Exit status 0: the trail is whole. 1: it is broken, lacks something, or differs. These commands leave a record in the trail
themselves; --no-record leaves none, for a copy of a database or one that takes no writes.`
}

// unrecorded is the switch of commands that look at the trail.
type unrecorded struct {
	NoRecord bool `help:"Leave no record in the trail: for a copy of a database, or one that takes no writes."`
}

// record writes into the trail that it was looked at, and what was found.
func (u unrecorded) record(ctx context.Context, o *operator, action walletport.Action, s audit.Summary, outcome string) error {
	if u.NoRecord {
		return nil
	}
	return o.recording(ctx, func(ctx context.Context, o *operator) error {
		return o.reading(ctx, act.Request{Action: action}, func(record *act.Record) error {
			noteRange(record, s)
			record.Outcome = outcome
			return nil
		})
	})
}

// recorded is how a command ends that has said what it found, and whose own record may
// have failed.
func (u unrecorded) recorded(con console, found, recordErr error) error {
	if recordErr == nil {
		return found
	}
	fmt.Fprintln(con.Err, "walletport: this look at the trail is not recorded in it:", recordErr)
	return errFault
}

// foreign returns the error of a key store that is another than the one which signed the
// trail, if a break says no more than that: to the keys of such a store every signature
// looks forged.
func (o *operator) foreign(ctx context.Context, broken error) error {
	b, isBreak := errors.AsType[*audit.Break](broken)
	if !isBreak || b.Kind != audit.CheckpointForged {
		return nil
	}
	if err := o.checkKeys(ctx); walletport.ReasonOf(err) == audit.ReasonForeign {
		return err
	}
	return nil
}

func noteRange(record *act.Record, s audit.Summary) {
	if s.Records > 0 {
		record.SetDetail(walletport.DetailFirst, strconv.FormatInt(s.FirstSeq, 10))
		record.SetDetail(walletport.DetailLast, strconv.FormatInt(s.LastSeq, 10))
	}
}

// trust is whom an export is believed.
type trust struct {
	Key []string `help:"Public checkpoint key (PEM file). An export is verified with these, without one with those of the key store; the database with both." placeholder:"PEM"`
}

func (t trust) keys(l location) ([]audit.TrustedKey, error) {
	if len(t.Key) > 0 {
		return readCheckpointKeys(t.Key)
	}
	if l == (location{}) {
		return nil, usagef("give --key FILE, the public half of each key that signed the export, or --config FILE or --dir DIR of who has the keys")
	}
	keyStore, err := l.openKeys()
	if err != nil {
		return nil, err
	}
	trusted := audit.TrustedKeys(keyStore.Current())
	if len(trusted) == 0 {
		return nil, errors.New("the key store has no audit-checkpoint key: without one no signature can be checked")
	}
	return trusted, nil
}

func readCheckpointKeys(paths []string) ([]audit.TrustedKey, error) {
	var trusted []audit.TrustedKey
	for _, path := range paths {
		key, err := readCheckpointKey(path)
		if err != nil {
			return nil, err
		}
		trusted = append(trusted, audit.TrustedKey{Public: key})
	}
	return trusted, nil
}

func readCheckpointKey(path string) (ed25519.PublicKey, error) {
	text, err := disk.ReadArgument(path, maxKeyFileBytes)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", path)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s is not an Ed25519 public key", path)
	}
	return key, nil
}

// openExport opens an export, which may be compressed with gzip; "-" is standard input.
func openExport(stdin io.Reader, path string) (io.Reader, func() error, error) {
	in, closeFile := stdin, func() error { return nil }
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		in, closeFile = f, f.Close
	}
	buffered := bufio.NewReaderSize(in, 64<<10)
	if magic, _ := buffered.Peek(2); len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return buffered, closeFile, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), closeFile())
	}
	return unzipped, closeFile, nil
}

// eachExport opens one export after the other for next. An error names the export if
// there are several.
func eachExport(ctx context.Context, stdin io.Reader, paths []string, next func(context.Context, io.Reader) error) error {
	for _, path := range paths {
		in, closeFile, err := openExport(stdin, path)
		if err != nil {
			return err
		}
		err = errors.Join(next(ctx, in), closeFile())
		if err != nil && len(paths) > 1 {
			err = fmt.Errorf("%s: %w", path, err)
		}
		if errors.Is(err, audit.ErrPartsOutOfOrder) {
			return usagef("%v", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notedRecord is a record that somebody wrote down: its number, or SEQ:HASH.
type notedRecord struct{ *audit.Noted }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *notedRecord) UnmarshalText(text []byte) error {
	number, digits, hasHash := strings.Cut(string(text), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 0 {
		return errors.New("must be the number of a record, or SEQ:HASH as audit verify prints the head")
	}
	n.Noted = &audit.Noted{Seq: seq}
	if !hasHash {
		return nil
	}
	n.Hash, err = hex.DecodeString(digits)
	if err != nil || len(n.Hash) != 32 {
		return errors.New("the hash must be 64 hexadecimal digits, as audit verify prints them")
	}
	return nil
}
