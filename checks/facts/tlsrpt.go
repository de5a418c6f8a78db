package facts

import (
	"context"
	"net/netip"
	"slices"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/tlsrpt"
)

// TLSRPT is the domain's TLS-RPT record.
var TLSRPT = fact.New("TLS-RPT record", func(ctx context.Context, s *fact.Set) (tlsrpt.Discovery, error) {
	d := tlsrpt.Discover(ctx, s.Net.DNS, s.Subject.Domain)
	if dns.IsBadName(d.Err) {
		d.State, d.Err = tlsrpt.StateNone, nil // no such name can exist
	}
	return d, d.Err
})

// maxReportHosts is how many hosts of report addresses are looked at; records
// name one or two.
const maxReportHosts = 10

// A ReportHost is a host that a TLS-RPT record has reports sent to.
type ReportHost struct {
	URI      tlsrpt.URI // the first one with this host
	Receives bool       // mail for a mailto: URI, connections for an https: one, as far as names tell
	Null     bool       // it says by a null MX that it takes no mail (RFC 7505)
	Err      error      // it could not be found out
}

// TLSReportHosts are the hosts that the domain's TLS reports go to.
var TLSReportHosts = fact.New("TLS-RPT destinations", func(ctx context.Context, s *fact.Set) ([]ReportHost, error) {
	d, err := TLSRPT.Get(ctx, s)
	if err != nil || d.Record == nil {
		return nil, err
	}
	var hosts []ReportHost
	for _, uri := range d.Record.RUA {
		same := func(h ReportHost) bool { return h.URI.Scheme == uri.Scheme && dns.EqualNames(h.URI.Host, uri.Host) }
		if uri.Valid && len(hosts) < maxReportHosts && !slices.ContainsFunc(hosts, same) {
			hosts = append(hosts, ReportHost{URI: uri})
		}
	}
	each(len(hosts), func(i int) { hosts[i].resolve(ctx, s) })
	return hosts, nil
})

func (h *ReportHost) resolve(ctx context.Context, s *fact.Set) {
	if _, err := netip.ParseAddr(h.URI.Host); err == nil {
		h.Receives = h.URI.Scheme == "https"
		return
	}
	if h.URI.Scheme == "https" {
		host := MXHost{Name: h.URI.Host}
		host.resolve(ctx, s)
		h.Receives, h.Err = len(host.Addrs) > 0, host.Err
		return
	}
	answer, err := ask(ctx, s, h.URI.Host, dns.TypeMX)
	if err != nil {
		if !dns.IsBadName(err) {
			h.Err = err
		}
		return
	}
	r, err := routing(ctx, s, h.URI.Host, answer)
	h.Receives, h.Null, h.Err = r.Receives() && !r.Null, r.Null, err
}
