package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/dns"
	probedns "github.com/postmuster/postmuster/internal/probe/dns"
	probehttps "github.com/postmuster/postmuster/internal/probe/https"
	"github.com/postmuster/postmuster/internal/probe/recording"
	probesmtp "github.com/postmuster/postmuster/internal/probe/smtp"
	"github.com/postmuster/postmuster/internal/probe/zone"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
)

// netFlags say whom to ask, and how.
type netFlags struct {
	resolvers []string
	zones     []string
	record    string
	replay    string
	at        string
	ehlo      string
	connectTo []string
	verbose   bool
	trustAD   bool

	flags    *pflag.FlagSet       // of the command that they belong to
	recorded *recording.Recording // what --replay names
}

func (f *netFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.resolvers, "resolver", nil, "ask this name server, `address[:port]` (repeatable; default: the system's)")
	flags.BoolVar(&f.trustAD, "trust-ad", false, "believe the resolver when it says that it validated DNSSEC, also when it is not on this machine")
	flags.StringSliceVar(&f.zones, "zone", nil, "answer for the names in this zone `file` as if it were published (repeatable)")
	flags.StringVar(&f.record, "record", "", "keep all questions and answers in this `file`")
	flags.StringVar(&f.replay, "replay", "", "answer from this recorded `file`, without any network")
	flags.StringVar(&f.at, "at", "", "the `time` to judge by, 2026-11-23 or 2026-11-23T10:00:00Z (default: now)")
	flags.StringVar(&f.ehlo, "ehlo", "", "the `name` that we give to mail servers (default: this host's)")
	flags.StringSliceVar(&f.connectTo, "connect-to", nil, "go to another address instead, `ADDR:PORT=ADDR:PORT` (repeatable)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the questions asked, and what came back")
	c.MarkFlagsMutuallyExclusive("record", "replay")
	f.flags = flags
	c.PreRunE = f.readReplay
}

// check returns the first thing that is wrong with the flags' values.
func (f *netFlags) check() error {
	if err := oneWord("--ehlo", f.ehlo); err != nil {
		return err
	}
	return writable("--record", f.record)
}

// oneWord returns an error for what cannot be said as one argument of an SMTP
// command.
func oneWord(flag, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("%s %q: a name without spaces was expected", flag, value)
	}
	return nil
}

// network is the world as the flags want it asked.
type network struct {
	fact.Net
	recorder *recording.Recorder // nil unless --record
	port25   *portWatch
	client   *probedns.Client
	closed   bool // no question leaves: a zone file of the root answers all
}

func (f *netFlags) open(env *Env) (*network, error) {
	now, err := f.clock(env.Now)
	if err != nil {
		return nil, err
	}
	n := &network{port25: &portWatch{}}
	if f.replay != "" {
		n.Net = fact.Net{DNS: f.recorded.Resolver(), SMTP: n.port25.watch(f.recorded.Prober()), HTTPS: f.recorded.Fetcher(), Now: func() time.Time { return f.recorded.At }}
		return n, nil
	}
	resolver, err := f.resolver(env, n)
	if err != nil {
		return nil, err
	}
	if f.record != "" {
		at := now()
		now = func() time.Time { return at } // the replay has one time only
	}
	dial, err := f.dialer(env)
	if err != nil {
		return nil, err
	}
	n.Now = now
	n.DNS = resolver
	n.SMTP = probesmtp.NewShared(probesmtp.NewPaced(probesmtp.New(probesmtp.Config{
		HELO: f.helo(env), Dial: dial, Roots: env.Roots, Now: now,
	}), pace))
	n.HTTPS = probehttps.New(probehttps.Config{
		DNS: resolver, Dial: dial, Roots: env.Roots, Now: now, UserAgent: "postmuster/" + version(), AllowPrivate: f.laboratory(),
	})
	if f.record != "" {
		n.recorder = recording.NewRecorder(now(), f.headers()...)
		n.DNS, n.SMTP, n.HTTPS = n.recorder.Resolver(n.DNS), n.recorder.Prober(n.SMTP), n.recorder.Fetcher(n.HTTPS)
	}
	n.SMTP = n.port25.watch(n.SMTP)
	return n, nil
}

// pace is how a considerate visitor behaves at mail servers.
var pace = probesmtp.Pace{PerAddr: 1, Interval: time.Second, Total: 64}

func (f *netFlags) helo(env *Env) string {
	if f.ehlo != "" {
		return f.ehlo
	}
	return env.Hostname
}

