// Package postmustertest receives the mail that a program sends in its tests,
// and finds out about each message what postmuster finds out: its score, what
// is to be mended, its links and its one-time codes.
//
//	func TestSignup(t *testing.T) {
//		sink := postmustertest.Start(t)
//		signUp(sink.SMTPAddr, "bob@example.net")
//		m := sink.Wait(t, postmustertest.To("bob@example.net"), postmustertest.Subject("Welcome"))
//		confirm(m.Codes()[0])
//	}
//
// A sink is an SMTP server on a free port of loopback that ends with the test. It
// delivers nothing and reaches no network: names exist when a Zone has them.
package postmustertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/probe/recording"
	"github.com/postmuster/postmuster/internal/probe/zone"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/client"
)

const freeAddr = "127.0.0.1:0"

// DefaultTimeout is how long Wait waits for a message.
const DefaultTimeout = 10 * time.Second

// A Sink receives mail until its test ends.
type Sink struct {
	SMTPAddr string // host:port; AUTH takes any credentials
	URL      string // of the page and the API, http://127.0.0.1:40002

	// ClientTLS trusts the sink's certificate: for STARTTLS, which the sink
	// offers when it was started WithSTARTTLS, and nil otherwise.
	ClientTLS *tls.Config

	client *client.Client
	sink   *sink.Sink
}

// An Option changes what Start starts.
type Option func(*options)

type options struct {
	startTLS bool
	zones    []string
}

// WithSTARTTLS makes the sink offer STARTTLS.
func WithSTARTTLS() Option { return func(o *options) { o.startTLS = true } }

// WithZone lets the names of a zone exist, which is written as a zone file (RFC
// 1035 §5.1): the sender's SPF, DKIM and DMARC records. Without it, whatever
// depends on the DNS is left open in the score.
func WithZone(text string) Option { return func(o *options) { o.zones = append(o.zones, text) } }

// Start starts a sink. It fails the test if it cannot.
func Start(t testing.TB, opts ...Option) *Sink {
	t.Helper()
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	auditor, err := auditorFor(o.zones)
	if err != nil {
		t.Fatalf("postmustertest: %v", err)
	}
	opened, err := sink.Open(t.Context(), sink.Config{
		SMTP: freeAddr, HTTP: freeAddr, StartTLS: o.startTLS, Hostname: "localhost", Version: "postmustertest",
		Score: func(ctx context.Context, m *message.Message) *report.Report { return auditor.Message(ctx, m, "") },
		Now:   time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("postmustertest: %v", err)
	}
	s := &Sink{
		SMTPAddr: opened.Addrs().SMTP, URL: opened.URL(), sink: opened,
		client: &client.Client{URL: opened.URL(), HTTP: &http.Client{Transport: opened.Transport()}},
	}
	if o.startTLS {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(opened.CertificatePEM())
		s.ClientTLS = &tls.Config{RootCAs: roots, ServerName: "localhost"}
	}
	s.run(t)
	return s
}

// run lets the sink run until the test ends: longer than its context, so that
// what a Cleanup of the test sends is received.
func (s *Sink) run(t testing.TB) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		_, err := s.sink.Run(ctx)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("postmustertest: %v", err)
		}
	})
}

// auditorFor returns an auditor for which nothing exists but these zones.
func auditorFor(texts []string) (*audit.Auditor, error) {
	nothing := &recording.Recording{}
	var resolver dns.Resolver = nothing.Resolver()
	overlay := &zone.Overlay{Next: resolver, Now: time.Now}
	for _, text := range texts {
		z, err := zone.Parse(strings.NewReader(text), "zone", "")
		if err != nil {
			return nil, err
		}
		overlay.Zones = append(overlay.Zones, z)
	}
	if len(overlay.Zones) > 0 {
		resolver = overlay
	}
	return &audit.Auditor{
		Suite: all.Checks().Sorted(), Options: fact.Options{NoSMTP: true, NoBlocklists: true},
		Net: fact.Net{DNS: resolver, SMTP: nothing.Prober(), HTTPS: nothing.Fetcher(), Now: time.Now},
	}, nil
}

// A Condition says which messages are meant, or how long to wait for them.
type Condition func(*wanted)

type wanted struct {
	condition api.Condition
	timeout   time.Duration
}

// To means messages to an address, in the envelope or the header.
func To(address string) Condition { return func(w *wanted) { w.condition.To = address } }

// From means messages from an address, in the envelope or the header.
func From(address string) Condition { return func(w *wanted) { w.condition.From = address } }

// Subject means messages with these words in their subject.
func Subject(words string) Condition { return func(w *wanted) { w.condition.Subject = words } }

// Inbox means messages of an inbox: the part of a recipient behind "+", the name
// given with AUTH, or what the field X-Postmuster-Inbox says. Tests that share a
// sink keep their mail apart by it.
func Inbox(name string) Condition { return func(w *wanted) { w.condition.Inbox = name } }

// Matching means messages that a search finds, as on the page:
// "has:attachment larger:10k -subject:test".
func Matching(search string) Condition { return func(w *wanted) { w.condition.Query = search } }

// Within waits so long instead of DefaultTimeout.
func Within(timeout time.Duration) Condition { return func(w *wanted) { w.timeout = timeout } }

func want(conditions []Condition) wanted {
	w := wanted{timeout: DefaultTimeout}
	for _, c := range conditions {
		c(&w)
	}
	return w
}

// Wait waits for a message that meets all conditions and returns the newest one
// that does. When none arrives in time the test fails, and is told what did
// arrive and why that does not match.
func (s *Sink) Wait(t testing.TB, conditions ...Condition) *Message {
	t.Helper()
	found := s.await(t, want(conditions))
	return found[len(found)-1]
}

// WaitFor waits for n messages that meet all conditions, no more and no fewer,
// and returns them, the oldest first.
func (s *Sink) WaitFor(t testing.TB, n int, conditions ...Condition) []*Message {
	t.Helper()
	w := want(conditions)
	w.condition.Exact = &n
	return s.await(t, w)
}

// ExpectNone fails the test when a message that meets all conditions has arrived.
// It does not wait for one, unless it is told Within which time none may come.
func (s *Sink) ExpectNone(t testing.TB, conditions ...Condition) {
	t.Helper()
	w := want(append([]Condition{Within(0)}, conditions...))
	w.condition.None = true
	s.await(t, w)
}

// await returns the messages with what was found out about them.
func (s *Sink) await(t testing.TB, w wanted) []*Message {
	t.Helper()
	// The test's own context ends before its Cleanup, where one may wait, too.
	ctx := context.WithoutCancel(t.Context())
	outcome, err := s.client.Wait(ctx, w.condition, api.Span{Timeout: w.timeout.String()})
	if unmet, ok := errors.AsType[*api.Unmet](err); ok {
		t.Fatalf("%s, within %s: %s\nall of it: %s", client.Describe(w.condition), w.timeout, client.Explain(unmet.Outcomes[0]), s.URL)
	}
	if err != nil {
		t.Fatalf("postmustertest: %v", err)
	}
	if err := s.sink.AwaitScores(ctx, audit.DefaultTimeout); err != nil {
		t.Fatalf("postmustertest: %v", err)
	}
	var messages []*Message
	for _, summary := range outcome.Messages {
		m, err := s.read(ctx, summary.ID)
		if err != nil {
			t.Fatalf("postmustertest: read the message %s: %v", summary.ID, err)
		}
		messages = append(messages, m)
	}
	return messages
}
