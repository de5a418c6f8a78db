package spf

import (
	"math/big"
	"net/netip"
)

// A Network is a range of addresses and the term that it comes from.
type Network struct {
	Prefix   netip.Prefix `json:"prefix"` // masked
	Domain   string       `json:"domain,omitempty"`
	Term     string       `json:"term"`
	Position int          `json:"position"`
}

// Union returns the smallest list of prefixes that covers the networks, in order.
func Union(networks []Network) []netip.Prefix { return nil }

// Count returns how many IPv4 and IPv6 addresses the networks cover.
func Count(networks []Network) (ipv4, ipv6 *big.Int) { return new(big.Int), new(big.Int) }

// An Overlap is a network that lies within another one.
type Overlap struct {
	Inner, Outer Network
}

// Overlaps returns each network that another one covers, with the narrowest
// that does.
func Overlaps(networks []Network) []Overlap { return nil }

// Reserved returns the purpose of a range that never sends mail on the public
// Internet ("private use"), and false for any other.
func Reserved(p netip.Prefix) (purpose string, ok bool) { return "", false }

// Wide reports whether a prefix covers more than one organisation holds.
func Wide(p netip.Prefix) bool { return false }
