package https

import "net/netip"

// reserved4 are the networks of IANA's registry of special-purpose IPv4
// addresses (RFC 6890) that are not hosts of the public internet, and multicast.
var reserved4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)

// reserved6 are those within 2000::/3, outside of which nothing is a host of
// the public internet (RFC 4291 §2.4). 2001::/23 holds Teredo.
var reserved6 = prefixes("2001::/23", "2001:db8::/32", "3fff::/20")

// What holds an IPv4 address, that a gateway or the kernel would go to.
var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	sixToFour     = netip.MustParsePrefix("2002::/16")    // RFC 3056
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
)

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether addr is a host of the public internet, looking
// through the forms in which an IPv6 address leads to an IPv4 one.
func isPublic(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return false
	}
	if addr.Is4() {
		return !within(addr, reserved4)
	}
	octets := addr.As16()
	switch {
	case nat64.Contains(addr):
		return isPublic(netip.AddrFrom4([4]byte(octets[12:])))
	case sixToFour.Contains(addr):
		return isPublic(netip.AddrFrom4([4]byte(octets[2:6])))
	default:
		return globalUnicast.Contains(addr) && !within(addr, reserved6)
	}
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
