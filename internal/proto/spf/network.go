package spf

import (
	"cmp"
	"math/big"
	"net/netip"
	"slices"
)

// A Network is a range of addresses and the term that it comes from.
type Network struct {
	Prefix   netip.Prefix `json:"prefix"` // masked
	Domain   string       `json:"domain,omitempty"`
	Term     string       `json:"term"`
	Position int          `json:"position"`
}

var (
	everyIPv4 = netip.MustParsePrefix("0.0.0.0/0")
	everyIPv6 = netip.MustParsePrefix("::/0")
)

// comparePrefixes sorts by family, then address, then the wider first, so that
// a prefix follows every other one that covers it.
func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(cmp.Compare(a.Addr().BitLen(), b.Addr().BitLen()), a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// Union returns the smallest list of prefixes that covers the networks, in order.
func Union(networks []Network) []netip.Prefix {
	sorted := make([]netip.Prefix, 0, len(networks))
	for _, n := range networks {
		sorted = append(sorted, n.Prefix.Masked())
	}
	slices.SortFunc(sorted, comparePrefixes)
	var union []netip.Prefix
	for _, p := range sorted {
		if len(union) > 0 && covers(union[len(union)-1], p) {
			continue
		}
		union = append(union, p)
		for joined := true; joined; {
			union, joined = joinHalves(union)
		}
	}
	return union
}

// joinHalves replaces the last two prefixes by the one that they make up, if they do.
func joinHalves(union []netip.Prefix) ([]netip.Prefix, bool) {
	if len(union) < 2 {
		return union, false
	}
	a, b := union[len(union)-2], union[len(union)-1]
	if a.Bits() != b.Bits() || a.Bits() == 0 {
		return union, false
	}
	whole := netip.PrefixFrom(a.Addr(), a.Bits()-1)
	if whole.Masked() != whole || !whole.Contains(b.Addr()) {
		return union, false
	}
	return append(union[:len(union)-2], whole), true
}

// Count returns how many IPv4 and IPv6 addresses the networks cover.
func Count(networks []Network) (ipv4, ipv6 *big.Int) {
	ipv4, ipv6 = new(big.Int), new(big.Int)
	for _, p := range Union(networks) {
		size := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
		if p.Addr().Is4() {
			ipv4.Add(ipv4, size)
		} else {
			ipv6.Add(ipv6, size)
		}
	}
	return ipv4, ipv6
}

// An Overlap is a network that lies within another one.
type Overlap struct {
	Inner Network `json:"inner"`
	Outer Network `json:"outer"`
}

// Overlaps returns each network that another one covers, with the narrowest
// that does. Of two equal networks the later is the inner one.
func Overlaps(networks []Network) []Overlap {
	sorted := slices.Clone(networks)
	slices.SortStableFunc(sorted, func(a, b Network) int { return comparePrefixes(a.Prefix, b.Prefix) })
	var overlaps []Overlap
	var around []Network // those that cover the one before, the widest first
	for _, n := range sorted {
		for len(around) > 0 && !covers(around[len(around)-1].Prefix, n.Prefix) {
			around = around[:len(around)-1]
		}
		if len(around) > 0 {
			overlaps = append(overlaps, Overlap{Inner: n, Outer: around[len(around)-1]})
		}
		around = append(around, n)
	}
	return overlaps
}

// reservedRanges are those of IANA's registries of special-purpose addresses
// (RFC 6890) from which no mail comes over the public Internet.
var reservedRanges = []struct {
	prefix  netip.Prefix
	purpose string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private use"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared address space"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private use"},
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private use"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("64:ff9b::/96"), "IPv4 translation"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "IPv4 translation"},
	{netip.MustParsePrefix("100::/64"), "discard only"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("fc00::/7"), "unique local"},
	{netip.MustParsePrefix("fe80::/10"), "link local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// Reserved returns the purpose of a range that never sends mail on the public
// Internet ("private use"), and false for any other.
func Reserved(p netip.Prefix) (purpose string, ok bool) {
	for _, r := range reservedRanges {
		if covers(r.prefix, p) {
			return r.purpose, true
		}
	}
	return "", false
}

// Prefixes of these lengths, or shorter, hold more than one organisation's mail
// servers: a /8 was never given to a sender, an IPv6 /16 not even to a registry.
const (
	wideIPv4 = 8
	wideIPv6 = 16
)

// Wide reports whether a prefix covers more than one organisation holds.
func Wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() <= wideIPv4
	}
	return p.Bits() <= wideIPv6
}
