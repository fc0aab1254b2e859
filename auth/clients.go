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
	"github.com/walletport/walletport/act"
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
	Store storage.Clients // what is read; it is changed through Audit
	Audit act.ChangeTrail
	Rand  io.Reader // crypto/rand.Reader outside of tests
	Clock func() time.Time
}

// NewClient describes an API client to be made.
type NewClient struct {
	Name              string // for people, 1 to 64 bytes
	Issuers           []walletport.IssuerID
	Scopes            []walletport.Scope
	CertificateSHA256 string    // hex SHA-256 of the DER of the TLS certificate it must present; "" for none
	ExpiresAt         time.Time // from then on it may not call; zero never ends
}

// maxOverlap bounds for how long two secrets work: a rotation that takes longer is none.
const maxOverlap = 90 * 24 * time.Hour

// Create stores a client and returns its id and its secret. The secret is not
// kept and cannot be shown again. by is who asks; it may be empty on a command
// line. Errors: CodeInvalid client_invalid, CodeUnavailable store_unavailable or
// audit_unavailable; after these the client does not exist, or the answer to the commit
// was lost and nobody knows its secret.
//
// Like all methods that change a client it is recorded before its effect, and in the
// commit of it with its outcome: ctx must have a request id.
func (c Clients) Create(ctx context.Context, n NewClient, by walletport.AuditUser) (id, secret string, err error) {
	if err = n.validate(c.Clock()); err != nil {
		return "", "", err
	}
	raw := make([]byte, clientIDBytes)
	if _, err = io.ReadFull(c.Rand, raw); err != nil {
		return "", "", fmt.Errorf("make a client's id: %w", err)
	}
	id = clientIDPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw))
	made := storage.Client{
		ID: id, Name: n.Name, Issuers: n.Issuers, Scopes: n.Scopes,
		CertificateSHA256: strings.ToLower(n.CertificateSHA256), CreatedAt: c.Clock(), ExpiresAt: n.ExpiresAt,
	}
	if secret, made.SecretHash, err = c.newSecret(); err != nil {
		return "", "", err
	}
	err = c.declare(ctx, "create", &made, by, func(tx storage.ClientsTx, _ *act.Record) error { return tx.AddClient(made) })
	if err != nil {
		return "", "", err
	}
	return id, secret, nil
}

func (c Clients) newSecret() (secret string, hash []byte, err error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(c.Rand, raw); err != nil {
		return "", nil, fmt.Errorf("make a client's secret: %w", err)
	}
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(raw)
	digest := sha256.Sum256([]byte(secret))
	return secret, digest[:], nil
}

