package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

// DMARC is the policy for mail from the domain, found by the tree walk of
// RFC 9989 §4.10.
var DMARC = fact.New("DMARC policy", func(ctx context.Context, s *fact.Set) (dmarc.Discovery, error) {
	d := dmarc.Discover(ctx, s.Net.DNS, s.Subject.Domain)
	if d.Result == dmarc.ResultTempError {
		return d, walkError(d)
	}
	return d, nil
})

// walkError returns why a walk did not come to its end.
func walkError(d dmarc.Discovery) error {
	if d.Walk.Err != nil {
		return d.Walk.Err
	}
	for _, step := range d.Walk.Steps {
		if step.Err != nil {
			return step.Err
		}
	}
	return &unansweredError{d.Reason}
}

// unansweredError is the reason why something could not be found out, where a
// protocol package gives it in words only.
type unansweredError struct{ reason string }

func (e *unansweredError) Error() string { return e.reason }

// DMARCTexts are the TXT records at the domain's own _dmarc, the first step of
// the walk, whether or not they are DMARC records.
var DMARCTexts = fact.New("TXT records at _dmarc", func(ctx context.Context, s *fact.Set) ([]string, error) {
	answer, err := ask(ctx, s, "_dmarc."+s.Subject.Domain, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	return answer.TXTs(), nil
})

// DMARCReports says for each report address of the applicable policy whether
// reports will be sent there (RFC 9990 §4).
var DMARCReports = fact.New("DMARC report destinations", func(ctx context.Context, s *fact.Set) ([]dmarc.Destination, error) {
	d, err := DMARC.Get(ctx, s)
	if err != nil || d.Record == nil {
		return nil, err
	}
	return dmarc.AuthorizeReports(ctx, s.Net.DNS, d.RecordDomain, append(d.Record.RUA[:len(d.Record.RUA):len(d.Record.RUA)], d.Record.RUF...)), nil
})
