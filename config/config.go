package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/tokens"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// Config is the whole configuration: defaults, then the YAML file, then the
// environment (WALLETPORT_HTTP__LISTEN sets http.listen). Secrets are references
// (file:PATH, env:NAME), never values. An unknown name is an error. Relative paths
// count from the folder of the YAML file.
type Config struct {
	HTTP            HTTP                      `setting:"http"`             // the API's listener
	API             api.Config                `setting:"api"`              // the API itself
	Metrics         Metrics                   `setting:"metrics"`          // where Prometheus reads
	Database        Database                  `setting:"database"`         // cards, clients and the audit trail
	Keys            Keys                      `setting:"keys"`             // the sealed key store
	Auth            auth.Config               `setting:"auth"`             // who may call
	Audit           audit.Settings            `setting:"audit"`            // the audit trail
	Log             Log                       `setting:"log"`              // log lines, JSON on standard error
	Trace           telemetry.TraceConfig     `setting:"trace"`            // OpenTelemetry spans
	Schemes         Schemes                   `setting:"schemes"`          // interfaces of the schemes that the server calls, for the tokens of cards
	Tokens          tokens.Settings           `setting:"tokens"`           // how old the word of a scheme may be, and how long calls on tokens wait for it
	ClickToPay      ClickToPay                `setting:"clicktopay"`       // enrolment of cardholders for Visa Click to Pay
	Wallets         Wallets                   `setting:"wallets"`          // device wallets that cards may be put into
	Activation      Activation                `setting:"activation"`       // activation of cards that were typed into a wallet
	IssuerWallet    issuerwallet.Config       `setting:"issuer_wallet"`    // the answer for issuer wallets
	IssuerDefaults  Issuer                    `setting:"issuer_defaults"`  // what counts for the cards of every issuer, unless its own section says otherwise
	Issuers         map[string]Issuer         `setting:"issuers"`          // a section for each card issuer, by its name; what it does not say is as in issuer_defaults
	WalletProviders []WalletProvider          `setting:"wallet_providers"` // issuer wallets that cards may be pushed to
	TokenRequestors map[string]TokenRequestor `setting:"token_requestors"` // what the schemes know wallets by; well-known ones are built in (tokenrequestors.yaml), an entry changes or adds one
	Profiles        map[string]mdes.Profile   `setting:"profiles"`         // Mastercard's format choices by name; a profile names only what differs from the default
	VisaProfiles    map[string]vts.Profile    `setting:"visa_profiles"`    // Visa's format choices by name; a profile names only what differs from the default

	// Doubts tells of what the file says and has no effect, each with the setting's name:
	// wallets that are not offered or serve other issuers, products that no card can have, and
	// settings of earlier releases that have ended. A server starts with them.
	Doubts []string `setting:"-"`
}

// Metrics is where Prometheus reads.
type Metrics struct {
	Listen string `setting:"listen"` // host:port of a listener of its own, for /metrics, /healthz and /readyz, in plain HTTP; empty serves /metrics beside the API, on loopback only
}

// Log is how much the log tells.
type Log struct {
	Level slog.Level `setting:"level"` // debug, info, warn or error; default info
}

// Database is where cards, clients, nonces and the audit trail are.
type Database struct {
	URL      string    `setting:"url"`       // sqlite:PATH, or postgres://user@host/database?sslmode=verify-full; default sqlite:walletport.db. Without sslmode it is prefer, which may send everything in plain text
	Password SecretRef `setting:"password"`  // reference to the PostgreSQL password; empty leaves the URL as it is
	MaxConns int       `setting:"max_conns"` // PostgreSQL connections of this replica; 0 is two for each processor, at least 8
}

// Keys is where the sealed key store is, and what opens it.
type Keys struct {
	File       string    `setting:"file"`       // the sealed key store; default keystore.age
	Passphrase SecretRef `setting:"passphrase"` // reference to its passphrase; exclusive with key_file
	KeyFile    string    `setting:"key_file"`   // file of 32 random bytes in base64 that seals the store
	RSA        RSAChoice `setting:"rsa"`        // who does the arithmetic of the store's RSA keys: openssl is the system's libcrypto, go is Go's standard library, auto is openssl where it works; default auto
}

// RSAChoice is which engine works with RSA keys.
type RSAChoice string

// The engines. The empty RSAChoice is RSAAuto.
const (
	RSAAuto    RSAChoice = "auto"
	RSAOpenSSL RSAChoice = "openssl"
	RSAGo      RSAChoice = "go"
)

