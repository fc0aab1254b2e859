package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme/mdes"
)

func TestRedactURL(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a password is struck out", "postgres://ada:hunter2@db/w", "postgres://ada:xxxxx@db/w"},
		{"also one with an at sign", "postgres://ada:hunter2%40x@db/w", "postgres://ada:xxxxx@db/w"},
		{"also one with a bare at sign", "postgres://ada:hunter2@x@db/w", "postgres://ada:xxxxx@db/w"},
		{"also one among the parameters", "postgres://ada@db/w?password=hunter2&sslmode=disable", "postgres://ada@db/w?password=xxxxx&sslmode=disable"},
		{"also the one of a client key", "postgres://ada@db/w?sslpassword=hunter2", "postgres://ada@db/w?sslpassword=xxxxx"},
		{"a text that cannot be taken apart is struck out whole", "postgres://ada:hunter2@db:port/%zz", "xxxxx"},
		{"a password with a number sign is struck out with all", "postgres://ada:12#hunter2@db/w", "xxxxx"},
		{"a password with a slash is struck out with all", "postgres://ada:12/hunter2@db/w", "xxxxx"},
		{"a password with a question mark is struck out with all", "postgres://ada:12?hunter2@db/w", "xxxxx"},
		{"without a password nothing changes", "postgres://ada@db/w?sslmode=verify-full", "postgres://ada@db/w?sslmode=verify-full"},
		{"a path is no URL", "sqlite:a@b:c.db", "sqlite:a@b:c.db"},
		{"nothing stays nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := redactURL(c.in); got != c.want {
				t.Errorf("redactURL = %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	pair := tlsConfig{CertificateFile: "c.pem", KeyFile: "k.pem"}
	for _, c := range []struct {
		name, listen string
		tls          tlsConfig
		ok           bool
	}{
		{"127.0.0.1", "127.0.0.1:8080", tlsConfig{}, true},
		{"all of 127/8", "127.9.9.9:8080", tlsConfig{}, true},
		{"IPv6 loopback", "[::1]:8080", tlsConfig{}, true},
		{"localhost", "localhost:8080", tlsConfig{}, true},
		{"every address", ":8080", tlsConfig{}, false},
		{"every IPv4 address", "0.0.0.0:8080", tlsConfig{}, false},
		{"every IPv6 address", "[::]:8080", tlsConfig{}, false},
		{"a private address", "10.0.0.1:8080", tlsConfig{}, false},
		{"a name that begins like loopback", "localhost.bank.example:8080", tlsConfig{}, false},
		{"every address with TLS", ":8443", pair, true},
		{"no port", "127.0.0.1", tlsConfig{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Config{HTTP: httpConfig{Listen: c.listen, TLS: c.tls}}.validateListen()
			if (err == nil) != c.ok {
				t.Errorf("error %v, want ok %v", err, c.ok)
			}
		})
	}
}

func TestTLSSettingsGoTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		in   tlsConfig
		ok   bool
	}{
		{"none", tlsConfig{}, true},
		{"a pair", tlsConfig{CertificateFile: "c", KeyFile: "k"}, true},
		{"client roots", tlsConfig{CertificateFile: "c", KeyFile: "k", ClientCAFile: "r", RequireClient: true}, true},
		{"a certificate alone", tlsConfig{CertificateFile: "c"}, false},
		{"a key alone", tlsConfig{KeyFile: "k"}, false},
		{"client roots alone", tlsConfig{ClientCAFile: "r"}, false},
		{"a demand without roots", tlsConfig{CertificateFile: "c", KeyFile: "k", RequireClient: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.in.validate(); (err == nil) != c.ok {
				t.Errorf("error %v, want ok %v", err, c.ok)
			}
		})
	}
}

func mustLoad(t *testing.T, text string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	config, err := loadConfig(path)
	must(t, err)
	return config
}

func TestProfileNamesOnlyWhatDiffers(t *testing.T) {
	config := mustLoad(t, "keys: {key_file: k}\nprofiles: {mine: {tav_version: 4, data_validity: 45m, tav_field_order: [accountNumber, accountExpiry, dataValidUntilTimestamp]}}\n")
	want := mdes.DefaultProfile()
	want.TAVVersion, want.DataValidity = 4, 45*time.Minute
	want.TAVFieldOrder = []string{"accountNumber", "accountExpiry", "dataValidUntilTimestamp"}
	if diff := cmp.Diff(want, config.Profiles["mine"]); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
}

func TestEnvironmentBeatsTheFileAndTheFileBeatsDefaults(t *testing.T) {
	t.Setenv("WALLETPORT_HTTP__LISTEN", "127.0.0.1:9000")
	t.Setenv("WALLETPORT_API__LIMITS__REQUESTS_PER_SECOND", "7")
	t.Setenv("WALLETPORT_API__SERVER_URLS", "https://a.example,https://b.example")
	t.Setenv("WALLETPORT_API__NO_ACCESS_LOG", "true")
	config := mustLoad(t, "keys: {key_file: k}\nhttp: {listen: \"127.0.0.1:8000\", shutdown: 3s}\n")
	if config.HTTP.Listen != "127.0.0.1:9000" || config.HTTP.Shutdown != 3*time.Second || config.API.Limits.RequestsPerSecond != 7 || !config.API.NoAccessLog {
		t.Errorf("config %+v %+v", config.HTTP, config.API)
	}
	if diff := cmp.Diff([]string{"https://a.example", "https://b.example"}, config.API.ServerURLs); diff != "" {
		t.Errorf("server URLs (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(config.Database.URL, "/walletport.db") {
		t.Errorf("default database %s", config.Database.URL)
	}
}

func TestNeededPurposesAreThoseOfWhatIsOffered(t *testing.T) {
	always := []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint}
	for _, c := range []struct {
		name   string
		offer  func(*Config)
		needed []keys.Purpose
	}{
		{"nothing offered", func(*Config) {}, nil},
		{"an issuer wallet", func(c *Config) { c.WalletProviders = []walletProviderConfig{{ID: "w"}} }, []keys.Purpose{keys.MDESEncryption, keys.TAVSigning}},
		{"Apple Pay for Mastercard", func(c *Config) { c.Wallets.ApplePay.Mastercard.Enabled = true }, []keys.Purpose{keys.TAVSigning}},
		{"Apple Pay for Visa", func(c *Config) { c.Wallets.ApplePay.Visa.Enabled = true }, []keys.Purpose{keys.WSD}},
		{"Google Pay for Mastercard", func(c *Config) { c.Wallets.GooglePay.Mastercard.Enabled = true }, []keys.Purpose{keys.TAVSigning, keys.MDESEncryption}},
		{"Google Pay and Samsung Pay for Visa", func(c *Config) {
			c.Wallets.GooglePay.Visa.Enabled, c.Wallets.SamsungPay.Visa.Enabled = true, true
		}, []keys.Purpose{keys.VTSPush}},
		{"activation", func(c *Config) { c.Activation.Mastercard.Enabled, c.Activation.Visa.Enabled = true, true }, []keys.Purpose{keys.TAVSigning, keys.WSD}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := defaultConfig()
			c.offer(&config)
			needed, _ := config.neededPurposes()
			if diff := cmp.Diff(append(always[:3:3], c.needed...), needed); diff != "" {
				t.Errorf("needed purposes (-want +got):\n%s", diff)
			}
		})
	}
}
