package telemetry_test

import (
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport/telemetry"
)

func TestAnAttemptOfAJobIsASpanWithoutData(t *testing.T) {
	for _, c := range []struct {
		name, code string
		status     codes.Code
		attributes int
	}{
		{"done", "", codes.Unset, 0},
		{"failed", "scheme_unavailable", codes.Error, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := tracetest.NewInMemoryExporter()
			provider := telemetry.NewTracerProvider(sdktrace.NewSimpleSpanProcessor(telemetry.AllowListed(kept)), 1, "test")
			ctx, ended := telemetry.BeginJob(t.Context(), provider.Tracer("t"), "tokens.resolve")
			if !trace.SpanContextFromContext(ctx).IsValid() {
				t.Error("calls of the attempt would not be in its span")
			}
			ended(c.code)
			spans := kept.GetSpans()
			if len(spans) != 1 || spans[0].Name != "job tokens.resolve" || spans[0].Status.Code != c.status || len(spans[0].Attributes) != c.attributes {
				t.Errorf("spans %+v", spans)
			}
		})
	}
	ctx, ended := telemetry.BeginJob(t.Context(), nil, "tokens.resolve")
	ended("x")
	if ctx != t.Context() {
		t.Error("without a tracer something is in the context")
	}
}
