// Package opinion asks spam filters that the user runs what they think of a
// message. What they say stands beside the score and is no part of it: it depends
// on their rules and what they have learnt, and changes without a change here.
package opinion

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

const (
	// timeout is for one filter and one message: filters that ask the DNS
	// themselves take several seconds.
	timeout = 30 * time.Second
	// maxAnswer bounds an answer, which names some hundred rules at most.
	maxAnswer = 1 << 20
	// maxSymbols is how many rules are kept of an answer.
	maxSymbols = 500
	// maxDescription is how many bytes are kept of each text of an answer: what is
	// said of a rule, its name, the action, or why there is no opinion.
	maxDescription = 300
	// maxHeader is the largest header section of an answer over HTTP.
	maxHeader = 64 << 10
)

// Dial connects to a filter.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// A Filter is a spam filter that can be asked.
type Filter interface {
	Name() string
	ask(ctx context.Context, m *message.Message) (report.Opinion, error)
}

// Of asks all filters at once and returns what they say, in their order. One
// that does not answer is in it with the reason.
func Of(ctx context.Context, m *message.Message, filters []Filter) []report.Opinion {
	opinions := make([]report.Opinion, len(filters))
	var wg sync.WaitGroup
	for i, f := range filters {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			o, err := f.ask(ctx, m)
			if err != nil {
				o = report.Opinion{Error: err.Error()}
			}
			o.Filter = f.Name()
			opinions[i] = bounded(o)
		})
	}
	wg.Wait()
	return opinions
}

// bounded is as much of an opinion as is kept in a report.
func bounded(o report.Opinion) report.Opinion {
	o.Error, o.Action = described(o.Error), described(o.Action)
	o.Symbols = o.Symbols[:min(len(o.Symbols), maxSymbols)]
	for i := range o.Symbols {
		o.Symbols[i].Name = described(o.Symbols[i].Name)
	}
	return o
}

// address reads host[:port] or unix:PATH.
func address(text, port string) (network, addr string, err error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok && path != "" {
		return "unix", path, nil
	}
	host, p, err := net.SplitHostPort(text)
	if err != nil {
		host, p = strings.Trim(text, "[]"), port
	}
	if _, err := strconv.ParseUint(p, 10, 16); err != nil || host == "" || strings.ContainsAny(host, "/ ") {
		return "", "", fmt.Errorf("%q is not an address like 127.0.0.1:%s", text, port)
	}
	return "tcp", net.JoinHostPort(host, p), nil
}

// fromOutside reports whether a session tells where the message came from: what
// is sent on this machine says nothing of that.
func fromOutside(s *message.Session) bool {
	return s != nil && s.Peer.IsValid() && !s.Peer.Addr().IsLoopback()
}

// described is what a filter says, on one line.
func described(text string) string {
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\ufffd")
	if len(text) <= maxDescription {
		return text
	}
	return strings.ToValidUTF8(text[:maxDescription], "") + "…"
}

// weightiestFirst sorts rules that all have a score.
func weightiestFirst(symbols []report.Symbol) {
	slices.SortStableFunc(symbols, func(a, b report.Symbol) int {
		return cmp.Or(cmp.Compare(*b.Score, *a.Score), cmp.Compare(a.Name, b.Name))
	})
}
