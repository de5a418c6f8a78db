package spf

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/postmuster/postmuster/internal/dns"
)

// match asks whether a mechanism matches the client (RFC 7208 §5).
func (s *session) match(ctx context.Context, domain string, t *Term, step *Step) finding {
	switch t.Kind {
	case KindAll:
		return finding{outcome: OutcomeMatch, reason: "all matches every client"}
	case KindIP4, KindIP6:
		return within(t.Prefix.Contains(s.ip), "the client is in the network", "the client is not in the network")
	}
	target, ok := s.target(ctx, domain, t)
	step.Target = target
	if t.Kind == KindInclude {
		return s.matchInclude(ctx, target, step)
	}
	if !ok {
		// RFC 7208 §4.3 and §4.8 leave it open; no such name can exist.
		return finding{outcome: OutcomeNoMatch, reason: "not a name that can be asked for"}
	}
	switch t.Kind {
	case KindA:
		return s.matchA(ctx, questionName(target), t)
	case KindMX:
		return s.matchMX(ctx, target, t)
	case KindPTR:
		return s.matchPTR(ctx, target)
	default:
		return s.matchExists(ctx, target)
	}
}

func within(matches bool, yes, no string) finding {
	if matches {
		return finding{outcome: OutcomeMatch, reason: yes}
	}
	return finding{outcome: OutcomeNoMatch, reason: no}
}

func tempError(err error, what string) finding {
	return finding{outcome: OutcomeTempError, reason: what + " could not be looked up: " + reasonOf(err), err: err}
}

// matchInclude evaluates another domain's policy; only a pass there is a match
// (the table in RFC 7208 §5.2).
func (s *session) matchInclude(ctx context.Context, target string, step *Step) finding {
	v := s.checkHost(ctx, target)
	step.Record, step.Result, step.Steps = v.first, v.result, v.steps
	f := finding{inner: v.fetched, void: v.void, err: v.err}
	f.reason = target + " gives " + string(v.result) + ": " + v.reason
	switch v.result {
	case ResultPass:
		f.outcome = OutcomeMatch
	case ResultTempError, ResultPermError:
		f.outcome = Outcome(v.result)
	case ResultNone:
		f.outcome = OutcomePermError
	default:
		f.outcome = OutcomeNoMatch
	}
	return f
}

// addressType is the type to ask for: that of the client's family (RFC 7208 §5.3).
func (s *session) addressType() dns.Type {
	if s.ip.Is4() {
		return dns.TypeA
	}
	return dns.TypeAAAA
}

// network returns the client's network of the length that a term gives for its family.
func (s *session) network(t *Term) netip.Prefix {
	bits := t.Bits6
	if s.ip.Is4() {
		bits = t.Bits4
	}
	return netip.PrefixFrom(s.ip, bits)
}

// matchA compares the client with the addresses of a name (RFC 7208 §5.3). The
// name is one to ask for as it stands.
func (s *session) matchA(ctx context.Context, name string, t *Term) finding {
	answer, err := s.ask(ctx, name, s.addressType())
	switch {
	case dns.IsBadName(err):
		return finding{outcome: OutcomeNoMatch, reason: "not a name that can be asked for"}
	case err != nil:
		return tempError(err, "the addresses of "+name)
	}
	network := s.network(t)
	addrs := answer.Addrs()
	for _, addr := range addrs {
		if network.Contains(addr) {
			return finding{outcome: OutcomeMatch, reason: "the client has, or is near, an address of the name"}
		}
	}
	if len(addrs) == 0 {
		return finding{outcome: OutcomeNoMatch, reason: "the name has no addresses of the client's family", void: true}
	}
	return finding{outcome: OutcomeNoMatch, reason: "the client is not at the name's addresses"}
}

