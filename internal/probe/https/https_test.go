package https

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

var testTime = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const document = "https://mta-sts.example.com/.well-known/mta-sts.txt"

// hosts answers A questions; nothing has an IPv6 address.
type hosts map[string][]string

func (h hosts) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	answer := &dns.Answer{Question: q}
	addrs, ok := h[q.Name]
	if !ok {
		answer.Rcode = dns.RcodeNXDomain
	}
	for _, text := range addrs {
		addr := netip.MustParseAddr(text)
		switch {
		case addr.Is4() && q.Type == dns.TypeA:
			answer.Records = append(answer.Records, dns.Record{Name: q.Name, Data: dns.A{Addr: addr}})
		case addr.Is6() && q.Type == dns.TypeAAAA:
			answer.Records = append(answer.Records, dns.Record{Name: q.Name, Data: dns.AAAA{Addr: addr}})
		}
	}
	return answer, nil
}

// failingDNS answers nothing.
type failingDNS struct{ cause dns.Cause }

func (f failingDNS) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	return nil, &dns.Error{Question: q, Cause: f.cause}
}

// A site is a web server on loopback that stands for 8.8.8.8: an address that
// is public, to which no test may go.
type site struct {
	*httptest.Server
	ca     *smtptest.CA
	dialed []string
}

var public = hosts{"mta-sts.example.com": {"8.8.8.8"}, "www.example.org": {"8.8.8.8"}}

func newSite(t *testing.T, handler http.HandlerFunc) *site {
	ca := smtptest.NewCA()
	return newSiteWith(t, ca, ca.Issue(smtptest.Leaf{Names: []string{"mta-sts.example.com", "www.example.org"}}), handler)
}

func newSiteWith(t *testing.T, ca *smtptest.CA, cert tls.Certificate, handler http.HandlerFunc) *site {
	t.Helper()
	s := &site{Server: httptest.NewUnstartedServer(handler), ca: ca}
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *site) config() Config {
	return Config{
		DNS:   public,
		Roots: s.ca.Pool(),
		Now:   func() time.Time { return testTime },
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			s.dialed = append(s.dialed, address)
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
}

func policy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, "version: STSv1\r\nmode: none\r\n")
}

func TestADocument(t *testing.T) {
	site := newSite(t, policy)
	got := New(site.config()).Fetch(t.Context(), https.Request{URL: document, MaxBytes: 1000})
	want := &https.Response{
		Request:     https.Request{URL: document, MaxBytes: 1000},
		Result:      https.ResultOK,
		Status:      200,
		ContentType: "text/plain",
		Body:        []byte("version: STSv1\r\nmode: none\r\n"),
		Chain:       got.Chain,
		At:          testTime,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
	if len(got.Chain) != 2 || got.Chain[0].DNSNames[0] != "mta-sts.example.com" {
		t.Errorf("a chain of %d certificates, want the leaf and its authority", len(got.Chain))
	}
	if diff := cmp.Diff([]string{"8.8.8.8:443"}, site.dialed); diff != "" {
		t.Errorf("dialed (-want +got):\n%s", diff)
	}
}

func TestBothVersionsOfHTTP(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		var got string
		site := newSite(t, func(w http.ResponseWriter, r *http.Request) { got = r.Proto })
		site.TLS.NextProtos = []string{protocol}
		r := New(site.config()).Fetch(t.Context(), https.Request{URL: document})
		want := map[string]string{"http/1.1": "HTTP/1.1", "h2": "HTTP/2.0"}[protocol]
		if r.Result != https.ResultOK || got != want {
			t.Errorf("%s: %v %s, asked by %s", protocol, r.Result, r.Reason, got)
		}
	}
}

// ending is how a fetch ended.
type ending struct {
	Result https.Result
	Reason string
}

