package cmd

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/netip"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/testkit/mailnet"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

func newDemo(env *Env) *cobra.Command {
	var keep bool
	var format string
	var asJSON, noColor bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "See everything work, on an embedded mail internet",
		Long: `Start a small mail internet on this machine (a name server, mail servers of
different health, a blocklist), audit three domains, and send two messages
through the sink. It needs no network and changes nothing.`,
		Example: `  postmuster demo
  postmuster demo --keep     # leave it running, to try commands by hand
  postmuster demo --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				format = "json"
			}
			if !slices.Contains(report.Formats(), format) {
				return fmt.Errorf("--format %q: there are %s", format, strings.Join(report.Formats(), ", "))
			}
			return runDemo(cmd.Context(), env, format, noColor, keep)
		},
	}
	addFormat(c, &format, &asJSON, report.Formats())
	c.Flags().BoolVar(&noColor, "no-color", false, "no colours and symbols")
	c.Flags().BoolVar(&keep, "keep", false, "leave everything running, and say how to use it")
	return c
}

func runDemo(ctx context.Context, env *Env, format string, noColor, keep bool) error {
	world, err := mailnet.Start(env.Now())
	if err != nil {
		return err
	}
	defer world.Close()
	inside := *env
	inside.Dial, inside.Roots = world.Dial, world.Roots()

	w, err := report.NewWriter(format, env.Out, env.style(noColor, true))
	if err != nil {
		return err
	}
	if err := demoDomains(ctx, &inside, world, w); err != nil {
		return err
	}
	received, err := demoMessages(ctx, &inside, world, w)
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil || !keep {
		return err
	}
	return keepDemo(ctx, &inside, world, received)
}

func demoFlags(world *mailnet.Net, scope checks.Scope) *auditFlags {
	return &auditFlags{
		net: netFlags{resolvers: []string{world.DNS.Addr()}}, timeout: audit.DefaultTimeout,
		failOn: string(checks.High), blocklists: []string{mailnet.Blocklist}, scope: scope,
	}
}

func demoAuditor(env *Env, world *mailnet.Net, scope checks.Scope) (*audit.Auditor, *network, error) {
	f := demoFlags(world, scope)
	n, err := f.net.open(env)
	if err != nil {
		return nil, nil, err
	}
	a, err := f.auditor(env, n)
	return a, n, err
}

func demoDomains(ctx context.Context, env *Env, world *mailnet.Net, w report.Writer) error {
	fmt.Fprintf(env.Err, "A mail internet runs on this machine. Auditing %s …\n\n", strings.Join(mailnet.Domains, ", "))
	a, n, err := demoAuditor(env, world, checks.Domain)
	if err != nil {
		return err
	}
	defer n.client.Close()
	var jobs iter.Seq[job] = func(yield func(job) bool) {
		for _, domain := range mailnet.Domains {
			if !yield(domainJob(domain, "")) {
				return
			}
		}
	}
	_, err = auditAll(ctx, env, a, jobs, w)
	return err
}

// demoMessages sends the messages through a sink of its own, one after another,
// and writes their reports. It returns them as they were received.
func demoMessages(ctx context.Context, env *Env, world *mailnet.Net, w report.Writer) (received []*message.Message, err error) {
	mails, err := world.Messages(env.Now())
	if err != nil {
		return nil, err
	}
	a, n, err := demoAuditor(env, world, checks.Message)
	if err != nil {
		return nil, err
	}
	defer n.client.Close()
	s, err := startDemoSink(ctx, env, world, a)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, mail := range mails {
		fmt.Fprintf(env.Err, "Sending %s …\n\n", mail.Title)
		if err := s.send(mail); err != nil {
			return nil, fmt.Errorf("send %s: %w", mail.Title, err)
		}
		select {
		case m := <-s.received:
			received = append(received, m)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select {
		case r := <-s.reports:
			if err := w.Write(r); err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return received, nil
}

// demoSink is a sink whose clients seem to come from the Internet.
type demoSink struct {
	addr     string
	roots    *tls.Config
	received chan *message.Message // each before its report
	reports  chan *report.Report
	stop     func() error
}

func startDemoSink(ctx context.Context, env *Env, world *mailnet.Net, a *audit.Auditor) (*demoSink, error) {
	ctx, cancel := context.WithCancel(ctx)
	d := &demoSink{
		received: make(chan *message.Message),
		reports:  make(chan *report.Report),
		roots:    &tls.Config{RootCAs: world.Roots(), ServerName: "sink.example.com"},
	}
	c := sinkConfig(env, a, func(r *report.Report) error {
		select {
		case d.reports <- r:
		case <-ctx.Done():
		}
		return nil
	})
	score := c.Score
	c.Score = func(ctx context.Context, m *message.Message) *report.Report {
		comeFrom(m)
		select {
		case d.received <- m:
		case <-ctx.Done():
		}
		return score(ctx, m)
	}
	certificate := world.CA().Issue(smtptest.Leaf{Names: []string{"sink.example.com"}})
	c.SMTP, c.StartTLS, c.TLS = freeAddr, true, &tls.Config{Certificates: []tls.Certificate{certificate}}
	s, err := sink.Open(ctx, c)
	if err != nil {
		cancel()
		return nil, err
	}
	d.addr = s.Addrs().SMTP
	done := make(chan error, 1)
	go func() { _, err := s.Run(ctx); done <- err }()
	d.stop = func() error {
		cancel()
		return <-done
	}
	return d, nil
}

// comeFrom gives a message the address of the demo's sender that said its HELO.
func comeFrom(m *message.Message) {
	if addr, ok := mailnet.Senders[m.Session.HELO]; ok {
		m.Session.Peer = netip.AddrPortFrom(addr, m.Session.Peer.Port())
	}
}

func (s *demoSink) send(mail mailnet.Mail) error {
	c, err := smtp.Dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.Hello(mail.HELO), c.StartTLS(s.roots), c.Mail(mail.MailFrom), c.Rcpt(mail.Rcpt)); err != nil {
		return err
	}
	data, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.Copy(data, bytes.NewReader(mail.Data)); err != nil {
		return err
	}
	return errors.Join(data.Close(), c.Quit())
}

// keepDemo leaves the internet and a sink with what was received running until
// ctx ends, and says how to use them.
func keepDemo(ctx context.Context, env *Env, world *mailnet.Net, received []*message.Message) error {
	dir, err := os.MkdirTemp("", "postmuster-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	roots := filepath.Join(dir, "roots.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: world.CA().Certificate().Raw}
	if err := os.WriteFile(roots, pem.EncodeToMemory(block), 0o644); err != nil {
		return err
	}
	a, n, err := demoAuditor(env, world, checks.Message)
	if err != nil {
		return err
	}
	defer n.client.Close()
	w, err := report.NewWriter("table", env.Out, env.style(false, false))
	if err != nil {
		return err
	}
	told := 0 // reports of what was received are on the screen already
	c := sinkConfig(env, a, func(r *report.Report) error {
		if told++; told <= len(received) {
			return nil
		}
		return w.Write(r)
	})
	c.SMTP, c.HTTP = freeAddr, freeAddr
	s, err := sink.Open(ctx, c)
	if err != nil {
		return err
	}
	for _, m := range received {
		receipt, err := s.Store().Add(ctx, m)
		if err == nil {
			err = s.Store().WaitSeq(ctx, receipt.Seq) // the page is not to begin empty
		}
		if err != nil {
			return errors.Join(err, s.Close())
		}
	}
	sayHow(env, world, roots, s)
	_, err = s.Run(ctx)
	return err
}

func sayHow(env *Env, world *mailnet.Net, roots string, s *sink.Sink) {
	command := fmt.Sprintf("SSL_CERT_FILE=%s postmuster audit --resolver %s --blocklist %s", roots, world.DNS.Addr(), mailnet.Blocklist)
	for _, pair := range world.ConnectTo() {
		command += " \\\n    --connect-to '" + pair + "'"
	}
	host, port, _ := net.SplitHostPort(s.Addrs().SMTP)
	fmt.Fprintf(env.Out, `
Everything is still running; Ctrl-C ends it. Audit a domain of it:

  %s \
    %s

Look at the sink's page:

  %s

Send a message to the sink, and see its report here, too:

  swaks --server %s --port %s --from news@example.net --to sam@recipient.test
  printf 'EHLO localhost\r\nMAIL FROM:<news@example.net>\r\nRCPT TO:<sam@recipient.test>\r\nDATA\r\nSubject: hello\r\n\r\nhello\r\n.\r\nQUIT\r\n' | nc %s %s
`, command, mailnet.Domains[1], s.URL(), host, port, host, port)
}
