package dnstest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/zone"
)

const (
	failLabel   = "_fail."
	secureLabel = "_secure."
)

type kind string

const (
	kindRcode     kind = "rcode"
	kindTimeout   kind = "TIMEOUT"
	kindTruncate  kind = "TRUNCATE"
	kindSlow      kind = "SLOW"
	kindGarbage   kind = "GARBAGE"
	kindWrongName kind = "WRONGNAME"
	kindWrongID   kind = "WRONGID"
	kindOneStep   kind = "ONESTEP"
	kindNoEDNS    kind = "NOEDNS"
	kindBogus     kind = "BOGUS"
)

// A behaviour is what goes wrong with questions about a name.
type behaviour struct {
	only  dns.Type // 0: questions of every type
	kind  kind
	rcode dns.Rcode
	ede   []dns.ExtendedError
	delay time.Duration
}

// behaviours holds what the text says about names besides their records.
type behaviours struct {
	fail   map[string][]behaviour // by canonical name, or "*." and the name above
	secure map[string]bool
}

// take keeps what a directive says and reports whether the entry is one.
func (b *behaviours) take(e zone.Entry) (bool, error) {
	name := dns.Canonical(e.Record.Name)
	txt, isTXT := e.Record.Data.(dns.TXT)
	if !isTXT {
		return false, nil
	}
	if subject, ok := strings.CutPrefix(name, failLabel); ok {
		behaviour, err := parseBehaviour(txt.Text())
		if err != nil {
			return true, fmt.Errorf("line %d: %w", e.LastLine, err)
		}
		b.fail[subject] = append(b.fail[subject], behaviour)
		return true, nil
	}
	if name+"." == secureLabel {
		name += ".." // the root
	}
	if subject, ok := strings.CutPrefix(name, secureLabel); ok {
		b.secure[subject] = txt.Text() != "no"
		return true, nil
	}
	return false, nil
}

func parseBehaviour(text string) (behaviour, error) {
	var b behaviour
	words := strings.Fields(text)
	if len(words) > 1 {
		if t, err := dns.ParseType(words[0]); err == nil {
			b.only, words = t, words[1:]
		}
	}
	if len(words) == 0 {
		return b, fmt.Errorf("%q says nothing", text)
	}
	switch b.kind = kind(words[0]); b.kind {
	case kindTimeout, kindTruncate, kindGarbage, kindWrongName, kindWrongID, kindOneStep, kindNoEDNS:
		return b, nil
	case kindSlow:
		var err error
		b.delay, err = time.ParseDuration(strings.Join(words[1:], ""))
		return b, err
	}
	b.rcode = dns.RcodeServFail
	if b.kind != kindBogus {
		var err error
		if b.rcode, err = dns.ParseRcode(words[0]); err != nil {
			return b, fmt.Errorf("%q is no behaviour", text)
		}
		b.kind = kindRcode
	}
	if len(words) > 1 {
		code, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil {
			return b, fmt.Errorf("extended error in %q: %w", text, err)
		}
		b.ede = []dns.ExtendedError{{Code: uint16(code), Text: strings.Join(words[2:], " ")}}
	}
	return b, nil
}

// of returns what goes wrong with a question about name, if anything does.
func (b *behaviours) of(name string, q dns.Question) (behaviour, bool) {
	found, ok := b.find(dns.Canonical(name), q.Type)
	if ok && found.kind == kindBogus {
		if q.CheckingDisabled || q.Type == dns.TypeDS {
			return behaviour{}, false
		}
		found.kind = kindRcode
	}
	return found, ok
}

func (b *behaviours) find(name string, t dns.Type) (behaviour, bool) {
	if found, ok := pick(b.fail[name], t); ok {
		return found, true
	}
	labels := dns.Labels(name)
	for i := range labels {
		labels[i] = "*" // for the names below what follows it
		if found, ok := pick(b.fail[strings.Join(labels[i:], ".")], t); ok {
			return found, true
		}
	}
	return behaviour{}, false
}

func pick(list []behaviour, t dns.Type) (behaviour, bool) {
	for _, b := range list {
		if b.only == 0 || b.only == t {
			return b, true
		}
	}
	return behaviour{}, false
}

// isSecure reports whether the closest _secure at or above name says yes. A DS
// record belongs to the zone above.
func (b *behaviours) isSecure(name string, t dns.Type) bool {
	labels := dns.Labels(dns.Canonical(name))
	if t == dns.TypeDS && len(labels) > 0 {
		labels = labels[1:]
	}
	for i := range labels {
		if secure, ok := b.secure[strings.Join(labels[i:], ".")]; ok {
			return secure
		}
	}
	return b.secure["."]
}
