package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
)

type keysCommand struct {
	Init     keysInitCommand     `cmd:"" help:"Make an empty key store, and its key file if there is none."`
	Generate keysGenerateCommand `cmd:"" help:"Make a key." `
	Import   keysImportCommand   `cmd:"" help:"Add a key from PEM, DER, PKCS#12, OpenPGP, hex, base64 or text."`
	List     keysListCommand     `cmd:"" help:"List the catalogue."`
	Export   keysExportCommand   `cmd:"" name:"export-public" help:"Print the public half of a key: PEM, or an OpenPGP certificate in ASCII armor."`
	Activate keysActivateCommand `cmd:"" help:"Let a key serve."`
	Retire   keysRetireCommand   `cmd:"" help:"Take a key out of new work; it still opens and verifies."`
}

func (keysCommand) Help() string {
	return `Examples:
  walletport keys init --config walletport.yaml
  walletport keys generate tav-signing --issuer acme --activate --config walletport.yaml
  walletport keys import mdes-encryption pepk.pem --activate --config walletport.yaml
  walletport keys export-public acme-tav-signing-v1 --config walletport.yaml
  walletport keys import vts-push secret.txt --alias VISA-KEY-ID --activate --config walletport.yaml
  walletport keys import wsd wsd.hex --alias 401200.1 --activate --config walletport.yaml
  walletport keys import opc-encryption google.asc --activate --config walletport.yaml
  walletport keys generate opc-signing --issuer acme --activate --config walletport.yaml
A running server takes a change within seconds, without a restart.`
}

type keysInitCommand struct{ location }

func (c keysInitCommand) Run(con console) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	if config.Keys.KeyFile != "" {
		if _, err := os.Stat(config.Keys.KeyFile); errors.Is(err, os.ErrNotExist) {
			if err := file.CreateKeyFile(config.Keys.KeyFile); err != nil {
				return err
			}
			fmt.Fprintln(con.Err, "key file made:", config.Keys.KeyFile, "(keep a copy apart from the key store)")
		}
	}
	fileConfig, err := config.Keys.open()
	if err != nil {
		return err
	}
	if _, err := file.Create(fileConfig); err != nil {
		return err
	}
	fmt.Fprintln(con.Err, "key store made:", config.Keys.File)
	return nil
}

// keySpec holds the flags that describe a new key.
type keySpec struct {
	Purpose           string   `arg:"" help:"mdes-encryption, tav-signing, vts-push, wsd, opc-encryption, opc-signing, vault-kek, vault-index or audit-checkpoint."`
	Issuer            string   `help:"Serve this issuer only; without it, every issuer."`
	BIN               []string `help:"Serve these BINs only: 520424, or 52042400-52042499." placeholder:"RANGE"`
	ValidFrom         string   `help:"First moment of use, RFC 3339; without it, now." placeholder:"TIME"`
	ValidUntil        string   `help:"End of use, RFC 3339; without it, that of its certificate (a generated opc-signing key: one year), or never." placeholder:"TIME"`
	Alias             string   `help:"Name that the scheme knows the key by: keyAlias of a TAV v4; needed for vts-push (Visa's encryption API key id) and wsd (key set, 401200.1)."`
	SchemeFingerprint string   `help:"Literal publicKeyFingerprint, where the scheme dictates one."`
	Activate          bool     `help:"Let it serve at once."`
	JSON              bool     `help:"Print JSON."`
}

func (s keySpec) spec() (file.Spec, error) {
	purpose, err := keys.ParsePurpose(s.Purpose)
	if err != nil {
		return file.Spec{}, usagef("%s", "the purpose is one of "+strings.Join(purposeNames(), ", "))
	}
	spec := file.Spec{
		Purpose: purpose, Issuer: walletport.IssuerID(s.Issuer), Alias: s.Alias,
		SchemeFingerprint: s.SchemeFingerprint, Activate: s.Activate,
	}
	for _, text := range s.BIN {
		bins, err := keys.ParseBINRange(text)
		if err != nil {
			return spec, usagef("--bin: %v", err)
		}
		spec.BINs = append(spec.BINs, bins)
	}
	if spec.ValidFrom, err = parseTime(s.ValidFrom); err != nil {
		return spec, usagef("--valid-from: %v", err)
	}
	if spec.ValidUntil, err = parseTime(s.ValidUntil); err != nil {
		return spec, usagef("--valid-until: %v", err)
	}
	return spec, nil
}

func purposeNames() []string {
	var names []string
	for _, p := range keys.Purposes() {
		names = append(names, string(p))
	}
	return names
}

// parseTime reads RFC 3339; empty is the zero time.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}

type keysGenerateCommand struct {
	keySpec
	Algorithm string `help:"RSA-2048, RSA-3072 or RSA-4096; without it the first for tav-signing, the second for opc-signing. The other purposes have one each."`
	location
}

func (c keysGenerateCommand) Run(ctx context.Context, con console) error {
	spec, err := c.spec()
	if err != nil {
		return err
	}
	spec.Algorithm = c.Algorithm
	return c.changeKeys(ctx, con, keyChange("generate", spec.Issuer), func(store *file.Store) (keys.ID, error) {
		meta, err := store.Generate(spec)
		if err != nil {
			return "", err
		}
		return meta.ID, printKeys(con.Out, c.JSON, []*keys.Key{{Meta: meta}})
	})
}

type keysImportCommand struct {
	keySpec
	File         string    `arg:"" help:"File with the key; - reads standard input."`
	PasswordFrom secretRef `help:"Where the PKCS#12 password is: file:PATH or env:NAME." placeholder:"REF"`
	AsIs         bool      `help:"Take it although it looks wrong: a key usage that forbids the purpose, the parity of a WSD key, quotes or a name around a shared secret."`
	location
}