// dialer is the environment's, led elsewhere where --connect-to says so.
func (f *netFlags) dialer(env *Env) (dialFunc, error) {
	instead := map[netip.AddrPort]string{}
	for _, pair := range f.connectTo {
		from, to, _ := strings.Cut(pair, "=")
		key, err := netip.ParseAddrPort(from)
		if _, toErr := netip.ParseAddrPort(to); err != nil || toErr != nil {
			return nil, fmt.Errorf("--connect-to %q is not ADDR:PORT=ADDR:PORT", pair)
		}
		instead[key] = to
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if target, err := netip.ParseAddrPort(address); err == nil && instead[target] != "" {
			address = instead[target]
		}
		return env.Dial(ctx, network, address)
	}, nil
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// laboratory reports whether the user named a resolver on this machine, so that
// the world that it shows may lie on this machine too.
func (f *netFlags) laboratory() bool {
	for _, r := range f.resolvers {
		host, _, err := net.SplitHostPort(r)
		if err != nil {
			host = r
		}
		if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && addr.IsLoopback() {
			return true
		}
	}
	return false
}

func (f *netFlags) clock(now func() time.Time) (func() time.Time, error) {
	if f.at == "" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, f.at); err == nil {
			return func() time.Time { return at }, nil
		}
	}
	return nil, fmt.Errorf("--at %q is not a time like 2026-11-23 or 2026-11-23T10:00:00Z", f.at)
}

// resolver stacks what stands between a question and a name server: the zone
// files, one asking for simultaneous questions, the cache, the servers.
func (f *netFlags) resolver(env *Env, n *network) (dns.Resolver, error) {
	servers := f.resolvers
	if len(servers) == 0 {
		var err error
		if servers, err = probedns.SystemServers(); err != nil {
			return nil, fmt.Errorf("the system's name servers: %w; name one with --resolver", err)
		}
	}
	client, err := probedns.New(probedns.Config{Servers: servers, Now: env.Now})
	if err != nil {
		return nil, fmt.Errorf("--resolver: %w", err)
	}
	n.client = client
	var resolver dns.Resolver = client
	if f.verbose {
		var oneAtATime sync.Mutex // questions are asked side by side
		resolver = probedns.Logged(resolver, func(q dns.Question, a *dns.Answer, err error) {
			oneAtATime.Lock()
			defer oneAtATime.Unlock()
			fmt.Fprintln(env.Err, dnsbl.HideKeys(describeQuery(q, a, err)))
		})
	}
	resolver = probedns.Cached(probedns.Shared(resolver), probedns.CacheConfig{Now: env.Now})
	zones, err := readZones(f.zones)
	if err != nil {
		return nil, err
	}
	if len(zones) > 0 {
		n.closed = slices.ContainsFunc(zones, func(z *zone.Zone) bool { return z.Origin() == "." })
		resolver = &zone.Overlay{Zones: zones, Next: resolver, Now: env.Now}
	}
	return resolver, nil
}

func readZones(files []string) ([]*zone.Zone, error) {
	zones := make([]*zone.Zone, 0, len(files))
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("--zone: %w", err)
		}
		z, err := zone.Parse(f, file, "")
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("--zone: %w", err)
		}
		zones = append(zones, z)
	}
	return zones, nil
}

// reachable asks the resolvers that the user named for anything, and says so when
// not one is there: that is a mistake in the command, not a finding.
func (n *network) reachable(ctx context.Context, f *netFlags) error {
	if n.client == nil || len(f.resolvers) == 0 {
		return nil
	}
	_, err := n.client.Resolve(ctx, dns.Question{Name: ".", Type: dns.TypeNS})
	var failure *dns.Error
	if errors.As(err, &failure) && (failure.Cause == dns.CauseTimeout || failure.Cause == dns.CauseNetwork) {
		return fmt.Errorf("--resolver %s: no name server answers there: %s", strings.Join(f.resolvers, ", "), failure.Reason())
	}
	return nil
}

func describeQuery(q dns.Question, a *dns.Answer, err error) string {
	if err != nil {
		return err.Error()
	}
	texts := []string{}
	for _, r := range a.Records {
		texts = append(texts, r.Data.String())
	}
	return strings.TrimRight(fmt.Sprintf("query %s at %s: %s %s", q, a.Server, a.Status(), strings.Join(texts, ", ")), " ")
}

// close ends the run: it writes the recording, and frees the sockets.
func (n *network) close(f *netFlags) error {
	if n.client != nil {
		n.client.Close()
	}
	if n.recorder == nil {
		return nil
	}
	return writeWhole(f.record, n.recorder.Write)
}
