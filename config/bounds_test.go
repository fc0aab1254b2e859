package config

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestAbsurdDurationsAndSizesAreRefused: each is far from what anybody means.
func TestAbsurdDurationsAndSizesAreRefused(t *testing.T) {
	for setting, values := range map[string][]string{
		"http.drain":                          {"-1s", "9600h"},
		"http.shutdown":                       {"0s", "-1s", "1ns", "9600h"},
		"api.limits.body_bytes":               {"-1", "1", "1099511627776"},
		"api.limits.header_bytes":             {"-1", "16", "1073741824"},
		"api.limits.request_time":             {"-1s", "1ns", "9600h"},
		"api.limits.header_time":              {"-1s", "1ns", "9600h"},
		"api.limits.read_time":                {"-1s", "1ns", "9600h", "200ms"}, // below header_time
		"api.limits.write_time":               {"-1s", "1ns", "9600h", "5s"},    // below request_time
		"api.limits.idle_time":                {"-1s", "1ns", "9600h"},
		"auth.client_cache_ttl":               {"9600h"},
		"auth.leeway":                         {"-1s", "1h"},
		"auth.key_refresh":                    {"-1s", "1ns", "9600h"},
		"audit.max_batch":                     {"-1", "1000000"},
		"audit.max_age":                       {"1m"},
		"audit.max_queue":                     {"-1", "1000000000"},
		"audit.commit_timeout":                {"-1s", "1ns", "9600h"},
		"audit.checkpoint_every":              {"-1", "1000000000"},
		"audit.checkpoint_interval":           {"-1s", "1ns", "9600h"},
		"audit.witness_interval":              {"-1s", "1ns", "9600h", "31m"}, // above half of witness_max_age
		"audit.witness_max_age":               {"-1s", "1ns", "721h", "9600h"},
		"database.max_conns":                  {"-1", "5000000000"},
		"trace.sample_ratio":                  {"-0.1", "1.1"},
		"wallets.nonce_retention":             {"-1s", "1ns", "9600h"},
		"wallets.googlepay.format.max_chars":  {"0", "-1", "1000000000"},
		"wallets.samsungpay.format.max_chars": {"0", "-1", "1000000000"},
		"issuer_wallet.max_chars":             {"-1", "1000000000"},
	} {
		for _, value := range values {
			t.Setenv(variableName(setting), value)
			_, err := loaded(t, "")
			if err == nil || !strings.Contains(err.Error(), setting+" (environment variable "+variableName(setting)+"): ") {
				t.Errorf("%s: %s is taken, or setting and variable are not named: %v", setting, value, err)
			}
		}
		must(t, os.Unsetenv(variableName(setting)))
	}
}

// TestAVariableIsBlamedForItsSettingAlone, and not for what the file says of another one, or of
// one whose name begins alike.
func TestAVariableIsBlamedForItsSettingAlone(t *testing.T) {
	t.Setenv(variableName("audit.max_batch"), "100")
	t.Setenv(variableName("audit.max_queue"), "-1")
	_, err := loaded(t, "audit:\n  max_batch: 200\n  commit_timeout: 9600h\ndatabase:\n  max_conns: -1\n")
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		isOfVariable := strings.Contains(line, "environment variable")
		isOfFile := strings.Contains(line, "commit_timeout") || strings.Contains(line, "max_conns")
		if isOfVariable && isOfFile || strings.Contains(line, "max_queue") && !isOfVariable {
			t.Errorf("blamed on a variable: %t: %s", isOfVariable, line)
		}
	}
}

// TestConnectionsByDefault are of PostgreSQL, and grow with the processors.
func TestConnectionsByDefault(t *testing.T) {
	for database, want := range map[string]int{"sqlite:walletport.db": 0, "postgres://walletport@127.0.0.1/walletport": max(8, 2*runtime.NumCPU())} {
		c, err := loaded(t, "database:\n  url: "+database+"\n")
		if err != nil || c.Database.MaxConns != want {
			t.Errorf("%s has %d connections, %v, want %d", database, c.Database.MaxConns, err, want)
		}
	}
}

// TestEveryDurationAndSizeHasBounds finds a setting that nobody thought of.
func TestEveryDurationAndSizeHasBounds(t *testing.T) {
	unbounded := map[string]bool{ // how many calls are too many is the operator's to say
		"api.limits.requests_per_second": true, "api.limits.requests_per_minute": true, "api.limits.failures_per_minute": true,
		"api.limits.refusals_per_minute": true, "issuer_defaults.limits.requests_per_second": true, "issuer_defaults.limits.requests_per_minute": true,
	}
	for _, s := range sections(t) {
		for _, line := range s.settings {
			name := line.String()
			if strings.ContainsAny(name, "[]") || strings.Contains(name, "NAME") || unbounded[name] {
				continue
			}
			var value string
			switch typeText(line.typ) {
			case "duration":
				value = (400 * 24 * time.Hour).String()
			case "number":
				value = "999999999999"
			default:
				continue
			}
			t.Setenv(variableName(name), value)
			if _, err := loaded(t, ""); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s has no upper bound: %s is taken, %v", name, value, err)
			}
			must(t, os.Unsetenv(variableName(name)))
		}
	}
}
