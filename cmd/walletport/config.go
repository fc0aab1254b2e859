package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// Config is the whole configuration: defaults, then the YAML file, then the
// environment (WALLETPORT_HTTP__LISTEN sets http.listen). Secrets are references
// (file:PATH, env:NAME), never values. An unknown name is an error. Relative paths
// count from the folder of the YAML file.
type Config struct {
	HTTP            httpConfig                      `setting:"http"`             // the API's listener
	API             api.Config                      `setting:"api"`              // the API itself
	Metrics         metricsConfig                   `setting:"metrics"`          // where Prometheus reads
	Database        databaseConfig                  `setting:"database"`         // cards, clients and the audit trail
	Keys            keysConfig                      `setting:"keys"`             // the sealed key store
	Auth            auth.Config                     `setting:"auth"`             // who may call
	Audit           audit.Settings                  `setting:"audit"`            // the audit trail
	Log             logConfig                       `setting:"log"`              // log lines, JSON on standard error
	Trace           telemetry.TraceConfig           `setting:"trace"`            // OpenTelemetry spans
	Wallets         walletsConfig                   `setting:"wallets"`          // device wallets that cards may be put into
	Activation      activationConfig                `setting:"activation"`       // activation of cards that were typed into a wallet
	IssuerWallet    issuerwallet.Config             `setting:"issuer_wallet"`    // the answer for issuer wallets
	WalletProviders []walletProviderConfig          `setting:"wallet_providers"` // issuer wallets that cards may be pushed to
	TokenRequestors map[string]tokenRequestorConfig `setting:"token_requestors"` // what the schemes know wallets by; well-known ones are built in (tokenrequestors.yaml), an entry changes or adds one
	Profiles        map[string]mdes.Profile         `setting:"profiles"`         // Mastercard's format choices by name; a profile names only what differs from the default
	VisaProfiles    map[string]vts.Profile          `setting:"visa_profiles"`    // Visa's format choices by name; a profile names only what differs from the default
}

type httpConfig struct {
	Listen string    `setting:"listen"` // host:port; default 127.0.0.1:8080
	TLS    tlsConfig `setting:"tls"`    // required on any address but loopback

	TrustedProxies  []string `setting:"trusted_proxies"`  // addresses and networks (10.0.0.0/8) of load balancers and reverse proxies; only they may say where a caller is, for audit trail, log and limits. Empty: nobody
	ForwardedHeader string   `setting:"forwarded_header"` // the header in which they say it: X-Forwarded-For or Forwarded (RFC 7239); empty is X-Forwarded-For
	ProxyProtocol   bool     `setting:"proxy_protocol"`   // trusted proxies begin each connection with a PROXY protocol header, version 1 or 2; without it they are cut off. Needs trusted_proxies

	Drain    time.Duration `setting:"drain"`    // how long readiness says no before the listener closes; default 0s, at most 1h. Set it behind a load balancer
	Shutdown time.Duration `setting:"shutdown"` // how long accepted requests may take to finish at shutdown; default 20s, 1s to 1h
}

type metricsConfig struct {
	Listen string `setting:"listen"` // host:port of a listener of its own, for /metrics, /healthz and /readyz, in plain HTTP; empty serves /metrics beside the API, on loopback only
}

type logConfig struct {
	Level slog.Level `setting:"level"` // debug, info, warn or error; default info
}

type databaseConfig struct {
	URL      string    `setting:"url"`       // sqlite:PATH, or postgres://user@host/database?sslmode=verify-full; default sqlite:walletport.db. Without sslmode it is prefer, which may send everything in plain text
	Password secretRef `setting:"password"`  // reference to the PostgreSQL password; empty leaves the URL as it is
	MaxConns int       `setting:"max_conns"` // PostgreSQL connections of this replica; 0 is one for each processor, at least 4
}

