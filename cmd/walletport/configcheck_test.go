package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/walletport/walletport/storage/storagetest"
)

// readyFolder is an operator's folder in which serve would start: keys, a database, a
// certificate, a card of acme.
func readyFolder(t *testing.T) (dir string) {
	t.Helper()
	dir = operatorFolder(t, "sqlite:walletport.db")
	commands := []string{"migrate --config CONFIG"}
	for _, purpose := range []string{"vault-kek", "vault-index", "audit-checkpoint", "tav-signing"} {
		commands = append(commands, "keys generate "+purpose+" --activate --config CONFIG")
	}
	for _, command := range append(commands, "cards import CARDS --issuer acme --config CONFIG") {
		if code, stdout, stderr := runs(t, commandIn(dir, command)...); code != exitOK {
			t.Fatalf("%s: %s%s", command, stdout, stderr)
		}
	}
	for _, name := range []string{"tls", "other"} {
		pair, err := newPair()
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name+".pem"), pair.certificatePEM, 0o600))
		must(t, os.WriteFile(filepath.Join(dir, name+"-key.pem"), pair.privatePEM, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "text.txt"), []byte("hello"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "empty.txt"), nil, 0o600))
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: []byte("no public key"), KeyID: "1"}}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "jwks.json"), set, 0o600))
	return dir
}

// checked runs config check on a folder with that configuration.
func checked(t *testing.T, dir, config string) (code int, stdout, stderr string) {
	t.Helper()
	if !strings.Contains(config, "keys:") {
		config += "\nkeys: {key_file: keystore.key}"
	}
	must(t, os.WriteFile(filepath.Join(dir, "walletport.yaml"), []byte(config), 0o600))
	return runs(t, commandIn(dir, "config check --config CONFIG")...)
}

const tokenIssuerStart = "auth: {token_issuers: [{issuer: login, audience: walletport, issuers: [acme], "

