// Package recording keeps what the network was asked and what it answered, and
// answers from what was kept: DNS, SMTP sessions and HTTPS fetches. A bug report
// is a recording; a recording is a test.
//
// The file is text that a person can read and edit and git can compare; its
// grammar stands in format.go.
package recording

import (
	"context"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A Header tells something about the run: a subject, an option. The key is made
// of letters, digits and hyphens.
type Header struct{ Key, Value string }

// A Recording is what the network said during one run.
type Recording struct {
	At      time.Time // the run's clock
	Headers []Header  // in their order; a key may come more than once

	dns   map[dns.Question]dnsOutcome
	smtp  map[smtp.Target]*smtp.Session
	https map[https.Request]*https.Response
}

// A dnsOutcome is an answer, or the error that kept us from one.
type dnsOutcome struct {
	answer *dns.Answer
	err    *dns.Error
}

func newRecording(at time.Time, headers []Header) *Recording {
	return &Recording{
		At:      at,
		Headers: headers,
		dns:     map[dns.Question]dnsOutcome{},
		smtp:    map[smtp.Target]*smtp.Session{},
		https:   map[https.Request]*https.Response{},
	}
}

// Values returns the values of the headers with a key.
func (r *Recording) Values(key string) []string {
	var values []string
	for _, h := range r.Headers {
		if h.Key == key {
			values = append(values, h.Value)
		}
	}
	return values
}

const reasonNotRecorded = "not in the recording"

// Resolver answers from the recording; what it does not hold is a *dns.Error
// with CauseNotRecorded.
func (r *Recording) Resolver() dns.Resolver { return replayResolver{r} }

// Prober answers from the recording; what it does not hold is a session with
// ResultNotRecorded.
func (r *Recording) Prober() smtp.Prober { return replayProber{r} }

// Fetcher answers from the recording; what it does not hold is a response with
// ResultNotRecorded.
func (r *Recording) Fetcher() https.Fetcher { return replayFetcher{r} }

type (
	replayResolver struct{ *Recording }
	replayProber   struct{ *Recording }
	replayFetcher  struct{ *Recording }
)

func (r replayResolver) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	outcome, ok := r.dns[q]
	switch {
	case !ok:
		return nil, &dns.Error{Question: q, Cause: dns.CauseNotRecorded}
	case outcome.err != nil:
		return nil, outcome.err
	default:
		return outcome.answer, nil
	}
}

func (r replayProber) Probe(_ context.Context, t smtp.Target) *smtp.Session {
	if session, ok := r.smtp[t]; ok {
		return session
	}
	return &smtp.Session{Target: t, Result: smtp.ResultNotRecorded, Step: smtp.StepConnect, Reason: reasonNotRecorded, At: r.At}
}

func (r replayFetcher) Fetch(_ context.Context, request https.Request) *https.Response {
	if response, ok := r.https[request]; ok {
		return response
	}
	return &https.Response{Request: request, Result: https.ResultNotRecorded, Reason: reasonNotRecorded, At: r.At}
}
