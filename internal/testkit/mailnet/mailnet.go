// Package mailnet is a small mail internet on loopback: a name server, mail
// servers of different health, a web server with an MTA-STS policy, a blocklist,
// and messages to send. It needs no network and no rights.
//
// Its addresses are those of documentation (RFC 5737); Dial leads a connection
// to one of them to the server that stands for it.
package mailnet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dkim"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

//go:embed world.zone
var world string

var (
	//go:embed good.eml
	goodMessage string
	//go:embed accidents.eml
	accidentMessage string
)

// Domains are the domains to audit: an exemplary one, a typical one with the
// mistakes that people really make, and one that loses mail.
var Domains = []string{"example.com", "example.net", "example.org"}

// Blocklist is the zone of the blocklist.
const Blocklist = "bl.test"

// unserved are addresses of mail servers that the zones name and nobody serves.
var unserved = []netip.Addr{netip.MustParseAddr("2001:db8:1::10")}

// Senders are the addresses that the messages come from, by the name that the
// client gives: everything on this machine comes from loopback, of which no
// receiver can judge SPF.
var Senders = map[string]netip.Addr{
	"out.example.com": netip.MustParseAddr("192.0.2.25"),
	"localhost":       netip.MustParseAddr("203.0.113.200"),
}

// A Net is the running internet.
type Net struct {
	DNS   *dnstest.Server
	ca    *smtptest.CA
	key   *rsa.PrivateKey
	hosts []host
}

type host struct {
	at     netip.AddrPort // of documentation
	server interface {
		Addr() netip.AddrPort
		Close() error
	}
}

const (
	smtpPort   = 25
	nobody     = "127.0.0.1:1" // where nobody listens
	selector   = "mail"
	keyBits    = 2048
	textLength = 255 // of one character-string (RFC 1035 §3.3)
)

// Start starts the servers on free ports of 127.0.0.1. Certificates are made as
// of now.
func Start(now time.Time) (*Net, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	n := &Net{ca: smtptest.NewCA(), key: key}
	record, err := keyRecord(key)
	if err != nil {
		return nil, err
	}
	if n.DNS, err = dnstest.Listen(world+record, "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the name server: %w", err)
	}
	if err := n.startHosts(now); err != nil {
		n.Close()
		return nil, fmt.Errorf("start the servers: %w", err)
	}
	return n, nil
}

// keyRecord is the DKIM key of example.com as a line of the zone.
func keyRecord(key *rsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	text := "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	record := dns.TXT{Strings: []string{text[:textLength], text[textLength:]}}
	return fmt.Sprintf("%s._domainkey.example.com. 3600 TXT %s\n", selector, record), nil
}

func (n *Net) startHosts(now time.Time) error {
	healthy := func(name string) smtptest.Config {
		certificate := n.ca.Issue(smtptest.Leaf{Names: []string{name}, NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 2, 0)})
		return mx(name, certificate)
	}
	expired := n.ca.Issue(smtptest.Leaf{Names: []string{"mail.example.net"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, -3)})
	refuses := smtptest.Config{Hostname: "mx.example.org", Replies: map[string]string{"BANNER": "554 5.3.2 mx.example.org is not taking mail"}}
	for addr, config := range map[string]smtptest.Config{
		"192.0.2.10":    healthy("mx1.example.com"),
		"2001:db8::10":  healthy("mx1.example.com"),
		"192.0.2.11":    healthy("mx2.example.com"),
		"198.51.100.10": mx("mail.example.net", expired),
		"203.0.113.99":  refuses,
	} {
		server, err := smtptest.Listen(config)
		if err != nil {
			return err
		}
		n.hosts = append(n.hosts, host{netip.AddrPortFrom(netip.MustParseAddr(addr), smtpPort), server})
	}
	policyHost := n.ca.Issue(smtptest.Leaf{Names: []string{"mta-sts.example.com"}, NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 2, 0)})
	server, err := servePolicy(policyHost)
	if err != nil {
		return err
	}
	n.hosts = append(n.hosts, host{netip.MustParseAddrPort("192.0.2.80:443"), server})
	return nil
}

func mx(name string, certificate tls.Certificate) smtptest.Config {
	return smtptest.Config{
		Hostname: name, Extensions: []string{"PIPELINING", "SIZE 26214400", "8BITMIME", "ENHANCEDSTATUSCODES"},
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
}

// Dial leads connections to the servers; an address that none stands for
// refuses.
func (n *Net) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	to := nobody
	for _, h := range n.hosts {
		if h.at == netip.AddrPortFrom(target.Addr().Unmap(), target.Port()) {
			to = h.server.Addr().String()
		}
	}
	return (&net.Dialer{}).DialContext(ctx, network, to)
}

// ConnectTo lists what Dial does, as --connect-to takes it: with it no connection
// to one of the servers leaves this machine.
func (n *Net) ConnectTo() []string {
	var pairs []string
	for _, h := range n.hosts {
		pairs = append(pairs, fmt.Sprintf("%s=%s", h.at, h.server.Addr()))
	}
	for _, addr := range unserved {
		pairs = append(pairs, fmt.Sprintf("%s=%s", netip.AddrPortFrom(addr, smtpPort), nobody))
	}
	slices.Sort(pairs)
	return pairs
}

// Roots are the authorities of the servers' certificates.
func (n *Net) Roots() *x509.CertPool { return n.ca.Pool() }

// CA is the authority of the servers' certificates.
func (n *Net) CA() *smtptest.CA { return n.ca }

// Close stops the servers.
func (n *Net) Close() {
	n.DNS.Close()
	for _, h := range n.hosts {
		h.server.Close()
	}
}

// A Mail is a message to send, and the session that it should be sent in.
type Mail struct {
	Title          string // what it is
	HELO           string // a key of Senders
	MailFrom, Rcpt string
	Data           []byte
}

// Messages returns the messages to send, dated now: a good one, signed, and one
// with typical accidents.
func (n *Net) Messages(now time.Time) ([]Mail, error) {
	good := crlf(strings.Replace(goodMessage, "DATE", now.Format(time.RFC1123Z), 1))
	signature, err := dkim.Sign(good, dkim.SignOptions{Domain: "example.com", Selector: selector, Key: n.key, Time: now})
	if err != nil {
		return nil, err
	}
	return []Mail{
		{
			Title: "a good message, signed, from a sending address of example.com", HELO: "out.example.com",
			MailFrom: "bounces@example.com", Rcpt: "sam@recipient.test", Data: append([]byte(signature), good...),
		},
		{
			Title: "a newsletter with typical accidents, from somewhere else", HELO: "localhost",
			MailFrom: "news@example.net", Rcpt: "sam@recipient.test", Data: crlf(accidentMessage),
		},
	}, nil
}

func crlf(text string) []byte {
	return bytes.ReplaceAll([]byte(text), []byte("\n"), []byte("\r\n"))
}
