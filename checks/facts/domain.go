package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
)

// TXT is the answer for the TXT records at the domain itself.
var TXT = fact.New("TXT records", func(ctx context.Context, s *fact.Set) (*dns.Answer, error) {
	return ask(ctx, s, s.Subject.Domain, dns.TypeTXT)
})

// Exists says whether the domain exists: only NXDOMAIN says that it does not
// (RFC 8020).
var Exists = fact.New("existence", func(ctx context.Context, s *fact.Set) (bool, error) {
	mx, err := MX.Get(ctx, s)
	if err != nil {
		return false, err
	}
	return mx.Status() != dns.StatusNXDomain, nil
})
