package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
)

// Calls watches the calls that the server makes: each is counted by the target's name, the
// call's and the outcome, and has a span with these, the method, the status and the id of
// the request, and nothing else.
type Calls struct {
	Metrics *Metrics
	Tracer  trace.Tracer // nil makes no spans
}

// CallBegan begins the span of a call; call is the target's word for it and id names the
// request, and either may be empty. ended ends it and counts the call; status is 0 where
// there was no answer.
func (c Calls) CallBegan(ctx context.Context, target, method, call, id string) (_ context.Context, ended func(outcome string, status int, took time.Duration)) {
	if c.Tracer == nil {
		return ctx, func(outcome string, _ int, took time.Duration) { c.Metrics.CallEnded(target, call, outcome, took) }
	}
	ctx, span := c.Tracer.Start(ctx, method+" "+target, trace.WithSpanKind(trace.SpanKindClient))
	return ctx, func(outcome string, status int, took time.Duration) {
		c.Metrics.CallEnded(target, call, outcome, took)
		span.SetAttributes(AttrMethod.String(method), AttrTarget.String(target))
		if call != "" {
			span.SetAttributes(AttrCall.String(call))
		}
		if id != "" {
			span.SetAttributes(AttrRequestID.String(id))
		}
		if status != 0 {
			span.SetAttributes(AttrStatus.Int(status))
		}
		if outcome != walletport.OutcomeOK {
			span.SetAttributes(AttrCode.String(outcome))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
