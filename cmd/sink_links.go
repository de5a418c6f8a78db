package cmd

import (
	"context"
	"net"
	"net/netip"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
)

// linkChecker asks for links over the network that the flags say; nil unless
// --check-links allows it.
func (f *sinkFlags) linkChecker(env *Env, n *network) (*linkcheck.Checker, error) {
	if !f.checkLinks {
		return nil, nil
	}
	dial, err := f.net.dialer(env)
	if err != nil {
		return nil, err
	}
	return linkcheck.New(linkcheck.Config{
		Dialer: &egress.Public{Resolve: addressesBy(n.DNS), Dial: dial}, Version: version(), Now: env.Now, Roots: env.Roots,
	}), nil
}

// addressesBy looks names up by the resolver, whose errors it makes those of
// package net.
func addressesBy(r dns.Resolver) func(context.Context, string) ([]netip.Addr, error) {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		a, aaaa, err := dns.LookupAddrs(ctx, r, host)
		addrs := append(a.Addrs(), aaaa.Addrs()...)
		switch {
		case len(addrs) > 0:
			return addrs, nil
		case err != nil && !dns.IsBadName(err):
			return nil, &net.DNSError{Err: err.Error(), Name: host, IsTemporary: true}
		default:
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
	}
}
