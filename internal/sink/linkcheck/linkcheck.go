// Package linkcheck asks where the links of a message lead, once somebody wants to
// know it: a message that came is no reason to ask for anything.
//
// It tells what came back, and calls a link broken only where that is certain. No
// body is read, no cookie kept, and nothing but hosts of the public internet is
// asked; see package egress.
package linkcheck

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/extract"
)

const (
	// MaxLinks is how many addresses of a message are asked for; a newsletter has
	// about thirty.
	MaxLinks = 100
	// atOnce is how many are asked for at a time.
	atOnce = 6
	// linkTimeout is for one of them, with all it leads on to.
	linkTimeout = 10 * time.Second
	// totalTimeout is for all of a message.
	totalTimeout = time.Minute
	// messagesAtOnce is of how many messages links are asked for at a time.
	messagesAtOnce = 2
	// kept is of how many messages the answers are kept.
	kept = 20
	// maxURL is the longest address that is asked for; few servers take longer ones.
	maxURL = 4 << 10
)

// ErrOff says that nothing is asked for here.
var ErrOff = errors.New("links are not asked for: start the sink with --check-links to allow it")

// A State is what is known of a link.
type State string

// The states of a link.
const (
	Works    State = "works"
	Broken   State = "broken"    // for certain: the page or its host is not there
	Unknown  State = "unknown"   // it could not be found out
	NotAsked State = "not asked" // and why
)

// Kind is what an address is for.
type Kind string

// The kinds of addresses.
const (
	Link  Kind = "link"
	Image Kind = "image"
)

// A Target is an address in a message.
type Target struct {
	URL  string
	Kind Kind
	Text string // of a link: what a reader sees of it
	Part string // the path of the part it is in first
}

// An Answer is what came of asking for a target.
type Answer struct {
	Target
	State  State
	Reason string // in words; may be empty for one that works
	Status int    // of HTTP, the last one; 0 when there was no answer
	Method string // that was answered: HEAD, or GET where HEAD was refused
	Hops   []Hop  // that led on, in their order
	End    string // where they led to; empty when none did
}

// A Hop is an answer that led on.
type Hop struct {
	URL    string
	Status int
}

// A Result is what came of the links of a message.
type Result struct {
	At      time.Time
	Answers []Answer
	More    int // addresses that were not asked for: there are too many
}

// Count is how many answers are of a state.
func (r *Result) Count(state State) int {
	n := 0
	for _, a := range r.Answers {
		if a.State == state {
			n++
		}
	}
	return n
}

// Targets are the addresses of a message that can be asked for, links before
// images, each once.
func Targets(tree *message.Tree) []Target {
	var targets []Target
	seen := map[string]int{} // where among the targets
	add := func(kind Kind, list []extract.Link) {
		for _, l := range list {
			i, again := seen[l.URL]
			if again && targets[i].Text == "" {
				targets[i].Text = l.Text // in the HTML, behind the address alone in the text
			}
			if again || !isWeb(l.URL) {
				continue
			}
			seen[l.URL] = len(targets)
			targets = append(targets, Target{URL: l.URL, Kind: kind, Text: l.Text, Part: l.Part})
		}
	}
	add(Link, extract.Links(tree))
	add(Image, extract.Images(tree))
	return targets
}

func isWeb(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// Config is what a checker needs; Dialer and Now must be set.
type Config struct {
	Dialer  *egress.Public
	Version string // of the program, for User-Agent
	Now     func() time.Time
	Roots   *x509.CertPool // nil: those of the system
}

// A Checker asks for links. A nil one is not allowed to.
type Checker struct {
	config Config
	client *http.Client
	places chan struct{}

	mu      sync.Mutex
	results map[string]*Result // by the ID of the message
	order   []string           // of the IDs, the oldest first
}

// New returns a checker.
func New(c Config) *Checker {
	return &Checker{config: c, client: newClient(c), places: make(chan struct{}, messagesAtOnce), results: map[string]*Result{}}
}

// Check asks for the links of a message, and remembers what came of it under the
// message's ID. follow says whether to go where a link leads on to.
func (c *Checker) Check(ctx context.Context, id string, tree *message.Tree, follow bool) (*Result, error) {
	if c == nil {
		return nil, ErrOff
	}
	targets := Targets(tree)
	more := max(0, len(targets)-MaxLinks)
	targets = apart(targets[:len(targets)-more])
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r := &Result{At: c.config.Now(), Answers: make([]Answer, len(targets)), More: more}
	total, cancel := context.WithTimeout(ctx, totalTimeout)
	defer cancel()
	places := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, t := range targets {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			r.Answers[i] = c.ask(total, t, follow)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.remember(id, r)
	return r, nil
}

// apart copies what is kept of targets, so that the message can go: who waits, and
// what is remembered, holds none in memory. Of an address that is too long to be
// asked for a beginning is enough.
func apart(targets []Target) []Target {
	out := make([]Target, 0, len(targets))
	for _, t := range targets {
		t.URL = strings.Clone(t.URL[:min(len(t.URL), maxURL+1)])
		t.Text, t.Part = strings.Clone(t.Text), strings.Clone(t.Part)
		out = append(out, t)
	}
	return out
}

func (c *Checker) remember(id string, r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.results[id] == nil {
		c.order = append(c.order, id)
	}
	c.results[id] = r
	if len(c.order) > kept {
		delete(c.results, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
}

// Last is what came of the links of a message when they were last asked for; nil
// if they were not, or not lately.
func (c *Checker) Last(id string) *Result {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.results[id]
}

// refused is why an address is not asked for; empty when it may be.
func refused(u *url.URL) string {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "it is of the scheme " + u.Scheme
	case u.Hostname() == "":
		return "it names no host"
	case u.User != nil:
		return "it holds a name or a password"
	case u.Port() != "" && u.Port() != "80" && u.Port() != "443":
		return "it is for port " + u.Port() + "; 80 and 443 are asked for"
	default:
		return ""
	}
}
