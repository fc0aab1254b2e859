package server

import (
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/walletport/walletport/door/forwarded"
)

// proxyHeaderTime bounds the wait for a PROXY protocol header.
const proxyHeaderTime = 5 * time.Second

// readProxyProtocol returns a listener whose connections have the address that a
// trusted proxy says in its PROXY protocol header. Such a proxy must send one: the
// protocol forbids to guess, for a caller could send it in the proxy's place. The
// header of anybody else is read and not believed.
func readProxyProtocol(socket net.Listener, trusted forwarded.Proxies) net.Listener {
	return &proxyproto.Listener{
		Listener: socket, ReadHeaderTimeout: proxyHeaderTime,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			// A peer whose address cannot be read is none that is trusted.
			if peer, err := netip.ParseAddrPort(o.Upstream.String()); err == nil && trusted.Trusts(peer.Addr()) {
				return proxyproto.REQUIRE, nil
			}
			return proxyproto.IGNORE, nil
		},
	}
}
