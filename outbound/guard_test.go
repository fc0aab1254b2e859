package outbound_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/walletport/walletport/outbound"
)

func TestReachOfAddresses(t *testing.T) {
	for _, c := range []struct {
		want      int
		addresses string
	}{
		{outbound.Public, "8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 192.169.0.1 2606:4700:4700::1111 2a00:1450:4001::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1"},
		{outbound.Private, "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 198.18.0.1 203.0.113.9 240.0.0.1 fd00::1 fc00::1 fec0::1 2001:db8::1 2001::1 " +
			"64:ff9b:1::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1::1 ::1.2.3.4"},
		{outbound.Loopback, "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1"},
		{outbound.Forbidden, "0.0.0.0 0.1.2.3 :: 169.254.169.254 169.254.0.1 fe80::1 fe80::1%eth0 ff02::1 224.0.0.1 255.255.255.255 100.100.100.200 168.63.129.16 " +
			"192.0.0.192 fd00:ec2::254 fd20:ce::254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1"},
	} {
		for text := range strings.FieldsSeq(c.addresses) {
			if got := outbound.ReachOf(netip.MustParseAddr(text)); got != c.want {
				t.Errorf("%s: %d, want %d", text, got, c.want)
			}
		}
	}
}

// TestWhereATargetMayBe has addresses at which no test can put a server.
func TestWhereATargetMayBe(t *testing.T) {
	for _, c := range []struct {
		name, url, address string
		configured, public bool // whether AsConfigured and PublicOnly let it pass
	}{
		{"a name at a public address", "https://id.bank.example", "8.8.8.8", true, true},
		{"a name at a private address", "https://id.bank.example", "10.1.2.3", true, false},
		{"a name at a metadata address", "https://id.bank.example", "169.254.169.254", false, false},
		{"a name at an unspecified address", "https://id.bank.example", "0.0.0.0", false, false},
		{"a link-local address that the URL has", "https://169.254.7.7", "169.254.7.7", true, false},
		{"another link-local address", "https://169.254.7.7", "169.254.7.8", false, false},
		{"an address that the URL has in another dress", "https://[::ffff:169.254.7.7]", "169.254.7.7", true, false},
		{"localhost in plain HTTP on loopback", "http://localhost", "127.0.0.1", true, false},
		{"localhost in plain HTTP elsewhere", "http://localhost", "10.1.2.3", false, false},
		{"localhost in plain HTTP on the internet", "http://localhost", "8.8.8.8", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			ip := netip.MustParseAddr(c.address)
			if got := [2]bool{outbound.MayCall(outbound.AsConfigured, at, ip), outbound.MayCall(outbound.PublicOnly, at, ip)}; got != [2]bool{c.configured, c.public} {
				t.Errorf("as configured %t, public only %t; want %t, %t", got[0], got[1], c.configured, c.public)
			}
		})
	}
}

// FuzzReachOfAddresses: an IPv4 address is as far inward in each of its dresses.
func FuzzReachOfAddresses(f *testing.F) {
	f.Add(byte(169), byte(254), byte(169), byte(254))
	f.Add(byte(10), byte(0), byte(0), byte(1))
	f.Fuzz(func(t *testing.T, a, b, c, d byte) {
		ip := netip.AddrFrom4([4]byte{a, b, c, d})
		want := outbound.ReachOf(ip)
		for _, dress := range [][16]byte{
			{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d},
			{0: 0, 1: 0x64, 2: 0xff, 3: 0x9b, 12: a, 13: b, 14: c, 15: d},
			{0: 0x20, 1: 0x02, 2: a, 3: b, 4: c, 5: d, 15: 1},
		} {
			if got := outbound.ReachOf(netip.AddrFrom16(dress)); got != want {
				t.Errorf("%s: %d, but %s is %d", netip.AddrFrom16(dress), got, ip, want)
			}
		}
	})
}

// TestTheDialledAddressIsChecked: what counts is where a connection goes, not what the
// URL looks like.
func TestTheDialledAddressIsChecked(t *testing.T) {
	var calls atomic.Int32
	b := newBench(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	byName := strings.Replace(b.server.URL, "127.0.0.1", "localhost", 1)
	for _, c := range []struct {
		name, url string
		rule      outbound.Addresses
		refused   bool
	}{
		{"a name that leads to loopback is refused to a public target", byName, outbound.PublicOnly, true},
		{"an address is refused to a public target", b.server.URL, outbound.PublicOnly, true},
		{"an address in another dress is refused to a public target", strings.Replace(b.server.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1), outbound.PublicOnly, true},
		{"an address that is configured is called", b.server.URL, outbound.AsConfigured, false},
		{"a name that is configured is called wherever it leads", byName, outbound.AsConfigured, false},
		{"an unspecified address leads to this machine and is refused to a public target", strings.Replace(b.server.URL, "127.0.0.1", "0.0.0.0", 1), outbound.PublicOnly, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls.Store(0)
			client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.URL, target.Addresses = c.url, c.rule })
			_, err := get(t, client, c.url)
			switch {
			case !c.refused && outbound.IsUnsent(err) && b.seen.last() == outbound.OutcomeAddressRefused:
				t.Errorf("refused: %v", err)
			case !c.refused && b.seen.last() != outbound.OutcomeTLS && calls.Load() != 1: // "localhost" is not in the certificate
				t.Errorf("%d calls, error %v", calls.Load(), err)
			case c.refused && (b.seen.last() != outbound.OutcomeAddressRefused || !outbound.IsUnsent(err) || calls.Load() != 0):
				t.Errorf("%d calls, error %v, outcome %q", calls.Load(), err, b.seen.last())
			}
		})
	}
}

// TestARedirectLeadsNoFurtherInward than the target stands. The second server is the
// inside of the network.
func TestARedirectLeadsNoFurtherInward(t *testing.T) {
	var calls atomic.Int32
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer inside.Close()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, inside.URL, http.StatusFound)
		}
	})
	for _, c := range []struct {
		name    string
		stands  int
		refused bool
	}{
		{"from a public address", outbound.Public, true},
		{"from a private address to loopback", outbound.Private, true},
		{"from loopback", outbound.Loopback, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls.Store(0)
			client := b.client(t, func(_ *outbound.Clients, target *outbound.Target) { target.FollowElsewhere = true })
			if _, err := get(t, client, b.server.URL+"/warm"); err != nil { // the connection is kept
				t.Fatal(err)
			}
			outbound.StandAt(client, c.stands)
			_, err := get(t, client, b.server.URL)
			if refused := b.seen.last() == outbound.OutcomeAddressRefused; refused != c.refused || (calls.Load() == 0) != c.refused || outbound.IsUnsent(err) {
				t.Errorf("%d calls, error %v, outcome %q", calls.Load(), err, b.seen.last())
			}
		})
	}
}

// TestAProxyMayBeInside: the guard is for targets, and those behind a proxy are the
// proxy's to connect to.
func TestAProxyMayBeInside(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.Host)
		to, err := net.Dial("tcp", b.server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		from, read, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(to, read); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	defer proxy.Close()
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := b.client(t, func(clients *outbound.Clients, target *outbound.Target) {
		clients.Proxy = http.ProxyURL(through)
		target.URL, target.Addresses = "https://example.com/keys", outbound.PublicOnly
	})
	answer, err := get(t, client, "https://example.com/keys")
	if err != nil || string(answer.Body) != "example.com" || asked.Load() != "CONNECT example.com:443" {
		t.Errorf("answer %v, error %v, the proxy was asked %q", answer, err, asked.Load())
	}
}
