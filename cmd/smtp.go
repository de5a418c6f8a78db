package cmd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/smtp"
)

// mxFlags are the flags of commands that talk to a domain's mail servers.
type mxFlags struct {
	protocolFlags
	port uint16
}

func (f *mxFlags) register(c *cobra.Command) {
	f.protocolFlags.register(c)
	c.Flags().Uint16Var(&f.port, "smtp-port", 25, "the `port` of mail servers, for tests")
}

// facts are the facts about a domain, gathered by these flags.
func (f *mxFlags) facts(domain string, n *network) *fact.Set {
	options := fact.Options{SMTPPort: f.port, AllowPrivate: f.net.laboratory(), TrustAD: f.net.trustAD}
	return fact.NewSet(fact.Subject{Domain: domain}, options, n.Net)
}

func newSMTP(env *Env) *cobra.Command {
	var f mxFlags
	c := &cobra.Command{
		Use:   "smtp HOST | DOMAIN | ADDRESS",
		Short: "Talk to the mail servers of a domain, and show the dialogue",
		Long: `Find the mail servers of a domain and hold a session with each of their addresses:
greeting, EHLO, STARTTLS, EHLO again, QUIT; never a message. A host without MX
records is its own mail server (RFC 5321 §5.1).

A certificate that does not verify is shown and does not end the session, as
sending servers deliver all the same (RFC 7435).

Exit codes: 0 every address came to the end of the session; 1 one refused, or
there is no mail server; 2 usage; 3 one could not be reached from here.`,
		Example: `  postmuster smtp example.com
  postmuster smtp mx1.example.com --ehlo probe.example.net
  postmuster smtp 192.0.2.10 --format json`,
		Args: oneArgument("a host, a domain or an address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask, err := f.smtp(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, ask)
		},
	}
	f.register(c)
	return c
}

// smtp returns what asks the servers that an argument names.
func (f *mxFlags) smtp(argument string) (func(context.Context, *network) (answer, error), error) {
	if addr, err := netip.ParseAddr(strings.Trim(argument, "[]")); err == nil {
		return func(ctx context.Context, n *network) (answer, error) {
			target := smtp.Target{Host: addr.String(), Addr: netip.AddrPortFrom(addr.WithZone(""), f.port)}
			s := facts.Session{Host: facts.MXHost{Name: addr.String(), Addrs: []netip.Addr{addr}}, Session: n.SMTP.Probe(ctx, target)}
			return newSMTPReport(addr.String(), facts.Routing{}, []facts.Session{s}).answer(), nil
		}, nil
	}
	domain, err := parseName(argument)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *network) (answer, error) {
		set := f.facts(domain, n)
		routing, err := facts.MXRouting.Get(ctx, set)
		if err != nil {
			return unanswered(domain, err), nil
		}
		sessions, err := facts.Sessions.Get(ctx, set)
		if err != nil {
			return unanswered(domain, err), nil
		}
		return newSMTPReport(domain, routing, sessions).answer(), nil
	}, nil
}

// unanswered is the answer where the first question already got none.
func unanswered(subject string, err error) answer {
	value := struct {
		Subject string `json:"subject"`
		Error   string `json:"error"`
	}{subject, err.Error()}
	return answer{value: value, code: exitUndecided, text: func(p *page) {
		p.line("%s: could not be found out", subject)
		p.field("because", "%s", err)
	}}
}

// smtpReport is what the mail servers of a subject said.
type smtpReport struct {
	Subject  string        `json:"subject"`
	NullMX   bool          `json:"null_mx"`
	Implicit bool          `json:"implicit_mx"`
	Hosts    []mxHost      `json:"hosts"`
	Sessions []smtpSession `json:"sessions"`
	Error    string        `json:"error"`
}

// mxHost is a host that receives mail.
type mxHost struct {
	Preference uint16       `json:"preference"`
	Name       string       `json:"name"`
	Alias      string       `json:"alias"`
	Addresses  []netip.Addr `json:"addresses"`
	Error      string       `json:"error"`
}

// smtpSession is a session as programs read it.
type smtpSession struct {
	Host       string            `json:"host"`
	Address    string            `json:"address"`
	Result     smtp.Result       `json:"result"`
	Step       smtp.Step         `json:"step"`
	Reason     string            `json:"reason"`
	Banner     string            `json:"banner"`
	Extensions map[string]string `json:"extensions"`
	STARTTLS   bool              `json:"starttls"`
	TLS        *smtpTLS          `json:"tls"`
	Transcript []string          `json:"transcript"`
	MS         int64             `json:"ms"`

	lines []smtp.Line
}

// smtpTLS is what TLS came to.
type smtpTLS struct {
	Version      string            `json:"version"`
	Cipher       string            `json:"cipher"`
	Alert        string            `json:"alert"`
	ChainError   string            `json:"chain_error"`
	NameError    string            `json:"name_error"`
	Certificates []smtpCertificate `json:"certificates"`
}

type smtpCertificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

