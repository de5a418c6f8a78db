package dane

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// presented is what a host showed, and what it is judged by.
type presented struct {
	chain []*x509.Certificate // leaf first
	hosts []string            // A-labels
	at    time.Time

	intermediates *x509.CertPool
	nameReason    string         // why the leaf is not for the hosts; empty when it is
	paths         map[int]string // by index of the anchor: why no path leads to it
	tried         int            // paths
	keysTried     int            // keys of records
}

func newPresented(chain []*x509.Certificate, hosts []string, at time.Time) *presented {
	p := &presented{hosts: references(hosts), at: at, intermediates: x509.NewCertPool(), paths: map[int]string{}}
	if at.IsZero() {
		p.at = time.Unix(0, 0) // x509 would ask the clock
	}
	p.chain = chain[:min(len(chain), MaxCertificates)]
	if len(p.chain) > 0 {
		for _, cert := range p.chain[1:] {
			if !hugeKey(cert.PublicKey) {
				p.intermediates.AddCert(cert)
			}
		}
		p.nameReason = nameMismatch(p.chain[0], p.hosts)
	}
	return p
}

func (p *presented) match(r dns.TLSA) Match {
	m := Match{Record: r, Certificate: NotPresented}
	if m.Reason = Unusable(r); m.Reason != "" {
		return m
	}
	m.Usable = true
	switch {
	case len(p.chain) == 0:
		m.Reason = "no certificate was presented"
	case r.Usage == UsageDANEEE:
		p.matchEE(&m)
	default:
		p.matchTA(&m)
	}
	m.Valid = m.Reason == ""
	return m
}

// matchEE compares with the leaf, and with nothing but the leaf: neither its
// names nor its dates count (RFC 7672 §3.1.1).
func (p *presented) matchEE(m *Match) {
	indexes := p.described(m.Record)
	switch {
	case len(indexes) == 0:
		m.Reason = p.mismatch(m.Record)
	case indexes[0] == 0:
		m.Certificate = 0
	default:
		m.Certificate = indexes[0]
		m.Reason = fmt.Sprintf("it describes %s, but DANE-EE (3) is about the host's own certificate", p.title(indexes[0]))
	}
}

// matchTA looks for an anchor that the record describes and that a valid path
// leads to: a certificate above the leaf, or what the record itself holds.
func (p *presented) matchTA(m *Match) {
	for _, i := range p.described(m.Record) {
		if i == 0 || bytes.Equal(p.chain[i].Raw, p.chain[0].Raw) {
			continue // the leaf is never its own issuer
		}
		reason := p.pathTo(i)
		if reason == "" {
			reason = p.nameReason
		}
		if m.Certificate == NotPresented || reason == "" {
			m.Certificate, m.Reason = i, reason
		}
		if reason == "" {
			return
		}
	}
	if m.Record.MatchingType == MatchFull && p.embedded(m) {
		return
	}
	if m.Certificate != NotPresented {
		return // with the reason of the first
	}
	if indexes := p.described(m.Record); len(indexes) > 0 {
		m.Certificate = 0
		m.Reason = "it describes the host's own certificate, but DANE-TA (2) is about an issuer"
	} else if m.Reason == "" {
		m.Reason = p.mismatch(m.Record)
	}
}

// embedded tries the certificate or key that the record holds as the anchor; it
// need not be presented (RFC 7671 §5.2.2, §5.2.3).
func (p *presented) embedded(m *Match) bool {
	reason := ""
	if m.Record.Selector == SelectorCert {
		reason = p.pathToCertificate(m.Record.Association)
	} else {
		reason = p.pathToKey(m.Record.Association)
	}
	if reason == "" {
		reason = p.nameReason
	}
	if m.Certificate == NotPresented || reason == "" {
		m.Reason = reason
	}
	return reason == ""
}

// described returns the indexes of the certificates that a record describes.
func (p *presented) described(r dns.TLSA) []int {
	var indexes []int
	for i, cert := range p.chain {
		if bytes.Equal(association(cert, r.Selector, r.MatchingType), r.Association) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// mismatch says that a record describes no certificate that was presented, and
// what its data is instead where that can be seen.
func (p *presented) mismatch(r dns.TLSA) string {
	reason := "it matches no certificate that was presented"
	if r.Usage == UsageDANETA && r.MatchingType != MatchFull {
		reason += "; a host must present the issuer that a digest stands for"
	}
	if hint := p.otherParameters(r); hint != "" {
		reason = hint
	}
	return reason
}

var selectorTitles = [...]string{"whole certificate", "public key"}

// otherParameters recognises data that is right under another selector.
func (p *presented) otherParameters(r dns.TLSA) string {
	other := SelectorCert + SelectorSPKI - r.Selector
	for i, cert := range p.chain {
		if bytes.Equal(association(cert, other, r.MatchingType), r.Association) {
			return fmt.Sprintf("its data is that of the %s of %s: the selector should be %d", selectorTitles[other], p.title(i), other)
		}
	}
	return ""
}

// title names a certificate of the chain for a reader.
func (p *presented) title(i int) string {
	if i == 0 {
		return "the host's certificate"
	}
	return fmt.Sprintf("certificate %d of the chain (%s)", i, subject(p.chain[i]))
}

func subject(cert *x509.Certificate) string {
	const maxSubject = 200 // of a hostile certificate, for one line
	s := cert.Subject.String()
	if s == "" {
		s = "no subject"
	}
	return fmt.Sprintf("%q", s[:min(len(s), maxSubject)])
}
