package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TraceConfig says where spans go.
type TraceConfig struct {
	Endpoint    string  `setting:"endpoint"`     // URL of an OTLP/HTTP collector, https://collector:4318/v1/traces; empty makes no spans
	SampleRatio float64 `setting:"sample_ratio"` // share of requests without a sampled parent that get a span, 0 to 1; 0 follows parents only
}

// Validate reports what is wrong with c.
func (c TraceConfig) Validate() error {
	var errs []error
	if c.SampleRatio < 0 || c.SampleRatio > 1 {
		errs = append(errs, errors.New("sample_ratio: 0 to 1"))
	}
	if c.Endpoint == "" {
		return errors.Join(errs...)
	}
	if u, err := url.Parse(c.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("endpoint: an http or https URL"))
	}
	return errors.Join(errs...)
}

// The attributes that a span may carry. Everything else is dropped on the way
// out: spans go to another machine, and a library may put on them what a caller sent.
const (
	AttrRoute  = attribute.Key("http.route")
	AttrMethod = attribute.Key("http.request.method")
	AttrStatus = attribute.Key("http.response.status_code")
	AttrCode   = attribute.Key("error.type")
	AttrWallet = attribute.Key("walletport.wallet")
	AttrScheme = attribute.Key("walletport.scheme")
	AttrTarget = attribute.Key("walletport.target") // what the server called
	AttrCall   = attribute.Key("walletport.call")   // the target's word for it
	// AttrRequestID names one request to a target, as the target's own log may.
	AttrRequestID = attribute.Key("walletport.request_id")
)

// OpenTracing returns a provider that exports to c.Endpoint, or nil when there is
// none. It sets nothing global. The caller must call Shutdown on it.
func OpenTracing(ctx context.Context, c TraceConfig, version string) (*sdktrace.TracerProvider, error) {
	if c.Endpoint == "" {
		return nil, nil //nolint:nilnil // no endpoint, no tracing: the caller asks for nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("open trace exporter: %w", err)
	}
	return NewTracerProvider(sdktrace.NewBatchSpanProcessor(AllowListed(exporter)), c.SampleRatio, version), nil
}

// ReportErrors has OpenTelemetry's own code write to log what it would print on
// standard error, such as spans that could not be exported. It is global, as
// OpenTelemetry's handlers are.
func ReportErrors(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("tracing does not work", "err", err) }))
	otel.SetLogger(logr.FromSlogHandler(log.Handler()))
}

// NewTracerProvider returns a provider that hands spans to processor. A sampled
// parent is followed; ratio of the others are sampled.
func NewTracerProvider(processor sdktrace.SpanProcessor, ratio float64, version string) *sdktrace.TracerProvider {
	return sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(processor),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "walletport"), attribute.String("service.version", version))),
	)
}

// AllowListed returns an exporter that passes spans on without what is not on
// the list above: no other attribute, no events (an error's text is one), no
// links, no status text, no trace state, no name that reads like a PAN.
func AllowListed(next sdktrace.SpanExporter) sdktrace.SpanExporter { return allowListExporter{next} }

type allowListExporter struct{ next sdktrace.SpanExporter }

// ExportSpans passes the bare spans on.
func (e allowListExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	bare := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		bare[i] = bareSpan{s}
	}
	return e.next.ExportSpans(ctx, bare)
}

// Shutdown ends the exporter behind.
func (e allowListExporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }

type bareSpan struct{ sdktrace.ReadOnlySpan }

// Name returns the span's name unless it reads like a PAN.
func (s bareSpan) Name() string { return Redact(s.ReadOnlySpan.Name()) }

// Attributes returns those on the list.
func (s bareSpan) Attributes() []attribute.KeyValue {
	var kept []attribute.KeyValue
	for _, a := range s.ReadOnlySpan.Attributes() {
		switch a.Key {
		case AttrRoute, AttrMethod, AttrCode, AttrWallet, AttrScheme, AttrTarget, AttrCall, AttrRequestID:
			kept = append(kept, attribute.String(string(a.Key), Redact(a.Value.String())))
		case AttrStatus:
			kept = append(kept, a)
		}
	}
	return kept
}

// Events returns none.
func (s bareSpan) Events() []sdktrace.Event { return nil }

// Links returns none.
func (s bareSpan) Links() []sdktrace.Link { return nil }

// Status returns the code without its text.
func (s bareSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// SpanContext returns the ids without the caller's trace state.
func (s bareSpan) SpanContext() trace.SpanContext {
	return s.ReadOnlySpan.SpanContext().WithTraceState(trace.TraceState{})
}

// Parent returns the parent's ids without its trace state.
func (s bareSpan) Parent() trace.SpanContext {
	return s.ReadOnlySpan.Parent().WithTraceState(trace.TraceState{})
}
