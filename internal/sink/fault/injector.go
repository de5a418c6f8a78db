package fault

import (
	"cmp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An Injector is a script at work. It may be used concurrently, and its script
// replaced at any time. A nil Injector injects nothing.
type Injector struct {
	now         func() time.Time
	connections atomic.Uint64

	mu     sync.Mutex
	text   string
	script *Script
	rules  []*active
}

// NewInjector returns an injector without a script; now is the clock of greylisting.
func NewInjector(now func() time.Time) *Injector {
	return &Injector{now: now, script: &Script{Rules: []Rule{}}}
}

// Set replaces the script by the one in text, and begins all counts anew; an
// empty text injects nothing. On an error the old script goes on.
func (i *Injector) Set(text string) error {
	s, err := Parse("", []byte(text))
	if err != nil {
		return err
	}
	i.put(s, text)
	return nil
}

// Replace is Set with a script that was parsed; nil injects nothing.
func (i *Injector) Replace(s *Script) {
	if s == nil {
		s = &Script{Rules: []Rule{}}
	}
	i.put(s, s.String())
}

func (i *Injector) put(s *Script, text string) {
	rules := make([]*active, len(s.Rules))
	for n := range s.Rules {
		rules[n] = newActive(&s.Rules[n], s.Seed)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.text, i.script, i.rules = text, s, rules
}

// Get returns the script in force as it was set, empty for none.
func (i *Injector) Get() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.text
}

// A Status is a script and what came of it.
type Status struct {
	Script *Script `json:"script"`
	Counts []Count `json:"counts"` // in the order of the rules
}

// A Count tells of one rule how many occasions fitted it, and how many of them
// it chose.
type Count struct {
	Rule    string `json:"rule"`
	Matched uint64 `json:"matched"`
	Fired   uint64 `json:"fired"`
}

// Status returns the script in force with its counts.
func (i *Injector) Status() Status {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := Status{Script: i.script, Counts: []Count{}}
	for _, a := range i.rules {
		s.Counts = append(s.Counts, Count{a.Name, a.matched, a.fired})
	}
	return s
}

// NewConnection returns a number for Occasion.Connection: servers that share an
// injector must not give the same one.
func (i *Injector) NewConnection() uint64 {
	if i == nil {
		return 0
	}
	return i.connections.Add(1)
}

// An Occasion is a command, and what is known when it is given.
type Occasion struct {
	Command    Command
	Connection uint64 // of NewConnection
	Peer       string // the client's address, without port; empty on a unix socket
	HELO       string
	From       string   // reverse-path, without angle brackets
	To         []string // one at rcpt, all those accepted later
}

// A Decision is what to do on an occasion. The zero value is: nothing wrong.
type Decision struct {
	// Marks say for the transcript what is done.
	Marks []string

	Reply *Reply // instead of the usual one; the command is carried out only if it is 2yz
	Drop  Drop
	TLS   TLS

	Delay time.Duration // before the reply
	Line  time.Duration // before each line of it
	Bytes int           // of it a second; 0 for no limit
}

// greylisted is RFC 6647 §2.7's reply.
var greylisted = &Reply{451, "4.7.1", "greylisted, try again later"}

// Decide says what to do.
func (i *Injector) Decide(o Occasion) (d Decision) {
	if i == nil {
		return d
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, a := range i.rules {
		chosen := a.choose(&o, i.now)
		if !chosen || a.outcomes() > 0 && d.decided() {
			continue // an earlier rule has decided; this one has counted
		}
		a.fired++
		a.apply(&d, &o)
	}
	return d
}

func (d *Decision) decided() bool { return d.Reply != nil || d.Drop != "" || d.TLS != "" }

// apply adds what the rule does.
func (a *active) apply(d *Decision, o *Occasion) {
	var done []string
	wait := time.Duration(a.Delay) + a.tarpitted(o)
	if wait > 0 {
		d.Delay = min(d.Delay+wait, MaxDelay)
		done = append(done, "wait "+wait.String())
	}
	if a.Slow != nil {
		d.Line = min(d.Line+time.Duration(a.Slow.Line), MaxDelay)
		if d.Bytes == 0 || a.Slow.Bytes > 0 && a.Slow.Bytes < d.Bytes {
			d.Bytes = a.Slow.Bytes
		}
		done = append(done, "slow reply")
	}
	switch {
	case a.Greylist != 0:
		d.Reply = cmp.Or(a.Reply, greylisted)
	case a.Disk == DiskFull:
		d.Reply = a.Reply
		if d.Reply == nil {
			full := usual[452]
			d.Reply = &full
		}
	case a.Reply != nil:
		d.Reply = a.Reply
	case a.Drop != "":
		d.Drop = a.Drop
		done = append(done, "drop "+string(a.Drop))
	case a.TLS != "":
		d.TLS = a.TLS
		done = append(done, "TLS breaks: "+string(a.TLS))
	}
	if d.Reply != nil && a.outcomes() > 0 && a.Drop == "" && a.TLS == "" {
		first, _, _ := strings.Cut(d.Reply.String(), "\n")
		done = append(done, "reply "+first)
	}
	d.Marks = append(d.Marks, "fault "+a.Name+": "+strings.Join(done, ", "))
}
