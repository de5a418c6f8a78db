package fault

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

const (
	maxName  = 100
	maxCount = 1_000_000
	maxList  = 100
)

func scriptKeys(p *reader, s *Script) []field {
	return []field{
		{"seed", scalar(p, &s.Seed, func(text string) (uint64, error) {
			seed, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%q is not a number from 0 to 2^64-1", clip(text))
			}
			return seed, nil
		})},
		{"rules", p.rules(s)},
	}
}

func (p *reader) rules(s *Script) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		list, ok := n.(*ast.SequenceNode)
		if _, none := n.(*ast.NullNode); none {
			return
		}
		if !ok {
			p.fail(key, n, "a list of rules is needed here")
			return
		}
		if len(list.Values) > MaxRules {
			p.fail(key, n, "more than %d rules", MaxRules)
			return
		}
		names := map[string]bool{}
		for i, v := range list.Values {
			r := p.rule(fmt.Sprintf("%s[%d]", key, i), v)
			r.Name = cmp.Or(r.Name, "rule "+number(i+1))
			if names[r.Name] {
				p.fail(fmt.Sprintf("%s[%d]", key, i), v, "another rule is called %q", r.Name)
			}
			names[r.Name] = true
			s.Rules = append(s.Rules, r)
		}
	}
}

func (p *reader) rule(key string, n ast.Node) Rule {
	var r Rule
	before := len(p.errs)
	p.mapping(key, n, ruleKeys(p, &r))
	if len(p.errs) > before {
		return r // what is missing may be what was misspelt
	}
	if len(r.On) == 0 {
		r.On = r.implied()
	}
	if problem := r.problem(); problem != "" {
		p.fail(key, n, "%s", problem)
	}
	return r
}

// problem returns what is wrong with a rule as a whole.
func (r *Rule) problem() string {
	switch {
	case r.outcomes() == 0 && !r.delays():
		return "nothing happens: an action is missing, such as reply"
	case r.outcomes() > 1:
		return "more than one of reply, greylist, drop, tls, disk"
	case len(r.On) == 0:
		return "on is missing: at which command?"
	case r.TLS != "" && !slices.Equal(r.On, []Command{StartTLS}):
		return "tls breaks on starttls only"
	case r.Greylist != 0 && r.replies(2), r.Disk != "" && r.replies(2):
		return "a reply of 2yz refuses nothing"
	case r.Reply != nil && r.Reply.Code/100 == 2 && (r.on(Connect) || r.on(StartTLS)):
		return "a reply of 2yz changes nothing on connect and starttls"
	}
	return ""
}

func (r *Rule) replies(class int) bool { return r.Reply != nil && r.Reply.Code/100 == class }

func ruleKeys(p *reader, r *Rule) []field {
	return []field{
		{"name", scalar(p, &r.Name, parseName)},
		{"on", list(p, &r.On, oneOf(commands))},
		{"to", list(p, &r.To, parsePattern)},
		{"domain", list(p, &r.Domain, parsePattern)},
		{"from", list(p, &r.From, parsePattern)},
		{"helo", list(p, &r.HELO, parsePattern)},
		{"peer", list(p, &r.Peer, parsePrefix)},
		{"per", scalar(p, &r.Per, oneOf(scopes))},
		{"first", scalar(p, &r.First, parseCount)},
		{"after", scalar(p, &r.After, parseCount)},
		{"every", scalar(p, &r.Every, parseCount)},
		{"nth", list(p, &r.Nth, parseCount)},
		{"probability", scalar(p, &r.Probability, parseProbability)},
		{"greylist", scalar(p, &r.Greylist, durationUpTo(maxGreylist))},
		{"drop", scalar(p, &r.Drop, oneOf(drops))},
		{"tls", scalar(p, &r.TLS, oneOf(tlsFaults))},
		{"disk", scalar(p, &r.Disk, oneOf(disks))},
		{"delay", scalar(p, &r.Delay, durationUpTo(MaxDelay))},
		{"tarpit", scalar(p, &r.Tarpit, durationUpTo(MaxDelay))},
		{"slow", p.slow(r)},
		{"reply", scalar(p, &r.Reply, parseReply)},
	}
}

func (p *reader) slow(r *Rule) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		r.Slow = new(Slow)
		p.mapping(key, n, []field{
			{"bytes", scalar(p, &r.Slow.Bytes, parseCount)},
			{"line", scalar(p, &r.Slow.Line, durationUpTo(MaxDelay))},
		})
		if *r.Slow == (Slow{}) {
			p.fail(key, n, "line or bytes is missing")
		}
	}
}

// scalar reads one value into to.
func scalar[T any](p *reader, to *T, parse func(string) (T, error)) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		text, ok := p.text(key, n)
		if !ok {
			return
		}
		value, err := parse(text)
		if err != nil {
			p.fail(key, n, "%s", err)
			return
		}
		*to = value
	}
}

// list reads one value or several.
func list[T any](p *reader, to *[]T, parse func(string) (T, error)) func(string, ast.Node) {
	return func(key string, n ast.Node) {
		if several, ok := n.(*ast.SequenceNode); ok && len(several.Values) > maxList {
			p.fail(key, n, "more than %d values", maxList)
			return
		}
		p.each(key, n, func(key string, n ast.Node) {
			var value T
			scalar(p, &value, parse)(key, n)
			*to = append(*to, value)
		})
	}
}

func oneOf[T ~string](words []T) func(string) (T, error) {
	return func(text string) (T, error) {
		word := T(strings.ToLower(text))
		if slices.Contains(words, word) {
			return word, nil
		}
		var names []string
		for _, w := range words {
			names = append(names, string(w))
		}
		return "", fmt.Errorf("unknown value %q%s", clip(text), suggestion(text, names))
	}
}

func parseName(text string) (string, error) {
	if text == "" || len(text) > maxName || strings.ContainsFunc(text, notPrintable) {
		return "", fmt.Errorf("a name has 1 to %d bytes without control characters", maxName)
	}
	return text, nil
}

func parsePattern(text string) (string, error) {
	if text == "" || len(text) > 512 || strings.ContainsFunc(text, notPrintable) {
		return "", fmt.Errorf("a pattern has 1 to 512 bytes without control characters")
	}
	return strings.ToLower(text), nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an address or network such as 192.0.2.0/24", clip(text))
	}
	return prefix.Masked(), nil
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxCount {
		return 0, fmt.Errorf("%q is not a number from 1 to %d", clip(text), maxCount)
	}
	return n, nil
}

func durationUpTo(most time.Duration) func(string) (Duration, error) {
	return func(text string) (Duration, error) { return parseDuration(text, most) }
}
