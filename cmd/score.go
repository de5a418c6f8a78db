package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/mail"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

func newScore(env *Env) *cobra.Command {
	f := auditFlags{scope: checks.Message}
	var session sessionFlags
	c := &cobra.Command{
		Use:   "score FILE... | -",
		Short: "Score messages: would they arrive?",
		Long: `Score messages: .eml files, mbox files, Maildir folders, or standard input (-).

A file does not tell over which session it will be sent. --ip, --helo, --from and
--rcpt say it, so that SPF, DMARC and reverse DNS can be judged as well.`,
		Example: `  postmuster score mail.eml
  postmuster score --ip 192.0.2.1 --helo mail.example.com --from bounce@example.com mail.eml
  postmuster score --format json - < mail.eml
  postmuster score --profile marketing --min-score 80 newsletters.mbox`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("score: name at least one message file, mbox or Maildir, or - for standard input")
			}
			if err := f.check(env.Suite); err != nil { // before standard input is waited for
				return err
			}
			if err := session.check(); err != nil {
				return err
			}
			jobs, mailbox := messageJobs(env.In, args, &session)
			return runJobs(cmd.Context(), env, &f, jobs, len(args) > 1 || mailbox)
		},
	}
	f.register(c)
	session.register(c)
	return c
}

// sessionFlags tell the session that a message would have had.
type sessionFlags struct {
	ip, helo, from string
	rcpt           []string

	peer netip.AddrPort
}

func (s *sessionFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&s.ip, "ip", "", "the `address` that the message would be sent from")
	c.Flags().StringVar(&s.helo, "helo", "", "the `name` that the client would give in EHLO")
	c.Flags().StringVar(&s.from, "from", "", "the reverse-path `address` of MAIL FROM, <> for a null one")
	c.Flags().StringSliceVar(&s.rcpt, "rcpt", nil, "a recipient's `address` (repeatable)")
}

func (s *sessionFlags) check() error {
	if err := oneWord("--helo", s.helo); err != nil {
		return err
	}
	if s.helo != "" && s.ip == "" {
		return errors.New("--helo: --ip with the client's address was expected, too")
	}
	for _, to := range s.rcpt {
		if !isAddrSpec(to) {
			return fmt.Errorf("--rcpt %q is not an address like sam@example.net", to)
		}
	}
	if s.from != "" && s.from != nullPath && !isAddrSpec(s.from) {
		return fmt.Errorf("--from %q is not an address like bounce@example.com, nor <>", s.from)
	}
	if s.ip == "" {
		return nil
	}
	addr, err := netip.ParseAddr(s.ip)
	if err != nil {
		return fmt.Errorf("--ip %q is not an address", s.ip)
	}
	s.peer = netip.AddrPortFrom(addr, 0)
	return nil
}

// nullPath is the reverse-path of what must not be answered (RFC 5321 §4.5.5).
const nullPath = "<>"

// isAddrSpec reports whether the text is an address and nothing else.
func isAddrSpec(text string) bool {
	_, err := mail.ParseAddress("<" + text + ">")
	return err == nil
}

// apply gives a message the session that the flags tell.
func (s *sessionFlags) apply(m *message.Message) {
	if s.from != "" || len(s.rcpt) > 0 {
		m.Envelope = &message.Envelope{MailFrom: s.from}
		if s.from == nullPath {
			m.Envelope.MailFrom = ""
		}
		for _, to := range s.rcpt {
			m.Envelope.Rcpt = append(m.Envelope.Rcpt, message.Rcpt{To: to})
		}
	}
	if s.ip != "" {
		m.Session = &message.Session{Peer: s.peer, HELO: s.helo, ESMTP: true}
	}
}

// messageJobs makes a job of every message that the arguments name. It reports
// whether the first of them is a mailbox, which may hold several.
func messageJobs(in io.Reader, args []string, session *sessionFlags) (jobs iter.Seq[job], mailbox bool) {
	next, stop := iter.Pull2(readMessages(in, args))
	m, err, ok := next()
	mailbox = m != nil && (m.Origin == message.OriginMbox || m.Origin == message.OriginMaildir)
	return func(yield func(job) bool) {
		defer stop()
		for ok && yield(messageJob(m, err, session)) {
			m, err, ok = next()
		}
	}, mailbox
}

func readMessages(in io.Reader, args []string) iter.Seq2[*message.Message, error] {
	return func(yield func(*message.Message, error) bool) {
		for _, arg := range args {
			messages := message.ReadPath(arg)
			if arg == "-" {
				messages = message.ReadAll(in, "standard input")
			}
			for m, err := range messages {
				if !yield(m, err) {
					return
				}
			}
		}
	}
}

func messageJob(m *message.Message, err error, session *sessionFlags) job {
	if err != nil {
		return job{err: err}
	}
	session.apply(m)
	return job{label: m.Path, run: func(ctx context.Context, a *audit.Auditor) *report.Report {
		return a.Message(ctx, m, m.Path)
	}}
}