func TestCertificates(t *testing.T) {
	ca := smtptest.NewCA()
	names := []string{"mta-sts.example.com"}
	tests := []struct {
		name string
		cert tls.Certificate
		want string // a part of the reason; none when it verifies
	}{
		{"valid", ca.Issue(smtptest.Leaf{Names: names}), ""},
		{"expired", ca.Issue(smtptest.Leaf{Names: names, NotAfter: testTime.AddDate(0, 0, -1)}), "certificate has expired"},
		{"not yet valid", ca.Issue(smtptest.Leaf{Names: names, NotBefore: testTime.AddDate(0, 0, 1)}), "not yet valid"},
		{"another name", ca.Issue(smtptest.Leaf{Names: []string{"www.example.org"}}), "not mta-sts.example.com"},
		{"self-signed", smtptest.SelfSigned(smtptest.Leaf{Names: names}), "unknown authority"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := newSiteWith(t, ca, test.cert, policy)
			got := New(site.config()).Fetch(t.Context(), https.Request{URL: document, MaxBytes: 1000})
			want := https.ResultCertificate
			if test.want == "" {
				want = https.ResultOK
			}
			if got.Result != want || !strings.Contains(got.Reason, test.want) {
				t.Errorf("%v: %s; want %v: %s", got.Result, got.Reason, want, test.want)
			}
			if len(got.Chain) == 0 || !got.Chain[0].Equal(test.cert.Leaf) {
				t.Errorf("the chain that was shown is not in the response")
			}
		})
	}
}

func TestBodies(t *testing.T) {
	site := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		for range 100 {
			fmt.Fprint(w, "0123456789")
		}
	})
	tests := []struct {
		name  string
		limit int64
		want  ending
	}{
		{"at the limit", 1000, ending{https.ResultOK, ""}},
		{"over the limit", 999, ending{https.ResultTooLarge, "the body has more than 999 octets"}},
		{"no body wanted", 0, ending{https.ResultTooLarge, "the body has more than 0 octets"}},
		{"any size", 1<<63 - 1, ending{https.ResultOK, ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := New(site.config()).Fetch(t.Context(), https.Request{URL: document, MaxBytes: test.limit})
			if diff := cmp.Diff(test.want, ending{r.Result, r.Reason}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if ok := r.Result == https.ResultOK; ok != (len(r.Body) == 1000) {
				t.Errorf("%v with a body of %d octets", r.Result, len(r.Body))
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	site := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/http":
			http.Redirect(w, r, "http://www.example.org/", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "https://www.example.org/end", http.StatusMovedPermanently)
		default:
			fmt.Fprint(w, r.Host)
		}
	})
	tests := []struct {
		name, path string
		follow     bool
		status     int
		location   string
		body       string
		requests   int
	}{
		{"not followed", "/once", false, 301, "https://www.example.org/end", "", 1},
		{"followed", "/once", true, 200, "", "www.example.org", 2},
		{"never to http", "/http", true, 302, "http://www.example.org/", "", 1},
		{"three and no more", "/loop", true, 302, "/loop", "", 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site.dialed = nil
			r := New(site.config()).Fetch(t.Context(), https.Request{
				URL: "https://mta-sts.example.com" + test.path, MaxBytes: 1000, FollowRedirects: test.follow,
			})
			if r.Result != https.ResultOK || r.Status != test.status || r.Location != test.location {
				t.Errorf("%v %s: status %d, location %q; want %d, %q", r.Result, r.Reason, r.Status, r.Location, test.status, test.location)
			}
			if test.body != "" && string(r.Body) != test.body {
				t.Errorf("body = %q, want %q", r.Body, test.body)
			}
			if len(site.dialed) != test.requests {
				t.Errorf("%d requests, want %d", len(site.dialed), test.requests)
			}
		})
	}
}

// A redirect to a private address is the usual way around a check.
func TestRedirectToAPrivateAddress(t *testing.T) {
	site := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://127.0.0.1/", http.StatusFound)
	})
	r := New(site.config()).Fetch(t.Context(), https.Request{URL: document, MaxBytes: 1000, FollowRedirects: true})
	want := ending{https.ResultPrivate, "127.0.0.1 has the address 127.0.0.1, which is not public"}
	if diff := cmp.Diff(want, ending{r.Result, r.Reason}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(site.dialed) != 1 || r.Status != 0 {
		t.Errorf("dialed %v, status %d", site.dialed, r.Status)
	}
}

// answering dials a server that does what serve says with the connection.
func answering(serve func(net.Conn)) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			serve(server)
		}()
		return client, nil
	}
}

// withoutTLS says text without being asked, and waits for the client to leave.
func withoutTLS(text string) func(net.Conn) {
	return func(conn net.Conn) {
		go fmt.Fprint(conn, text)
		drain(conn)
	}
}

