package recording

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/smtp"
)

// A Recorder keeps what passes through its decorators. The first answer to a
// question is kept, and given to whoever asks again, so that the run sees what
// its replay will see. What ended because the caller gave up is kept only until
// there is something better.
type Recorder struct {
	mu        sync.Mutex
	recording *Recording
}

// NewRecorder returns a recorder for a run whose clock stands at at.
func NewRecorder(at time.Time, headers ...Header) *Recorder {
	return &Recorder{recording: newRecording(at, headers)}
}

// Write writes what was recorded so far.
func (r *Recorder) Write(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.recording.Write(w)
}

// Resolver records what next answers.
func (r *Recorder) Resolver(next dns.Resolver) dns.Resolver { return &recordingResolver{r, next} }

// Prober records the sessions that next holds.
func (r *Recorder) Prober(next smtp.Prober) smtp.Prober { return &recordingProber{r, next} }

// Fetcher records what next fetches.
func (r *Recorder) Fetcher(next https.Fetcher) https.Fetcher { return &recordingFetcher{r, next} }

// keep returns what is recorded under a key: what was there, unless it is only
// a cancellation, or else what ask finds out.
func keep[K comparable, V any](r *Recorder, kept map[K]V, key K, canceled func(V) bool, ask func() V) V {
	r.mu.Lock()
	first, ok := kept[key]
	r.mu.Unlock()
	if ok && !canceled(first) {
		return first
	}
	answer := ask()
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := kept[key]; ok && !canceled(first) {
		return first // somebody else was faster
	}
	kept[key] = answer
	return answer
}

type recordingResolver struct {
	recorder *Recorder
	next     dns.Resolver
}

func (r *recordingResolver) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	canceled := func(o dnsOutcome) bool { return o.err != nil && o.err.Cause == dns.CauseCanceled }
	outcome := keep(r.recorder, r.recorder.recording.dns, q, canceled, func() dnsOutcome {
		answer, err := r.next.Resolve(ctx, q)
		if err != nil {
			return dnsOutcome{err: asError(q, err)}
		}
		return dnsOutcome{answer: answer}
	})
	if outcome.err != nil {
		return nil, outcome.err
	}
	return outcome.answer, nil
}

// asError is the *dns.Error in err. A resolver has no business with another.
func asError(q dns.Question, err error) *dns.Error {
	var e *dns.Error
	if errors.As(err, &e) {
		return e
	}
	return &dns.Error{Question: q, Cause: dns.CauseNetwork, Err: err}
}

type recordingProber struct {
	recorder *Recorder
	next     smtp.Prober
}

func (p *recordingProber) Probe(ctx context.Context, t smtp.Target) *smtp.Session {
	canceled := func(s *smtp.Session) bool { return s.Result == smtp.ResultCanceled }
	return keep(p.recorder, p.recorder.recording.smtp, t, canceled, func() *smtp.Session { return p.next.Probe(ctx, t) })
}

type recordingFetcher struct {
	recorder *Recorder
	next     https.Fetcher
}

func (f *recordingFetcher) Fetch(ctx context.Context, request https.Request) *https.Response {
	canceled := func(r *https.Response) bool { return r.Result == https.ResultCanceled }
	return keep(f.recorder, f.recorder.recording.https, request, canceled, func() *https.Response { return f.next.Fetch(ctx, request) })
}
