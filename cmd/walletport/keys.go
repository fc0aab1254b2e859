package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
)

type keysCommand struct {
	Init     keysInitCommand     `cmd:"" help:"Make an empty key store, and its key file if there is none."`
	Generate keysGenerateCommand `cmd:"" help:"Make a key." `
	Import   keysImportCommand   `cmd:"" help:"Add a key from PEM, DER, PKCS#12, OpenPGP, hex, base64 or text."`
	Check    keysCheckCommand    `cmd:"" help:"Say what an import would make of a file, and store nothing."`
	List     keysListCommand     `cmd:"" help:"List the catalogue."`
	Export   keysExportCommand   `cmd:"" name:"export-public" help:"Print the public half of a key: PEM, or an OpenPGP certificate in ASCII armor."`
	Activate keysActivateCommand `cmd:"" help:"Let a key serve."`
	Retire   keysRetireCommand   `cmd:"" help:"Take a key out of new work; it still opens and verifies."`
	Destroy  keysDestroyCommand  `cmd:"" help:"Destroy the secret half of a retired key, for good."`
}

func (keysCommand) Help() string {
	return `Examples:
  walletport keys init --config walletport.yaml
  walletport keys generate tav-signing --issuer acme --activate --config walletport.yaml
  walletport keys check mdes-encryption pepk.pem --config walletport.yaml
  walletport keys import mdes-encryption pepk.pem --activate --config walletport.yaml
  walletport keys export-public acme-tav-signing-v1 --config walletport.yaml
  walletport keys import vts-push secret.txt --alias VISA-KEY-ID --activate --config walletport.yaml
  walletport keys import wsd wsd.hex --alias 401200.1 --activate --config walletport.yaml
  walletport keys import opc-encryption google.asc --activate --config walletport.yaml
  walletport keys generate opc-signing --issuer acme --activate --config walletport.yaml
  walletport keys retire acme-tav-signing-v1 --config walletport.yaml
  walletport keys retire --needed acme-tav-signing-v2 --config walletport.yaml
  walletport keys destroy vault-kek-v1 --yes --config walletport.yaml
A running server takes a change within seconds, without a restart.`
}

// keySpec holds the flags that describe a new key.
type keySpec struct {
	Purpose           string   `arg:"" help:"mdes-encryption, tav-signing, mdes-oauth, mdes-cs-encryption, mdes-cs-decryption, vts-push, wsd, vts-api, vts-signing, vts-verification, vts-encryption, vts-decryption, clicktopay-api, clicktopay-login, clicktopay-encryption, clicktopay-decryption, mdes-tls, vts-tls, clicktopay-tls, opc-encryption, opc-signing, vault-kek, vault-index or audit-checkpoint."`
	Issuer            string   `help:"Serve this issuer only; without it, every issuer."`
	BIN               []string `help:"Serve these BINs only: 520424, or 52042400-52042499." placeholder:"RANGE"`
	ValidFrom         string   `help:"First moment of use, RFC 3339; without it, now." placeholder:"TIME"`
	ValidUntil        string   `help:"End of use, RFC 3339; without it, that of its certificate (a generated opc-signing key: one year), or never." placeholder:"TIME"`
	Alias             string   `help:"Name that the scheme knows the key by: keyAlias of a TAV v4; needed for mdes-oauth (consumer key), vts-push (Visa's encryption API key id), wsd (key set, 401200.1), vts-api and clicktopay-api (API key), clicktopay-login (user) and the other keys of vts and clicktopay (kid)."`
	SchemeFingerprint string   `help:"Literal publicKeyFingerprint, where the scheme dictates one."`
	Activate          bool     `help:"Let it serve at once."`
	JSON              bool     `help:"Print JSON."`
}

func (s keySpec) spec() (keys.Spec, error) {
	purpose, err := keys.ParsePurpose(s.Purpose)
	if err != nil {
		return keys.Spec{}, usagef("%s", "the purpose is one of "+strings.Join(purposeNames(), ", "))
	}
	spec := keys.Spec{
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
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, errors.New("write day, time and zone, as in 2031-01-31T00:00:00Z or 2031-01-31T00:00:00+02:00")
	}
	return at, nil
}

type keysGenerateCommand struct {
	keySpec
	Algorithm string `help:"RSA-2048, RSA-3072 or RSA-4096; without it the second for opc-signing, the first for the other RSA pairs. The other purposes have one each."`
	Lost      bool   `help:"The audit-checkpoint key that signed the trail of this database is lost: sign on with the new one. docs/keys.md says when."`
	location
}

func (c keysGenerateCommand) Run(ctx context.Context, con console) error {
	spec, err := c.spec()
	if err != nil {
		return err
	}
	spec.Algorithm = c.Algorithm
	intended := addition("generate", spec)
	if c.Lost {
		if spec.Purpose != keys.AuditCheckpoint || spec.Issuer != "" || !spec.Activate {
			return usagef("--lost is for keys generate audit-checkpoint --activate, without --issuer")
		}
		intended.SetDetail(walletport.DetailInsisted, "lost")
	}
	made, err := c.changeKeysOf(ctx, con, intended, c.Lost, func(ctx context.Context, o *operator) (meta keys.Meta, err error) {
		if c.Lost {
			if spec.After, err = o.lostVersion(ctx); err != nil {
				return keys.Meta{}, err
			}
		}
		return o.keys.Generate(ctx, spec)
	})
	if err != nil {
		return err
	}
	return printKeys(con.Out, c.JSON, []*keys.Key{{Meta: made}})
}

