package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/proto/dnsbl"
)

// listsAtOnce is how many lists are asked at a time.
const listsAtOnce = 16

// blocklistFlags say which lists are asked.
type blocklistFlags struct {
	protocolFlags
	lists, keys []string
}

func newBlocklist(env *Env) *cobra.Command {
	var f blocklistFlags
	c := &cobra.Command{
		Use:   "blocklist IP | DOMAIN...",
		Short: "Ask blocklists about addresses and domains (RFC 5782)",
		Long: `Ask blocklists about addresses and domains. Each list first has to prove with its
test points that it works and answers us: what a dead list or a refusal answers is
never taken for a listing.

Exit codes: 0 nothing is listed; 1 something is, on a list for which receivers
refuse mail; 2 usage; 3 nothing is, but such a list could not be asked.`,
		Example: `  postmuster blocklist 192.0.2.1
  postmuster blocklist 192.0.2.1 2001:db8::1 example.com
  postmuster blocklist --blocklist bl.test --json 192.0.2.1
  postmuster blocklist --key zen.spamhaus.org=KEY 192.0.2.1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("blocklist: name at least one address or domain")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var subjects []dnsbl.Subject
			for _, arg := range args {
				s, err := dnsbl.ParseSubject(arg)
				if err != nil {
					return err
				}
				subjects = append(subjects, s)
			}
			zones, err := f.zones()
			if err != nil {
				return err
			}
			warnOfKeys(env, f.net.record, zones)
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				r := askLists(ctx, n, zones, subjects)
				return answer{value: r, code: r.code(), text: r.write}, nil
			})
		},
	}
	f.register(c)
	c.Flags().StringSliceVar(&f.lists, "blocklist", nil, "ask this `zone` instead of the usual blocklists (repeatable)")
	c.Flags().StringSliceVar(&f.keys, "key", nil, "the key of a customer of a list, `ZONE=KEY` (repeatable)")
	return c
}

// zones returns the lists to ask.
func (f *blocklistFlags) zones() ([]dnsbl.Zone, error) {
	zones := dnsbl.Zones()
	if len(f.lists) > 0 {
		zones = nil
		for _, name := range f.lists {
			zone, err := zoneNamed(name)
			if err != nil {
				return nil, err
			}
			zones = append(zones, zone)
		}
	}
	for _, pair := range f.keys {
		name, key, found := strings.Cut(pair, "=")
		if !found || key == "" {
			return nil, errors.New("--key: ZONE=KEY was expected")
		}
		used := false
		for i, z := range zones {
			if strings.EqualFold(z.Name, name) {
				keyed, err := z.WithKey(key)
				if err != nil {
					return nil, fmt.Errorf("--key %s: %w", name, err)
				}
				zones[i], used = keyed, true
			}
		}
		if !used {
			return nil, fmt.Errorf("--key: the list %q is not asked", name)
		}
	}
	return zones, nil
}

// warnOfKeys says that a recording will hold the questions as they were asked,
// with the keys of customers in them.
func warnOfKeys(env *Env, record string, zones []dnsbl.Zone) {
	if record != "" && slices.ContainsFunc(zones, dnsbl.Zone.Keyed) {
		fmt.Fprintf(env.Err, "postmuster: %s holds the key of a list: do not pass it on\n", record)
	}
}

// zoneNamed returns a list that is known, or what a list that is not can be
// expected to be.
func zoneNamed(name string) (dnsbl.Zone, error) {
	name, err := parseName(name)
	if err != nil {
		return dnsbl.Zone{}, fmt.Errorf("--blocklist: %w", err)
	}
	if dead, isDead := dnsbl.IsDead(name); isDead {
		return dnsbl.Zone{}, fmt.Errorf("--blocklist %s: not asked any more: %s", name, dead.Reason)
	}
	if zone, known := dnsbl.ZoneNamed(name); known {
		return zone, nil
	}
	return dnsbl.Zone{Name: name, Kinds: []dnsbl.Kind{dnsbl.KindIPv4, dnsbl.KindIPv6}, Effect: dnsbl.EffectBlock}, nil
}

// blocklistReport is what the lists say.
type blocklistReport struct {
	Zones    []blocklistZone    `json:"zones"`
	Subjects []blocklistSubject `json:"subjects"`
}

// blocklistZone is a list and how it proved itself.
type blocklistZone struct {
	dnsbl.Proof
	NotAsked string       `json:"not_asked"` // why not; empty where it was asked
	Effect   dnsbl.Effect `json:"effect"`
	Removal  string       `json:"removal"`

	zone dnsbl.Zone
}

// blocklistSubject is what the lists say of one address or domain.
type blocklistSubject struct {
	Subject  string          `json:"subject"`
	Kind     dnsbl.Kind      `json:"kind"`
	Listings []dnsbl.Listing `json:"listings"`

	subject dnsbl.Subject
}

// askLists proves each list once for each kind of subject, then asks it.
func askLists(ctx context.Context, n *network, zones []dnsbl.Zone, subjects []dnsbl.Subject) *blocklistReport {
	r := &blocklistReport{Zones: []blocklistZone{}, Subjects: []blocklistSubject{}}
	asked := map[dnsbl.Kind]bool{}
	for _, s := range subjects {
		asked[s.Kind()] = true
		name := s.Domain
		if s.Addr.IsValid() {
			name = s.Addr.String()
		}
		r.Subjects = append(r.Subjects, blocklistSubject{Subject: name, Kind: s.Kind(), Listings: []dnsbl.Listing{}, subject: s})
	}
	for _, z := range zones {
		for _, kind := range []dnsbl.Kind{dnsbl.KindIPv4, dnsbl.KindIPv6, dnsbl.KindDomain} {
			if asked[kind] && z.Lists(kind) {
				r.Zones = append(r.Zones, blocklistZone{Proof: dnsbl.Proof{Zone: z.Name, Kind: kind}, Effect: z.Effect, Removal: z.Removal, zone: z})
			}
		}
	}
	inParallel(len(r.Zones), func(i int) {
		z := &r.Zones[i]
		z.Proof = dnsbl.Prove(ctx, n.DNS, z.zone, z.Kind)
		if !z.Usable {
			z.NotAsked = string(z.Cause)
			if z.Reason != "" {
				z.NotAsked += ": " + z.Reason
			}
		}
	})
	for i := range r.Subjects {
		r.Subjects[i].ask(ctx, n, r.Zones)
	}
	return r
}

func (s *blocklistSubject) ask(ctx context.Context, n *network, zones []blocklistZone) {
	var usable []dnsbl.Zone
	for _, z := range zones {
		if z.Usable && z.Kind == s.Kind {
			usable = append(usable, z.zone)
		}
	}
	s.Listings = make([]dnsbl.Listing, len(usable))
	inParallel(len(usable), func(i int) { s.Listings[i] = dnsbl.Check(ctx, n.DNS, usable[i], s.subject) })
}

// inParallel calls f for each index, some at a time.
func inParallel(n int, f func(int)) {
	var wg sync.WaitGroup
	places := make(chan struct{}, listsAtOnce)
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			f(i)
		})
	}
	wg.Wait()
}

func (r *blocklistReport) code() int {
	code := exitMet
	for _, z := range r.Zones {
		if !z.Usable && z.Effect == dnsbl.EffectBlock && !z.zone.NeedsKey {
			code = worse(code, exitUndecided)
		}
	}
	if len(r.Zones) == 0 {
		code = exitUndecided
	}
	for _, s := range r.Subjects {
		for _, l := range s.Listings {
			switch {
			case l.State == dnsbl.StateListed && l.Effect == dnsbl.EffectBlock:
				code = worse(code, exitNotMet)
			case l.State == dnsbl.StateUnknown:
				code = worse(code, exitUndecided)
			}
		}
	}
	return code
}

func (r *blocklistReport) write(p *page) {
	for i, s := range r.Subjects {
		if i > 0 {
			p.blank()
		}
		s.write(p, r.Zones)
	}
	head := false
	for _, z := range r.Zones {
		if z.Usable {
			continue
		}
		if !head {
			p.head("Gave no usable answer")
			head = true
		}
		p.para(2, "%s (%s): %s", z.Zone, z.Kind, z.NotAsked)
	}
}

func (s blocklistSubject) write(p *page, zones []blocklistZone) {
	var clean []string
	p.line("%s: %s", s.Subject, s.verdict(zones))
	for _, l := range s.Listings {
		switch l.State {
		case dnsbl.StateListed:
			writeListing(p, l, zones)
		case dnsbl.StateUnknown:
			p.para(2, "%s: unknown: %s", l.Zone, strings.TrimPrefix(l.Reason, string(l.Cause)+": "))
		case dnsbl.StateNotListed:
			clean = append(clean, l.Zone)
		}
	}
	if len(clean) > 0 {
		p.para(2, "not listed: %s", strings.Join(clean, ", "))
	}
}

// verdict is about the lists that refuse mail or warn of it. One that gave no
// answer leaves the question open: it may list the subject.
func (s blocklistSubject) verdict(zones []blocklistZone) string {
	listed, clean, silent := 0, 0, 0
	for _, z := range zones {
		switch {
		case z.Kind != s.Kind || z.Effect == dnsbl.EffectAllow:
		case s.state(z.Zone) == dnsbl.StateListed:
			listed++
		case s.state(z.Zone) == dnsbl.StateNotListed:
			clean++
		default:
			silent++
		}
	}
	switch {
	case listed+clean == 0:
		return "not known: no list gave an answer"
	case listed > 0:
		return "on " + plural(listed, "list", "lists")
	case silent > 0:
		return fmt.Sprintf("not listed by %s, not known of %d", plural(clean, "list", "lists"), silent)
	}
	return "not listed"
}

// state is what a list says of the subject; empty when it was not asked.
func (s blocklistSubject) state(zone string) dnsbl.State {
	for _, l := range s.Listings {
		if l.Zone == zone {
			return l.State
		}
	}
	return ""
}

func writeListing(p *page, l dnsbl.Listing, zones []blocklistZone) {
	what := map[dnsbl.Effect]string{
		dnsbl.EffectBlock: "receivers refuse or junk mail for it", dnsbl.EffectInfo: "few receivers act on it alone", dnsbl.EffectAllow: "it speaks for the subject",
	}[l.Effect]
	p.para(2, "%s: listed; %s", l.Zone, what)
	for _, m := range l.Matches {
		p.para(4, "%s %s", m.Code, m.Meaning)
	}
	for _, text := range l.TXT {
		p.para(4, "%s", text)
	}
	for _, z := range zones {
		if z.Zone == l.Zone && z.Removal != "" {
			p.para(4, "removal: %s", z.Removal)
			return
		}
	}
}
