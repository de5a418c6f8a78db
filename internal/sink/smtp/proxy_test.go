package smtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func fromProxy(c *Config) { c.ProxyFrom = loopback }

// v2 writes a header of version 2.
func v2(command, family byte, body string) string {
	return string(proxyV2) + string([]byte{command, family}) + string(binary.BigEndian.AppendUint16(nil, uint16(len(body)))) + body
}

const (
	v4Addresses = "\xc0\x00\x02\x01" + "\xc6\x33\x64\x02" + "\x04\xd2" + "\x00\x19"
	v6Address   = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
)

func TestPROXY(t *testing.T) {
	tests := []struct{ name, header, peer, local string }{
		{"version 1", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n", "192.0.2.1:1234", "198.51.100.2:25"},
		{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 1234 25\r\n", "[2001:db8::1]:1234", "[2001:db8::2]:25"},
		{"version 1, not known", "PROXY UNKNOWN\r\n", "", ""},
		{"version 1, not known, with addresses", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "", ""},
		{"version 2", v2(0x21, 0x11, v4Addresses), "192.0.2.1:1234", "198.51.100.2:25"},
		{"version 2, IPv6", v2(0x21, 0x21, v6Address+v6Address+"\x04\xd2\x00\x19"), "[2001:db8::1]:1234", "[2001:db8::1]:25"},
		{"version 2, with TLVs", v2(0x21, 0x11, v4Addresses+"\x04\x00\x01x"), "192.0.2.1:1234", "198.51.100.2:25"},
		{"version 2, a health check", v2(0x20, 0x00, ""), "", ""},
		{"version 2, a unix socket", v2(0x21, 0x31, strings.Repeat("\x00", 216)), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, fromProxy)
			c := w.dial(t)
			c.send(tt.header)
			c.want("220")
			c.do("EHLO client.example.net", "250")
			c.deliver("x\r\n.\r\n", "250")
			s := w.only(t).Session
			peer, local := tt.peer, tt.local
			if peer == "" {
				peer, local = c.conn.LocalAddr().String(), w.addr.String()
			}
			if s.Peer.String() != peer || s.Local.String() != local {
				t.Errorf("from %s to %s, want from %s to %s", s.Peer, s.Local, peer, local)
			}
			if len(s.SpokeEarly) > 0 {
				t.Errorf("the header counts as speaking before the %v", s.SpokeEarly)
			}
			if got, want := dialogue(s), "*: connected\n*: PROXY version "; !strings.HasPrefix(got, want) || !strings.Contains(got, c.conn.LocalAddr().String()+" for "+peer) {
				t.Errorf("the transcript does not tell of the proxy:\n%s", got)
			}
		})
	}
}

func TestPROXYBeforeImplicitTLS(t *testing.T) {
	w := serve(t, func(c *Config) { withTLS(c); fromProxy(c); c.ImplicitTLS = true })
	c := w.dial(t)
	c.send("PROXY TCP4 192.0.2.1 198.51.100.2 1234 465\r\n")
	c.handshake()
	c.want("220")
	c.do("EHLO client.example.net", "250")
	c.deliver("x\r\n.\r\n", "250")
	if s := w.only(t).Session; s.Peer.String() != "192.0.2.1:1234" || s.TLS == nil {
		t.Errorf("session = %+v", s)
	}
}

func TestPROXYThatIsNone(t *testing.T) {
	tests := []struct{ name, header string }{
		{"SMTP", "EHLO client.example.net\r\n"},
		{"another protocol", "PROXY UDP4 192.0.2.1 198.51.100.2 1234 25\r\n"},
		{"addresses of the other family", "PROXY TCP6 192.0.2.1 198.51.100.2 1234 25\r\n"},
		{"a name", "PROXY TCP4 example.com 198.51.100.2 1234 25\r\n"},
		{"a port too high", "PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n"},
		{"a zone", "PROXY TCP6 fe80::1%eth0 2001:db8::2 1234 25\r\n"},
		{"without end", "PROXY TCP4 " + strings.Repeat("1", 200)},
		{"version 3", v2(0x31, 0x11, v4Addresses)},
		{"an unknown command", v2(0x22, 0x11, v4Addresses)},
		{"UDP in version 2", v2(0x21, 0x12, v4Addresses)},
		{"addresses cut off", v2(0x21, 0x11, v4Addresses[:8])},
		{"longer than needed", v2(0x21, 0x11, strings.Repeat("x", maxProxyV2+1))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, fromProxy)
			c := w.dial(t)
			io.WriteString(c.conn, tt.header)
			s := w.ended(t)
			if got := dialogue(s); !strings.Contains(got, "*: no PROXY header: ") || !strings.HasSuffix(got, "S: 421 4.7.0 a PROXY header is needed, closing connection\n") {
				t.Errorf("transcript\n%s", got)
			}
			if s.Peer.String() != c.conn.LocalAddr().String() {
				t.Errorf("it was believed: %s", s.Peer)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		c := serve(t, func(c *Config) { fromProxy(c); c.Timeouts.Proxy = 1 }).dial(t)
		c.want("421 4.4.2 timeout")
		c.closed()
	})
}

func TestPROXYFromOthers(t *testing.T) {
	for name, header := range map[string]string{"version 1": "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n", "version 2": v2(0x21, 0x11, v4Addresses)} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, func(c *Config) { c.ProxyFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
			c := w.dial(t)
			c.want("220")
			c.send(header)
			c.want("550 5.7.1 PROXY is not accepted from 127.0.0.1")
			if s := w.ended(t); s.Peer.String() != c.conn.LocalAddr().String() {
				t.Errorf("it was believed: %s", s.Peer)
			}
		})
	}
}

