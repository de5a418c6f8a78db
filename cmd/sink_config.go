package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/fault"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	"github.com/postmuster/postmuster/internal/sink/opinion"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// config returns what the flags say of the sink.
func (f *sinkFlags) config(env *Env, n *network, a *audit.Auditor, write func(*report.Report) error) (c sink.Config, err error) {
	c = sinkConfig(env, a, write)
	c.SMTP, c.SMTPS, c.LMTP, c.HTTP = addrOf(f.smtp), f.smtps, f.lmtp, addrOf(f.http)
	c.StartTLS, c.HTTPTLS, c.NoAuth = f.startTLS || f.cert != "", f.httpTLS, f.auth == "off"
	c.Token, c.Insecure, c.Hosts = f.secret(env, f.token, "POSTMUSTER_TOKEN"), f.insecure, f.hosts
	for _, host := range f.hosts {
		if strings.ContainsAny(host, "/ ") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return c, fmt.Errorf("--host %q: a name alone is expected, such as mail.example.com; it is reached under any port", host)
		}
	}
	c.Origins = f.origins
	c.ReadToken = f.secret(env, f.readToken, "POSTMUSTER_READ_TOKEN")
	if c.ReadToken != "" && (c.Token == "" || c.Token == c.ReadToken) {
		return c, errors.New("--read-token needs a --token beside it, and must differ from it")
	}
	if c.Prefix, err = httpd.ParsePrefix(f.prefix); err != nil {
		return c, fmt.Errorf("--http-prefix: %w", err)
	}
	c.Store = store.Config{
		Dir: f.data, Durability: store.Durability(f.durability),
		MaxMessages: f.maxMessages, MaxAge: time.Duration(f.maxAge), MaxBytes: int64(f.maxBytes),
	}
	if c.Store.Tags, err = tagRulesOf(f.tags); err != nil {
		return c, err
	}
	c.MaxMessageBytes, c.RemoteImages = int64(f.maxSize), f.allowImages
	if c.Links, err = f.linkChecker(env, n); err != nil {
		return c, err
	}
	if c.Filters, err = f.filters(env); err != nil {
		return c, err
	}
	if c.TLS, err = f.certificate(); err != nil {
		return c, err
	}
	if c.ProxyFrom, err = prefixesOf("--proxy-from", f.proxyFrom); err != nil {
		return c, err
	}
	if c.XClientFrom, err = prefixesOf("--xclient-from", f.xClient); err != nil {
		return c, err
	}
	if c.Faults, err = f.injector(env); err != nil {
		return c, err
	}
	if c.Relays, err = relaysOf(f.relays); err != nil {
		return c, err
	}
	for _, hook := range f.webhooks {
		c.Webhooks = append(c.Webhooks, api.Webhook{URL: hook, Secret: f.secret(env, f.webhookSecret, "POSTMUSTER_WEBHOOK_SECRET")})
	}
	return c, nil
}

// secret is a flag's value, or what the environment says: others on the machine
// see the arguments of a program.
func (f *sinkFlags) secret(env *Env, flag, name string) string {
	if flag != "" {
		return flag
	}
	return env.Getenv(name)
}

// injector reads the script of faults, if one was named. Its errors say where.
func (f *sinkFlags) injector(env *Env) (*fault.Injector, error) {
	i := fault.NewInjector(env.Now)
	if f.faults == "" {
		return i, nil
	}
	file, err := openFile(f.faults, "a YAML file of faults")
	if err != nil {
		return nil, fmt.Errorf("--faults %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fault.MaxScriptBytes+1))
	if err != nil {
		return nil, fmt.Errorf("--faults %w", err)
	}
	if _, err := fault.Parse(f.faults, text); err != nil {
		return nil, fmt.Errorf("--faults %w", err)
	}
	return i, i.Set(string(text))
}

// filters are the spam filters that are asked, too.
func (f *sinkFlags) filters(env *Env) (filters []opinion.Filter, err error) {
	if f.spamd != "" {
		spamd, err := opinion.NewSpamd(f.spamd, opinion.Dial(env.Dial))
		if err != nil {
			return nil, fmt.Errorf("--spamd: %w", err)
		}
		filters = append(filters, spamd)
	}
	if f.rspamd != "" {
		rspamd, err := opinion.NewRspamd(f.rspamd, opinion.Dial(env.Dial))
		if err != nil {
			return nil, fmt.Errorf("--rspamd: %w", err)
		}
		filters = append(filters, rspamd)
	}
	return filters, nil
}

// certificate reads the certificate that was named, if one was.
func (f *sinkFlags) certificate() (*tls.Config, error) {
	if f.cert == "" {
		return nil, nil
	}
	key := f.key
	if key == "" {
		key = f.cert
	}
	certificate, err := tls.LoadX509KeyPair(f.cert, key)
	if err != nil {
		return nil, fmt.Errorf("--cert %s: %w", f.cert, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}}, nil
}

// relaysOf reads servers written as host:port or smtp://USER:PASSWORD@host:port.
func relaysOf(flags []string) ([]api.Relay, error) {
	var relays []api.Relay
	for _, text := range flags {
		relay := api.Relay{Addr: text}
		if strings.Contains(text, "://") {
			u, err := url.Parse(text)
			if err != nil || u.Scheme != "smtp" || u.Path != "" {
				return nil, errors.New("--relay-to: a server is written host:port or smtp://USER:PASSWORD@host:port")
			}
			relay.Addr, relay.Username = u.Host, u.User.Username()
			relay.Password, _ = u.User.Password()
		}
		if host, port, err := net.SplitHostPort(relay.Addr); err != nil || host == "" || port == "" {
			return nil, errors.New("--relay-to: a server is written host:port or smtp://USER:PASSWORD@host:port")
		}
		relays = append(relays, relay)
	}
	return relays, nil
}

// tagRulesOf reads rules written NAME=SEARCH.
func tagRulesOf(texts []string) ([]store.TagRule, error) {
	var rules []store.TagRule
	for _, text := range texts {
		rule, err := store.ParseTagRule(text)
		if err != nil {
			return nil, fmt.Errorf("--tag %q: %w", text, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// prefixesOf reads addresses and networks.
func prefixesOf(flag string, texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fmt.Errorf("%s %q is not an address like 192.0.2.1 or a network like 192.0.2.0/24", flag, text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}

// addrOf returns the address that a flag names: none if it is off.
func addrOf(flag string) string {
	if flag == "off" {
		return ""
	}
	return flag
}

// sinkConfig returns the configuration of a sink in this environment that
// listens nowhere yet and keeps what it receives in memory.
func sinkConfig(env *Env, a *audit.Auditor, write func(*report.Report) error) sink.Config {
	return sink.Config{
		Score:  func(ctx context.Context, m *message.Message) *report.Report { return a.Message(ctx, m, "") },
		Report: write, Version: version(), Hostname: env.Hostname, Now: env.Now, Resolve: env.Lookup,
		Logger: slog.New(slog.NewTextHandler(env.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}