func newSMTPReport(subject string, routing facts.Routing, sessions []facts.Session) *smtpReport {
	r := &smtpReport{Subject: subject, NullMX: routing.Null, Implicit: routing.Implicit, Hosts: []mxHost{}, Sessions: []smtpSession{}}
	for _, h := range routing.Hosts {
		host := mxHost{Preference: h.Preference, Name: h.Name, Alias: h.Alias, Addresses: present(h.Addrs)}
		if h.Err != nil {
			host.Error = h.Err.Error()
		}
		r.Hosts = append(r.Hosts, host)
	}
	for _, s := range sessions {
		r.Sessions = append(r.Sessions, newSMTPSession(s.Session))
	}
	switch {
	case routing.Null:
		r.Error = "a null MX: the domain receives no mail (RFC 7505)"
	case len(r.Sessions) == 0:
		r.Error = "no mail server with a public address"
	}
	return r
}

func newSMTPSession(s *smtp.Session) smtpSession {
	out := smtpSession{
		Host: s.Target.Host, Address: s.Target.Addr.String(), Result: s.Result, Step: s.Step, Reason: s.Reason,
		Extensions: smtp.Extensions(s.EHLO), MS: s.Elapsed.Milliseconds(), Transcript: []string{}, lines: s.Transcript,
	}
	if s.Banner != nil {
		out.Banner = s.Banner.String()
	}
	_, out.STARTTLS = out.Extensions["STARTTLS"]
	for _, line := range s.Transcript {
		out.Transcript = append(out.Transcript, line.String())
	}
	if t := s.TLS; t != nil {
		out.TLS = &smtpTLS{Alert: t.Alert, ChainError: t.ChainError, NameError: t.NameError, Certificates: []smtpCertificate{}}
		if t.Version != 0 {
			out.TLS.Version, out.TLS.Cipher = tls.VersionName(t.Version), tls.CipherSuiteName(t.Cipher)
		}
		for _, c := range t.Chain {
			out.TLS.Certificates = append(out.TLS.Certificates, smtpCertificate{
				Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: present(c.DNSNames), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
			})
		}
	}
	return out
}

func (r *smtpReport) answer() answer {
	code := exitMet
	for _, s := range r.Sessions {
		switch {
		case s.Result == smtp.ResultOK:
		case s.Result.Conclusive():
			code = worse(code, exitNotMet)
		default:
			code = worse(code, exitUndecided)
		}
	}
	for _, h := range r.Hosts {
		if h.Error != "" {
			code = worse(code, exitUndecided)
		}
	}
	if r.Error != "" {
		code = worse(code, exitNotMet)
	}
	return answer{value: r, code: code, text: r.write}
}

func (r *smtpReport) write(p *page) {
	p.line("%s", r.Subject)
	if r.Error != "" {
		p.field("result", "%s", r.Error)
	}
	if r.Implicit {
		p.field("implicit", "there is no MX record, so the name's own addresses receive (RFC 5321 §5.1)")
	}
	for _, h := range r.Hosts {
		p.field("MX "+fmt.Sprint(h.Preference), "%s", h.describe())
	}
	for _, s := range r.Sessions {
		s.write(p)
	}
}

func (h mxHost) describe() string {
	text := h.Name
	if h.Alias != "" {
		text += ", an alias of " + h.Alias
	}
	addresses := make([]string, len(h.Addresses))
	for i, a := range h.Addresses {
		addresses[i] = a.String()
	}
	switch {
	case h.Error != "":
		text += ": " + h.Error
	case len(addresses) == 0:
		text += ": no address"
	default:
		text += ": " + strings.Join(addresses, ", ")
	}
	return text
}

// pauseShown is how long a silence is worth a remark.
const pauseShown = time.Second

func (s smtpSession) write(p *page) {
	p.head("%s at %s: %s", s.Host, s.Address, s.Result)
	if s.Result != smtp.ResultOK {
		p.field("because", "%s", s.Reason)
	}
	var before time.Duration
	for _, line := range s.lines {
		if pause := line.At - before; pause >= pauseShown {
			p.line("  * %.1f seconds later", pause.Seconds())
		}
		before = line.At
		p.hang("  "+string(line.From)+": ", line.Text)
	}
	if s.TLS != nil {
		s.TLS.write(p)
	} else if s.Result == smtp.ResultOK && !s.STARTTLS {
		p.field("TLS", "STARTTLS is not offered: mail is sent in the clear")
	}
}

func (t *smtpTLS) write(p *page) {
	p.field("TLS", "%s", strings.TrimSuffix(t.Version+", "+t.Cipher, ", "))
	p.field("alert", "%s", t.Alert)
	if len(t.Certificates) == 0 {
		return
	}
	leaf := t.Certificates[0]
	p.field("cert", "for %s, until %s, by %s", strings.Join(leaf.Names, ", "), leaf.NotAfter.UTC().Format(time.DateOnly), leaf.Issuer)
	problems := slices.DeleteFunc([]string{t.ChainError, t.NameError}, func(s string) bool { return s == "" })
	if len(problems) == 0 {
		p.field("verifies", "yes")
		return
	}
	p.field("verifies", "no: %s", strings.Join(problems, "; "))
}
