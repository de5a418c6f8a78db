package cmd

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
)

// Env is what a command has of the world. Tests make their own.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
	Suite    checks.Suite
	Now      func() time.Time
	// Dial opens connections to mail and web servers.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Lookup finds the addresses of a host that the user named.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Roots are whom certificates should lead to; the system's when nil.
	Roots  *x509.CertPool
	Getenv func(string) string
	// Hostname is what we call ourselves to mail servers.
	Hostname string
	// OutTerminal and ErrTerminal say whether a person is looking; Width is how
	// many columns they see, 0 if nobody knows.
	OutTerminal, ErrTerminal bool
	Width                    int
}

// System is the environment of the real program.
func System(suite checks.Suite) *Env {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "localhost"
	}
	env := &Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Suite: suite.Sorted(), Now: time.Now,
		Dial: (&net.Dialer{}).DialContext, Lookup: lookup, Getenv: os.Getenv, Hostname: hostname,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())), ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		env.Width = width
	}
	return env
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// atTerminal reports whether a person sits in front of the program.
func (e *Env) atTerminal() bool { return e.OutTerminal || e.ErrTerminal }

// style lays reports out for whoever reads them.
func (e *Env) style(noColor, several bool) report.Style {
	width := e.Width
	if columns, err := strconv.Atoi(e.Getenv("COLUMNS")); err == nil && columns > 0 {
		width = columns
	}
	return report.Style{Several: several, Width: width, Color: e.color(noColor)}
}

// color follows no-color.org: NO_COLOR, when set and not empty, turns colour off.
func (e *Env) color(noColor bool) bool {
	return e.OutTerminal && !noColor && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb"
}

func tool() report.Tool { return report.Tool{Name: "postmuster", Version: version()} }

// version is the module's version, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
