package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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
