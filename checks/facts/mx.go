package facts

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
)

// maxMXHosts is how many hosts of a domain are looked at; a sender tries a few
// before it gives up (RFC 5321 §5.1).
const maxMXHosts = 20

// MX is the answer for the domain's MX records.
var MX = fact.New("MX records", func(ctx context.Context, s *fact.Set) (*dns.Answer, error) {
	return ask(ctx, s, s.Subject.Domain, dns.TypeMX)
})

// A Routing says where a domain's mail goes (RFC 5321 §5.1).
type Routing struct {
	Null     bool // a null MX stands among the records (RFC 7505)
	Implicit bool // there is no MX record: the domain's own addresses are its MX
	Hosts    []MXHost
}

// Receives reports whether mail has anywhere to go, as far as names tell.
func (r Routing) Receives() bool { return len(r.Hosts) > 0 }

// An MXHost is a host that receives mail.
type MXHost struct {
	Preference uint16
	Name       string // as published, without the final dot
	Alias      string // where a CNAME leads; empty without one, as it should be
	Addrs      []netip.Addr
	Status     dns.Status // of the name: data if it has any address
	Err        error      // the addresses could not be found out; Addrs may hold those of one family
	Answers    []*dns.Answer
}

// MXRouting is where the domain's mail goes, the preferred host first.
var MXRouting = fact.New("MX hosts", func(ctx context.Context, s *fact.Set) (Routing, error) {
	answer, err := MX.Get(ctx, s)
	if err != nil {
		return Routing{}, err
	}
	return routing(ctx, s, s.Subject.Domain, answer)
})

// routing is where a domain's mail goes by the answer for its MX records.
func routing(ctx context.Context, s *fact.Set, domain string, answer *dns.Answer) (Routing, error) {
	var r Routing
	for _, mx := range answer.MXs() {
		if mx.Host == "." {
			r.Null = true
			continue
		}
		r.Hosts = append(r.Hosts, MXHost{Preference: mx.Preference, Name: mx.Host})
	}
	if answer.Status() == dns.StatusNoData {
		return implicitMX(ctx, s, domain)
	}
	slices.SortFunc(r.Hosts, func(a, b MXHost) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Name, b.Name))
	})
	r.Hosts = r.Hosts[:min(len(r.Hosts), maxMXHosts)]
	each(len(r.Hosts), func(i int) { r.Hosts[i].resolve(ctx, s) })
	return r, nil
}

// implicitMX is the routing of a domain without MX records: its own addresses
// receive, if it has any.
func implicitMX(ctx context.Context, s *fact.Set, domain string) (Routing, error) {
	host := MXHost{Name: domain}
	host.resolve(ctx, s)
	if host.Err != nil && len(host.Addrs) == 0 {
		return Routing{}, host.Err
	}
	r := Routing{Implicit: len(host.Addrs) > 0}
	if r.Implicit {
		r.Hosts = []MXHost{host}
	}
	return r, nil
}

func (h *MXHost) resolve(ctx context.Context, s *fact.Set) {
	if _, err := netip.ParseAddr(h.Name); err == nil {
		h.Status = dns.StatusNXDomain // an address is not a name; asking for it makes no sense
		return
	}
	a, aaaa, err := dns.LookupAddrs(ctx, s.Net.DNS, h.Name)
	if dns.IsBadName(err) {
		h.Status, err = dns.StatusNXDomain, nil
	}
	h.Err = err
	for _, answer := range []*dns.Answer{a, aaaa} {
		if answer == nil {
			continue
		}
		h.Answers = append(h.Answers, answer)
		h.Addrs = append(h.Addrs, answer.Addrs()...)
		if h.Status == "" || h.Status == dns.StatusNXDomain {
			h.Status = answer.Status()
		}
		if name := answer.CanonicalName(); !dns.EqualNames(name, h.Name) {
			h.Alias = name
		}
	}
	if len(h.Addrs) > 0 {
		h.Status = dns.StatusData
	}
}
