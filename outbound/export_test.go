package outbound

import (
	"net/netip"
	"net/url"
)

// What tests need to see of the guard without machines at public addresses.
const (
	Public    = int(public)
	Private   = int(private)
	Loopback  = int(loopback)
	Forbidden = int(forbidden)
)

// ReachOf says how far inward an address is.
func ReachOf(ip netip.Addr) int { return int(reachOf(ip)) }

// MayCall reports whether a target of that URL may be at ip.
func MayCall(rule Addresses, at *url.URL, ip netip.Addr) bool { return newGuard(rule, at).mayHere(ip) }

// StandAt has a client take its target for one at an address as far inward as r.
func StandAt(c *Client, r int) { c.guard.stands.Store(int32(r)) }