// overTLS answers a request inside TLS with text, and waits for the client to leave.
func overTLS(cert tls.Certificate, text string) func(net.Conn) {
	return func(conn net.Conn) {
		secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		if _, err := http.ReadRequest(bufio.NewReader(secure)); err != nil {
			return
		}
		fmt.Fprint(secure, text)
		if !strings.HasSuffix(text, "\x04") { // EOT: hang up at once
			drain(secure)
		}
	}
}

func drain(conn net.Conn) {
	for buffer := make([]byte, 512); ; {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

type dialFunc = func(context.Context, string, string) (net.Conn, error)

// inTurn dials by the first function first, and then by the second.
func inTurn(first, second dialFunc) dialFunc {
	dial := first
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		defer func() { dial = second }()
		return dial(ctx, network, address)
	}
}

func TestHowAFetchEnds(t *testing.T) {
	ca := smtptest.NewCA()
	cert := ca.Issue(smtptest.Leaf{Names: []string{"mta-sts.example.com"}})
	refused := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	unreachable := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	}
	header := "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", maxHeader) + "\r\n"
	tests := []struct {
		name     string
		url      string
		resolver dns.Resolver
		dial     dialFunc
		want     ending
	}{
		{"not https", "http://mta-sts.example.com/", public, nil, ending{https.ResultProtocol, `"http://mta-sts.example.com/" is not an https URL of a host`}},
		{"a password in the URL", "https://a:b@mta-sts.example.com/", public, nil, ending{https.ResultProtocol, `"https://a:b@mta-sts.example.com/" is not an https URL of a host`}},
		{"no such name", document, hosts{}, nil, ending{https.ResultNoAddress, "mta-sts.example.com has no address"}},
		{"no address", document, hosts{"mta-sts.example.com": nil}, nil, ending{https.ResultNoAddress, "mta-sts.example.com has no address"}},
		{"a name that cannot be", document, failingDNS{dns.CauseBadName}, nil, ending{https.ResultNoAddress, "mta-sts.example.com has no address"}},
		{"the DNS is silent", document, failingDNS{dns.CauseTimeout}, nil, ending{https.ResultDNS, "query mta-sts.example.com. A: timeout"}},
		{"refused", document, public, refused, ending{https.ResultConnect, "connect to 8.8.8.8: connection refused"}},
		{"unreachable from here", document, public, unreachable, ending{https.ResultUnreachable, "connect to 8.8.8.8: network is unreachable"}},
		{"one unreachable, one refused", document, hosts{"mta-sts.example.com": {"8.8.8.8", "8.8.4.4"}}, inTurn(unreachable, refused), ending{https.ResultUnreachable, "connect to 8.8.8.8: network is unreachable"}},
		{"one refused, one unreachable", document, hosts{"mta-sts.example.com": {"8.8.8.8", "8.8.4.4"}}, inTurn(refused, unreachable), ending{https.ResultUnreachable, "connect to 8.8.4.4: network is unreachable"}},
		{"canceled", document, failingDNS{dns.CauseCanceled}, nil, ending{https.ResultCanceled, "resolve: canceled"}},
		{"no TLS", document, public, answering(withoutTLS("220 mx.example.com\r\n")), ending{https.ResultTLS, "TLS handshake: tls: first record does not look like a TLS handshake"}},
		{"a silent handshake", document, public, answering(drain), ending{https.ResultTimeout, "TLS handshake: timeout"}},
		{"not HTTP", document, public, answering(overTLS(cert, "SSH-2.0-OpenSSH_9.9\r\n")), ending{https.ResultProtocol, `get: malformed HTTP response "SSH-2.0-OpenSSH_9.9"`}},
		{"a silent server", document, public, answering(overTLS(cert, "")), ending{https.ResultTimeout, "get: timeout"}},
		{"a header without end", document, public, answering(overTLS(cert, header)), ending{https.ResultProtocol, "get: net/http: server response headers exceeded 32768 bytes; aborted"}},
		{"a body that does not come", document, public, answering(overTLS(cert, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")), ending{https.ResultTimeout, "read the body: timeout"}},
		{"a body cut short", document, public, answering(overTLS(cert, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf\x04")), ending{https.ResultProtocol, "read the body: unexpected EOF"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // who is silent is waited for without loss of time
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.want.Result == https.ResultCanceled {
					cancel()
				}
				fetcher := New(Config{
					DNS: test.resolver, Dial: test.dial, Roots: ca.Pool(),
					Now: func() time.Time { return testTime },
				})
				r := fetcher.Fetch(ctx, https.Request{URL: test.url, MaxBytes: 1000})
				if diff := cmp.Diff(test.want, ending{r.Result, r.Reason}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if r.Body != nil {
					t.Errorf("a body of %d octets in a fetch that failed", len(r.Body))
				}
			})
		})
	}
}

func TestCancellationEndsAFetch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	site := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	config := site.config()
	config.Timeout = time.Hour
	r := New(config).Fetch(ctx, https.Request{URL: document})
	if diff := cmp.Diff(ending{https.ResultCanceled, "get: canceled"}, ending{r.Result, r.Reason}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAddressesAreTriedInTurn(t *testing.T) {
	site := newSite(t, policy)
	config := site.config()
	config.DNS = hosts{"mta-sts.example.com": {"10.0.0.1", "8.8.8.8", "8.8.4.4"}}
	dial := config.Dial
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "8.8.8.8:443" {
			return nil, errors.New("connection refused")
		}
		return dial(ctx, network, address)
	}
	r := New(config).Fetch(t.Context(), https.Request{URL: document, MaxBytes: 1000})
	if r.Result != https.ResultOK {
		t.Errorf("%v: %s", r.Result, r.Reason)
	}
	if diff := cmp.Diff([]string{"8.8.4.4:443"}, site.dialed); diff != "" {
		t.Errorf("dialed (-want +got):\n%s", diff)
	}
}

func TestPrivateAddressesOnRequest(t *testing.T) {
	site := newSite(t, policy)
	config := site.config()
	config.DNS = hosts{"mta-sts.example.com": {"192.0.2.1"}}
	if r := New(config).Fetch(t.Context(), https.Request{URL: document, MaxBytes: 1000}); r.Result != https.ResultPrivate {
		t.Errorf("not allowed: %v %s", r.Result, r.Reason)
	}
	config.AllowPrivate = true
	if r := New(config).Fetch(t.Context(), https.Request{URL: document, MaxBytes: 1000}); r.Result != https.ResultOK {
		t.Errorf("allowed: %v %s", r.Result, r.Reason)
	}
}

func TestPublicAddresses(t *testing.T) {
	tests := []struct {
		name, addr string
		want       bool
	}{
		{"public IPv4", "8.8.8.8", true},
		{"this network", "0.0.0.0", false},
		{"private 10", "10.1.2.3", false},
		{"private 172", "172.31.255.255", false},
		{"beyond private 172", "172.32.0.1", true},
		{"private 192", "192.168.0.1", false},
		{"carrier-grade NAT", "100.64.0.1", false},
		{"loopback", "127.0.0.53", false},
		{"link-local, and a cloud's metadata", "169.254.169.254", false},
		{"documentation", "203.0.113.1", false},
		{"multicast", "224.0.0.1", false},
		{"broadcast", "255.255.255.255", false},
		{"public IPv6", "2606:4700::1111", true},
		{"unspecified", "::", false},
		{"loopback IPv6", "::1", false},
		{"unique local", "fd00::1", false},
		{"link-local IPv6", "fe80::1%eth0", false},
		{"documentation IPv6", "2001:db8::1", false},
		{"documentation, the newer", "3fff::1", false},
		{"multicast IPv6", "ff02::1", false},
		{"IPv4-mapped public", "::ffff:8.8.8.8", true},
		{"IPv4-mapped private", "::ffff:10.0.0.1", false},
		{"IPv4-compatible", "::8.8.8.8", false},
		{"NAT64 of a public address", "64:ff9b::8.8.8.8", true},
		{"NAT64 of a private address", "64:ff9b::10.0.0.1", false},
		{"NAT64 of a network's own", "64:ff9b:1::1", false},
		{"6to4 of a public address", "2002:808:808::1", true},
		{"6to4 of loopback", "2002:7f00:1::1", false},
		{"Teredo", "2001::1", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := isPublic(netip.MustParseAddr(test.addr)); got != test.want {
				t.Errorf("isPublic(%s) = %v, want %v", test.addr, got, test.want)
			}
		})
	}
}
