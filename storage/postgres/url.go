package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// CheckURL returns an error for a URL that Open could not read. It connects to
// nothing; files that the URL names, such as sslrootcert, are read.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// parseURL shows nothing of a URL that might have a password in the wrong place: of
// one with an unescaped @, #, / or ? the end would be taken for a host, a port, a
// path or a parameter, and be shown as one, in an error or in a DNS request.
func parseURL(text string) (*pgxpool.Config, error) {
	parsed, err := url.Parse(text)
	if err != nil || strings.Contains(text, "#") || strings.Contains(parsed.EscapedPath()+parsed.RawQuery, "@") {
		return nil, errors.New("no PostgreSQL URL can be read there; it is not shown, for it may hold a password. " +
			"Write @ : / ? # and % in a user or password as %40 %3A %2F %3F %23 and %25, or give the password apart")
	}
	config, err := pgxpool.ParseConfig(text)
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("a file that the URL names: %w", file)
	}
	if err != nil && parsed.Query().Has("password") {
		return nil, errors.New("a parameter of the URL is not as PostgreSQL's clients write it")
	}
	if err != nil {
		return nil, fmt.Errorf("URL: %w", err) // pgx masks the password
	}
	return config, nil
}
