package door

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/telemetry"
)

// startSpan opens the server span. Of the caller's trace context (W3C) the ids
// are taken, unless one is a PAN; never its free text (tracestate, baggage).
func (d *Door) startSpan(ctx context.Context, c *Call, r *http.Request) context.Context {
	if d.Tracer == nil {
		return ctx
	}
	if parent := r.Header.Get("Traceparent"); parent != "" && !walletport.ContainsPAN(parent) && !hasPaddedPAN(parent) {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
	}
	ctx, c.span = d.Tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// hasPaddedPAN reports whether an id of a trace context is a card number that zeros
// fill up, as somebody makes it who has no better id. No random id is.
func hasPaddedPAN(parent string) bool {
	for id := range strings.SplitSeq(parent, "-") {
		if walletport.IsPAN(strings.TrimLeft(id, "0")) {
			return true
		}
		for n := len(strings.TrimRight(id, "0")); n < len(id); n++ { // its own last digits may be zeros
			if walletport.IsPAN(id[:n]) {
				return true
			}
		}
	}
	return false
}

func (d *Door) endSpan(c *Call) {
	if c.span == nil {
		return
	}
	c.span.SetName(knownMethod(c.r.Method) + " " + c.route)
	c.span.SetAttributes(telemetry.AttrMethod.String(knownMethod(c.r.Method)), telemetry.AttrRoute.String(c.route),
		telemetry.AttrStatus.Int(c.w.status))
	if c.wallet != "" {
		c.span.SetAttributes(telemetry.AttrWallet.String(c.wallet))
	}
	if c.outcome != walletport.OutcomeOK {
		c.span.SetAttributes(telemetry.AttrCode.String(c.outcome))
	}
	if c.isFailure() {
		c.span.SetStatus(codes.Error, "")
	}
	c.span.End()
}
