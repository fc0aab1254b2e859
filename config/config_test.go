package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
			if got := RedactURL(c.in); got != c.want {
				t.Errorf("RedactURL = %q, want %q", got, c.want)
			}
		})
	}
}

func mustLoad(t *testing.T, text string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	config, err := Load(path)
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
