package cmd

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/proto/dkim"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/verdict"
)

// auditFlags mean the same wherever they appear.
type auditFlags struct {
	net netFlags

	format, output  string
	asJSON, noColor bool

	timeout   time.Duration
	profile   string
	selection verdict.Selection
	failOn    string
	minScore  int

	selectors            []string
	senderIPs            []string
	noSMTP, noBlocklists bool
	blocklists           []string
	smtpPort             uint16
	scope                checks.Scope
}

func (f *auditFlags) register(c *cobra.Command) {
	flags := c.Flags()
	f.net.register(c)
	addFormat(c, &f.format, &f.asJSON, report.Formats())
	flags.StringVarP(&f.output, "output", "o", "", "write the report to this `file`, and only when it is whole")
	flags.BoolVar(&f.noColor, "no-color", false, "no colours and symbols")
	flags.DurationVar(&f.timeout, "timeout", audit.DefaultTimeout, "the time for a whole subject; what is not known by then is inconclusive")
	profiles := toStrings(checks.ProfilesOf(f.scope))
	flags.StringVar(&f.profile, "profile", "", "what the subject is for: "+strings.Join(profiles, ", ")+" (default: detected)")
	fixedCompletion(c, "profile", profiles)
	flags.StringSliceVar(&f.selection.Select, "select", nil, "only checks whose ID matches this `glob`")
	flags.StringSliceVar(&f.selection.Skip, "skip", nil, "no checks whose ID matches this `glob`")
	flags.StringVar(&f.failOn, "fail-on", string(checks.High), "the mildest `severity` that the gate stops: blocker, high, medium, low, none")
	fixedCompletion(c, "fail-on", failOnValues())
	flags.IntVar(&f.minScore, "min-score", 0, "the least score, compared with the low end of its range")
	flags.BoolVar(&f.noBlocklists, "no-blocklists", false, "ask no blocklists")
	flags.StringSliceVar(&f.blocklists, "blocklist", nil, "ask this `zone` instead of the usual blocklists (repeatable)")
	if f.scope == checks.Domain {
		flags.StringSliceVar(&f.selectors, "selector", nil, "a DKIM `selector` in use (repeatable)")
		flags.StringSliceVar(&f.senderIPs, "sender-ip", nil, "an `address` that the domain's mail is sent from (repeatable)")
		flags.BoolVar(&f.noSMTP, "no-smtp", false, "connect to no mail servers")
		flags.Uint16Var(&f.smtpPort, "smtp-port", 25, "the `port` of mail servers, for tests")
	}
}

func toStrings[T ~string](values []T) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return texts
}

const failOnNone = "none"

func failOnValues() []string { return append(toStrings(checks.Severities()[:4]), failOnNone) }

// check returns the first thing that is wrong with the flags' values.
func (f *auditFlags) check(suite checks.Suite) error {
	if f.asJSON {
		f.format = "json"
	}
	if !slices.Contains(report.Formats(), f.format) {
		return fmt.Errorf("--format %q: there are %s", f.format, strings.Join(report.Formats(), ", "))
	}
	if !slices.Contains(failOnValues(), f.failOn) {
		return fmt.Errorf("--fail-on %q: there are %s", f.failOn, strings.Join(failOnValues(), ", "))
	}
	if f.minScore < 0 || f.minScore > 100 {
		return fmt.Errorf("--min-score %d: a score is between 0 and 100", f.minScore)
	}
	if f.timeout <= 0 {
		return fmt.Errorf("--timeout %s: it must be more than 0", f.timeout)
	}
	profiles := checks.ProfilesOf(f.scope)
	if f.profile != "" && !slices.Contains(profiles, checks.Profile(f.profile)) {
		return fmt.Errorf("--profile %q: there are %s", f.profile, strings.Join(toStrings(profiles), ", "))
	}
	if err := f.selection.Validate(ofScope(suite, f.scope)); err != nil {
		return err
	}
	if err := f.named(); err != nil {
		return err
	}
	if err := writable("--output", f.output); err != nil {
		return err
	}
	return f.net.check()
}

// ofScope returns the checks that could run at all: one on domains, selected for
// a message, would leave nothing to judge and so a clean report.
func ofScope(suite checks.Suite, scope checks.Scope) checks.Suite {
	return slices.DeleteFunc(slices.Clone(suite), func(c *checks.Check) bool { return c.Scope != scope })
}

// named checks what the user named to be asked for.
func (f *auditFlags) named() error {
	for _, selector := range f.selectors {
		if _, err := dkim.KeyName(selector, "example.com"); err != nil {
			return fmt.Errorf("--%w", err) // which begins with the selector
		}
	}
	for _, name := range f.blocklists {
		if _, err := zoneNamed(name); err != nil {
			return err
		}
	}
	return nil
}

func (f *auditFlags) policy() verdict.Policy {
	p := verdict.Policy{MinScore: f.minScore}
	if f.failOn != failOnNone {
		p.FailOn = checks.Severity(f.failOn)
	}
	return p
}

func (f *auditFlags) options() (fact.Options, error) {
	o := fact.Options{
		Selectors: f.selectors, NoSMTP: f.noSMTP, NoBlocklists: f.noBlocklists, Blocklists: f.blocklists, AllowPrivate: f.net.laboratory(), TrustAD: f.net.trustAD, SMTPPort: f.smtpPort,
	}
	for _, text := range f.senderIPs {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return o, fmt.Errorf("--sender-ip %q is not an address", text)
		}
		o.SenderIPs = append(o.SenderIPs, addr)
	}
	return o, nil
}

// auditor wires an auditor by the flags.
func (f *auditFlags) auditor(env *Env, net *network) (*audit.Auditor, error) {
	options, err := f.options()
	if err != nil {
		return nil, err
	}
	var zones []dnsbl.Zone
	for _, name := range f.blocklists {
		zone, _ := dnsbl.ZoneNamed(name)
		zones = append(zones, zone)
	}
	warnOfKeys(env, f.net.record, zones)
	return &audit.Auditor{
		Suite: env.Suite, Net: net.Net, Options: options, Selection: f.selection, Policy: f.policy(),
		Profile: checks.Profile(f.profile), Timeout: f.timeout, Tool: tool(),
	}, nil
}
