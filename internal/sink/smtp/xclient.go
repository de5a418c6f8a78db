package smtp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// xclientOffer is what EHLO says of XCLIENT, Postfix's extension (XCLIENT_README)
// by which a proxy says for whom it speaks.
const xclientOffer = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"

// xclient answers XCLIENT. The session begins anew, with a banner.
func (l *leg) xclient(arg string) {
	c := l.conn
	c.feed = nil
	switch {
	case !among(c.running.XClientFrom, c.direct.Addr()):
		c.refuse("550 5.7.0 XCLIENT is not accepted from " + c.direct.Addr().String())
		return
	case c.begun:
		c.refuse("503 5.5.1 a mail transaction is in progress")
		return
	}
	x, err := parseXCLIENT(arg)
	if err != nil {
		c.refuse("501 5.5.4 " + err.Error())
		return
	}
	c.greeting, c.authMechanism, c.authIdentity = greeting{}, "", ""
	c.forgetEnvelope()
	x.applyTo(c)
	c.transcript.note(fmt.Sprintf("XCLIENT from %s for %s", c.direct, c.peer))
	l.over = true
	l.next = &leg{conn: c, resumed: true}
}

func (c *conn) refuse(line string) {
	c.reply(line)
	c.failed = true
}

// An xclient is what the command says; what it does not say stays as it is.
type xclient struct {
	addr, destAddr netip.Addr
	port, destPort *uint16
	helo, login    *string
	esmtp          *bool
}

func parseXCLIENT(arg string) (x xclient, err error) {
	fields := strings.Fields(arg)
	if len(fields) == 0 {
		return x, fmt.Errorf("an attribute is needed")
	}
	for _, field := range fields {
		name, text, ok := strings.Cut(field, "=")
		value, valid := decodeXtext(text)
		if !ok || !valid {
			return x, fmt.Errorf("%.40q is not an attribute", field)
		}
		if err := x.set(strings.ToUpper(name), value); err != nil {
			return x, err
		}
	}
	return x, nil
}

func (x *xclient) set(name, value string) (err error) {
	known := value != "[UNAVAILABLE]" && value != "[TEMPUNAVAIL]"
	switch name {
	case "NAME", "REVERSE_NAME": // names that the DNS gave have no place in a session
	case "ADDR":
		x.addr, err = xclientAddr(value, known)
	case "DESTADDR":
		x.destAddr, err = xclientAddr(value, known)
	case "PORT":
		x.port, err = xclientPort(value, known)
	case "DESTPORT":
		x.destPort, err = xclientPort(value, known)
	case "PROTO":
		esmtp := strings.EqualFold(value, "ESMTP")
		x.esmtp = &esmtp
		if known && !esmtp && !strings.EqualFold(value, "SMTP") {
			err = fmt.Errorf("PROTO is SMTP or ESMTP")
		}
	case "HELO", "LOGIN":
		if !known {
			value = ""
		}
		if name == "HELO" {
			x.helo = &value
		} else {
			x.login = &value
		}
	default:
		err = fmt.Errorf("%.40q is not an attribute", name)
	}
	return err
}

func xclientAddr(value string, known bool) (netip.Addr, error) {
	if !known {
		return netip.Addr{}, nil
	}
	if rest, ok := strings.CutPrefix(strings.ToUpper(value), "IPV6:"); ok {
		value = rest
	}
	addr, err := netip.ParseAddr(value)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%.60q is not an address", value)
	}
	return addr.Unmap(), nil
}

func xclientPort(value string, known bool) (*uint16, error) {
	if !known {
		return nil, nil
	}
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%.20q is not a port", value)
	}
	port := uint16(n)
	return &port, nil
}

func (x *xclient) applyTo(c *conn) {
	c.peer = replaced(c.peer, x.addr, x.port)
	c.local = replaced(c.local, x.destAddr, x.destPort)
	if x.helo != nil {
		c.greeting.name = *x.helo
	}
	if x.esmtp != nil {
		c.greeting.esmtp = *x.esmtp
	}
	if x.login != nil && *x.login != "" {
		c.authMechanism, c.authIdentity = "XCLIENT", *x.login
	}
}

// replaced returns the address with what is known of another. A port belongs to
// its address.
func replaced(a netip.AddrPort, addr netip.Addr, port *uint16) netip.AddrPort {
	if addr.IsValid() {
		a = netip.AddrPortFrom(addr, 0)
	}
	if port != nil && a.IsValid() {
		a = netip.AddrPortFrom(a.Addr(), *port)
	}
	return a
}

// decodeXtext decodes the xtext of RFC 3461 §4; what is not printable has no
// place in a value.
func decodeXtext(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(n))
		i += 2
	}
	value := b.String()
	return value, utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}
