package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/telemetry"
)

var _ outbound.Observer = telemetry.Calls{}

func TestCallsHaveASpanAndAreCounted(t *testing.T) {
	for _, c := range []struct {
		name, outcome string
		status        int
		want          map[attribute.Key]string
		code          codes.Code
	}{
		{"an answer", "ok", 200, map[attribute.Key]string{"http.response.status_code": "200"}, codes.Unset},
		{"an answer that is a fault", "server_error", 503, map[attribute.Key]string{"http.response.status_code": "503", "error.type": "server_error"}, codes.Error},
		{"no answer", "timeout", 0, map[attribute.Key]string{"error.type": "timeout"}, codes.Error},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := tracetest.NewInMemoryExporter()
			provider := telemetry.NewTracerProvider(sdktrace.NewSimpleSpanProcessor(telemetry.AllowListed(kept)), 1, "test")
			m := telemetry.NewMetrics()
			for _, calls := range []telemetry.Calls{{Metrics: m}, {Metrics: m, Tracer: provider.Tracer("t")}} {
				_, ended := calls.CallBegan(t.Context(), "mdes", "POST", "search", "9b2f")
				ended(c.outcome, c.status, time.Second)
			}
			spans := kept.GetSpans()
			if len(spans) != 1 {
				t.Fatalf("%d spans, want one: without a tracer there is none", len(spans))
			}
			c.want["http.request.method"], c.want["walletport.target"] = "POST", "mdes"
			c.want["walletport.call"], c.want["walletport.request_id"] = "search", "9b2f"
			got := make(map[attribute.Key]string)
			for _, a := range spans[0].Attributes {
				got[a.Key] = a.Value.String()
			}
			if diff := cmp.Diff(c.want, got); diff != "" || spans[0].Name != "POST mdes" || spans[0].Status.Code != c.code {
				t.Errorf("span %q, status %v, attributes (-want +got):\n%s", spans[0].Name, spans[0].Status.Code, diff)
			}
			page := httptest.NewRecorder()
			m.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			if want := `walletport_outbound_calls_total{call="search",outcome="` + c.outcome + `",target="mdes"} 2`; !strings.Contains(page.Body.String(), want) {
				t.Errorf("the page lacks %s", want)
			}
		})
	}
}