type keysConfig struct {
	File       string    `setting:"file"`       // the sealed key store; default keystore.age
	Passphrase secretRef `setting:"passphrase"` // reference to its passphrase; exclusive with key_file
	KeyFile    string    `setting:"key_file"`   // file of 32 random bytes in base64 that seals the store
}

type walletProviderConfig struct {
	ID               string   `setting:"id"`                 // the {walletProvider} of the path
	DisplayName      string   `setting:"display_name"`       // for people
	TokenRequestorID string   `setting:"token_requestor_id"` // 11 digits, assigned by the scheme; empty takes that of token_requestors
	Scheme           string   `setting:"scheme"`             // MASTERCARD
	Profile          string   `setting:"profile"`            // name in profiles; empty means default
	Issuers          []string `setting:"issuers"`            // empty serves every issuer
	Products         []string `setting:"products"`           // empty takes every card product
}

// withDefaults returns what is in force: each room's own defaults where a setting is
// zero, so that nobody has to know what zero means.
func (c Config) withDefaults() Config {
	c.API, c.Auth, c.Audit, c.IssuerWallet = c.API.WithDefaults(), c.Auth.WithDefaults(), c.Audit.WithDefaults(), c.IssuerWallet.WithDefaults()
	c.Wallets.NonceRetention = cmp.Or(c.Wallets.NonceRetention, storage.DefaultNonceRetention)
	if !strings.HasPrefix(c.Database.URL, sqlitePrefix) {
		c.Database.MaxConns = cmp.Or(c.Database.MaxConns, max(minMaxConns, runtime.NumCPU()))
	}
	return c
}

// defaultConfig is the configuration of an empty file.
func defaultConfig() Config {
	return Config{
		HTTP:     httpConfig{Listen: "127.0.0.1:8080", Shutdown: 20 * time.Second},
		Database: databaseConfig{URL: sqlitePrefix + "walletport.db"},
		Keys:     keysConfig{File: "keystore.age"},
		Wallets:  defaultWallets(),

		TokenRequestors: knownTokenRequestors(),
	}
}

