package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/walletport/walletport/telemetry"
)

const testPAN = "5204247750001471"

type shy struct{ text string }

func (s shy) LogValue() slog.Value { return slog.StringValue(s.text) }

type broken struct{}

func (broken) MarshalJSON() ([]byte, error) { return nil, errors.New("no JSON for " + testPAN) }

func TestRedactLogs(t *testing.T) {
	for _, c := range []struct {
		name string
		log  func(*slog.Logger)
	}{
		{"a message", func(l *slog.Logger) { l.Info("card " + testPAN) }},
		{"a string", func(l *slog.Logger) { l.Info("m", "card", testPAN) }},
		{"a spaced string", func(l *slog.Logger) { l.Info("m", "card", "5204 2477 5000 1471") }},
		{"a key", func(l *slog.Logger) { l.Info("m", testPAN, 1) }},
		{"an int64", func(l *slog.Logger) { l.Info("m", "card_id", int64(5204247750001471)) }},
		{"a negative int64", func(l *slog.Logger) { l.Info("m", "card_id", int64(-5204247750001471)) }},
		{"a uint64", func(l *slog.Logger) { l.Info("m", "card_id", uint64(5204247750001471)) }},
		{"a float", func(l *slog.Logger) { l.Info("m", "card_id", float64(5204247750001471)) }},
		{"an error", func(l *slog.Logger) { l.Info("m", "err", errors.New("bad "+testPAN)) }},
		{"a wrapped error", func(l *slog.Logger) { l.Info("m", "err", fmt.Errorf("a: %w", errors.New(testPAN))) }},
		{"bytes", func(l *slog.Logger) { l.Info("m", "body", []byte(testPAN)) }},
		{"a struct", func(l *slog.Logger) { l.Info("m", "card", struct{ N string }{testPAN}) }},
		{"a list", func(l *slog.Logger) { l.Info("m", "cards", []string{"x", testPAN}) }},
		{"a map", func(l *slog.Logger) { l.Info("m", "cards", map[string]any{"n": 5204247750001471}) }},
		{"a group", func(l *slog.Logger) { l.Info("m", slog.Group("a", slog.Group("b", "c", testPAN))) }},
		{"a LogValuer", func(l *slog.Logger) { l.Info("m", "card", shy{testPAN}) }},
		{"a value that does not marshal", func(l *slog.Logger) { l.Info("m", "card", broken{}) }},
		{"a quoted line break before it", func(l *slog.Logger) { l.Info("m", "err", fmt.Errorf("%q", "a\n"+testPAN)) }},
		{"a struct with a line break before it", func(l *slog.Logger) { l.Info("m", "card", struct{ N string }{"a\n" + testPAN}) }},
		{"a number over several lines", func(l *slog.Logger) { l.Info("5204\n2477\n5000\n1471") }},
		{"a disguise", func(l *slog.Logger) { l.Info("m", "card", "5204 - 2477 - 5000 - 1471") }},
		{"twelve digits", func(l *slog.Logger) { l.Info("m", "n", int64(501800000009)) }},
		{"the zone of an address", func(l *slog.Logger) { l.Info("m", "addr", netip.MustParseAddr("fe80::1%"+testPAN)) }},
		{"attributes of the logger", func(l *slog.Logger) { l.With("card", testPAN).Info("m") }},
		{"a group of the logger", func(l *slog.Logger) { l.WithGroup(testPAN).Info("m", "a", 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			c.log(telemetry.NewLogger(&out, slog.LevelDebug))
			digits := strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, strings.SplitN(out.String(), `"level"`, 2)[1])
			if strings.Contains(digits, testPAN) {
				t.Errorf("the digits are in the line: %s", out.String())
			}
			if !strings.Contains(out.String(), "[redacted]") {
				t.Errorf("nothing says that something was removed: %s", out.String())
			}
		})
	}
}

func TestHarmlessLinesPass(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	log.Debug("hidden")
	log.With("a", "b").WithGroup("g").Info("ready", "n", 7, "ok", true, "nothing", nil, "list", []int{1}, "err", errors.New("x"), "f", 0.5)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON line: %v: %s", err, out.String())
	}
	g, _ := line["g"].(map[string]any)
	if line["msg"] != "ready" || line["a"] != "b" || g["n"] != 7.0 || g["ok"] != true || g["err"] != "x" || g["nothing"] != nil || g["f"] != 0.5 {
		t.Errorf("line %s", out.String())
	}
}

// What servers write into their logs all day is not struck out.
func TestIdentifiersAndAddressesPass(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	const uuid, mongo, address = "831fb558-d0b4-4566-8285-38049c915104", "3458604036415c7c4b1a24c6", "2606:4700:4700:1119::1"
	log.Info("http: TLS handshake error from 41.111.111.111:11112: EOF", "request_id", uuid, "user", mongo, "addr", netip.MustParseAddr(address))
	log.Info("card "+testPAN, "addr", netip.MustParseAddr("2606:4700:4700:1127::1"))
	for _, want := range []string{"2606:4700:4700:1127::1", "41.111.111.111:11112", uuid, mongo, address} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is struck out: %s", want, out.String())
		}
	}
}

func TestRedactKeepsTheOtherLines(t *testing.T) {
	got := telemetry.Redact("goroutine 1\nf(" + testPAN + ")\nmain.go:12")
	if got != "goroutine 1\n[redacted]\nmain.go:12" {
		t.Errorf("Redact = %q", got)
	}
	for _, digits := range []string{"٥٢٠٤٢٤٧٧٥٠٠٠١٤٧١", "5204.2477.5000.1471"} {
		if telemetry.Redact(digits) != "[redacted]" {
			t.Errorf("a PAN in another dress passes")
		}
	}
}

func BenchmarkRedactAccessLine(b *testing.B) {
	text := slog.New(telemetry.RedactLogs(slog.NewJSONHandler(discard{}, nil)))
	b.ReportAllocs()
	for b.Loop() {
		text.Info("request", "route", "/v1/{cardId}/provision/issuerwallet/{walletProvider}", "request_id", "019aa7f0-3c1e-7d2b-9a41-5bd1c0f0e6aa", "status", 200)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