func TestConfigCheckFailsWhereServeWould(t *testing.T) {
	dir := readyFolder(t)
	t.Setenv("WP_TEST_EMPTY", "")
	if code, stdout, stderr := checked(t, dir, "http: {listen: \":0\", tls: {certificate_file: tls.pem, key_file: tls-key.pem, client_ca_file: other.pem}}\nwallets: {applepay: {mastercard: {enabled: true, issuers: [acme]}}}"); code != exitOK || !strings.Contains(stdout, "the configuration is good") || strings.Contains(stdout, "not checked") {
		t.Fatalf("a good configuration: %d %s%s", code, stdout, stderr)
	}
	const tls = "http: {tls: {certificate_file: %s, key_file: %s}}"
	for _, c := range []struct{ name, config, want string }{
		{"no certificate", fmt.Sprintf(tls, "none.pem", "tls-key.pem"), "http.tls.certificate_file: "},
		{"no key of the certificate", fmt.Sprintf(tls, "tls.pem", "none.pem"), "http.tls.key_file: "},
		{"the key of another certificate", fmt.Sprintf(tls, "tls.pem", "other-key.pem"), "http.tls.certificate_file, http.tls.key_file: tls: private key does not match"},
		{"client roots that are none", "http: {tls: {certificate_file: tls.pem, key_file: tls-key.pem, client_ca_file: text.txt}}", "http.tls.client_ca_file: no certificate in"},
		{"an address of another machine", "http: {listen: \"192.0.2.1:8443\", tls: {certificate_file: tls.pem, key_file: tls-key.pem}}", "http.listen: 192.0.2.1 is no address of this machine"},
		{"a metrics address of another machine", "metrics: {listen: \"192.0.2.1:9090\"}", "metrics.listen: 192.0.2.1 is no address of this machine"},
		{"two listeners on one address", "http: {listen: \"127.0.0.1:9090\"}\nmetrics: {listen: \"127.0.0.1:9090\"}", "metrics.listen: 127.0.0.1:9090 is taken by http.listen"},
		{"two listeners on one port of all addresses", "http: {listen: \"127.0.0.1:9090\"}\nmetrics: {listen: \":9090\"}", "metrics.listen: :9090 is taken by http.listen"},
		{"a port that is none", "metrics: {listen: \"127.0.0.1:99999\"}", "metrics.listen: the port is a number"},

		{"no key store", "keys: {file: none.age, key_file: keystore.key}", "keys: keystore_missing"},
		{"no key file", "keys: {key_file: none.key}", "keys: keystore_missing"},
		{"an empty passphrase file", "keys: {passphrase: \"file:empty.txt\"}", "keys: the secret at file:" + filepath.Join(dir, "empty.txt") + " is empty"},
		{"an empty passphrase variable", "keys: {passphrase: \"env:WP_TEST_EMPTY\"}", "keys: the secret at env:WP_TEST_EMPTY is empty"},
		{"the passphrase of another store", "keys: {passphrase: \"file:text.txt\"}", "keys: keystore_secret"},
		{"a key that is needed and not there", "wallets: {googlepay: {visa: {enabled: true}}}", "keys: no vts-push key is active, and wallets.googlepay.visa needs one"},

		{"an empty database password", "database: {url: \"postgres://ada@127.0.0.1:1/w\", password: \"file:empty.txt\"}", "database.password: the secret at file:"},
		{"no database", "database: {url: \"sqlite:none.db\"}", "database.url: database_absent"},
		{"a database folder that is not there", "database: {url: \"sqlite:none/w.db\"}", "database.url: the folder "},
		{"a database that is none", "database: {url: \"sqlite:text.txt\"}", "database.url: store_unavailable"},
		{"a database without tables", "database: {url: \"sqlite:empty.txt\"}", "database.url: schema_missing"},
		{"an at sign in the database password", "database: {url: \"postgres://ada:Sum@ter2@127.0.0.1:1/w\"}", "database.url: no PostgreSQL URL can be read there; it is not shown, for it may hold a password. Write @"},
		{"a misspelt parameter of the database URL", "database: {url: \"postgres://ada@127.0.0.1:1/w?sslmod=require\"}", "database.url: the parameter sslmod is none of PostgreSQL's; did you mean sslmode?"},
		{"a database URL that cannot be read", "database: {url: \"postgres://ada:hun#ter2@db/w\"}", "database.url: no PostgreSQL URL can be read there"},

		{"no key set", tokenIssuerStart + "jwks_file: none.json}]}", "none.json"},
		{"a key set that is none", tokenIssuerStart + "jwks_file: text.txt}]}", "token issuer \"login\""},
		{"a key set without a usable key", tokenIssuerStart + "jwks_file: jwks.json}]}", "token issuer \"login\""},
		{"no roots of Apple's", "wallets: {applepay: {root_files: [none.pem]}}", "wallets.applepay.root_files: "},
		{"roots of Apple's that are none", "wallets: {applepay: {root_files: [text.txt]}}", "holds no certificate in PEM"},

		{"an issuer that nothing knows", "wallets: {applepay: {mastercard: {enabled: true, issuers: [acmee]}}}", "wallets.applepay.mastercard.issuers[0]: no card, client or key knows the issuer acmee"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := checked(t, dir, c.config)
			if code != exitFault || !strings.Contains(stderr, c.want) || strings.Contains(stdout, "good") {
				t.Errorf("config check: %d %s%s, want %q", code, stdout, stderr, c.want)
			}
			if strings.Contains(stderr, "ter2") {
				t.Error("it shows a part of the password")
			}
		})
	}
}