// loadConfig reads defaults, file and environment, and checks the whole. The
// error lists every problem at once.
func loadConfig(path string) (Config, error) {
	config := defaultConfig()
	text, err := readConfigFile(path)
	if err != nil {
		return config, fmt.Errorf("configuration %s: %w", path, err)
	}
	problems, err := decodeYAML(text, &config)
	if err != nil {
		return config, fmt.Errorf("configuration %s: %w", path, err)
	}
	problems = append(problems, decodeEnvironment(os.Environ(), &config)...)
	if err := errors.Join(append(problems, config.validate())...); err != nil {
		return config, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	config = config.withDefaults()
	config.resolvePaths(filepath.Dir(path))
	return config, nil
}

// resolvePaths makes relative paths count from the configuration file's folder,
// so that a command finds the same files wherever it is started.
func (c *Config) resolvePaths(folder string) {
	paths := []*string{&c.Keys.File, &c.Keys.KeyFile, &c.HTTP.TLS.CertificateFile, &c.HTTP.TLS.KeyFile, &c.HTTP.TLS.ClientCAFile}
	for _, ref := range []*secretRef{&c.Keys.Passphrase, &c.Database.Password} {
		*ref = ref.relativeTo(folder)
	}
	for i := range c.Wallets.ApplePay.RootFiles {
		paths = append(paths, &c.Wallets.ApplePay.RootFiles[i])
	}
	for i := range c.Auth.TokenIssuers {
		paths = append(paths, &c.Auth.TokenIssuers[i].JWKSFile)
	}
	for i := range c.Auth.StepUp {
		paths = append(paths, &c.Auth.StepUp[i].JWKSFile)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
	if path, ok := strings.CutPrefix(c.Database.URL, sqlitePrefix); ok && !filepath.IsAbs(path) {
		c.Database.URL = sqlitePrefix + filepath.Join(folder, path)
	}
}

// defaultProfiles are what a profile starts from: the file names only what differs.
var defaultProfiles = map[reflect.Type]any{
	reflect.TypeFor[mdes.Profile](): mdes.DefaultProfile(),
	reflect.TypeFor[vts.Profile]():  vts.DefaultProfile(),
}

func (c Config) validate() error {
	problems := []error{
		c.HTTP.validate(), c.HTTP.validateProxies(), c.validateListen(), c.Database.validate(), c.Keys.validate(), at("api", c.API.Validate()), at("auth", c.Auth.Validate()),
		at("audit", c.Audit.Validate()), at("trace", c.Trace.Validate()), at("issuer_wallet", c.IssuerWallet.Validate()), c.validateWallets(),
		validateTokenRequestors(c.TokenRequestors),
	}
	for _, name := range slices.Sorted(maps.Keys(c.Profiles)) {
		problems = append(problems, at("profiles."+name, c.Profiles[name].Validate()))
	}
	for _, name := range slices.Sorted(maps.Keys(c.VisaProfiles)) {
		problems = append(problems, at("visa_profiles."+name, c.VisaProfiles[name].Validate()))
	}
	seen := map[string]bool{}
	for i, p := range c.WalletProviders {
		place := fmt.Sprintf("wallet_providers[%d]", i)
		problems = append(problems, at(place, p.validate(c)))
		if seen[p.ID] {
			problems = append(problems, fmt.Errorf("%s.id: %q stands twice", place, p.ID))
		}
		seen[p.ID] = true
	}
	return errors.Join(problems...)
}

// at puts the full name of a section before each of its problems, which begin with
// the setting's own.
func at(section string, err error) error {
	if err == nil {
		return nil
	}
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return fmt.Errorf("%s.%w", section, err)
	}
	var problems []error
	for _, problem := range joined.Unwrap() {
		problems = append(problems, at(section, problem))
	}
	return errors.Join(problems...)
}

// The longest waits at the end of a server. An orchestrator's patience ends earlier.
const (
	maxDrain    = time.Hour
	minShutdown = time.Second
	maxShutdown = time.Hour
)

func (c httpConfig) validate() error {
	problems := []error{c.TLS.validate()}
	if c.Drain < 0 || c.Drain > maxDrain {
		problems = append(problems, errors.New("http.drain: 0s to 1h"))
	}
	if c.Shutdown < minShutdown || c.Shutdown > maxShutdown {
		problems = append(problems, errors.New("http.shutdown: 1s to 1h"))
	}
	return errors.Join(problems...)
}

// validateListen refuses addresses that are none, two listeners on one, and plain
// HTTP where others on the network could read it.
func (c Config) validateListen() error {
	host, err := checkAddress("http.listen", c.HTTP.Listen)
	if err == nil && !c.HTTP.TLS.enabled() && !isLoopback(host) {
		err = fmt.Errorf("http.listen: %s is not loopback: set http.tls.certificate_file and http.tls.key_file", c.HTTP.Listen)
	}
	if c.Metrics.Listen == "" {
		return err
	}
	if _, metricsErr := checkAddress("metrics.listen", c.Metrics.Listen); metricsErr != nil {
		return errors.Join(err, metricsErr)
	}
	if sameListener(c.HTTP.Listen, c.Metrics.Listen) {
		err = errors.Join(err, fmt.Errorf("metrics.listen: %s is taken by http.listen, %s", c.Metrics.Listen, c.HTTP.Listen))
	}
	return err
}

// checkAddress reads host:port and returns the host.
func checkAddress(name, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%s: host:port, such as 127.0.0.1:8080 or [::1]:8080, or :8443 for every address", name)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%s: the port is a number from 1 to 65535, or 0 for a free one", name)
	}
	return host, nil
}

