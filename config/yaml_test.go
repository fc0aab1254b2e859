package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
)

// decodeAll joins what decodeYAML says.
func decodeAll(text string, config *Config) error {
	problems, err := decodeYAML([]byte(text), config)
	return errors.Join(append(problems, err)...)
}

func TestNothingIsTakenForAnotherValue(t *testing.T) {
	const text, quote = "token_requestors: {w: {display_name: %s}}", "where a text belongs: quote it"
	for _, c := range []struct{ name, yaml, want string }{
		{"an octal number", fmt.Sprintf(text, "0123"), "token_requestors.w.display_name: is a number " + quote + " (line 1)"},
		{"a number with an exponent", fmt.Sprintf(text, "1e3"), "is a number " + quote},
		{"a number with an underscore", fmt.Sprintf(text, "1_000"), "is a number " + quote},
		{"a hexadecimal number", fmt.Sprintf(text, "0x1f"), "is a number " + quote},
		{"a fraction", fmt.Sprintf(text, "1.50"), "is a number " + quote},
		{"infinity", fmt.Sprintf(text, ".inf"), "is a number " + quote},
		{"true", fmt.Sprintf(text, "true"), "is a word for true or false " + quote},
		{"no", fmt.Sprintf(text, "no"), "is a word for true or false " + quote},
		{"On", fmt.Sprintf(text, "On"), "is a word for true or false " + quote},
		{"y", fmt.Sprintf(text, "y"), "is a word for true or false " + quote},
		{"a date", fmt.Sprintf(text, "2026-01-31"), "is a date " + quote},
		{"bytes", fmt.Sprintf(text, "!!binary aGk="), "is no text " + quote},
		{"a tag of somebody's", fmt.Sprintf(text, "!Ref x"), "is no text " + quote},
		{"null", fmt.Sprintf(text, "null"), "token_requestors.w.display_name: has no value"},
		{"nothing", fmt.Sprintf(text, ""), "token_requestors.w.display_name: has no value"},
		{"a list for a text", fmt.Sprintf(text, "[a]"), "must be a text, not a list or a section"},
		{"a section for a text", fmt.Sprintf(text, "{a: b}"), "must be a text, not a list or a section"},

		{"a time without unit", "http: {drain: 5}", "http.drain: is a time without its unit: write 5s for seconds"},
		{"a fraction of a time", "http: {drain: 0.5}", "is a time without its unit: write 250ms"},
		{"a time that is none", "http: {drain: soon}", "http.drain: must be a time with its unit"},
		{"a quoted number for a time", "http: {drain: '5'}", "http.drain: must be a time with its unit"},
		{"a number for a level", "log: {level: 4}", "log.level: is a number " + quote},
		{"a level that is none", "log: {level: loud}", "log.level: "},

		{"a text for a number", "audit: {max_batch: '64'}", "audit.max_batch: must be a whole number, without quotation marks"},
		{"a zero before a number", "audit: {max_batch: 0100}", "audit.max_batch: must be a whole number in decimal digits"},
		{"an underscore in a number", "audit: {max_batch: 1_000}", "audit.max_batch: must be a whole number in decimal digits"},
		{"a fraction for a whole number", "audit: {max_batch: 1.5}", "audit.max_batch: must be a whole number in decimal digits"},
		{"an exponent in a whole number", "audit: {max_batch: 1e3}", "audit.max_batch: must be a whole number in decimal digits"},
		{"a number that is too large", "audit: {max_batch: 99999999999999999999}", "audit.max_batch: "},
		{"true for a number", "audit: {max_batch: true}", "audit.max_batch: must be a whole number"},
		{"no number for a share", "trace: {sample_ratio: .nan}", "trace.sample_ratio: must be a number"},
		{"a text for a share", "trace: {sample_ratio: half}", "trace.sample_ratio: must be a number"},
		{"a quoted word for true", "api: {no_access_log: 'true'}", "api.no_access_log: must be true or false, without quotation marks"},
		{"yes for true", "api: {no_access_log: yes}", "api.no_access_log: must be true or false"},
		{"1 for true", "api: {no_access_log: 1}", "api.no_access_log: must be true or false"},

		{"a text for a list", "api: {server_urls: 'https://a.example,https://b.example'}", "api.server_urls: is a list"},
		{"a section for a list", "wallet_providers: {id: a}", "wallet_providers: is a list"},
		{"a text for a section", "http: 8080", "http: is a section"},
		{"a list for a section", "http: [a]", "http: is a section"},
		{"a section without anything", "http:", "http: has no value"},
		{"an item that is nothing", "api: {server_urls: [~]}", "api.server_urls[0]: has no value"},
		{"a list for the whole", "- http", "the file: is a section"},

		{"a name that is a number", "profiles: {0123: {}}", "profiles: has a name that is a number: quote it"},
		{"a name that is a word for false", "profiles: {no: {}}", "profiles: has a name that is a word for true or false: quote it"},
		{"a name that is null", "profiles: {~: {}}", "profiles: has a name that is nothing: quote it"},
		{"a name that is a list", "profiles: {[a]: {}}", "profiles: has a name that is no text"},
		{"a name that stands twice", "http: {drain: 5s, drain: 6s}", "http.drain: stands twice"},
		{"a section that stands twice", "http: {drain: 5s}\nhttp: {drain: 5s}", "http: stands twice (line 2)"},
		{"a name of the operator's that stands twice", "profiles: {a: {}, a: {}}", "profiles.a: stands twice"},
		{"a name in capitals", "HTTP: {drain: 5s}", "HTTP: there is no such setting"},
		{"a slip", "auth: {stepup: []}", "auth.stepup: there is no such setting; did you mean step_up?"},
		{"a text that reads like an alias", "database: {password: *hunter2}", "a text that begins with * is quoted"},
		{"a second document", "http: {drain: 5s}\n---\nhttp: {drain: 6s}", "more than one document"},
		{"a mapping that merges itself", "http: &h\n  <<: *h", "merges (<<) too deep"},
		{"a merge of a text", "http: {<<: x}", "merges (<<) what is no mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := defaultConfig()
			err := decodeAll(c.yaml, &config)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("decodeYAML(%s) = %v, want %q", c.yaml, err, c.want)
			}
		})
	}
}