func TestXCLIENT(t *testing.T) {
	w := serve(t, func(c *Config) { c.XClientFrom = loopback })
	c := w.dial(t)
	c.want("220")
	if got := c.do("EHLO proxy.example.net", "250"); !strings.Contains(got, "\n250-"+xclientOffer+"\n") {
		t.Errorf("XCLIENT is not offered:\n%s", got)
	}
	c.do("XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 PORT=1234 HELO=a+2Bb.example LOGIN=bob PROTO=ESMTP", "220 sink.example.com")
	c.do("MAIL FROM:<a@example.com>", "502") // it begins anew
	c.do("EHLO client.example.net", "250")
	c.do("XCLIENT DESTADDR=198.51.100.2 DESTPORT=25", "220")
	c.do("EHLO client.example.net", "250")
	c.do("MAIL FROM:<a@example.com>", "250")
	c.do("XCLIENT ADDR=192.0.2.1", "503 5.5.1")
	c.do("RCPT TO:<b@example.net>", "250")
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	s := w.only(t).Session
	if s.Peer.String() != "[2001:db8::1]:1234" || s.Local.String() != "198.51.100.2:25" || s.HELO != "client.example.net" {
		t.Errorf("session = %+v", s)
	}
	if got := dialogue(s); !strings.Contains(got, "*: XCLIENT from "+c.conn.LocalAddr().String()+" for [2001:db8::1]:1234\n") {
		t.Errorf("the transcript does not tell of the proxy:\n%s", got)
	}
}

func TestXCLIENTRefused(t *testing.T) {
	t.Run("from others", func(t *testing.T) {
		w := serve(t, nil)
		c := w.dial(t)
		c.want("220")
		if got := c.do("EHLO client.example.net", "250"); strings.Contains(got, "XCLIENT") {
			t.Errorf("it is offered:\n%s", got)
		}
		c.do("XCLIENT ADDR=192.0.2.1", "550 5.7.0 XCLIENT is not accepted from 127.0.0.1")
		c.deliver("x\r\n.\r\n", "250")
		if s := w.only(t).Session; s.Peer.String() != c.conn.LocalAddr().String() {
			t.Errorf("it was believed: %s", s.Peer)
		}
	})
	for _, arg := range []string{"", "ADDR", "ADDR=example.com", "ADDR=fe80::1%25eth0", "PORT=70000", "PROTO=HTTP", "HELO=a+0D+0Ab", "HELO=+4", "COLOR=red"} {
		t.Run(arg, func(t *testing.T) {
			c := serve(t, func(c *Config) { c.XClientFrom = loopback }).greet(t)
			c.do("XCLIENT "+arg, "501 5.5.4")
			c.do("NOOP", "250")
		})
	}
}

func TestXCLIENTKeepsWhatIsNotSaid(t *testing.T) {
	x, err := parseXCLIENT("ADDR=192.0.2.1 HELO=h.example LOGIN=[UNAVAILABLE] PROTO=SMTP PORT=[TEMPUNAVAIL]")
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{}
	c.peer, c.local = netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:25")
	c.greeting.esmtp = true
	x.applyTo(c)
	got := fmt.Sprint(c.peer, c.local, c.greeting, c.authMechanism)
	if want := "192.0.2.1:0 127.0.0.1:25 {h.example false} "; strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzPROXY: a header takes no more bytes than it has, and what it says can be
// said again.
func FuzzPROXY(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\nEHLO a\r\n"))
	f.Add([]byte("PROXY UNKNOWN x\r\n"))
	f.Add([]byte(v2(0x21, 0x11, v4Addresses) + "EHLO a\r\n"))
	f.Add([]byte(v2(0x21, 0x21, v6Address+v6Address+"\x04\xd2\x00\x19")))
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		p, err := readProxy(r)
		if used := len(wire) - r.Len(); used > maxProxyV2+16 {
			t.Fatalf("%d bytes were read", used)
		}
		if err != nil {
			if !errors.Is(err, errNoProxy) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: %v", wire, err)
			}
			return
		}
		if !p.source.IsValid() || p.source.Addr().Is4() != p.destination.Addr().Is4() { // of IPv4 in IPv6, one may be unmapped
			return
		}
		family := map[bool]string{true: "TCP4", false: "TCP6"}[p.source.Addr().Is4()]
		again, err := readProxy(strings.NewReader(fmt.Sprintf("PROXY %s %s %s %d %d\r\n", family, p.source.Addr(), p.destination.Addr(), p.source.Port(), p.destination.Port())))
		p.version, again.version = 0, 0
		if err != nil || p != again {
			t.Errorf("%q: %+v, and again %+v, %v", wire, p, again, err)
		}
	})
}

// FuzzXCLIENT: whatever is said, an address is one, and nothing breaks a line.
func FuzzXCLIENT(f *testing.F) {
	f.Add("NAME=a ADDR=192.0.2.1 PORT=25 PROTO=ESMTP HELO=b+2Bc LOGIN=[UNAVAILABLE]")
	f.Add("ADDR=IPV6:2001:db8::1 DESTADDR=::ffff:192.0.2.1 DESTPORT=1")
	f.Fuzz(func(t *testing.T, arg string) {
		x, err := parseXCLIENT(arg)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: an error of two lines: %q", arg, err)
			}
			return
		}
		c := &conn{}
		x.applyTo(c)
		if strings.ContainsAny(c.greeting.name+c.authIdentity, "\r\n\x00") || c.peer.Addr().Zone() != "" {
			t.Errorf("%q: %s", arg, cmp.Diff(greeting{}, c.greeting, cmp.AllowUnexported(greeting{})))
		}
	})
}
