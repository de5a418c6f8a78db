// Package egress is the only way out of a sink: connections to targets that were
// named when it started, and to nothing else; and, where that was allowed at
// start, to hosts of the public internet, for the links of a message.
//
// Whatever a message or a request asks for, no connection of a Dialer follows
// from it unless its host and port are on that list. Names may resolve to
// addresses of a private network, where the services of a developer are, but never
// to this machine, to a link's or a carrier's own addresses or to one that hides an
// IPv4 address inside: whoever serves the name's DNS does not choose what is asked here.
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Errors that a caller branches on.
var (
	ErrNotNamed  = errors.New("not one of the targets that were named at start")
	ErrForbidden = errors.New("an address that a name may not lead to")
)

// connectTimeout is for one address: those of our own network answer at once.
const connectTimeout = 10 * time.Second

// A Dialer connects to its targets.
type Dialer struct {
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	targets map[string]bool // "host:port" in lower case
}

// New returns a dialer for targets written as host:port. resolve looks up the
// addresses of a name.
func New(resolve func(ctx context.Context, host string) ([]netip.Addr, error), targets ...string) (*Dialer, error) {
	d := &Dialer{resolve: resolve, targets: map[string]bool{}}
	for _, target := range targets {
		host, port, err := net.SplitHostPort(target)
		if err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("target %q is not written as host:port", target)
		}
		d.targets[normal(host, port)] = true
	}
	return d, nil
}

func normal(host, port string) string {
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)
}

// DialContext connects to a target over TCP.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(network, "tcp") || !d.targets[normal(host, port)] {
		return nil, fmt.Errorf("connect to %s: %w", addr, ErrNotNamed)
	}
	addrs, err := d.addresses(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	var errs []error
	for _, ip := range addrs {
		// The address was judged; nothing is looked up again behind our back.
		dialer := net.Dialer{Timeout: connectTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(ip.String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// addresses returns where a named host is. An address that was named itself is meant.
func (d *Dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	found, err := d.resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	local := name == "localhost" || strings.HasSuffix(name, ".localhost")
	for _, ip := range found {
		if forbidden(ip.Unmap()) && !(local && ip.Unmap().IsLoopback()) {
			return nil, fmt.Errorf("%s: %w", ip, ErrForbidden)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the name has no address")
	}
	return found, nil
}

// shared is the address space of carriers (RFC 6598), in which some clouds have
// the service that knows a machine's secrets, as others have in link-local space.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// hiding are the IPv6 prefixes that carry an IPv4 address to which a gateway sends
// on, and others that lead where nobody can mean.
var hiding = []netip.Prefix{
	netip.MustParsePrefix("64:ff9b::/96"),   // NAT64 (RFC 6052 §2.1)
	netip.MustParsePrefix("64:ff9b:1::/48"), // NAT64 of one's own (RFC 8215)
	netip.MustParsePrefix("2002::/16"),      // 6to4 (RFC 3056)
	netip.MustParsePrefix("2001::/32"),      // Teredo (RFC 4380)
	netip.MustParsePrefix("::/96"),          // IPv4-compatible (RFC 4291 §2.5.5.1)
	netip.MustParsePrefix("fec0::/10"),      // site-local (RFC 3879)
	netip.MustParsePrefix("fd00:ec2::/32"),  // a cloud's own, the secrets of a machine among them
}

func forbidden(ip netip.Addr) bool {
	if ip.IsLoopback() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.Zone() != "" {
		return true
	}
	if ip.Is4() {
		first := ip.As4()[0]
		// "This network" (RFC 1122 §3.2.1.3), a carrier's, multicast and reserved.
		return first == 0 || first >= 224 || shared.Contains(ip)
	}
	for _, prefix := range hiding {
		if prefix.Contains(ip) {
			return true
		}
	}
	b := ip.As16()
	// ISATAP (RFC 5214 §6.1) has 0000:5EFE or 0200:5EFE in the middle.
	return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
