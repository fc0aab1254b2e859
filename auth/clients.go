package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// What the parts of a client's credentials begin with, so that a person and a
// leak scanner know them when they see them.
const (
	clientIDPrefix = "wpc_"
	secretPrefix   = "wps_"
)

const (
	clientIDBytes = 10 // 16 letters of base32
	secretBytes   = 32 // 256 bits: enough for one fast hash to be safe storage
	maxNameBytes  = 64
)

// Clients makes and revokes API clients. Every field is required. It is safe for
// concurrent use.
type Clients struct {
	Store storage.Clients
	Audit walletport.AuditRecorder
	Rand  io.Reader // crypto/rand.Reader outside of tests
	Clock func() time.Time
}

// NewClient describes an API client to be made.
type NewClient struct {
	Name              string // for people, 1 to 64 bytes
	Issuers           []walletport.IssuerID
	Scopes            []walletport.Scope
	CertificateSHA256 string // hex SHA-256 of the DER of the TLS certificate it must present; "" for none
}

// Create stores a client and returns its id and its secret. The secret is not
// kept and cannot be shown again. by is who asks; it may be empty on a command
// line. Errors: CodeInvalid client_invalid, CodeUnavailable store_unavailable or
// audit_unavailable; after the latter the client exists and nobody knows its secret.
func (c Clients) Create(ctx context.Context, n NewClient, by walletport.AuditUser) (id, secret string, err error) {
	if err = n.validate(); err != nil {
		return "", "", err
	}
	raw := make([]byte, clientIDBytes+secretBytes)
	if _, err = io.ReadFull(c.Rand, raw); err != nil {
		return "", "", fmt.Errorf("make a client's secret: %w", err)
	}
	id = clientIDPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:clientIDBytes]))
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(raw[clientIDBytes:])
	hash := sha256.Sum256([]byte(secret))
	err = c.Store.AddClient(ctx, storage.Client{
		ID: id, Name: n.Name, SecretHash: hash[:], Issuers: n.Issuers, Scopes: n.Scopes,
		CertificateSHA256: strings.ToLower(n.CertificateSHA256), CreatedAt: c.Clock(),
	})
	if err != nil {
		return "", "", err
	}
	if err = c.record(ctx, id, by); err != nil {
		return "", "", err
	}
	return id, secret, nil
}

// Revoke ends a client. Servers follow within their ClientCacheTTL. A second call
// changes nothing. An unknown id is CodeNotFound, reason client_not_found.
func (c Clients) Revoke(ctx context.Context, id string, by walletport.AuditUser) error {
	if err := c.Store.RevokeClient(ctx, id, c.Clock()); err != nil {
		return err
	}
	return c.record(ctx, id, by)
}

// record writes who changed which client; the record's ClientID is the changed one.
func (c Clients) record(ctx context.Context, id string, by walletport.AuditUser) error {
	request := walletport.RequestFrom(ctx)
	return c.Audit.Record(ctx, walletport.AuditRecord{
		Time: c.Clock(), RequestID: request.ID, RemoteAddress: request.RemoteAddr,
		ClientID: id, AuditUser: by, Action: walletport.ActionClientChange, Outcome: walletport.OutcomeOK,
	})
}

func (n NewClient) validate() error {
	var faults []walletport.Field
	fault := func(field, rule string) { faults = append(faults, walletport.Field{Name: field, Reason: rule}) }
	if _, err := walletport.ParseAuditUser(n.Name); err != nil || len(n.Name) > maxNameBytes {
		fault("name", "must be 1 to 64 bytes of text without control characters and card numbers")
	}
	if len(n.Issuers) == 0 {
		fault("issuers", "must name an issuer")
	}
	if slices.ContainsFunc(n.Issuers, func(id walletport.IssuerID) bool { _, err := walletport.ParseIssuerID(string(id)); return err != nil }) {
		fault("issuers", "must be letters, digits, dots, underscores and hyphens, 1 to 64 of them")
	}
	if len(n.Scopes) == 0 {
		fault("scopes", "must name a scope")
	}
	if slices.ContainsFunc(n.Scopes, func(s walletport.Scope) bool { _, err := walletport.ParseScope(string(s)); return err != nil }) {
		fault("scopes", "must be known scopes")
	}
	if !isSHA256(n.CertificateSHA256) {
		fault("certificate_sha256", "must be 64 hexadecimal digits")
	}
	if len(faults) == 0 {
		return nil
	}
	return &walletport.Error{
		Code: walletport.CodeInvalid, Reason: "client_invalid",
		Message: "the client cannot be made: " + faults[0].Name + " " + faults[0].Reason, Fields: faults,
	}
}

func isSHA256(text string) bool {
	if text == "" {
		return true
	}
	digest, err := hex.DecodeString(text)
	return err == nil && len(digest) == sha256.Size
}
