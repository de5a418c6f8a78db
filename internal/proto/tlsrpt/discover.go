package tlsrpt

import (
	"context"
	"fmt"

	"github.com/postmuster/postmuster/internal/dns"
)

// Discover asks for the record of a domain. Texts that do not begin with
// v=TLSRPTv1; are discarded; several that do count as none (RFC 8460 §3).
func Discover(ctx context.Context, r dns.Resolver, domain string) Discovery {
	d := Discovery{Domain: domain, Name: "_smtp._tls." + domain, Texts: []string{}, Issues: []Issue{}}
	answer, err := r.Resolve(ctx, dns.Question{Name: d.Name, Type: dns.TypeTXT})
	if err != nil {
		d.State, d.Reason, d.Err = StateUnknown, err.Error(), err
		return d
	}
	d.Status = answer.Status()
	d.Texts = append(d.Texts, answer.TXTs()...)
	candidates := 0
	for _, text := range d.Texts {
		record, issues := Parse(text)
		if record.Candidate {
			candidates++
			d.Record, d.Issues = &record, append([]Issue{}, issues...)
		}
	}
	switch {
	case candidates == 0:
		d.State, d.Reason = StateNone, "no record begins with v="+Version+";"
	case candidates > 1:
		d.Issues = []Issue{}
		d.State, d.Reason, d.Record = StateInvalid, fmt.Sprintf("%d records begin with v=%s;: senders act as if there were none", candidates, Version), nil
	case !d.Record.Valid:
		d.State, d.Reason = StateInvalid, "the record cannot be used"
	default:
		d.State = StateValid
	}
	return d
}
