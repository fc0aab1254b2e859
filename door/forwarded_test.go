package door_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/door/forwarded"
)

// TestTheCallersAddress is the proxy's word, in flows, records and the log.
func TestTheCallersAddress(t *testing.T) {
	proxies, err := forwarded.Parse([]string{"192.0.2.7"}, "")
	if err != nil {
		t.Fatal(err)
	}
	h := mustHouse(t, func(p *door.Parts) { p.Proxies = proxies })
	for _, secret := range []string{"right", "wrong"} {
		r := mustRequest(t, http.MethodPost, goodTarget, nil)
		r.SetBasicAuth("provision/1", secret)
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		h.do(r)
	}
	if got := walletport.RequestFrom(h.things.ctx).RemoteAddr; got != "203.0.113.9" {
		t.Errorf("the call's caller is %q", got)
	}
	if records := h.trail.Take(); len(records) != 1 || records[0].RemoteAddress != "203.0.113.9" {
		t.Errorf("recorded %+v", records)
	}
	if n := strings.Count(h.logs.String(), `"remote_addr":"203.0.113.9"`); n != 2 {
		t.Errorf("the log names the caller %d times: %s", n, h.logs)
	}
}
