package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/walletport/walletport"
)

// CheckURL returns an error for a URL that Open could not read, or that it would read
// in another way than its writer may have meant. It connects to nothing; files that the
// URL names, such as sslrootcert, are read.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// errURLUnreadable shows nothing of the URL.
var errURLUnreadable = errors.New("no PostgreSQL URL can be read there; it is not shown, for it may hold a password. " +
	"Write @ : / ? # & and % in a user or password as %40 %3A %2F %3F %23 %26 and %25, or give the password apart")

// parseURL shows nothing of a URL that might have a password in the wrong place: of
// one with an unescaped @, #, / or ? the end would be taken for a host, a port, a
// path or a parameter, and be shown as one, in an error or in a DNS request.
func parseURL(text string) (*pgxpool.Config, error) {
	if !readOneWay(text) {
		return nil, errURLUnreadable
	}
	config, err := pgxpool.ParseConfig(text)
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("a file that the URL names: %w", file)
	}
	if err != nil && hasPassword(parametersOf(text)) {
		return nil, errors.New("a parameter of the URL is not as PostgreSQL's clients write it")
	}
	if err != nil {
		return nil, fmt.Errorf("URL: %w", err) // pgx masks the password
	}
	return config, nil
}

// readOneWay reports whether there is one way to read the URL. Parsers differ on where
// a user and password end that hold an unescaped @, / or ?: some take the first, some
// the last.
func readOneWay(text string) bool {
	_, rest, found := strings.Cut(text, "://")
	if !found || strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r == '#' || r == 0x7f }) {
		return false
	}
	if _, err := url.PathUnescape(rest); err != nil {
		return false
	}
	authority, behind := rest, ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority, behind = rest[:end], rest[end:]
	}
	if strings.Count(authority, "@") > 1 || strings.Contains(behind, "@") {
		return false
	}
	_, hosts, named := strings.Cut(authority, "@")
	if !named {
		hosts = authority
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if !isHost(host) {
			return false
		}
	}
	// Behind an unescaped & in a password, the rest of it would be a parameter's name.
	before := ""
	for _, name := range parametersOf(text) {
		if isPassword(before) && !slices.Contains(Parameters(), name) {
			return false
		}
		before = name
	}
	return true
}

// isHost reports whether text is a host, a socket's folder in escapes, or nothing, with
// a port or without.
func isHost(text string) bool {
	var host, port string
	var hasPort bool
	if rest, bracketed := strings.CutPrefix(text, "["); bracketed {
		address, behind, closed := strings.Cut(rest, "]")
		if _, err := netip.ParseAddr(address); err != nil || !closed || behind != "" && behind[0] != ':' {
			return false
		}
		port, hasPort = strings.CutPrefix(behind, ":")
	} else {
		host, port, hasPort = strings.Cut(text, ":")
	}
	if hasPort && port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return false
		}
	}
	name, err := url.PathUnescape(host)
	return err == nil && walletport.IsAlnum(name, "._-/")
}

// parametersOf returns the names of the URL's parameters, in their order.
func parametersOf(text string) []string {
	_, query, _ := strings.Cut(text, "?")
	if query == "" {
		return nil
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
		names = append(names, name)
	}
	return names
}

func isPassword(parameter string) bool {
	return parameter == "password" || parameter == "sslpassword"
}

func hasPassword(parameters []string) bool { return slices.ContainsFunc(parameters, isPassword) }

// Parameters returns the names that the driver knows of a URL's parameters. It hands
// any other to the server, as a setting of the session.
func Parameters() []string {
	return []string{
		"host", "port", "dbname", "database", "user", "password", "passfile", "connect_timeout", "service", "servicefile",
		"sslmode", "ssl", "sslkey", "sslcert", "sslcertmode", "sslrootcert", "sslnegotiation", "sslpassword", "sslsni",
		"krbspn", "krbsrvname", "target_session_attrs", "min_protocol_version", "max_protocol_version", "channel_binding", "require_auth",
		"pool_max_conns", "pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime", "pool_max_conn_idle_time",
		"pool_health_check_period", "pool_max_conn_lifetime_jitter",
		"statement_cache_capacity", "description_cache_capacity", "default_query_exec_mode",
	}
}

// SessionSettings returns the names of the URL's parameters that the server is to
// know: it refuses the connection for one that it does not.
func SessionSettings(text string) []string {
	return slices.DeleteFunc(parametersOf(text), func(name string) bool { return slices.Contains(Parameters(), name) })
}

// MayBePlain reports whether connections over the network may go without TLS, to a host
// that is not this machine: sslmode is disable, allow or prefer, which is the default.
func MayBePlain(text string) bool {
	config, err := parseURL(text)
	if err != nil {
		return false
	}
	plain := config.ConnConfig.TLSConfig == nil && isElsewhere(config.ConnConfig.Host)
	for _, fallback := range config.ConnConfig.Fallbacks {
		plain = plain || fallback.TLSConfig == nil && isElsewhere(fallback.Host)
	}
	return plain
}

func isElsewhere(host string) bool {
	if host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.IsLoopback()
}
