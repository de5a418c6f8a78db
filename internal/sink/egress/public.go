package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// ErrNotPublic is the error for an address that is not of the public internet.
var ErrNotPublic = errors.New("not an address of the public internet")

// A Public dialer connects to hosts of the public internet, whoever named them,
// and to nothing that may stand in a private network or on this machine. Resolve
// and Dial must be set.
type Public struct {
	// Resolve looks up the addresses of a name.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial connects to an address that was judged; no name gets there.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Allow replaces the judgement in tests, whose servers are on loopback behind
	// addresses of documentation; nil: the public internet.
	Allow func(netip.Addr) bool
}

// DialContext connects to a host over TCP. A host of which one address is not
// public is not connected to at all.
func (p *Public) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(network, "tcp") {
		return nil, fmt.Errorf("connect to %s over %s: %w", addr, network, ErrForbidden)
	}
	addrs, err := p.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, ip := range addrs[:min(len(addrs), maxAddresses)] {
		dialCtx, cancel := context.WithTimeout(ctx, connectTimeout)
		// The address was judged; nothing is looked up again behind our back.
		conn, err := p.Dial(dialCtx, "tcp", net.JoinHostPort(ip.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// maxAddresses is how many addresses of one host are tried.
const maxAddresses = 4

func (p *Public) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs := []netip.Addr{}
	if ip, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, ip)
	} else if addrs, err = p.Resolve(ctx, strings.ToLower(strings.TrimSuffix(host, "."))); err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	allow := p.Allow
	if allow == nil {
		allow = isPublic
	}
	for i, ip := range addrs {
		addrs[i] = ip.Unmap()
		if !allow(addrs[i]) {
			return nil, fmt.Errorf("%s: %w", ip, ErrNotPublic)
		}
	}
	return addrs, nil
}

// reserved are the networks of IANA's registries of special-purpose addresses
// (RFC 6890) that are not hosts of the public internet.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

// globalUnicast is outside of which no IPv6 address is public (RFC 4291 §2.4).
var globalUnicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether an address, which is no IPv4 address in IPv6's form,
// is a host of the public internet. One that leads to an IPv4 address through a
// gateway is not: where that ends is not ours to know.
func isPublic(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" || ip.Is6() && (!globalUnicast.Contains(ip) || forbidden(ip)) {
		return false
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) })
}
