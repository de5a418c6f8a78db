package facts

import (
	"context"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
)

// MTASTS is the domain's MTA-STS record and policy. That the policy could not be
// fetched is a state of the value: the record is known all the same.
var MTASTS = fact.New("MTA-STS policy", func(ctx context.Context, s *fact.Set) (mtasts.Discovery, error) {
	d := mtasts.Discover(ctx, s.Net.DNS, PolicyFetcher(s.Net.HTTPS), s.Subject.Domain)
	if dns.IsBadName(d.Err) {
		d.State, d.Err = mtasts.StateNone, nil // no such name can exist
	}
	return d, d.Err
})

// PolicyFetcher fetches MTA-STS policies as RFC 8461 §3.3 wants it: no redirect,
// and not more than a policy may hold.
func PolicyFetcher(f https.Fetcher) mtasts.Fetcher {
	return func(ctx context.Context, url string) mtasts.Response {
		got := f.Fetch(ctx, https.Request{URL: url, MaxBytes: mtasts.MaxPolicySize})
		r := mtasts.Response{Status: got.Status, ContentType: got.ContentType, Location: got.Location, Body: got.Body}
		if got.Result != https.ResultOK {
			r.Problem, r.Detail = policyProblem(got.Result), got.Reason
		}
		return r
	}
}

func policyProblem(r https.Result) mtasts.Problem {
	switch r {
	case https.ResultNoAddress:
		return mtasts.ProblemNoHost
	case https.ResultConnect:
		return mtasts.ProblemRefused
	case https.ResultCertificate:
		return mtasts.ProblemCertificate
	case https.ResultTLS:
		return mtasts.ProblemTLS
	case https.ResultTooLarge:
		return mtasts.ProblemTooLarge
	case https.ResultProtocol:
		return mtasts.ProblemProtocol
	default: // what says something about us or about the moment
		return mtasts.ProblemUnknown
	}
}
