package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/httpd"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// greet says where the sink is: to a person, and in one line to a program.
func (r *sinkRun) greet() {
	env, a := r.env, r.sink.Addrs()
	fmt.Fprintln(env.Err, "postmuster sink: nothing is delivered; Ctrl-C ends")
	for _, line := range []struct{ what, where string }{
		{"SMTP", a.SMTP}, {"SMTP with TLS", a.SMTPS}, {"LMTP", a.LMTP}, {"page and API", r.sink.URL()},
		{"environment", given(r.flags.variables)}, {"DNS", r.asked()},
	} {
		if line.where != "" {
			fmt.Fprintf(env.Err, "  %-14s %s\n", line.what, line.where)
		}
	}
	ready := "READY"
	for _, word := range []struct{ key, value string }{{"smtp", a.SMTP}, {"smtps", a.SMTPS}, {"lmtp", a.LMTP}, {"http", a.HTTP}} {
		if word.value != "" {
			ready += " " + word.key + "=" + word.value
		}
	}
	fmt.Fprintln(env.Err, ready)
}

// asked says who is asked about senders, if that is not whom the user named.
func (r *sinkRun) asked() string {
	switch {
	case r.net.closed:
		return "--zone answers all questions about senders; none leaves this machine"
	case r.net.client != nil && len(r.flags.net.resolvers) == 0:
		return "the system's resolver is asked about senders; --resolver or --zone ask others"
	}
	return ""
}

// given names flags as they are written.
func given(flags []string) string {
	if len(flags) == 0 {
		return ""
	}
	return "gave --" + strings.Join(flags, ", --")
}

// sumUp says what a run came to.
func sumUp(sum sink.Summary) string {
	text := fmt.Sprintf("%s received, %d scored", count(sum.Received, "message"), sum.Scored)
	if sum.Unscored > 0 {
		text += fmt.Sprintf(", %d not yet scored", sum.Unscored)
	}
	if sum.Failed > 0 {
		text += fmt.Sprintf("; %s refused or broken off", count(sum.Failed, "session"))
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// explainSink says of an error at start what to do about it.
func explainSink(err error) error {
	if listen, ok := errors.AsType[*sink.ListenError](err); ok {
		return explainListen(listen)
	}
	if errors.Is(err, store.ErrRules) {
		return fmt.Errorf("--tag: %w", store.ErrRules) // without what store it is
	}
	if open, ok := errors.AsType[*store.OpenError](err); ok && open.Dir != "" {
		return fmt.Errorf("--data: %w", err) // which says what to do
	}
	return err
}

func explainListen(e *sink.ListenError) error {
	flag := "--" + e.Service + " " + e.Addr
	switch {
	case errors.Is(e.Err, syscall.EADDRINUSE):
		owner := "another program"
		if _, port, err := net.SplitHostPort(e.Addr); err == nil {
			owner = cmp.Or(portOwner(port), owner)
		}
		return fmt.Errorf("%s: %s is in use by %s; end it, or choose another address (port 0 picks a free one)", flag, portOf(e.Addr), owner)
	case errors.Is(e.Err, syscall.EACCES):
		return fmt.Errorf("%s: %s may not be listened on by this user; a port above 1023 may", flag, portOf(e.Addr))
	case errors.Is(e.Err, httpd.ErrOpen):
		return fmt.Errorf("%s: not a loopback address: everybody who reaches it could send and read mail; set --token, or say --insecure if this is intended", flag)
	case isAddrError(e.Err):
		return fmt.Errorf("%s: %w; an address is written host:port, such as 127.0.0.1:1025", flag, e.Err)
	default:
		return fmt.Errorf("%s: %w", flag, e.Err)
	}
}

func isAddrError(err error) bool {
	_, ok := errors.AsType[*net.AddrError](err)
	return ok
}

func portOf(addr string) string {
	if _, port, err := net.SplitHostPort(addr); err == nil && !strings.HasPrefix(addr, "unix:") {
		return "port " + port
	}
	return addr
}
