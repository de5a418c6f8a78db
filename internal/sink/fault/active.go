package fault

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
)

// maxTracked is how many counts a rule keeps; the oldest is forgotten first.
const maxTracked = 100_000

// An active is a rule with its counts.
type active struct {
	*Rule
	seed           uint64
	matched, fired uint64
	counts         tracked[int]       // of occasions, by Per
	seen           tracked[time.Time] // triplets of greylisting
	tarpits        tracked[int]       // occasions, by connection
}

func newActive(r *Rule, seed uint64) *active { return &active{Rule: r, seed: seed} }

// choose counts the occasion if it fits, and reports whether it is one of those
// that the rule is for.
func (a *active) choose(o *Occasion, now func() time.Time) bool {
	if !a.fits(o) {
		return false
	}
	a.matched++
	k := o.key(a.Per)
	n := a.counts.get(k)
	*n++
	if !a.counted(*n) || !a.likely(k, *n) {
		return false
	}
	return a.Greylist == 0 || a.young(o, now())
}

func (a *active) fits(o *Occasion) bool {
	return a.on(o.Command) &&
		(a.To == nil || slices.ContainsFunc(o.To, func(to string) bool { return anyGlob(a.To, address(to)) })) &&
		(a.Domain == nil || slices.ContainsFunc(o.To, func(to string) bool { return anyGlob(a.Domain, domain(to)) })) &&
		(a.From == nil || o.hasSender() && anyGlob(a.From, address(o.From))) &&
		(a.HELO == nil || anyGlob(a.HELO, o.HELO)) &&
		(a.Peer == nil || a.fromPeer(o.Peer))
}

// hasSender reports whether the reverse-path is known: the empty one is, too.
func (o *Occasion) hasSender() bool {
	return slices.Contains([]Command{Mail, Rcpt, Data, Body}, o.Command)
}

func (a *active) fromPeer(peer string) bool {
	addr, err := netip.ParseAddr(peer)
	return err == nil && slices.ContainsFunc(a.Peer, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// counted reports whether the n-th occasion is one of those asked for.
func (a *active) counted(n int) bool {
	return (a.First == 0 || n <= a.First) && n > a.After &&
		(a.Every == 0 || n%a.Every == 0) && (a.Nth == nil || slices.Contains(a.Nth, n))
}

// likely draws: always the same for the same seed, rule, key and count, in
// whatever order the occasions of different keys come.
func (a *active) likely(k key, n int) bool {
	if a.Probability == 0 || a.Probability == Always {
		return true
	}
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	h.Write(k[:])
	h.Write([]byte(a.Name))
	draw := rand.New(rand.NewPCG(a.seed, binary.BigEndian.Uint64(h.Sum(nil))))
	return Probability(draw.IntN(int(Always))) < a.Probability
}

// young reports whether the triplet has not waited long enough.
func (a *active) young(o *Occasion, now time.Time) bool {
	first := a.seen.get(o.key(PerTriplet))
	if first.IsZero() {
		*first = now
	}
	return now.Sub(*first) < time.Duration(a.Greylist)
}

// tarpitted returns how long to wait this time.
func (a *active) tarpitted(o *Occasion) time.Duration {
	if a.Tarpit == 0 {
		return 0
	}
	n := a.tarpits.get(o.key(PerConnection))
	if time.Duration(*n)*time.Duration(a.Tarpit) < MaxDelay {
		*n++
	}
	return min(time.Duration(*n)*time.Duration(a.Tarpit), MaxDelay)
}

// A key stands for what is counted apart: of the same size however long the
// addresses are that a client thinks of.
type key [16]byte

func (o *Occasion) key(per Scope) key {
	var parts []string
	switch per {
	case PerConnection:
		parts = []string{number(int(o.Connection))}
	case PerPeer:
		parts = []string{o.Peer}
	case PerSender:
		parts = []string{o.From}
	case PerRecipient:
		parts = o.To
	case PerDomain:
		for _, to := range o.To {
			parts = append(parts, domain(to))
		}
	case PerTriplet:
		parts = append([]string{o.Peer, o.From}, o.To...)
	default:
		return key{}
	}
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(parts, "\x00"))))
	return key(sum[:len(key{})])
}

// tracked keeps values by key, the youngest maxTracked of them.
type tracked[T any] struct {
	values map[key]*T
	order  []key // a ring, once it is full
	next   int
}

func (t *tracked[T]) get(k key) *T {
	if v, ok := t.values[k]; ok {
		return v
	}
	if t.values == nil {
		t.values = map[key]*T{}
	}
	if len(t.order) < maxTracked {
		t.order = append(t.order, k)
	} else {
		delete(t.values, t.order[t.next])
		t.order[t.next] = k
		t.next = (t.next + 1) % maxTracked
	}
	v := new(T)
	t.values[k] = v
	return v
}

func address(path string) string {
	if path == "" {
		return "<>"
	}
	return path
}

func domain(to string) string { return to[strings.LastIndexByte(to, '@')+1:] }

func anyGlob(patterns []string, s string) bool {
	s = strings.ToLower(s)
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, s) })
}

// glob reports whether s fits the pattern, in which * stands for anything. It
// takes time in proportion to the product of their lengths at most.
func glob(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func notPrintable(c rune) bool { return !unicode.IsPrint(c) }

// String returns the script in JSON, which Parse reads.
func (s *Script) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return string(text)
}
