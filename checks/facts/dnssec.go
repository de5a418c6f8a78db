package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dane"
	"github.com/postmuster/postmuster/internal/proto/dnssec"
)

// Validator is whom the set's facts believe about DNSSEC.
func Validator(s *fact.Set) dnssec.Validator {
	return dnssec.Validator{DNS: s.Net.DNS, TrustAD: s.Options.TrustAD}
}

// DNSSEC is how far the answer for the domain's MX records can be trusted, also
// when there are none.
var DNSSEC = fact.New("DNSSEC of the domain", func(ctx context.Context, s *fact.Set) (dnssec.Result, error) {
	return Validator(s).Ask(ctx, s.Subject.Domain, dns.TypeMX), nil
})

// SignedZone is what the domain's zone publishes for validators.
var SignedZone = fact.New("DNSSEC records", func(ctx context.Context, s *fact.Set) (*dnssec.Zone, error) {
	return dnssec.Inspect(ctx, s.Net.DNS, s.Subject.Domain, s.Net.Now(), dns.TypeMX), nil
})

// A SecuredHost is how far what leads to an MX host can be trusted.
type SecuredHost struct {
	Name    string
	Address dnssec.Result // of the A records, or of the AAAA records where there are no others
	TLSA    dnssec.Result // of the records for port 25 (RFC 7672 §2.2.3)
}

// HasTLSA reports whether there are TLSA records.
func (h SecuredHost) HasTLSA() bool { return h.TLSA.Answer != nil && len(h.TLSA.Answer.TLSAs()) > 0 }

// SecuredHosts are the domain's MX hosts, the preferred host first.
var SecuredHosts = fact.New("DNSSEC of the MX hosts", func(ctx context.Context, s *fact.Set) ([]SecuredHost, error) {
	routing, err := MXRouting.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	hosts := make([]SecuredHost, len(routing.Hosts))
	each(len(hosts), func(i int) { hosts[i] = secure(ctx, s, routing.Hosts[i].Name) })
	return hosts, nil
})

func secure(ctx context.Context, s *fact.Set, host string) SecuredHost {
	v := Validator(s)
	h := SecuredHost{Name: host, Address: v.Ask(ctx, host, dns.TypeA)}
	if h.Address.Status == dns.StatusNoData {
		h.Address = v.Ask(ctx, host, dns.TypeAAAA)
	}
	h.TLSA = v.Ask(ctx, dane.Name(host, dane.SMTPPort), dns.TypeTLSA)
	return h
}