func (c keysImportCommand) Run(ctx context.Context, con console) error {
	spec, err := c.spec()
	if err != nil {
		return err
	}
	spec.AsIs = c.AsIs
	data, err := readInput(ctx, con.In, c.File, maxKeyFileBytes)
	if err != nil {
		return err
	}
	defer clear(data)
	var password []byte
	if c.PasswordFrom != "" {
		if password, err = c.PasswordFrom.resolve(); err != nil {
			return err
		}
	}
	return c.changeKeys(ctx, con, keyChange("import", spec.Issuer), func(store *file.Store) (keys.ID, error) {
		meta, err := store.Import(spec, data, password)
		if err != nil {
			return "", err
		}
		return meta.ID, printKeys(con.Out, c.JSON, []*keys.Key{{Meta: meta}})
	})
}

// keyChange is the audit record of a change of keys that is about to begin.
func keyChange(change string, issuer walletport.IssuerID, ids ...keys.ID) walletport.AuditRecord {
	record := walletport.AuditRecord{Issuer: issuer}
	record.SetDetail(walletport.DetailChange, change)
	for _, id := range ids {
		record.KeyVersions = append(record.KeyVersions, string(id))
	}
	return record
}

const maxKeyFileBytes = 1 << 20

type keysListCommand struct {
	JSON bool `help:"Print JSON."`
	location
}

func (c keysListCommand) Run(con console) error {
	store, err := c.openKeys()
	if err != nil {
		return err
	}
	return printKeys(con.Out, c.JSON, store.Current().All())
}

func printKeys(w io.Writer, asJSON bool, all []*keys.Key) error {
	if asJSON {
		rows := make([]keyJSON, 0, len(all))
		for _, k := range all {
			rows = append(rows, newKeyJSON(k.Meta))
		}
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tALGORITHM\tISSUER\tBINS\tVALID UNTIL\tALIAS\tFINGERPRINT OR CHECK VALUE")
	for _, k := range all {
		issuer := cmp.Or(string(k.Issuer), "any")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			k.ID, k.State, k.Algorithm, issuer, binText(k.BINs), untilText(k.ValidUntil), cmp.Or(k.Alias, "-"), recognitionText(k.Meta))
	}
	return table.Flush()
}

// recognitionText is by what two people see that they mean the same key.
func recognitionText(m keys.Meta) string {
	switch {
	case m.Purpose == keys.WSD:
		return "KCV " + m.CheckValue // as Visa and HSMs print it
	case m.CheckValue != "":
		return "check " + m.CheckValue
	}
	return fmt.Sprintf("%.16s…", m.Fingerprint)
}

// keyJSON is a catalogue entry as scripts read it.
type keyJSON struct {
	ID                keys.ID             `json:"id"`
	Purpose           keys.Purpose        `json:"purpose"`
	State             keys.State          `json:"state"`
	Version           int                 `json:"version"`
	Issuer            walletport.IssuerID `json:"issuer"` // "" serves every issuer
	BINs              []string            `json:"bins"`   // empty serves every BIN
	ValidFrom         time.Time           `json:"validFrom"`
	ValidUntil        time.Time           `json:"validUntil,omitzero"` // absent never ends
	Algorithm         string              `json:"algorithm"`
	Fingerprint       string              `json:"fingerprint,omitempty"` // of public keys
	CheckValue        string              `json:"checkValue,omitempty"`  // of secret keys
	Alias             string              `json:"alias,omitempty"`
	SchemeFingerprint string              `json:"schemeFingerprint,omitempty"`
	Sandbox           bool                `json:"sandbox"`
}

func newKeyJSON(m keys.Meta) keyJSON {
	bins := make([]string, 0, len(m.BINs))
	for _, r := range m.BINs {
		bins = append(bins, r.String())
	}
	return keyJSON{m.ID, m.Purpose, m.State, m.Version, m.Issuer, bins, m.ValidFrom, m.ValidUntil, m.Algorithm, m.Fingerprint, m.CheckValue, m.Alias, m.SchemeFingerprint, m.Sandbox}
}

func binText(ranges []keys.BINRange) string {
	if len(ranges) == 0 {
		return "any"
	}
	var parts []string
	for _, r := range ranges {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, ",")
}

func untilText(t time.Time) string {
	if t.IsZero() {
		return "never ends"
	}
	return t.UTC().Format(time.RFC3339)
}

type keysExportCommand struct {
	ID string `arg:"" help:"Key id, as keys list prints it."`
	location
}

func (c keysExportCommand) Run(con console) error {
	store, err := c.openKeys()
	if err != nil {
		return err
	}
	pem, err := store.ExportPublic(keys.ID(c.ID))
	if err != nil {
		return err
	}
	_, err = con.Out.Write(pem)
	return err
}

type keysActivateCommand struct {
	ID string `arg:"" help:"Key id, as keys list prints it."`
	location
}

func (c keysActivateCommand) Run(ctx context.Context, con console) error {
	id := keys.ID(c.ID)
	return c.changeKeys(ctx, con, keyChange("activate", "", id), func(store *file.Store) (keys.ID, error) { return id, store.Activate(id) })
}

type keysRetireCommand struct {
	ID     string `arg:"" help:"Key id, as keys list prints it."`
	Needed bool   `help:"Retire it even if nothing else does its work: for a key that has leaked."`
	location
}

func (c keysRetireCommand) Run(ctx context.Context, con console) error {
	id := keys.ID(c.ID)
	return c.changeKeys(ctx, con, keyChange("retire", "", id), func(store *file.Store) (keys.ID, error) {
		if c.Needed {
			return id, store.RetireNeeded(id)
		}
		return id, store.Retire(id)
	})
}
