package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
)

// Addresses says which addresses a target's host may be at. What is checked is the
// address of each connection, not what a name resolved to before: a name that resolves
// to another address later does not get around it.
type Addresses int

// The rules for addresses.
const (
	// AsConfigured connects to the target wherever its name leads, so that an identity
	// provider inside the network needs no setting, but not to link-local, metadata,
	// multicast and unspecified addresses, unless the URL has just that address. A
	// redirect may lead no further inward than the target stands: from a public address
	// to public ones, from a private one also to private ones.
	AsConfigured Addresses = iota
	// PublicOnly connects to public addresses only, whatever the name resolves to.
	PublicOnly
)

// reach is how far inward an address is. The order matters: a redirect never leads to
// a greater one.
type reach int32

const (
	public  reach = iota
	private       // or reserved: no address of the internet
	loopback
	forbidden // no server that anybody means to call is there
)

// String describes addresses of r in messages.
func (r reach) String() string {
	return [...]string{"a public", "a private or reserved", "a loopback", "a link-local, metadata or multicast"}[r]
}

// Networks that netip's own questions do not tell, from the IANA registries of special
// addresses (RFC 6890) and the documentation of cloud providers.
var (
	privateNetworks = networks(
		"100.64.0.0/10",                                // of carriers, RFC 6598
		"192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", // protocols, benchmarks, reserved
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation
		"2001::/23",                  // protocols, Teredo among them
		"2001:db8::/32", "3fff::/20", // documentation
	)
	forbiddenNetworks = networks(
		"0.0.0.0/8", "255.255.255.255/32",
		"100.100.100.200/32", // metadata at Alibaba
		"168.63.129.16/32",   // what a machine asks at Azure
		"192.0.0.192/32",     // metadata at Oracle
		"fd00:ec2::254/128",  // metadata at AWS
		"fd20:ce::254/128",   // metadata at Google
	)
	globalUnicast = netip.MustParsePrefix("2000::/3")
	translated    = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address in its last four bytes, RFC 6052
	sixToFour     = netip.MustParsePrefix("2002::/16")    // an IPv4 address in bytes 2 to 5, RFC 3056
)

func networks(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

func reachOf(ip netip.Addr) reach {
	ip = ip.Unmap().WithZone("")
	bytes := ip.As16()
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), within(forbiddenNetworks, ip):
		return forbidden
	case ip.IsLoopback():
		return loopback
	case ip.IsPrivate(), within(privateNetworks, ip):
		return private
	case ip.Is4():
		return public
	case translated.Contains(ip):
		return reachOf(netip.AddrFrom4([4]byte(bytes[12:])))
	case sixToFour.Contains(ip):
		return reachOf(netip.AddrFrom4([4]byte(bytes[2:6])))
	case globalUnicast.Contains(ip):
		return public
	}
	return private
}

// guard decides which addresses a client connects to.
type guard struct {
	limit   reach      // of the target's own addresses
	literal netip.Addr // that stands in the URL and so is meant; zero without one
	plain   bool       // without TLS, which is for loopback alone
	// stands is how far inward the target was at the last connection to it, public
	// before the first: redirects lead no further.
	stands atomic.Int32
}

func newGuard(rule Addresses, at *url.URL) *guard {
	g := &guard{limit: loopback, plain: at.Scheme == "http"}
	if rule == PublicOnly {
		g.limit = public
		return g
	}
	g.literal, _ = netip.ParseAddr(at.Hostname())
	return g
}

// mayHere reports whether the target may be at ip.
func (g *guard) mayHere(ip netip.Addr) bool {
	r := reachOf(ip)
	return (r <= g.limit || ip == g.literal.Unmap()) && (r == loopback || !g.plain)
}

// mayElsewhere reports whether the target's redirects may lead to ip.
func (g *guard) mayElsewhere(ip netip.Addr) bool {
	return reachOf(ip) <= min(reach(g.stands.Load()), g.limit)
}

func (g *guard) dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := dialWithin(ctx, network, address, g.mayHere)
	if err != nil {
		return nil, err
	}
	if to, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		g.stands.Store(int32(reachOf(to.Addr())))
	}
	return conn, nil
}

func (g *guard) dialElsewhere(ctx context.Context, network, address string) (net.Conn, error) {
	return dialWithin(ctx, network, address, g.mayElsewhere)
}

// dialWithin connects to an address that may be called. Where a name has several, those
// that may not are passed over.
func dialWithin(ctx context.Context, network, address string, may func(netip.Addr) bool) (net.Conn, error) {
	dialer := net.Dialer{Control: func(_, found string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(found)
		if err != nil {
			return &fault{outcome: OutcomeAddressRefused, err: errors.New("the address is no IP address")}
		}
		if ip := to.Addr().Unmap(); !may(ip) {
			return &fault{outcome: OutcomeAddressRefused, err: fmt.Errorf("%s is %s address and is not called here", ip, reachOf(ip))}
		}
		return nil
	}}
	return dialer.DialContext(ctx, network, address)
}