type keysImportCommand struct {
	keyFile
	location
}

func (c keysImportCommand) Run(ctx context.Context, con console) error {
	spec, data, password, err := c.read(ctx, con)
	if err != nil {
		return err
	}
	defer clear(data)
	defer clear(password)
	taken, err := c.changeKeys(ctx, con, addition("import", spec), func(ctx context.Context, o *operator) (keys.Meta, error) {
		return o.keys.Import(ctx, spec, data, password)
	})
	if err != nil {
		return err
	}
	return printKeys(con.Out, c.JSON, []*keys.Key{{Meta: taken}})
}

type keysCheckCommand struct {
	keyFile
	location
}

func (c keysCheckCommand) Run(ctx context.Context, con console) error {
	spec, data, password, err := c.read(ctx, con)
	if err != nil {
		return err
	}
	defer clear(data)
	defer clear(password)
	custody, err := c.openKeys()
	if err != nil {
		return err
	}
	would, err := custody.Check(ctx, spec, data, password)
	if err != nil {
		return err
	}
	return printKeys(con.Out, c.JSON, []*keys.Key{{Meta: would}})
}

// keyFile holds the flags that describe a key in a file.
type keyFile struct {
	keySpec
	File         string           `arg:"" help:"File with the key; - reads standard input."`
	PasswordFrom config.SecretRef `help:"Where the PKCS#12 password is: file:PATH or env:NAME." placeholder:"REF"`
	AsIs         bool             `help:"Take it although it looks wrong: a key usage that forbids the purpose, the parity of a WSD key, quotes or a name around a shared secret."`
}

// read returns what Import wants. The caller wipes data and password.
func (c keyFile) read(ctx context.Context, con console) (spec keys.Spec, data, password []byte, err error) {
	if spec, err = c.spec(); err != nil {
		return spec, nil, nil, err
	}
	spec.AsIs = c.AsIs
	if data, err = readInput(ctx, con.In, c.File, maxKeyFileBytes); err != nil {
		return spec, nil, nil, err
	}
	if c.PasswordFrom != "" {
		password, err = c.PasswordFrom.Resolve()
	}
	return spec, data, password, err
}

const maxKeyFileBytes = 1 << 20

type keysListCommand struct {
	JSON bool `help:"Print JSON."`
	location
}

func (c keysListCommand) Run(con console) error {
	custody, err := c.openKeys()
	if err != nil {
		return err
	}
	return printKeys(con.Out, c.JSON, custody.Current().All())
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
			k.ID, k.State, k.Algorithm, issuer, binText(k.BINs), untilText(k.ValidUntil), aliasText(k.Meta), recognitionText(k.Meta))
	}
	return table.Flush()
}

// aliasText is the name that the other side knows a key by. Of a consumer key it is the
// client id, which is what Mastercard's support asks for.
func aliasText(m keys.Meta) string {
	alias := m.Alias
	if m.Purpose == keys.MDESOAuth {
		alias, _, _ = strings.Cut(alias, "!")
	}
	return cmp.Or(alias, "-")
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

func (c keysExportCommand) Run(ctx context.Context, con console) error {
	var exported []byte
	err := c.operate(ctx, func(ctx context.Context, o *operator) error {
		asked := act.Request{Action: walletport.ActionKeyRead}
		noteKeyOf(&asked.Facts, o.keys, keys.ID(c.ID))
		return o.reading(ctx, asked, func(*act.Record) error {
			k, err := o.keys.Current().Find(keys.ID(c.ID))
			if err != nil {
				return err
			}
			exported, err = material.ExportPublic(k)
			return err
		})
	})
	if err != nil {
		return err
	}
	_, err = con.Out.Write(exported)
	return err
}

type keysActivateCommand struct {
	ID   string `arg:"" help:"Key id, as keys list prints it."`
	JSON bool   `help:"Print the key as JSON."`
	location
}

func (c keysActivateCommand) Run(ctx context.Context, con console) error {
	return c.changeState(ctx, con, c.JSON, stateChange("activate", c.ID, ""), func(ctx context.Context, o *operator) (keys.Meta, error) {
		return o.keys.Activate(ctx, keys.ID(c.ID))
	})
}

type keysRetireCommand struct {
	ID     string `arg:"" help:"Key id, as keys list prints it."`
	JSON   bool   `help:"Print the key as JSON."`
	Needed bool   `help:"Retire it even if nothing else does its work: for a key that has leaked."`
	location
}

func (c keysRetireCommand) Run(ctx context.Context, con console) error {
	how, insisted := keys.IfReplaced, ""
	if c.Needed {
		how, insisted = keys.EvenIfNeeded, "needed"
	}
	return c.changeState(ctx, con, c.JSON, stateChange("retire", c.ID, insisted), func(ctx context.Context, o *operator) (keys.Meta, error) {
		return o.keys.Retire(ctx, keys.ID(c.ID), how)
	})
}