// RotateSecret gives a client another secret and returns it. The secret before works
// for as long as overlap, 0 to 90 days; one that was before that one ends at once.
// Servers take the new secret at once, and follow in the rest within their
// ClientCacheTTL. Errors: CodeInvalid client_invalid, CodeNotFound client_not_found,
// CodeConflict client_revoked, and those of Create.
func (c Clients) RotateSecret(ctx context.Context, id string, overlap time.Duration, by walletport.AuditUser) (string, error) {
	if overlap < 0 || overlap > maxOverlap {
		return "", errClient("overlap", "must be between 0 and 2160h")
	}
	secret, hash, err := c.newSecret()
	if err != nil {
		return "", err
	}
	until := c.Clock().Add(overlap)
	err = c.update(ctx, "rotate_secret", id, by, func(stored *storage.Client) {
		stored.PreviousHash, stored.PreviousUntil = nil, time.Time{}
		if overlap > 0 {
			stored.PreviousHash, stored.PreviousUntil = stored.SecretHash, until
		}
		stored.SecretHash = hash
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// ClientChange says what becomes of a client; nil leaves it as it is.
type ClientChange struct {
	Name              *string
	Issuers           []walletport.IssuerID
	Scopes            []walletport.Scope
	CertificateSHA256 *string    // "" unbinds
	ExpiresAt         *time.Time // the zero time never ends
}

// Change changes a client in place. Servers follow within their ClientCacheTTL.
// Errors: those of RotateSecret.
func (c Clients) Change(ctx context.Context, id string, change ClientChange, by walletport.AuditUser) error {
	apply := func(stored *storage.Client) {
		if change.Name != nil {
			stored.Name = *change.Name
		}
		if change.Issuers != nil {
			stored.Issuers = change.Issuers
		}
		if change.Scopes != nil {
			stored.Scopes = change.Scopes
		}
		if change.CertificateSHA256 != nil {
			stored.CertificateSHA256 = strings.ToLower(*change.CertificateSHA256)
		}
		if change.ExpiresAt != nil {
			stored.ExpiresAt = *change.ExpiresAt
		}
	}
	return c.update(ctx, "change", id, by, apply)
}

// Revoke ends a client. Servers follow within their ClientCacheTTL. A second call
// changes nothing. It returns since when the client was revoked already, or the zero
// time. An unknown id is CodeNotFound, reason client_not_found.
func (c Clients) Revoke(ctx context.Context, id string, by walletport.AuditUser) (already time.Time, err error) {
	client, err := c.Store.Client(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	now := c.Clock()
	err = c.declare(ctx, "revoke", &client, by, func(tx storage.ClientsTx, record *act.Record) error {
		return tx.UpdateClient(id, func(stored storage.Client) (storage.Client, error) {
			already, stored.RevokedAt = stored.RevokedAt, now
			describe(&record.Facts, &stored)
			return stored, nil
		})
	})
	return already, err
}

// update changes a stored client. What is intended is made of the client as it is
// when the act is declared, what is done of the client as it is then.
func (c Clients) update(ctx context.Context, change, id string, by walletport.AuditUser, apply func(*storage.Client)) error {
	checked := func(client *storage.Client) error {
		if !client.RevokedAt.IsZero() {
			return walletport.Errorf(walletport.CodeConflict, ReasonRevoked, "the client has been revoked")
		}
		ends := client.ExpiresAt
		apply(client)
		now := c.Clock()
		if client.ExpiresAt.Equal(ends) {
			now = time.Time{} // an end that is past already is no news
		}
		return NewClient{
			Name: client.Name, Issuers: client.Issuers, Scopes: client.Scopes, CertificateSHA256: client.CertificateSHA256, ExpiresAt: client.ExpiresAt,
		}.validate(now)
	}
	client, err := c.Store.Client(ctx, id)
	if err != nil {
		return err
	}
	if err := checked(&client); err != nil {
		return err
	}
	return c.declare(ctx, change, &client, by, func(tx storage.ClientsTx, record *act.Record) error {
		return tx.UpdateClient(id, func(stored storage.Client) (storage.Client, error) {
			err := checked(&stored)
			describe(&record.Facts, &stored)
			return stored, err
		})
	})
}

// declare does an act on a client behind its first record, and with its second one.
func (c Clients) declare(ctx context.Context, change string, client *storage.Client, by walletport.AuditUser, do func(storage.ClientsTx, *act.Record) error) error {
	intended := act.Request{AuditUser: by, Action: walletport.ActionClientChange}
	intended.SetDetail(walletport.DetailChange, change)
	intended.SetDetail(walletport.DetailClient, client.ID)
	describe(&intended.Facts, client)
	return act.DeclaredChange(ctx, c.Audit, intended, func(tx storage.Tx, record *act.Record) error { return do(tx, record) })
}

// describe says what a client is to be, or has become.
func describe(facts *act.Facts, c *storage.Client) {
	facts.SetDetail(walletport.DetailScopes, joinTexts(c.Scopes))
	facts.SetDetail(walletport.DetailIssuers, joinTexts(c.Issuers))
	facts.SetDetail(walletport.DetailEnds, timeText(c.ExpiresAt))
	facts.SetDetail(walletport.DetailOverlap, timeText(c.PreviousUntil))
	facts.SetDetail(walletport.DetailCertificate, c.CertificateSHA256)
}

// timeText returns "" for the zero time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func joinTexts[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, text := range list {
		texts[i] = string(text)
	}
	return strings.Join(texts, ",")
}

// validate checks a description at a moment after which it must end.
func (n NewClient) validate(now time.Time) error {
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
	if !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now) {
		fault("expires", "must be in the future")
	}
	if len(faults) == 0 {
		return nil
	}
	return errClientInvalid(faults)
}

func errClient(field, rule string) error {
	return errClientInvalid([]walletport.Field{{Name: field, Reason: rule}})
}

func errClientInvalid(faults []walletport.Field) error {
	return &walletport.Error{
		Code: walletport.CodeInvalid, Reason: "client_invalid",
		Message: "the client cannot be so: " + faults[0].Name + " " + faults[0].Reason, Fields: faults,
	}
}

func isSHA256(text string) bool {
	if text == "" {
		return true
	}
	digest, err := hex.DecodeString(text)
	return err == nil && len(digest) == sha256.Size
}