// matchMX compares the client with the addresses of a domain's MX hosts
// (RFC 7208 §5.4). A domain without MX records has none, whatever its A says.
func (s *session) matchMX(ctx context.Context, target string, t *Term) finding {
	answer, err := s.ask(ctx, questionName(target), dns.TypeMX)
	switch {
	case dns.IsBadName(err):
		return finding{outcome: OutcomeNoMatch, reason: "not a name that can be asked for"}
	case err != nil:
		return tempError(err, "the MX records of "+target)
	}
	mxs := answer.MXs()
	if len(mxs) == 0 {
		return finding{outcome: OutcomeNoMatch, reason: "the domain has no MX records", void: true}
	}
	if len(mxs) > s.limits.MX { // their order is random, so that a match before the limit would be, too
		return finding{outcome: OutcomePermError, reason: fmt.Sprintf("%s has %d MX hosts, more than %d", target, len(mxs), s.limits.MX)}
	}
	f := finding{outcome: OutcomeNoMatch, reason: "the client is not at the addresses of the MX hosts"}
	for _, mx := range mxs {
		if mx.Host == "." || mx.Host == "" {
			continue // RFC 7505: no host
		}
		host := s.matchA(ctx, mx.Host, t)
		f.void = f.void || host.void
		switch host.outcome {
		case OutcomeMatch:
			f.outcome, f.reason = OutcomeMatch, "the client has, or is near, an address of the MX host "+mx.Host
			return f
		case OutcomeTempError:
			return host
		}
	}
	return f
}

// matchExists asks whether a name has an A record, also for IPv6 clients
// (RFC 7208 §5.7).
func (s *session) matchExists(ctx context.Context, target string) finding {
	answer, err := s.ask(ctx, questionName(target), dns.TypeA)
	switch {
	case dns.IsBadName(err):
		return finding{outcome: OutcomeNoMatch, reason: "not a name that can be asked for"}
	case err != nil:
		return tempError(err, "the address of "+target)
	case len(answer.Addrs()) == 0:
		return finding{outcome: OutcomeNoMatch, reason: "there is no such name, or it has no address", void: true}
	}
	return finding{outcome: OutcomeMatch, reason: "the name has an address"}
}

// matchPTR asks whether the client's name lies in a domain (RFC 7208 §5.5).
func (s *session) matchPTR(ctx context.Context, target string) finding {
	s.validate(ctx)
	if s.ptrErr != nil {
		return finding{outcome: OutcomeNoMatch, reason: "the client's name could not be looked up: " + reasonOf(s.ptrErr)} // §5.5: no temperror
	}
	for _, name := range s.validated {
		if dns.Within(name, questionName(target)) {
			return finding{outcome: OutcomeMatch, reason: "the client's name is " + name}
		}
	}
	return finding{outcome: OutcomeNoMatch, reason: "the client has no validated name in the domain",
		void: len(s.ptr.Matching()) == 0}
}

// validate finds the client's names that lead back to its address, once. Names
// beyond the limit are ignored: their owner is not the domain's (RFC 7208 §4.6.4).
func (s *session) validate(ctx context.Context) {
	if s.ptrAsked {
		return
	}
	s.ptrAsked = true
	s.ptr, s.ptrErr = s.ask(ctx, dns.ReverseName(s.ip), dns.TypePTR)
	if s.ptrErr != nil {
		return
	}
	names := s.ptr.PTRs()
	for _, name := range names[:min(len(names), s.limits.PTR)] {
		answer, err := s.ask(ctx, name, s.addressType())
		if err != nil {
			continue // RFC 7208 §5.5
		}
		for _, addr := range answer.Addrs() {
			if addr == s.ip {
				s.validated = append(s.validated, name)
				break
			}
		}
	}
}

// validatedName is the value of %{p}: the domain itself, or a name below it, or
// any other name of the client (RFC 7208 §7.3).
func (s *session) validatedName(ctx context.Context, domain string) string {
	s.validate(ctx)
	best := "unknown"
	for i, name := range s.validated {
		switch {
		case dns.EqualNames(name, domain):
			return name
		case dns.Within(name, domain) && !dns.Within(best, domain) || i == 0:
			best = name
		}
	}
	return best
}
