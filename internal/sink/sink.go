// Package sink is the whole of `postmuster sink`: SMTP servers in front, the
// store, the scorer behind it, and the page and the API beside them.
//
// The command, the demo and package postmustertest all open one of these, so
// that there is one place in which the parts come together. What a message is
// worth is told by the caller, who knows the checks and the network.
package sink

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/fault"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
	"github.com/postmuster/postmuster/internal/sink/opinion"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/sink/web"
)

// Config is what a sink needs. Now, Logger and Hostname must be set.
type Config struct {
	Store store.Config // Now and Logger are those below

	// Where it listens: host:port, or unix:PATH for SMTP and LMTP. A port of 0
	// is a free one; an empty address is none.
	SMTP, SMTPS, LMTP, HTTP string

	// TLS is what SMTPS begins with and StartTLS offers. When it is nil, they
	// use a certificate that is made at start.
	TLS      *tls.Config
	StartTLS bool // SMTP and LMTP offer STARTTLS
	NoAuth   bool // they do not offer AUTH; otherwise any credentials are taken

	// ProxyFrom must begin with a PROXY header, XClientFrom may use XCLIENT: see
	// the SMTP server.
	ProxyFrom, XClientFrom []netip.Prefix

	MaxMessageBytes int64 // 0: what the SMTP server thinks enough

	// Token and Insecure say who may come from other machines: see httpd.Config.
	// They are asked for when SMTP is open to others, too.
	Token     string
	ReadToken string // for those who may read and change nothing
	Insecure  bool
	Hosts     []string // names under which HTTP is reached
	Origins   []string // of pages elsewhere that may ask
	HTTPTLS   bool     // HTTP begins with TLS
	Prefix    string   // of HTTP's paths, such as /mail, where a proxy serves it below one: see httpd.ParsePrefix

	RemoteImages bool               // a reader of the page may ask for a message's remote images
	Links        *linkcheck.Checker // asks for the links of a message when somebody wants it; nil: not allowed
	Faults       *fault.Injector    // what SMTP does wrong on purpose; nil: nothing, until the API asks for it
	Relays       []api.Relay
	Webhooks     []api.Webhook
	Resolve      func(ctx context.Context, host string) ([]netip.Addr, error)

	// Score finds out about a message; nil: nothing is scored. Report is then
	// called with each report, as Scorer.Report is.
	Score  func(context.Context, *message.Message) *report.Report
	Report func(*report.Report) error
	// Filters are spam filters whose opinions each report gets; none count.
	Filters []opinion.Filter

	Version  string // of the program
	Hostname string // how it names itself to senders
	Now      func() time.Time
	Logger   *slog.Logger
}

// A Sink is a sink that listens. Run answers.
type Sink struct {
	config    Config
	listeners listeners
	store     *store.Store
	api       *api.API
	memory    *sinksmtp.Memory // of all SMTP servers
	scorer    *Scorer
	http      *httpd.Server // nil without HTTP
	first     uint64        // the last message of an earlier run
	failed    counter       // sessions that were refused something, or broke off
}

// Open listens and opens the store. What connects now is answered once Run runs;
// a sink that is not to run is closed.
func Open(ctx context.Context, c Config) (*Sink, error) {
	s := &Sink{config: c, memory: sinksmtp.NewMemory(sinksmtp.DefaultMemoryBytes)}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Sink) open(ctx context.Context) (err error) {
	if s.config.Faults == nil {
		s.config.Faults = fault.NewInjector(s.config.Now)
	}
	if err := s.secure(); err != nil {
		return err
	}
	if s.listeners, err = listen(ctx, s.config); err != nil {
		return err
	}
	s.config.Store.Now, s.config.Store.Logger = s.config.Now, s.config.Logger
	if s.store, err = store.Open(s.config.Store); err != nil {
		return err
	}
	stats, err := s.store.Stats(ctx)
	if err != nil {
		return err
	}
	s.first = stats.Seq
	if s.config.Score != nil {
		s.scorer = &Scorer{Store: s.store, Score: s.scoreAndAsk, Report: s.config.Report, Logger: s.config.Logger}
	}
	return s.openHTTP()
}

// scoreAndAsk scores a message and asks the spam filters about it.
func (s *Sink) scoreAndAsk(ctx context.Context, m *message.Message) *report.Report {
	r := s.config.Score(ctx, m)
	if len(s.config.Filters) > 0 {
		r.Opinions = opinion.Of(ctx, m, s.config.Filters)
	}
	return r
}

func filterNames(filters []opinion.Filter) (names []string) {
	for _, f := range filters {
		names = append(names, f.Name())
	}
	return names
}