func TestConfigCheckSaysEverythingAtOnceAndWhatItCouldNotCheck(t *testing.T) {
	dir := readyFolder(t)
	code, stdout, stderr := checked(t, dir, `http: {tls: {certificate_file: tls.pem, key_file: other-key.pem}}
database: {url: "postgres://ada@127.0.0.1:1/w"}
wallets: {googlepay: {visa: {enabled: true}}}
auth: {token_issuers: [{issuer: login, audience: walletport, issuers: [acme], jwks_url: "https://login.example/jwks"}]}`)
	for _, want := range []string{"http.tls.certificate_file, http.tls.key_file: ", "keys: no vts-push key"} {
		if code != exitFault || !strings.Contains(stderr, want) {
			t.Errorf("%d, the problems lack %q: %s", code, want, stderr)
		}
	}
	for _, want := range []string{"not checked: the database does not answer", "not checked: auth: the keys behind 1 jwks_url"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not said: %s", want, stdout)
		}
	}
}

func TestEveryAbsentFileOfTLSIsNamed(t *testing.T) {
	code, _, stderr := checked(t, readyFolder(t), "http: {tls: {certificate_file: a.pem, key_file: b.pem, client_ca_file: c.pem}}")
	for _, want := range []string{"http.tls.certificate_file: ", "http.tls.key_file: ", "http.tls.client_ca_file: "} {
		if code != exitFault || !strings.Contains(stderr, want) {
			t.Errorf("%d, %q is not named: %s", code, want, stderr)
		}
	}
}

func TestConfigCheckShowsTheNewFormOfAnOlderOne(t *testing.T) {
	dir := readyFolder(t)
	code, stdout, stderr := checked(t, dir, "wallets: {applepay: {mastercard: {enabled: true, issuers: [acme]}}}")
	for _, want := range []string{"note: ", "issuer_defaults:\n  wallets: [\"none\"]\n", "issuers:\n  \"acme\":\n    wallets: [\"applepay.mastercard\"]\n", "the configuration is good"} {
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("%d, %q is not said: %s%s", code, want, stdout, stderr)
		}
	}
}

