package facts

import (
	"context"
	"testing"

	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/proto/mtasts"
)

type fetcher func(https.Request) *https.Response

func (f fetcher) Fetch(_ context.Context, r https.Request) *https.Response { return f(r) }

// A policy is fetched by the rules of RFC 8461 §3.3, and what is wrong with the
// policy host is kept apart from what could not be found out.
func TestPolicyFetcher(t *testing.T) {
	const url = "https://mta-sts.example.com/.well-known/mta-sts.txt"
	for result, want := range map[https.Result]mtasts.Problem{
		https.ResultOK:          "",
		https.ResultNoAddress:   mtasts.ProblemNoHost,
		https.ResultCertificate: mtasts.ProblemCertificate,
		https.ResultTLS:         mtasts.ProblemTLS,
		https.ResultTooLarge:    mtasts.ProblemTooLarge,
		https.ResultProtocol:    mtasts.ProblemProtocol,
		https.ResultConnect:     mtasts.ProblemRefused,
		https.ResultUnreachable: mtasts.ProblemUnknown,
		https.ResultTimeout:     mtasts.ProblemUnknown,
		https.ResultDNS:         mtasts.ProblemUnknown,
		https.ResultPrivate:     mtasts.ProblemUnknown,
		https.ResultCanceled:    mtasts.ProblemUnknown,
		https.ResultNotRecorded: mtasts.ProblemUnknown,
	} {
		fetch := PolicyFetcher(fetcher(func(r https.Request) *https.Response {
			if r.URL != url || r.FollowRedirects || r.MaxBytes != mtasts.MaxPolicySize {
				t.Errorf("the policy is asked for with %+v", r)
			}
			return &https.Response{Request: r, Result: result, Reason: "why", Status: 200, ContentType: "text/plain", Body: []byte("x")}
		}))
		got := fetch(t.Context(), url)
		if got.Problem != want || (got.Detail == "") != (want == "") || got.Status != 200 || string(got.Body) != "x" {
			t.Errorf("%s becomes %+v, want the problem %q", result, got, want)
		}
	}
}
