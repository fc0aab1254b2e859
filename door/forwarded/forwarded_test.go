package forwarded_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/walletport/walletport/door/forwarded"
)

func mustProxies(t testing.TB, header string, trusted ...string) forwarded.Proxies {
	t.Helper()
	p, err := forwarded.Parse(trusted, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheCallerBehindProxies(t *testing.T) {
	far := strings.Repeat("10.0.0.1, ", 40)
	for _, c := range []struct {
		name, peer, header string
		values             []string
		want               string
	}{
		{"nobody between", "198.51.100.7:4711", "X-Forwarded-For", nil, "198.51.100.7"},
		{"a stranger's header", "198.51.100.7:4711", "X-Forwarded-For", []string{"203.0.113.9"}, "198.51.100.7"},
		{"one proxy", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.9"}, "203.0.113.9"},
		{"one proxy that says nothing", "10.1.2.3:4711", "X-Forwarded-For", nil, "10.1.2.3"},
		{"a caller who writes the header first", "10.1.2.3:4711", "X-Forwarded-For", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"the same in a header of its own", "10.1.2.3:4711", "X-Forwarded-For", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.1.2.3:4711", "X-Forwarded-For", []string{"1.1.1.1, 203.0.113.9, 10.9.9.9"}, "203.0.113.9"},
		{"proxies alone", "10.1.2.3:4711", "X-Forwarded-For", []string{"10.7.7.7, 10.9.9.9"}, "10.7.7.7"},
		{"more proxies than are followed", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.9, " + far + "10.0.0.2"}, "10.0.0.1"},
		{"a port", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.9:8080"}, "203.0.113.9"},
		{"IPv6", "10.1.2.3:4711", "X-Forwarded-For", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in another spelling", "10.1.2.3:4711", "X-Forwarded-For", []string{"2001:DB8:0:0:0::1"}, "2001:db8::1"},
		{"IPv6 with a port", "10.1.2.3:4711", "X-Forwarded-For", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"a zone", "10.1.2.3:4711", "X-Forwarded-For", []string{"fe80::1%" + strings.Repeat("x", 300)}, "fe80::1"},
		{"IPv4 within IPv6", "[::ffff:10.1.2.3]:4711", "X-Forwarded-For", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a peer with a zone", "[fe80::1%eth0]:4711", "X-Forwarded-For", []string{"203.0.113.9"}, "fe80::1"},
		{"a trusted peer of IPv6", "[2001:db8:ffff::5]:4711", "X-Forwarded-For", []string{"203.0.113.9"}, "203.0.113.9"},
		{"no address", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.9, unknown"}, "10.1.2.3"},
		{"garbage", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.9, 5204247750001471"}, "10.1.2.3"},
		{"garbage behind a proxy", "10.1.2.3:4711", "X-Forwarded-For", []string{"<script>, 10.9.9.9"}, "10.9.9.9"},
		{"an empty member", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.9,"}, "10.1.2.3"},
		{"leading zeros", "10.1.2.3:4711", "X-Forwarded-For", []string{"203.0.113.009"}, "10.1.2.3"},
		{"the other header", "10.1.2.3:4711", "X-Forwarded-For", []string{}, "10.1.2.3"},
		{"no address at all", "odd", "X-Forwarded-For", []string{"203.0.113.9"}, ""},

		{"Forwarded", "10.1.2.3:4711", "Forwarded", []string{"for=203.0.113.9;proto=https;by=10.1.2.3"}, "203.0.113.9"},
		{"Forwarded in capitals, with blanks", "10.1.2.3:4711", "Forwarded", []string{"proto=https; For=203.0.113.9"}, "203.0.113.9"},
		{"Forwarded, IPv6", "10.1.2.3:4711", "Forwarded", []string{`for="[2001:db8::1]"`}, "2001:db8::1"},
		{"Forwarded, IPv6 with a port", "10.1.2.3:4711", "Forwarded", []string{`for="[2001:db8::1]:4711"`}, "2001:db8::1"},
		{"Forwarded, a port that is hidden", "10.1.2.3:4711", "Forwarded", []string{`for="203.0.113.9:_x"`}, "203.0.113.9"},
		{"Forwarded, two proxies", "10.1.2.3:4711", "Forwarded", []string{`for=1.1.1.1, for=203.0.113.9`, `for="10.9.9.9:80"`}, "203.0.113.9"},
		{"Forwarded, a name", "10.1.2.3:4711", "Forwarded", []string{"for=_x"}, "10.1.2.3"},
		{"Forwarded, unknown", "10.1.2.3:4711", "Forwarded", []string{"for=203.0.113.9, for=unknown"}, "10.1.2.3"},
		{"Forwarded, two callers", "10.1.2.3:4711", "Forwarded", []string{"for=203.0.113.9;for=203.0.113.8"}, "10.1.2.3"},
		{"Forwarded without the caller", "10.1.2.3:4711", "Forwarded", []string{"proto=https"}, "10.1.2.3"},
		{"Forwarded, IPv6 without brackets", "10.1.2.3:4711", "Forwarded", []string{`for="2001:db8::1"`}, "10.1.2.3"},
		{"Forwarded, a quote that a caller never ends", "10.1.2.3:4711", "Forwarded", []string{`for="1.1.1.1, for=203.0.113.9`}, "203.0.113.9"},
		{"Forwarded, a comma in quotes", "10.1.2.3:4711", "Forwarded", []string{`for=203.0.113.9;host="a,for=1.1.1.1"`}, "203.0.113.9"},
		{"Forwarded, an escaped quote", "10.1.2.3:4711", "Forwarded", []string{`for=203.0.113.9;host="a\",for=1.1.1.1"`}, "203.0.113.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			r.RemoteAddr, r.Header[c.header] = c.peer, c.values
			if c.header != "Forwarded" {
				r.Header.Set("Forwarded", "for=1.2.3.4")
			}
			r.Header.Set("X-Real-Ip", "1.2.3.4")
			if got := mustProxies(t, c.header, "10.0.0.0/8", "2001:db8:ffff::/48").Caller(r); got != c.want {
				t.Errorf("the caller is %q, want %q", got, c.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "10.0.0.0/33", "10.0.0.1/8", "0.0.0.0/0", "::/0", "proxy.example", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "fe80::1%eth0"} {
		if _, err := forwarded.Parse([]string{bad}, ""); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := forwarded.Parse(nil, "X-Real-IP"); err == nil {
		t.Error("another header is taken")
	}
	p := mustProxies(t, "Forwarded", "10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "2001:db9::1")
	for address, want := range map[string]bool{"10.9.9.9": true, "::ffff:10.9.9.9": true, "192.0.2.1": true, "192.0.2.2": false, "2001:db8::9": true, "2001:db9::1": true, "2001:db9::2": false} {
		if p.Trusts(netip.MustParseAddr(address)) != want {
			t.Errorf("%s: trusted %v", address, !want)
		}
	}
}

func FuzzTheCallerBehindProxies(f *testing.F) {
	all := []forwarded.Proxies{mustProxies(f, "Forwarded", "10.0.0.0/8"), mustProxies(f, "", "10.0.0.0/8")}
	for _, seed := range []string{`for="[2001:db8::1]:_x", for=10.0.0.1`, "203.0.113.9, 10.0.0.1", `",\",`, "fe80::1%5204247750001471"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for _, proxies := range all {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
			r.RemoteAddr = "10.1.2.3:4711"
			r.Header["Forwarded"], r.Header["X-Forwarded-For"] = []string{header}, []string{header}
			caller := proxies.Caller(r)
			if a, err := netip.ParseAddr(caller); err != nil || a.Zone() != "" || len(caller) > 45 {
				t.Errorf("%q gives the caller %q", header, caller)
			}
		}
	})
}
