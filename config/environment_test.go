package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironmentIsReadByTheTypeOfEachSetting(t *testing.T) {
	config := defaultConfig()
	err := errors.Join(decodeEnvironment([]string{
		"WALLETPORT_HTTP__LISTEN=0123", // a text stays the text it is
		"WALLETPORT_HTTP__DRAIN=5s",
		"WALLETPORT_AUDIT__MAX_BATCH=64",
		"WALLETPORT_TRACE__SAMPLE_RATIO=0.5",
		"WALLETPORT_API__NO_ACCESS_LOG=true",
		"WALLETPORT_LOG__LEVEL=debug",
		"WALLETPORT_API__SERVER_URLS=https://a.example, https://b.example",
		"WALLETPORT_KEYS__PASSPHRASE=env:PASS",
		"WALLETPORT_WALLETS__APPLEPAY__VISA__ISSUERS=0123,no",
		"WALLETPORT_METRICS__LISTEN=", // as if it were not there
		"PATH=/bin",
	}, &config)...)
	must(t, err)
	want := defaultConfig()
	want.HTTP.Listen, want.HTTP.Drain, want.Audit.MaxBatch, want.Trace.SampleRatio = "0123", 5*time.Second, 64, 0.5
	want.API.NoAccessLog, want.Log.Level, want.Keys.Passphrase = true, -4, "env:PASS"
	want.API.ServerURLs = []string{"https://a.example", "https://b.example"}
	want.Wallets.ApplePay.Visa.Issuers = []string{"0123", "no"}
	if diff := cmp.Diff(want, config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestEnvironmentThatIsNoValue(t *testing.T) {
	for _, c := range []struct{ name, entry, want string }{
		{"a time without unit", "WALLETPORT_HTTP__DRAIN=5", "http.drain (environment variable WALLETPORT_HTTP__DRAIN): must be a time with its unit"},
		{"a number with a zero before it", "WALLETPORT_AUDIT__MAX_BATCH=0100", "must be a whole number in decimal digits"},
		{"no number", "WALLETPORT_AUDIT__MAX_BATCH=1e3", "must be a whole number"},
		{"a share beyond all", "WALLETPORT_TRACE__SAMPLE_RATIO=inf", "must be a number"},
		{"neither true nor false", "WALLETPORT_API__NO_ACCESS_LOG=yes", "must be true or false"},
		{"an unknown level", "WALLETPORT_LOG__LEVEL=loud", "log.level"},
		{"an unknown section", "WALLETPORT_HTPP__LISTEN=x", "did you mean WALLETPORT_HTTP__LISTEN?"},
		{"an unknown setting", "WALLETPORT_HTTP__LISTENS=x", "did you mean WALLETPORT_HTTP__LISTEN?"},
		{"one step too far", "WALLETPORT_HTTP__LISTEN__PORT=x", "there is no such setting"},
		{"a section", "WALLETPORT_HTTP__TLS=x", "there is no such setting"},
		{"an item of a list", "WALLETPORT_WALLET_PROVIDERS__0__ID=x", "set in the file only"},
		{"a name of the operator's", "WALLETPORT_PROFILES__MINE__TAV_VERSION=4", "set in the file only"},
		{"no section at all", "WALLETPORT___HTTP=x", "there is no such setting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := defaultConfig()
			err := errors.Join(decodeEnvironment([]string{c.entry}, &config)...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// ofService is what Kubernetes puts into a container beside a Service of that name.
func ofService(name string) []string {
	name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	var environ []string
	for _, entry := range []string{
		"_SERVICE_HOST=10.0.0.1", "_SERVICE_PORT=80", "_SERVICE_PORT_HTTP=80", "_SERVICE_PORT_HTTP_METRICS=90", "_PORT=tcp://10.0.0.1:80",
		"_PORT_80_TCP=tcp://10.0.0.1:80", "_PORT_80_TCP_PROTO=tcp", "_PORT_80_TCP_PORT=80", "_PORT_80_TCP_ADDR=10.0.0.1", "_PORT_53_UDP=udp://10.0.0.1:53",
	} {
		environ = append(environ, name+entry)
	}
	return environ
}

func TestVariablesOfServicesArePassedOver(t *testing.T) {
	for _, service := range []string{"walletport", "walletport-http", "walletport-metrics", "walletport-a--b", "walletport--blue", "walletport-http--listen"} {
		t.Run(service, func(t *testing.T) {
			environ := ofService(service)
			config := defaultConfig()
			if err := errors.Join(decodeEnvironment(environ, &config)...); err != nil {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(defaultConfig(), config); diff != "" {
				t.Errorf("they set something (-want +got):\n%s", diff)
			}
			if warnings := misspeltVariables(environ); len(warnings) > 0 {
				t.Errorf("they are warned of: %q", warnings)
			}
		})
	}
}

func TestSlipsOfSettingsAreWarnedOf(t *testing.T) {
	for variable, want := range map[string]string{
		"WALLETPORT_HTTP_LISTEN":                   "WALLETPORT_HTTP__LISTEN",
		"WALLETPORT_DATABASE_URL":                  "WALLETPORT_DATABASE__URL",
		"WALLETPORT_API_LIMITS_REQUESTS_PER_SECON": "WALLETPORT_API__LIMITS__REQUESTS_PER_SECOND",
		"WALLETPORT_KEYS_PASSPHRASE":               "WALLETPORT_KEYS__PASSPHRASE",
		"WALLETPORT_CONFIG":                        "",
		"WALLETPORT_VERSION":                       "",
		"WALLETPORT_REQUIRE_POSTGRES":              "",
		"WALLETPORT_HTTP__LISTEN":                  "",
		"WALLET_HTTP_LISTEN":                       "",
	} {
		got := strings.Join(misspeltVariables([]string{variable + "=x"}), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: warning %q, want %q", variable, got, want)
		}
	}
}

// TestEverySettingStandsInASection holds what tells a setting's variable from others:
// two underscores.
func TestEverySettingStandsInASection(t *testing.T) {
	for _, name := range settingVariables() {
		if !(variable{name: name}).isSetting() {
			t.Errorf("%s cannot be told from a variable of somebody else's", name)
		}
	}
}