// sameListener reports whether two addresses, both good, cannot be listened on at once.
func sameListener(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	numberA, _ := strconv.ParseUint(portA, 10, 16)
	numberB, _ := strconv.ParseUint(portB, 10, 16)
	everywhere := func(host string) bool {
		ip := net.ParseIP(host)
		return host == "" || ip != nil && ip.IsUnspecified()
	}
	return numberA == numberB && numberA != 0 &&
		(hostA == hostB || everywhere(hostA) || everywhere(hostB) || isLoopback(hostA) && isLoopback(hostB) && (hostA == "localhost" || hostB == "localhost"))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// sqlitePrefix begins the URL of a SQLite file; what follows is its path.
const sqlitePrefix = "sqlite:"

// The bounds of database.max_conns: minMaxConns is the least by default, maxMaxConns
// is far above what one replica can use.
const (
	minMaxConns = 4
	maxMaxConns = 1000
)

func (c databaseConfig) validate() error {
	problems := []error{c.Password.validate("database.password")}
	if c.MaxConns < 0 || c.MaxConns > maxMaxConns {
		problems = append(problems, fmt.Errorf("database.max_conns: 0 (which is one for each processor, at least 4) to %d", maxMaxConns))
	}
	path, isFile := strings.CutPrefix(c.URL, sqlitePrefix)
	switch {
	case isFile && (path == "" || strings.Contains(path, "?")):
		problems = append(problems, errors.New("database.url: sqlite: is followed by the path of a file, without parameters"))
	case isFile && c.Password != "":
		problems = append(problems, errors.New("database.password: a SQLite file has none"))
	case strings.HasPrefix(c.URL, "postgres://"), strings.HasPrefix(c.URL, "postgresql://"):
		if err := postgres.CheckURL(c.URL); err != nil {
			problems = append(problems, fmt.Errorf("database.url: %w", err))
			break // of a URL that may be read in two ways nothing is shown
		}
		for _, name := range postgres.SessionSettings(c.URL) {
			if word := nearest(name, postgres.Parameters()); word != "" {
				problems = append(problems, fmt.Errorf("database.url: the parameter %s is none of PostgreSQL's; did you mean %s?", name, word))
			}
		}
	case !isFile:
		problems = append(problems, errors.New("database.url: begins with sqlite:, postgres:// or postgresql://"))
	}
	return errors.Join(problems...)
}

func (c keysConfig) validate() error {
	switch {
	case c.File == "":
		return errors.New("keys.file: is missing")
	case (c.Passphrase == "") == (c.KeyFile == ""):
		return errors.New("keys: give one of passphrase (a reference) and key_file")
	}
	return c.Passphrase.validate("keys.passphrase")
}

func (p walletProviderConfig) validate(c Config) error {
	var problems []error
	if _, err := walletport.ParseWalletProviderID(p.ID); err != nil {
		problems = append(problems, errors.New("id: letters, digits, '.', '_', '-', at most 64"))
	}
	// A proof of strong authentication names the wallet: it must not count for two.
	if slices.Contains(walletport.Wallets(), walletport.Wallet(p.ID)) || p.ID == activation.StepUpWallet {
		problems = append(problems, fmt.Errorf("id: %s is the name of something else", p.ID))
	}
	if p.Scheme != string(walletport.Mastercard) {
		problems = append(problems, errors.New("scheme: only MASTERCARD has issuer wallets"))
	}
	if !isTokenRequestorID(c.tokenRequestorOf(p)) {
		problems = append(problems, errors.New("token_requestor_id: 11 digits; token_requestors has none for this id and scheme"))
	}
	return errors.Join(append(problems, checkIssuers(p.Issuers), c.checkProfile(walletport.Mastercard, p.Profile))...)
}

// tokenRequestorOf returns the id that the provider is known by at its scheme.
func (c Config) tokenRequestorOf(p walletProviderConfig) string {
	return cmp.Or(p.TokenRequestorID, c.TokenRequestors[p.ID].id(walletport.SchemeID(p.Scheme)))
}

// defaultProfile names a scheme's default unless the file defines its own.
const defaultProfile = "default"
