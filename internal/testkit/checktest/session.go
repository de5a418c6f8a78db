package checktest

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// readSession reads what was said with one address, as ParseSession does.
func (w *world) readSession(name, text string) error {
	target, err := parseTarget(name)
	if err != nil {
		return err
	}
	session, err := ParseSession(text)
	if err != nil {
		return fmt.Errorf("smtp %s: %w", name, err)
	}
	session.Target = target
	w.sessions[target.String()] = session
	return nil
}

// parseTarget reads "mx.example.com[192.0.2.1]:25".
func parseTarget(name string) (smtp.Target, error) {
	host, rest, ok := strings.Cut(name, "[")
	address, port, ok2 := strings.Cut(rest, "]:")
	addr, err := netip.ParseAddr(address)
	n, err2 := strconv.ParseUint(port, 10, 16)
	if !ok || !ok2 || err != nil || err2 != nil {
		return smtp.Target{}, fmt.Errorf("smtp %q is not HOST[ADDRESS]:PORT", name)
	}
	return smtp.Target{Host: host, Addr: netip.AddrPortFrom(addr, uint16(n))}, nil
}

// ParseSession reads a session with a mail server:
//
//	result: timeout at banner      how it ended, where it is not "ok"
//	reason: banner: timeout        in words
//	banner: 220 mx.example.com ESMTP
//	ehlo: mx.example.com, SIZE 10240000, STARTTLS
//	starttls: 220 ready
//	tls: 1.3                       or "alert: no protocol version in common"
//	cert: names=mx.example.com,*.example.com notafter=2027-02-01 notbefore=2026-02-01 key=TEXT
//	chain-error: x509: certificate signed by unknown authority
//	name-error: x509: certificate is valid for a.example.net, not mx.example.com
//
// Commas separate the lines of the reply to EHLO. The text of a key stands for its
// octets: TLSA records are about their digest.
func ParseSession(text string) (*smtp.Session, error) {
	s := &smtp.Session{HELO: "probe.example.org", Result: smtp.ResultOK, Step: smtp.StepQUIT, At: Now}
	err := fields(text, func(key, value string) (err error) {
		switch key {
		case "result":
			result, step, _ := strings.Cut(value, " at ")
			s.Result, s.Step = smtp.Result(result), smtp.Step(step)
		case "reason":
			s.Reason = value
		case "banner":
			s.Banner, err = parseReply(value)
		case "ehlo":
			s.EHLO = &smtp.Reply{Code: 250, Lines: strings.Split(value, ", ")}
		case "starttls":
			s.STARTTLS, err = parseReply(value)
		case "tls", "alert", "cert", "chain-error", "name-error":
			if s.TLS == nil {
				s.TLS = &smtp.TLS{}
			}
			err = tlsField(s.TLS, key, value)
		default:
			err = fmt.Errorf("no such line as %q in a session", key)
		}
		return err
	})
	return s, err
}

func parseReply(text string) (*smtp.Reply, error) {
	code, rest, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(code)
	if err != nil {
		return nil, fmt.Errorf("%q is not a reply", text)
	}
	return &smtp.Reply{Code: n, Lines: strings.Split(rest, ", ")}, nil
}

var tlsVersions = map[string]uint16{"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304}

func tlsField(t *smtp.TLS, key, value string) error {
	switch key {
	case "tls":
		version, ok := tlsVersions[value]
		if !ok {
			return fmt.Errorf("%q is not a version of TLS", value)
		}
		t.Version = version
	case "alert":
		t.Alert = value
	case "chain-error":
		t.ChainError = value
	case "name-error":
		t.NameError = value
	case "cert":
		cert, err := parseCertificate(value)
		if err != nil {
			return err
		}
		t.Chain = append(t.Chain, cert)
	}
	return nil
}

func parseCertificate(text string) (*x509.Certificate, error) {
	cert := &x509.Certificate{NotBefore: Now.AddDate(0, -1, 0), NotAfter: Now.AddDate(0, 2, 0)}
	for _, attribute := range strings.Fields(text) {
		key, value, _ := strings.Cut(attribute, "=")
		var err error
		switch key {
		case "names":
			cert.DNSNames = strings.Split(value, ",")
		case "notafter":
			cert.NotAfter, err = time.Parse(time.DateOnly, value)
		case "key":
			cert.RawSubjectPublicKeyInfo = []byte(value)
		case "notbefore":
			cert.NotBefore, err = time.Parse(time.DateOnly, value)
		default:
			err = fmt.Errorf("no such attribute as %q in a certificate", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return cert, nil
}
