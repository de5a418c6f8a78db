package cmd

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

var update = flag.Bool("update", false, "write the golden files")

// testNow is the time at which the commands of tests run.
var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// A lab is the world of one test: an environment without a network, and what the
// test puts into it. Connections go where the test has led them and nowhere else.
type lab struct {
	*Env
	t         *testing.T
	dir       string
	resolver  string // an address, after zone or useResolver
	ca        *smtptest.CA
	instead   map[string]string // where connections to an address go
	redacted  *strings.Replacer // what changes from run to run, for golden files
	redactees []string
}

// testEnv returns an empty world at testNow, seen by a pipe of 80 columns.
func testEnv(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), ca: smtptest.NewCA(), instead: map[string]string{}}
	l.Env = &Env{
		In: strings.NewReader(""), Suite: all.Checks().Sorted(), Now: func() time.Time { return testNow },
		Dial: l.dial, Roots: l.ca.Pool(), Getenv: func(string) string { return "" }, Hostname: "probe.example.net", Width: 80,
	}
	l.redact(l.dir, "DIR")
	return l
}

func (l *lab) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, led := l.instead[address]
	if !led {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return (&net.Dialer{}).DialContext(ctx, network, to)
}

// zone serves these records (see package dnstest) to the commands that ask runs.
func (l *lab) zone(text string) *dnstest.Server {
	l.t.Helper()
	server := dnstest.Serve(l.t, text)
	l.useResolver(server.Addr())
	return server
}

func (l *lab) useResolver(addr string) {
	l.resolver = addr
	l.redact(addr, "RESOLVER")
}

// lead makes connections to an address, such as "192.0.2.10:25", go to a server
// on loopback.
func (l *lab) lead(address string, to fmt.Stringer) {
	l.instead[address] = to.String()
	l.redact(to.String(), "SERVER")
}

// mx starts a mail server behind an address; its certificate is for its name.
func (l *lab) mx(addr, hostname string, config smtptest.Config) *smtptest.Server {
	l.t.Helper()
	config.Hostname = hostname
	if config.TLS == nil {
		config.TLS = &tls.Config{Certificates: []tls.Certificate{l.ca.Issue(smtptest.Leaf{Names: []string{hostname}})}}
	}
	server, err := smtptest.Listen(config)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { server.Close() })
	l.lead(netip.AddrPortFrom(netip.MustParseAddr(addr), 25).String(), server.Addr())
	return server
}

// web starts a web server behind port 443 of an address, with a certificate for
// these names.
func (l *lab) web(addr string, handler http.Handler, names ...string) {
	l.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{l.ca.Issue(smtptest.Leaf{Names: names})}}
	server.StartTLS()
	l.t.Cleanup(server.Close)
	l.lead(netip.AddrPortFrom(netip.MustParseAddr(addr), 443).String(), server.Listener.Addr())
}

// file writes a file and returns its path.
func (l *lab) file(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	return path
}

// redact shows a text that differs from run to run by a name in golden files.
func (l *lab) redact(text, name string) {
	l.redactees = append(l.redactees, text, name)
	l.redacted = strings.NewReplacer(l.redactees...)
}

// An outcome is what a command line came to.
type outcome struct {
	code     int
	out, err string
}

func (o outcome) String() string {
	return fmt.Sprintf("exit code %d\n-- out --\n%s-- err --\n%s", o.code, o.out, o.err)
}

// run runs a command line.
func (l *lab) run(args ...string) outcome {
	l.t.Helper()
	env := *l.Env
	var out, err bytes.Buffer
	env.Out, env.Err = &out, &err
	code := Run(l.t.Context(), &env, args)
	return outcome{code: code, out: out.String(), err: err.String()}
}

// ask runs a command line that asks the world's name server.
func (l *lab) ask(args ...string) outcome {
	l.t.Helper()
	if l.resolver == "" {
		l.zone("")
	}
	return l.run(slices.Concat(args, []string{"--resolver", l.resolver})...)
}

// milliseconds are measured, and so differ from run to run.
var milliseconds = regexp.MustCompile(`\b\d+(\.\d+)? ms\b|"ms": \d+`)

// golden compares what a command line came to with testdata/NAME.golden.
func (l *lab) golden(name string, got outcome) {
	l.t.Helper()
	text := milliseconds.ReplaceAllString(l.redacted.Replace(got.String()), "MS")
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			l.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			l.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		l.t.Fatalf("%v; go test ./cmd -args -update writes it", err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		l.t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// wantCode fails the test unless a command line ended with a code.
func (l *lab) wantCode(got outcome, want int) {
	l.t.Helper()
	if got.code != want {
		l.t.Errorf("exit code %d, want %d\n%s", got.code, want, got)
	}
}

// wantUsage fails the test unless the only thing that was said is one line on
// standard error with this text in it, and the code is that of wrong usage.
func (l *lab) wantUsage(got outcome, text string) {
	l.t.Helper()
	l.wantCode(got, exitUsage)
	if got.out != "" || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, text) {
		l.t.Errorf("want one line on standard error with %q in it:\n%s", text, got)
	}
}

// wantKeys fails the test unless an output is one JSON object with exactly these
// keys, in their order, and returns it.
func (l *lab) wantKeys(got outcome, want ...string) map[string]any {
	l.t.Helper()
	if diff := cmp.Diff(want, objectKeys(l.t, []byte(got.out))); diff != "" {
		l.t.Errorf("JSON keys (-want +got):\n%s\n%s", diff, got)
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(got.out), &object); err != nil {
		l.t.Fatalf("not a JSON object: %v\n%s", err, got)
	}
	return object
}

// objectKeys returns the keys of a JSON object in the order written.
func objectKeys(t *testing.T, text []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		t.Fatalf("not a JSON object:\n%s", text)
	}
	var keys []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}
