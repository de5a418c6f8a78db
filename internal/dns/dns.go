// Package dns holds the words of DNS that the rest of the program speaks:
// questions, answers, records and the Resolver that turns one into the other.
//
// It knows no network and no DNS library. internal/probe/dns asks real servers;
// internal/testkit/dnstest serves zones to tests; the protocol packages take a
// Resolver as an argument.
//
// An answer says what a name server said: there are such records, the name
// exists without any (NODATA), or it does not exist (NXDOMAIN). Whatever keeps
// us from knowing that (SERVFAIL, REFUSED, a timeout, garbage) is an *Error.
package dns

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A Resolver answers questions. Implementations are safe for concurrent use.
//
// The error is an *Error (possibly wrapped) and means only that the answer
// could not be found out; NXDOMAIN and NODATA are answers. An Answer may be
// shared between callers and must not be modified.
type Resolver interface {
	Resolve(ctx context.Context, q Question) (*Answer, error)
}

// A Question is what is asked of a resolver. It is comparable.
type Question struct {
	// Name is an absolute name without the final dot; the root is ".".
	// Labels are separated by dots; a dot inside a label is written `\.` and
	// a backslash `\\`; any other octet stands for itself (RFC 1035 §5.1).
	Name string
	Type Type

	// WantDNSSEC sets the DO bit (RFC 3225): the answer carries RRSIG records.
	WantDNSSEC bool
	// CheckingDisabled sets the CD bit (RFC 4035 §3.2.2): a validating resolver
	// hands out data that it found bogus.
	CheckingDisabled bool
}

// String returns the question as "example.com. MX".
func (q Question) String() string { return Absolute(q.Name) + " " + q.Type.String() }

// Status is what an answer says about the question.
type Status string

// The three things that an answer can say (RFC 2308 §2).
const (
	StatusData     Status = "NOERROR"  // there are such records
	StatusNoData   Status = "NODATA"   // the name exists, but has none of this type
	StatusNXDomain Status = "NXDOMAIN" // the name does not exist, nor anything below it (RFC 8020)
)

// An Answer is what a name server said.
type Answer struct {
	Question Question
	Rcode    Rcode // RcodeNoError or RcodeNXDomain; any other is an *Error

	AuthenticData bool // the AD bit: the resolver says that it validated this (RFC 4035 §3.2.3)

	// Records is the answer section in the order received: the chain of CNAMEs
	// and what stands at its end.
	Records []Record
	// Authority is the authority section: the SOA of a negative answer.
	Authority []Record

	ExtendedErrors []ExtendedError // RFC 8914

	Server  string        // who answered: "192.0.2.53:53", "zone file example.com.zone"
	TCP     bool          // asked again over TCP after truncation
	At      time.Time     // when the answer came
	Elapsed time.Duration // from the first packet to the answer
}

// ServerZoneFile begins the Server of an answer out of a zone file that is not
// published yet; the name of the file follows.
const ServerZoneFile = "zone file "

// FromZoneFile reports whether the answer, or the begin of its chain, is out of a
// zone file that is not published yet.
func (a *Answer) FromZoneFile() bool { return strings.HasPrefix(a.Server, ServerZoneFile) }

// Status tells records, NODATA and NXDOMAIN apart.
func (a *Answer) Status() Status {
	switch {
	case a.Rcode == RcodeNXDomain:
		return StatusNXDomain
	case len(a.Matching()) == 0:
		return StatusNoData
	default:
		return StatusData
	}
}

// CanonicalName returns the name at the end of the chain of CNAMEs that starts
// at the question's name; the name itself when there is no CNAME.
func (a *Answer) CanonicalName() string {
	name := a.Question.Name
	if a.Question.Type == TypeCNAME {
		return name
	}
	for range a.Records { // a chain is never longer than the records, so a loop ends
		next, ok := a.cname(name)
		if !ok {
			break
		}
		name = next
	}
	return name
}

func (a *Answer) cname(owner string) (target string, ok bool) {
	for _, r := range a.Records {
		if c, is := r.Data.(CNAME); is && EqualNames(r.Name, owner) {
			return c.Target, true
		}
	}
	return "", false
}

// Matching returns the records of the question's type at the canonical name.
func (a *Answer) Matching() []Record {
	var matching []Record
	name := a.CanonicalName()
	for _, r := range a.Records {
		if r.Type() == a.Question.Type && EqualNames(r.Name, name) {
			matching = append(matching, r)
		}
	}
	return matching
}

// TTL returns the shortest time to live among the answer's records, in seconds;
// 0 when there are none.
func (a *Answer) TTL() uint32 {
	if len(a.Records) == 0 {
		return 0
	}
	shortest := slices.MinFunc(a.Records, func(x, y Record) int { return int(int64(x.TTL) - int64(y.TTL)) })
	return shortest.TTL
}

// Absolute returns name with its final dot, as evidence shows it.
func Absolute(name string) string {
	if endsInDot(name) {
		return name
	}
	return name + "."
}

// EqualNames reports whether two names are the same, without regard to ASCII
// case (RFC 4343) or a final dot.
func EqualNames(a, b string) bool {
	return a == b || Canonical(a) == Canonical(b)
}

// Canonical returns name in ASCII lower case and without its final dot.
func Canonical(name string) string {
	if name != "." && endsInDot(name) {
		name = name[:len(name)-1]
	}
	return lowerASCII(name)
}

// endsInDot reports whether name ends in a dot that is not part of a label.
func endsInDot(name string) bool {
	unescaped, ok := strings.CutSuffix(name, ".")
	backslashes := len(unescaped) - len(strings.TrimRight(unescaped, `\`))
	return ok && backslashes%2 == 0
}

// lowerASCII folds octet by octet: a name need not be UTF-8.
func lowerASCII(s string) string {
	upper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	for i := range len(s) {
		if !upper(s[i]) {
			continue
		}
		b := []byte(s)
		for j := i; j < len(b); j++ {
			if upper(b[j]) {
				b[j] += 'a' - 'A'
			}
		}
		return string(b)
	}
	return s
}

// Labels splits a name at its unescaped dots; the root has none.
func Labels(name string) []string {
	if endsInDot(name) {
		name = name[:len(name)-1]
	}
	if name == "" {
		return nil
	}
	var labels []string
	start := 0
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '.':
			labels = append(labels, name[start:i])
			start = i + 1
		}
	}
	return append(labels, name[start:])
}

// Within reports whether name is parent or lies below it.
func Within(name, parent string) bool {
	name, parent = Canonical(name), Canonical(parent)
	if parent == "." || name == parent {
		return true
	}
	above, ok := strings.CutSuffix(name, parent)
	return ok && endsInDot(above)
}
