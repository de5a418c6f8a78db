package facts

import (
	"context"
	"net/netip"
	"slices"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
)

// An Address is one that mail may come from or go to.
type Address struct {
	Addr   netip.Addr
	Host   string // the MX host that it belongs to; empty for a sender's
	Sender bool   // the user said that mail is sent from it
}

// Addresses are those that the user named as senders and those of the domain's
// MX hosts, each once, the senders first. Many domains send from their MX; one
// that does not may ignore what is said of it.
var Addresses = fact.New("addresses", func(ctx context.Context, s *fact.Set) ([]Address, error) {
	var addresses []Address
	add := func(a Address) {
		if !slices.ContainsFunc(addresses, func(b Address) bool { return a.Addr == b.Addr }) {
			addresses = append(addresses, a)
		}
	}
	for _, addr := range s.Options.SenderIPs {
		add(Address{Addr: addr, Sender: true})
	}
	routing, err := MXRouting.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, h := range routing.Hosts {
		for _, addr := range h.Addrs {
			if s.Options.AllowPrivate || !NotPublic(addr) {
				add(Address{Addr: addr, Host: h.Name})
			}
		}
	}
	return addresses, nil
})

// maxPTRNames is how many names of an address are looked at (RFC 7208 §4.6.4
// takes as many).
const maxPTRNames = 10

// A Reverse is the name of an address, and whether the name leads back to it.
type Reverse struct {
	Address
	Names     []string
	Confirmed bool  // one of the names has the address: forward-confirmed
	Err       error // could not be found out
}

// ReverseDNS are the names of the domain's addresses.
var ReverseDNS = fact.New("reverse DNS", func(ctx context.Context, s *fact.Set) ([]Reverse, error) {
	addresses, err := Addresses.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	reverses := make([]Reverse, len(addresses))
	each(len(addresses), func(i int) {
		reverses[i] = reverse(ctx, s, addresses[i].Addr)
		reverses[i].Address = addresses[i]
	})
	return reverses, nil
})

func reverse(ctx context.Context, s *fact.Set, addr netip.Addr) Reverse {
	answer, err := dns.LookupPTR(ctx, s.Net.DNS, addr)
	if err != nil {
		return Reverse{Err: err}
	}
	names := answer.PTRs()
	r := Reverse{Names: names[:min(len(names), maxPTRNames)]}
	for _, name := range r.Names {
		confirmed, err := hasAddress(ctx, s, name, addr)
		if err != nil {
			r.Err = err
		}
		r.Confirmed = r.Confirmed || confirmed
	}
	if r.Confirmed {
		r.Err = nil
	}
	return r
}

func hasAddress(ctx context.Context, s *fact.Set, name string, addr netip.Addr) (bool, error) {
	t := dns.TypeAAAA
	if addr.Unmap().Is4() {
		t = dns.TypeA
	}
	answer, err := ask(ctx, s, name, t)
	if dns.IsBadName(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return slices.Contains(answer.Addrs(), addr.Unmap()), nil
}