// WalletProvider is an issuer wallet that cards may be pushed to.
type WalletProvider struct {
	ID               string   `setting:"id"`                 // the {walletProvider} of the path
	DisplayName      string   `setting:"display_name"`       // for people
	TokenRequestorID string   `setting:"token_requestor_id"` // 11 digits, assigned by the scheme; empty takes that of token_requestors
	Scheme           string   `setting:"scheme"`             // MASTERCARD
	Profile          string   `setting:"profile"`            // name in profiles; empty means default
	Issuers          []string `setting:"issuers"`            // empty serves every issuer. An older form of issuers.NAME.wallets
	Products         []string `setting:"products"`           // empty takes every card product
}

// withDefaults returns what is in force: each room's own defaults where a setting is
// zero, so that nobody has to know what zero means.
func (c Config) withDefaults() Config {
	c.API, c.Auth, c.Audit, c.IssuerWallet = c.API.WithDefaults(), c.Auth.WithDefaults(), c.Audit.WithDefaults(), c.IssuerWallet.WithDefaults()
	c.Tokens, c.Schemes, c.ClickToPay = c.Tokens.WithDefaults(), c.Schemes.withDefaults(), c.ClickToPay.withDefaults()
	c.Wallets.NonceRetention = cmp.Or(c.Wallets.NonceRetention, replay.DefaultRetention)
	if !strings.HasPrefix(c.Database.URL, SQLitePrefix) {
		c.Database.MaxConns = cmp.Or(c.Database.MaxConns, max(minMaxConns, 2*runtime.NumCPU()))
	}
	return c
}

// defaultConfig is the configuration of an empty file.
func defaultConfig() Config {
	return Config{
		HTTP:       HTTP{Listen: "127.0.0.1:8080", Shutdown: 20 * time.Second},
		Database:   Database{URL: SQLitePrefix + "walletport.db"},
		Keys:       Keys{File: "keystore.age", RSA: RSAAuto},
		Schemes:    defaultSchemes(),
		ClickToPay: defaultClickToPay(),
		Wallets:    defaultWallets(),

		TokenRequestors: knownTokenRequestors(),
	}
}