// TestAFaultOfKeysNamesItsSetting: rules may have their names and files from elsewhere.
func TestAFaultOfKeysNamesItsSetting(t *testing.T) {
	dir := readyFolder(t)
	const rule = "rule: eba-sca, issuer: login, audience: a, jwks_file: "
	for _, c := range []struct{ name, config, want string }{
		{"a token issuer", tokenIssuerStart + "jwks_file: none.json}]}", "auth: auth.token_issuers[0]: token issuer \"login\": "},
		{"a rule of the older form", "auth: {step_up: [{issuers: [acme], " + rule + "text.txt}]}", "auth: auth.step_up[0]: step-up rule \"eba-sca\" of \"login\": "},
		{"an issuer's section", "issuers: {acme: {step_up: {" + rule + "text.txt}}}", "auth: issuers.acme.step_up: step-up rule"},
		{"the defaults, from which a section has it", "issuer_defaults: {step_up: {" + rule + "none.json}}\nissuers: {acme: {step_up: {max_age: 1m}}}", "auth: issuer_defaults.step_up: step-up rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, stdout, stderr := checked(t, dir, c.config); code != exitFault || !strings.Contains(stderr, c.want) {
				t.Errorf("config check: %d %s%s, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

// TestConfigCheckWarnsOfWhatServeStartsWith: a section may come before the issuer's cards,
// and a term without effect harms nothing.
func TestConfigCheckWarnsOfWhatServeStartsWith(t *testing.T) {
	dir := readyFolder(t)
	const apple = "wallets: {applepay: {mastercard: {enabled: true}}}\n"
	for _, c := range []struct{ name, config, want string }{
		{"an issuer without cards yet", "issuers: {acme: {days_before_expiry: 3}, ghost: {days_before_expiry: 3}}", "issuers.ghost: no card, client or key knows the issuer ghost"},
		{"a wallet that is not offered", apple + "issuers: {acme: {wallets: [samsungpay]}}", "issuers.acme.wallets[0]: samsungpay is not offered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := checked(t, dir, c.config)
			if code != exitOK || !strings.Contains(stderr, "walletport: warning: "+c.want) || !strings.Contains(stdout, "the configuration is good") {
				t.Errorf("config check: %d %s%s, want %q", code, stdout, stderr, c.want)
			}
		})
	}
	code, _, stderr := checked(t, dir, "auth: {step_up: [{issuers: [acne], rule: none}]}")
	if code != exitFault || !strings.Contains(stderr, "auth.step_up[0].issuers[0]: no card, client or key knows the issuer acne") {
		t.Errorf("a slip in a step-up rule: %d %s", code, stderr)
	}
	code, _, stderr = checked(t, dir, "issuers: {acne: {step_up: {rule: eba-sca, issuer: \"https://id.example\", audience: walletport, jwks_file: id.json}}}")
	if code != exitFault || !strings.Contains(stderr, "issuers.acne: no card, client or key knows the issuer acne; did you mean acme?") {
		t.Errorf("a slip in the name of a section with a step-up: %d %s", code, stderr)
	}
}

func TestConfigCheckOnPostgreSQL(t *testing.T) {
	url := storagetest.Postgres(t)
	dir := operatorFolder(t, url)
	code, _, stderr := runs(t, commandIn(dir, "config check --config CONFIG")...)
	if code != exitFault || !strings.Contains(stderr, "database.url: schema_missing") {
		t.Errorf("without tables: %d %s", code, stderr)
	}
	for _, command := range []string{"migrate", "keys generate vault-kek --activate", "keys generate vault-index --activate", "keys generate audit-checkpoint --activate"} {
		if code, _, stderr := runs(t, append(strings.Fields(command), "--config", filepath.Join(dir, "walletport.yaml"))...); code != exitOK {
			t.Fatal(stderr)
		}
	}
	if code, stdout, stderr := runs(t, commandIn(dir, "config check --config CONFIG")...); code != exitOK {
		t.Errorf("with tables: %d %s%s", code, stdout, stderr)
	}
}

func TestConfigCheckFailsWhereTheDatabaseRefuses(t *testing.T) {
	database := storagetest.Postgres(t)
	dir := readyFolder(t)
	name := database[strings.LastIndex(database, "/")+1 : strings.Index(database, "?")]
	for _, c := range []struct{ name, url, want string }{
		{"no such database", strings.Replace(database, name, "none", 1), "(SQLSTATE 3D000)"},
		{"no such role", "postgres://nobody:secret123@" + database[strings.Index(database, "@")+1:], "(SQLSTATE 28000)"},
		{"a parameter that the server does not know", database + "&statement_timeut=5s", "unrecognized configuration parameter \"statement_timeut\" (SQLSTATE 42704)"},
		{"no TLS", strings.Replace(database, "sslmode=disable", "sslmode=require", 1), "the database has no TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := checked(t, dir, fmt.Sprintf("database: {url: %q}", c.url))
			if code != exitFault || !strings.Contains(stderr, "database.url: ") || !strings.Contains(stderr, c.want) || strings.Contains(stdout, "good") || strings.Contains(stderr, "secret123") {
				t.Errorf("%d %s%s, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

func TestUnknownIssuersOnTheCommandLineAreWarnedOf(t *testing.T) {
	dir := readyFolder(t)
	for _, c := range []struct {
		command string
		warned  bool
	}{
		{"clients create --name first --issuer acme --scope cards --config CONFIG", false}, // a card knows it
		{"clients create --name slip --issuer acne --scope cards --config CONFIG", true},
		{"cards import CARDS --issuer acnee --config CONFIG", true},
		{"keys generate tav-signing --issuer acmee --config CONFIG", true},
		{"keys generate tav-signing --issuer acme --config CONFIG", false},
		{"keys generate tav-signing --config CONFIG", false},
	} {
		_, _, stderr := runs(t, commandIn(dir, c.command)...)
		if got := strings.Contains(stderr, "walletport: warning: no card, client or key knows the issuer"); got != c.warned {
			t.Errorf("%s: warned %v, want %v: %s", c.command, got, c.warned, stderr)
		}
	}
}