// openHTTP puts the API beside the page, behind the guard.
func (s *Sink) openHTTP() (err error) {
	c := s.config
	s.api, err = api.New(api.Config{
		Store: s.store, Now: c.Now, Logger: c.Logger, Version: c.Version, MaxMessageBytes: c.MaxMessageBytes,
		Faults: c.Faults, Relays: c.Relays, Webhooks: c.Webhooks, Hostname: c.Hostname, Resolve: c.Resolve, Prefix: c.Prefix, ReadOnly: httpd.ReadOnly,
		Links: c.Links, Filters: filterNames(c.Filters),
	})
	if err != nil || s.listeners.http == nil {
		return err
	}
	mux := http.NewServeMux()
	s.api.Register(mux)
	page := web.New(web.Config{
		Store: s.store, SMTPAddr: s.sendTo(), Version: c.Version, Prefix: c.Prefix, Now: c.Now, Logger: c.Logger,
		RemoteImages: c.RemoteImages, Links: c.Links, Relays: relayNames(c.Relays), SendOn: s.sendOn, Receive: s.receive,
		OpenAPI: s.api.OpenAPI, Token: c.Token != "", ReadOnly: httpd.ReadOnly,
	})
	page.Register(mux)
	guarded := httpd.Config{
		Handler: mux, Missing: page.Missing(), Logger: c.Logger, Token: c.Token, ReadToken: c.ReadToken, Reads: api.Reads,
		Insecure: c.Insecure, Hosts: c.Hosts, Origins: c.Origins, Prefix: c.Prefix,
	}
	if c.HTTPTLS {
		guarded.TLS = c.TLS
	}
	s.http, err = httpd.New(s.listeners.http, guarded)
	return err
}

func relayNames(relays []api.Relay) (names []string) {
	for _, r := range relays {
		names = append(names, r.Addr)
	}
	return names
}

// sendOn is how the page sends a message on.
func (s *Sink) sendOn(ctx context.Context, id, relay string, to []string) (reply string, err error) {
	sent, err := s.api.SendOn(ctx, id, relay, to)
	return sent.Reply, err
}

// receive is how the page writes a message.
func (s *Sink) receive(ctx context.Context, from string, to []string, l web.Letter) (id string, err error) {
	return s.api.Write(ctx, from, to, l.Subject, l.Text, l.HTML)
}

// sendTo returns where the page tells its readers to send mail.
func (s *Sink) sendTo() string {
	a := s.Addrs()
	return cmp.Or(a.SMTP, a.SMTPS, a.LMTP)
}

// Store is what the sink keeps.
func (s *Sink) Store() *store.Store { return s.store }

// Close gives back what Open took, for a sink that never ran.
func (s *Sink) Close() error {
	err := s.listeners.close()
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	return err
}

// Run receives, scores and shows until ctx ends, and then closes everything.
func (s *Sink) Run(ctx context.Context) (Summary, error) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	serve := func(what func(context.Context) error) {
		wg.Go(func() {
			if err := what(run); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
			cancel() // one part that is over ends the others
		})
	}
	for _, l := range s.listeners.smtp {
		server := s.server(l)
		serve(func(ctx context.Context) error { return server.Serve(ctx, l.Listener) })
	}
	if s.http != nil {
		serve(s.http.Serve)
	}
	serve(s.api.Run)
	if s.scorer != nil {
		serve(func(ctx context.Context) error {
			_, err := s.scorer.Run(ctx)
			return err
		})
	}
	wg.Wait()
	sum, err := s.summary(context.WithoutCancel(ctx))
	return sum, errors.Join(append(errs, err, s.store.Close())...)
}

func (s *Sink) server(l smtpListener) *sinksmtp.Server {
	c := sinksmtp.Config{
		Handler: receiver{s.store, s.config.Logger}, Domain: s.config.Hostname, Now: s.config.Now, Logger: s.config.Logger,
		Auth: !s.config.NoAuth, Sessions: s.keepFailed, Memory: s.memory, MaxMessageBytes: s.config.MaxMessageBytes,
		ImplicitTLS: l.implicitTLS, LMTP: l.lmtp, Faults: s.config.Faults,
		ProxyFrom: s.config.ProxyFrom, XClientFrom: s.config.XClientFrom,
	}
	if l.implicitTLS || s.config.StartTLS {
		c.TLS = s.config.TLS
	}
	return sinksmtp.New(c)
}

// A Summary is what a run came to.
type Summary struct {
	Received int // messages
	Scored   int
	Unscored int // messages in the store without a report, those of earlier runs too
	Failed   int // sessions that were refused something, or broke off
}

func (s *Sink) summary(ctx context.Context) (Summary, error) {
	if err := s.store.WaitCommitted(ctx); err != nil {
		return Summary{}, err
	}
	stats, err := s.store.Stats(ctx)
	sum := Summary{Received: int(stats.Seq - s.first), Failed: s.failed.value()}
	if s.scorer != nil {
		sum.Scored, sum.Unscored = int(s.scorer.Scored()), stats.Unscored
	}
	return sum, err
}
