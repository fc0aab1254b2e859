package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport/telemetry"
)

func TestSpansLeaveWithTheListOnly(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	provider := telemetry.NewTracerProvider(sdktrace.NewSimpleSpanProcessor(telemetry.AllowListed(kept)), 1, "test")
	state, err := trace.ParseTraceState("k=" + testPAN)
	if err != nil {
		t.Fatal(err)
	}
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, TraceState: state})
	_, span := provider.Tracer("t").Start(trace.ContextWithRemoteSpanContext(t.Context(), parent), "card "+testPAN,
		trace.WithLinks(trace.Link{SpanContext: parent}))
	span.SetAttributes(
		telemetry.AttrRoute.String("/v1/{cardId}"), telemetry.AttrStatus.Int(200), telemetry.AttrWallet.String(testPAN),
		attribute.String("http.url", "/"+testPAN), attribute.Int64("card", 5204247750001471))
	span.RecordError(errors.New("bad " + testPAN))
	span.SetStatus(codes.Error, "bad "+testPAN)
	span.End()

	spans := kept.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans were exported, want 1", len(spans))
	}
	got := spans[0]
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, testPAN) {
		t.Errorf("the PAN left: %s", text)
	}
	if len(got.Attributes) != 3 || len(got.Events) != 0 || len(got.Links) != 0 || got.Status.Code != codes.Error || got.Status.Description != "" {
		t.Errorf("span %+v", got)
	}
	if got.SpanContext.TraceID() != parent.TraceID() || got.Parent.SpanID() != parent.SpanID() {
		t.Errorf("the ids are lost")
	}
}

func TestOpenTracing(t *testing.T) {
	t.Run("without an endpoint there is no provider", func(t *testing.T) {
		if p, err := telemetry.OpenTracing(t.Context(), telemetry.TraceConfig{}, "test"); p != nil || err != nil {
			t.Errorf("OpenTracing = %v, %v", p, err)
		}
	})
	t.Run("spans reach the collector", func(t *testing.T) {
		got := make(chan int, 4)
		collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got <- len(body)
		}))
		defer collector.Close()
		p, err := telemetry.OpenTracing(t.Context(), telemetry.TraceConfig{Endpoint: collector.URL + "/v1/traces", SampleRatio: 1}, "test")
		if err != nil {
			t.Fatal(err)
		}
		_, span := p.Tracer("t").Start(t.Context(), "x")
		span.End()
		if err := p.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := <-got; n == 0 {
			t.Errorf("an empty export")
		}
	})
}

func TestTraceConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		in   telemetry.TraceConfig
		ok   bool
	}{
		{"nothing is fine", telemetry.TraceConfig{}, true},
		{"an endpoint is fine", telemetry.TraceConfig{Endpoint: "https://collector:4318/v1/traces", SampleRatio: 0.1}, true},
		{"a ratio above 1 is refused", telemetry.TraceConfig{SampleRatio: 1.1}, false},
		{"a host alone is refused", telemetry.TraceConfig{Endpoint: "collector:4318"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.in.Validate(); (err == nil) != c.ok {
				t.Errorf("Validate() = %v", err)
			}
		})
	}
}

func TestOpenTelemetrysOwnErrorsAreLogLines(t *testing.T) {
	var out bytes.Buffer
	telemetry.ReportErrors(telemetry.NewLogger(&out, slog.LevelInfo))
	t.Cleanup(func() { telemetry.ReportErrors(slog.New(slog.DiscardHandler)) })
	otel.Handle(errors.New("the collector is away; card " + testPAN))
	var line struct{ Level, Msg, Err string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("no JSON line: %s", out.String())
	}
	if line.Level != "WARN" || line.Msg != "tracing does not work" || strings.Contains(line.Err, testPAN) {
		t.Errorf("line %+v", line)
	}
}