// Load reads defaults, file and environment, and checks the whole. The
// error lists every problem at once.
func Load(path string) (Config, error) {
	text, err := readConfigFile(path)
	if err != nil {
		return defaultConfig(), fmt.Errorf("configuration %s: %w", path, err)
	}
	config, problems, err := decode(text)
	if err != nil {
		return config, fmt.Errorf("configuration %s: %w", path, err)
	}
	problems, ended := withoutEnded(problems)
	problems = append(problems, namingVariables(listed(config.validate()), variables(os.Environ()))...)
	if err := errors.Join(problems...); err != nil {
		return config, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	doubts := append(ended, config.findDoubts()...)
	config = config.withDefaults().perIssuer()
	config.Doubts = doubts
	config.resolvePaths(filepath.Dir(path))
	return config, nil
}

// decode lays file and environment over the defaults, and reports what is wrong in them.
// The error is for a text that is no YAML. An issuer's section begins as issuer_defaults
// are in force, wherever those stand, so it is read when they are known.
func decode(text []byte) (Config, []error, error) {
	var config Config
	var problems []error
	var begin Issuer
	for range 2 {
		config = defaultConfig()
		var err error
		if problems, err = decodeYAML(text, &config, begin); err != nil {
			return config, nil, err
		}
		problems = append(problems, decodeEnvironment(os.Environ(), &config)...)
		begin = config.IssuerDefaults
	}
	return config, problems, nil
}

// resolvePaths makes relative paths count from the configuration file's folder,
// so that a command finds the same files wherever it is started.
func (c *Config) resolvePaths(folder string) {
	paths := []*string{&c.Keys.File, &c.Keys.KeyFile, &c.HTTP.TLS.CertificateFile, &c.HTTP.TLS.KeyFile, &c.HTTP.TLS.ClientCAFile}
	for _, ref := range []*SecretRef{&c.Keys.Passphrase, &c.Database.Password} {
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
	paths = append(paths, &c.IssuerDefaults.StepUp.JWKSFile)
	for name, section := range c.Issuers {
		if file := section.StepUp.JWKSFile; file != "" && !filepath.IsAbs(file) {
			section.StepUp.JWKSFile = filepath.Join(folder, file)
			c.Issuers[name] = section
		}
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
	if path, ok := strings.CutPrefix(c.Database.URL, SQLitePrefix); ok && !filepath.IsAbs(path) {
		c.Database.URL = SQLitePrefix + filepath.Join(folder, path)
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
		at("audit", c.Audit.Validate()), c.validateWitnesses(), at("trace", c.Trace.Validate()), at("issuer_wallet", c.IssuerWallet.Validate()), c.validateWallets(), c.validateIssuers(),
		c.validateSchemes(), at("tokens", c.Tokens.Validate()), c.validateClickToPay(),
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

// validateWitnesses reports addresses at which somebody on the way could answer.
func (c Config) validateWitnesses() error {
	var problems []error
	for i, w := range c.Audit.Witnesses {
		if !outbound.IsSafeURL(w.URL) {
			problems = append(problems, fmt.Errorf("audit.witnesses[%d].url: https, or http on loopback", i))
		}
	}
	return errors.Join(problems...)
}

// at puts the full name of a section before each of its problems, which begin with
// the setting's own.
func at(section string, err error) error {
	var problems []error
	for _, problem := range listed(err) {
		problems = append(problems, fmt.Errorf("%s.%w", section, problem))
	}
	return errors.Join(problems...)
}

// listed returns the problems that err joins, one by one.
func listed(err error) []error {
	if err == nil {
		return nil
	}
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return []error{err}
	}
	var problems []error
	for _, problem := range joined.Unwrap() {
		problems = append(problems, listed(problem)...)
	}
	return problems
}

// SQLitePrefix begins the URL of a SQLite file; what follows is its path.
const SQLitePrefix = "sqlite:"

// The bounds of database.max_conns: minMaxConns is the least by default, maxMaxConns
// is far above what one replica can use.
const (
	minMaxConns = 8
	maxMaxConns = 1000
)

func (c Database) validate() error {
	problems := []error{c.Password.validate("database.password")}
	if c.MaxConns < 0 || c.MaxConns > maxMaxConns {
		problems = append(problems, fmt.Errorf("database.max_conns: 0 (which is two for each processor, at least 8) to %d", maxMaxConns))
	}
	path, isFile := strings.CutPrefix(c.URL, SQLitePrefix)
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

func (c Keys) validate() error {
	switch {
	case c.File == "":
		return errors.New("keys.file: is missing")
	case (c.Passphrase == "") == (c.KeyFile == ""):
		return errors.New("keys: give one of passphrase (a reference) and key_file")
	case !slices.Contains([]RSAChoice{"", RSAAuto, RSAOpenSSL, RSAGo}, c.RSA):
		return errors.New("keys.rsa: auto, openssl or go")
	}
	return c.Passphrase.validate("keys.passphrase")
}

func (p WalletProvider) validate(c Config) error {
	var problems []error
	if _, err := walletport.ParseWalletProviderID(p.ID); err != nil {
		problems = append(problems, errors.New("id: letters, digits, '.', '_', '-', at most 64"))
	}
	// A proof of strong authentication names the wallet: it must not count for two. Nor must
	// a name in the section of an issuer.
	isOffer := func(o WalletOffer) bool { return o.name() == p.ID }
	if slices.Contains(walletport.Wallets(), walletport.Wallet(p.ID)) || slices.Contains([]string{activation.StepUpWallet, noWallet}, p.ID) ||
		slices.ContainsFunc(c.Wallets.Offers(), isOffer) {
		problems = append(problems, fmt.Errorf("id: %s is the name of something else", p.ID))
	}
	if p.Scheme != string(walletport.Mastercard) {
		problems = append(problems, errors.New("scheme: only MASTERCARD has issuer wallets"))
	}
	if !isTokenRequestorID(c.TokenRequestorOf(p)) {
		problems = append(problems, errors.New("token_requestor_id: 11 digits; token_requestors has none for this id and scheme"))
	}
	return errors.Join(append(problems, checkIssuers(p.Issuers), c.checkProfile(walletport.Mastercard, p.Profile))...)
}

// TokenRequestorOf returns the id that the provider is known by at its scheme.
func (c Config) TokenRequestorOf(p WalletProvider) string {
	return cmp.Or(p.TokenRequestorID, c.TokenRequestors[p.ID].ID(walletport.SchemeID(p.Scheme)))
}

// DefaultProfile names a scheme's default unless the file defines its own.
const DefaultProfile = "default"