// TestMergesDoNotMultiply: each level names the one below many times, which would make
// millions of one.
func TestMergesDoNotMultiply(t *testing.T) {
	for _, c := range []struct {
		name         string
		levels, each int
		want         string
	}{
		{"many levels", 5, 20, "merges (<<) too deep"},
		{"few levels with many names", 3, 100, "merges (<<) more than 10000 mappings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := []byte("a0: &a0 {listen: '127.0.0.1:1'}\n")
			for level := 1; level <= c.levels; level++ {
				below := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", level-1), c.each), ", ")
				text = fmt.Appendf(text, "a%d: &a%d {<<: [%s]}\n", level, level, below)
			}
			config := defaultConfig()
			err := decodeAll(string(fmt.Appendf(text, "http: {<<: *a%d}\n", c.levels)), &config)
			if err == nil || strings.Count(err.Error(), "merges (<<)") != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%d faults, the first: %.300v", strings.Count(fmt.Sprint(err), "\n"), err)
			}
		})
	}
}

func TestWhatIsWrittenIsWhatIsTaken(t *testing.T) {
	config := defaultConfig()
	err := decodeAll(`
http: {drain: 0, shutdown: 1m30s}
log: {level: warn}
trace: {sample_ratio: 1}
audit: {max_batch: 64}
api: {no_access_log: true, server_urls: []}
auth:
  step_up:
    - issuers: ["0123", 'no', acme, a-1, 1.2.3, 12ab, !!str 7]
      max_age: 2m
token_requestors:
  applepay: &ids {visa: "01234567012"}
  mine: {<<: *ids, mastercard: "50199900001"}
profiles:
  "0123": {tav_version: 4}
`, &config)
	must(t, err)
	if config.HTTP.Drain != 0 || config.HTTP.Shutdown != 90*time.Second || config.Trace.SampleRatio != 1 || config.Audit.MaxBatch != 64 || !config.API.NoAccessLog {
		t.Errorf("config %+v", config)
	}
	if diff := cmp.Diff([]walletport.IssuerID{"0123", "no", "acme", "a-1", "1.2.3", "12ab", "7"}, config.Auth.StepUp[0].Issuers); diff != "" {
		t.Errorf("issuers (-want +got):\n%s", diff)
	}
	if got := config.TokenRequestors["applepay"]; got.Visa != "01234567012" || got.Mastercard != "50110030273" || got.DisplayName != "Apple Pay" {
		t.Errorf("an entry forgot what the file does not say: %+v", got)
	}
	if got := config.TokenRequestors["mine"]; got.Visa != "01234567012" || got.Mastercard != "50199900001" {
		t.Errorf("merged entry %+v", got)
	}
	if got := config.Profiles["0123"].TAVVersion; got != 4 {
		t.Errorf("TAV version %d", got)
	}
}

func TestEveryProblemOfAFileIsSaidAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte(`http: {drain: 5}
auth: {step_up: [{issuers: [acme, 0123]}]}
wallet_providers: [{id: w, token_requestor_id: 01234567012}]
database: {password: 1234}
`), 0o600))
	t.Setenv("WALLETPORT_AUDIT__MAX_BATCH", "many")
	_, err := Load(path)
	for _, want := range []string{
		"http.drain: ", "auth.step_up[0].issuers[1]: is a number", "wallet_providers[0].token_requestor_id: is a number",
		"database.password: is a number", "database.password: a secret is given as file:PATH or env:NAME",
		"audit.max_batch (environment variable WALLETPORT_AUDIT__MAX_BATCH): must be a whole number", "wallet_providers[0].scheme: ",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if strings.Contains(err.Error(), "1234") {
		t.Errorf("a secret in the wrong place is repeated: %v", err)
	}
}

func TestFaultsOfTheFileSayHowToWriteIt(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"a log level", "log: {level: loud}", "must be debug, info, warn or error"},
		{"a fault of the second line", "http: {listen: [}", "line 2: "},
		{"a fault of a later line", "# a\n# b\nhttp: {listen: [}", "line 4: "},
		{"a control character", "# a\nlog: \x01", "line 3: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := loaded(t, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestEmptyConfigurationIsTheDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "null\n", "{}\n"} {
		config := defaultConfig()
		if err := decodeAll(text, &config); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(defaultConfig(), config); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestConfigurationFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte(strings.Repeat("# long\n", maxConfigBytes/7+1)), 0o600))
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("error %v", err)
	}
}

func FuzzDecodeYAML(f *testing.F) {
	for _, seed := range []string{"http: {drain: 5s}", "a: &a [*a]", "http: &h {<<: *h}", "profiles: {a: {tav_field_order: [x]}}", "? [a]\n: b", "a: !!int x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		config := defaultConfig()
		_ = decodeAll(string(text), &config) // it must return
		_ = config.validate()
	})
}
