package smtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The PROXY protocol is that of HAProxy's doc/proxy-protocol.txt. A load
// balancer sends a header before all else that says for whom it connects. Only
// a peer that is named is believed, and from it the header is required: a
// server must not guess whether there is one (§2).
const (
	maxProxyV1 = 107 // §2.1, the line end included
	// maxProxyV2 is more than addresses and the usual TLVs take; 64 KB may be
	// announced.
	maxProxyV2 = 4 << 10
)

// proxyV2 begins a header of version 2 (§2.2).
var proxyV2 = []byte("\r\n\r\n\x00\r\nQUIT\n")

// A proxied is for whom a load balancer connects. Both addresses are invalid
// when it speaks for itself, or does not know.
type proxied struct {
	version     int
	source      netip.AddrPort
	destination netip.AddrPort
}

var errNoProxy = errors.New("no PROXY header")

// among reports whether the address is in one of the networks.
func among(networks []netip.Prefix, a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// proxy reads a header from a peer that must send one.
func (c *conn) proxy() error {
	if !among(c.running.ProxyFrom, c.direct.Addr()) {
		return nil
	}
	deadline := c.running.Now().Add(c.running.Timeouts.Proxy)
	p, err := readProxy(readerFunc(func(b []byte) (int, error) { return c.read(b, deadline) }))
	if err != nil {
		return err
	}
	if p.source.IsValid() {
		c.peer, c.local = p.source, p.destination
	}
	c.transcript.note(fmt.Sprintf("PROXY version %d from %s for %s", p.version, c.direct, c.peer))
	return nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// readProxy reads a header and not a byte more: TLS may follow.
func readProxy(r io.Reader) (proxied, error) {
	header := make([]byte, 0, maxProxyV1)
	for {
		header = header[:len(header)+1]
		if _, err := io.ReadFull(r, header[len(header)-1:]); err != nil {
			return proxied{}, err
		}
		switch {
		case bytes.Equal(header, proxyV2):
			return readProxyV2(r)
		case bytes.HasPrefix(proxyV2, header), strings.HasPrefix("PROXY ", string(header)):
		case !bytes.HasPrefix(header, []byte("PROXY ")):
			return proxied{}, fmt.Errorf("%w: it begins with %q", errNoProxy, header)
		case bytes.HasSuffix(header, []byte("\r\n")):
			return parseProxyV1(string(header[:len(header)-2]))
		case len(header) == maxProxyV1:
			return proxied{}, fmt.Errorf("%w: longer than %d bytes", errNoProxy, maxProxyV1)
		}
	}
}

func parseProxyV1(line string) (proxied, error) {
	f := strings.Split(line, " ")
	if f[1] == "UNKNOWN" {
		return proxied{version: 1}, nil // what follows is to be ignored
	}
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return proxied{}, fmt.Errorf("%w: %q", errNoProxy, line)
	}
	source, err := joinAddrPort(f[2], f[4])
	destination, err2 := joinAddrPort(f[3], f[5])
	if err := errors.Join(err, err2); err != nil {
		return proxied{}, fmt.Errorf("%w: %w", errNoProxy, err)
	}
	if v4 := f[1] == "TCP4"; source.Addr().Is4() != v4 || destination.Addr().Is4() != v4 {
		return proxied{}, fmt.Errorf("%w: addresses that are not %s", errNoProxy, f[1])
	}
	return proxied{1, unmap(source), unmap(destination)}, nil
}

func joinAddrPort(address, port string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || addr.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%q port %q makes no sense", address, port)
	}
	return netip.AddrPortFrom(addr, uint16(n)), nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// readProxyV2 reads what follows the signature.
func readProxyV2(r io.Reader) (proxied, error) {
	var fixed [4]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return proxied{}, err
	}
	size := int(binary.BigEndian.Uint16(fixed[2:]))
	if fixed[0]>>4 != 2 || fixed[0]&15 > 1 || size > maxProxyV2 {
		return proxied{}, fmt.Errorf("%w: version and command %#x, %d bytes", errNoProxy, fixed[0], size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return proxied{}, err
	}
	if fixed[0]&15 == 0 {
		return proxied{version: 2}, nil // LOCAL: a health check
	}
	return parseProxyV2(fixed[1], body)
}

// parseProxyV2 reads the addresses; TLVs may follow them.
func parseProxyV2(family byte, body []byte) (proxied, error) {
	n := 0
	switch family {
	case 0x00, 0x31: // unspecified, a unix socket
		return proxied{version: 2}, nil
	case 0x11: // TCP over IPv4
		n = 4
	case 0x21: // TCP over IPv6
		n = 16
	default:
		return proxied{}, fmt.Errorf("%w: family and protocol %#x", errNoProxy, family)
	}
	if len(body) < 2*n+4 {
		return proxied{}, fmt.Errorf("%w: the addresses are cut off", errNoProxy)
	}
	source, _ := netip.AddrFromSlice(body[:n])
	destination, _ := netip.AddrFromSlice(body[n : 2*n])
	ports := body[2*n:]
	return proxied{
		2,
		unmap(netip.AddrPortFrom(source, binary.BigEndian.Uint16(ports))),
		unmap(netip.AddrPortFrom(destination, binary.BigEndian.Uint16(ports[2:]))),
	}, nil
}

// strangeProxy answers a header from a peer that is not believed, so that its
// operator finds out why; line is the first of it.
func (c *conn) strangeProxy(verb string, line []byte) bool {
	v2 := len(line) == 2 && bytes.HasPrefix(c.in.bytes(), proxyV2[2:])
	if verb != "PROXY" && !v2 {
		return false
	}
	c.feed = nil
	c.reply("550 5.7.1 PROXY is not accepted from " + c.direct.Addr().String())
	c.failed, c.broken = true, true
	return true
}
