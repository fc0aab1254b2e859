package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/telemetry"
)

// nullWriter is the cheapest ResponseWriter.
type nullWriter struct{ header http.Header }

func (w *nullWriter) Header() http.Header         { return w.header }
func (w *nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *nullWriter) WriteHeader(int)             {}

// idleFlow answers at once and remembers nothing.
type idleFlow struct{ fakeFlow }

func (*idleFlow) Push(context.Context, provisioning.PushRequest) (provisioning.PushResult, error) {
	return provisioning.PushResult{DigitizationData: goodData}, nil
}

// BenchmarkCall is one authenticated call through the door with real
// authentication and a flow that does nothing: what the door itself costs.
func BenchmarkCall(b *testing.B) {
	for _, c := range []struct {
		name   string
		change func(*parts)
	}{
		{"no access log, no spans", func(p *parts) { p.NoAccessLog, p.Tracer = true, nil }},
		{"access log, no spans", func(p *parts) { p.Tracer = nil }},
		{"limits, access log, no spans", func(p *parts) {
			p.Tracer, p.Limits = nil, door.Limits{RequestsPerSecond: 1 << 40, RequestsPerMinute: 1 << 40}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := mustHouse(b, func(p *parts) {
				c.change(p)
				p.Log = telemetry.NewLogger(io.Discard, slog.LevelInfo)
				p.Flows.Provisioner = &idleFlow{}
			})
			r := h.mustRequest(b, http.MethodPost, goodTarget, nil)
			w := &nullWriter{header: make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.door.ServeHTTP(w, r)
			}
		})
	}
}
