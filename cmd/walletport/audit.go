package main

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Prove that nothing was changed, removed, inserted or reordered."`
	Export auditExportCommand `cmd:"" help:"Print the trail as JSON Lines, its end signed."`
}

func (auditCommand) Help() string {
	return `Examples:
  walletport audit verify --dir sandbox
  walletport audit export --config walletport.yaml > trail.jsonl
  walletport keys export-public audit-checkpoint-v1 --config walletport.yaml > checkpoint.pem
  walletport audit verify trail.jsonl --key checkpoint.pem`
}

type auditVerifyCommand struct {
	File string   `arg:"" optional:"" help:"An export; without it, the database is verified."`
	Key  []string `help:"Public checkpoint key (PEM file) that an export is verified with." placeholder:"PEM"`
	JSON bool     `help:"Print JSON."`
	location
}

func (c auditVerifyCommand) Run(ctx context.Context, con console) error {
	summary, err := c.verify(ctx, con)
	broken, isBreak := errors.AsType[*audit.Break](err)
	if err != nil && !isBreak {
		return err
	}
	if c.JSON {
		return c.printJSON(con, summary, broken)
	}
	if isBreak {
		fmt.Fprintln(con.Out, broken.Error())
		fmt.Fprintf(con.Out, "good before it: %d records\n", summary.Records)
		return errFault
	}
	fmt.Fprintf(con.Out, "audit trail verified: %d records, %d signed checkpoints, %d records after the last one\n",
		summary.Records, summary.Checkpoints, summary.Unsigned)
	if summary.Records > 0 {
		fmt.Fprintf(con.Out, "from %s to %s, head %x\n", summary.FirstTime.Format(time.RFC3339), summary.LastTime.Format(time.RFC3339), summary.Head)
	}
	if summary.ClockSteps > 0 {
		fmt.Fprintf(con.Out, "notice: the clock went back %d times; the sequence numbers are the order\n", summary.ClockSteps)
	}
	return nil
}

func (c auditVerifyCommand) verify(ctx context.Context, con console) (audit.Summary, error) {
	if c.File != "" {
		return c.verifyExport(ctx, con)
	}
	if len(c.Key) > 0 {
		return audit.Summary{}, usagef("--key is for an export: name its file")
	}
	config, err := c.load()
	if err != nil {
		return audit.Summary{}, err
	}
	keyStore, err := c.openKeys()
	if err != nil {
		return audit.Summary{}, err
	}
	db, err := openDatabase(ctx, config.Database)
	if err != nil {
		return audit.Summary{}, err
	}
	defer db.Close()
	return audit.Verify(ctx, db, keyStore.Current())
}

// verifyExport trusts the keys given as files, or those of the location.
func (c auditVerifyCommand) verifyExport(ctx context.Context, con console) (audit.Summary, error) {
	trusted, err := c.trustedKeys()
	if err != nil {
		return audit.Summary{}, err
	}
	in := con.In
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return audit.Summary{}, err
		}
		defer f.Close()
		in = f
	}
	return audit.VerifyExport(ctx, in, trusted)
}

func (c auditVerifyCommand) trustedKeys() ([]ed25519.PublicKey, error) {
	if len(c.Key) == 0 {
		keyStore, err := c.openKeys()
		if err != nil {
			return nil, err
		}
		trusted := checkpointKeys(keyStore.Current())
		if len(trusted) == 0 {
			return nil, errors.New("the key store has no audit-checkpoint key: without one no signature can be checked")
		}
		return trusted, nil
	}
	var trusted []ed25519.PublicKey
	for _, path := range c.Key {
		key, err := readCheckpointKey(path)
		if err != nil {
			return nil, err
		}
		trusted = append(trusted, key)
	}
	return trusted, nil
}

// checkpointKeys returns the public halves of all checkpoint keys, retired ones too.
func checkpointKeys(ring *keys.Ring) []ed25519.PublicKey {
	var public []ed25519.PublicKey
	for _, k := range ring.All() {
		if key, ok := k.Public.(ed25519.PublicKey); ok && k.Purpose == keys.AuditCheckpoint {
			public = append(public, key)
		}
	}
	return public
}

func readCheckpointKey(path string) (ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
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

func (c auditVerifyCommand) printJSON(con console, s audit.Summary, broken *audit.Break) error {
	type breakJSON struct {
		Seq    int64  `json:"seq"`
		Kind   string `json:"kind"`
		Detail string `json:"detail"`
	}
	out := struct {
		Verified    bool       `json:"verified"`
		Records     int64      `json:"records"`
		Checkpoints int64      `json:"checkpoints"`
		Unsigned    int64      `json:"unsigned"`
		ClockSteps  int64      `json:"clockSteps"`
		Head        string     `json:"head"`
		Break       *breakJSON `json:"break,omitempty"`
	}{broken == nil, s.Records, s.Checkpoints, s.Unsigned, s.ClockSteps, hex.EncodeToString(s.Head), nil}
	if broken != nil {
		out.Break = &breakJSON{broken.Seq, string(broken.Kind), broken.Detail}
	}
	if err := json.NewEncoder(con.Out).Encode(out); err != nil {
		return err
	}
	if broken != nil {
		return errFault
	}
	return nil
}

type auditExportCommand struct {
	Since   string `help:"Begin with the first record of this time or later, RFC 3339." placeholder:"TIME"`
	FromSeq int64  `help:"Begin with this record." placeholder:"N"`
	Output  string `help:"File to make; without it, standard output." short:"o" placeholder:"FILE"`
	location
}

func (c auditExportCommand) Run(ctx context.Context, con console) error {
	since, err := parseTime(c.Since)
	if err != nil {
		return usagef("--since: %v", err)
	}
	config, err := c.load()
	if err != nil {
		return err
	}
	keyStore, err := c.openKeys()
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, config.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	out, finish, err := createFile(con.Out, c.Output)
	if err != nil {
		return err
	}
	_, exportErr := audit.Export(ctx, db, out, audit.ExportOptions{Keys: keyStore.Current(), Now: time.Now(), FromSeq: c.FromSeq, FromTime: since})
	err = errors.Join(exportErr, finish())
	if err != nil && c.Output != "" && c.Output != "-" {
		err = errors.Join(err, os.Remove(c.Output)) // half an export must not look like a whole one
	}
	return err
}
