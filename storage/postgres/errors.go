package postgres

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/walletport/walletport/storage"
)

// unavailable returns the answer for an error of the driver: a right that the role
// lacks, or a database that cannot do what was asked. Whatever the driver says goes
// through here, so that no part of a password is in the text.
func unavailable(ctx context.Context, err error) error {
	err = hidePassword(err)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == insufficientPrivilege {
		return storage.ErrRights("").WithCause(err)
	}
	return storage.ErrUnavailable(ctx, err)
}

// SQLSTATEs, see https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	insufficientPrivilege = "42501"
	tooManyConnections    = "53300"
)

// Refusal returns what the server said when it refused to serve, or why its certificate
// is not trusted. It is nil for a server that did not answer, that starts or stops, or
// whose connections are all taken: time may bring another answer of those.
func Refusal(err error) error {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		if strings.HasPrefix(pgErr.Code, "08") || strings.HasPrefix(pgErr.Code, "57P0") || pgErr.Code == tooManyConnections {
			return nil
		}
		return fmt.Errorf("the database refuses: %s (SQLSTATE %s)", strike(pgErr.Message, passwordPieces(err)), pgErr.Code)
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the database's certificate is not trusted: %s", strike(certificate.Error(), passwordPieces(err)))
	}
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok && strings.Contains(connect.Error(), "server refused TLS connection") {
		return errors.New("the database has no TLS, and sslmode asks for it")
	}
	return nil
}

// withoutPassword is an error of the driver in whose text no piece of the password is.
type withoutPassword struct {
	text string
	err  error
}

func (e withoutPassword) Error() string { return e.text }
func (e withoutPassword) Unwrap() error { return e.err }

func hidePassword(err error) error {
	pieces := passwordPieces(err)
	if text := strike(err.Error(), pieces); text != err.Error() {
		return withoutPassword{text: text, err: err}
	}
	return err
}

// minPiece is the shortest text that is struck out. A shorter one is in many words, and
// the gaps would tell what it is.
const minPiece = 3

// passwordPieces returns the password with which err failed to connect, and its pieces
// between signs that a reader of URLs may have taken for an end; and what would be a
// piece of it before an @ in a host. The longest is first.
func passwordPieces(err error) []string {
	connect, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok || connect.Config == nil {
		return nil
	}
	password := connect.Config.Password
	pieces := append([]string{password, url.QueryEscape(password), url.PathEscape(password)},
		strings.FieldsFunc(password, func(r rune) bool { return strings.ContainsRune("@:/?#&%=, ", r) })...)
	hosts := []string{connect.Config.Host}
	for _, fallback := range connect.Config.Fallbacks {
		hosts = append(hosts, fallback.Host)
	}
	for _, host := range hosts {
		if at := strings.LastIndex(host, "@"); at > 0 {
			pieces = append(pieces, host[:at])
		}
	}
	pieces = slices.DeleteFunc(pieces, func(piece string) bool { return len(piece) < minPiece })
	slices.SortFunc(pieces, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return pieces
}

func strike(text string, pieces []string) string {
	for _, piece := range pieces {
		text = strings.ReplaceAll(text, piece, "xxxxx")
	}
	return text
}
