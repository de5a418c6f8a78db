package zone

import (
	"github.com/postmuster/postmuster/internal/dns"
)

// maxChain is how many CNAMEs are followed, as in the client.
const maxChain = 16

// Answer answers as the zone's name server would; ok is false if the name is
// not the zone's to answer for. A chain of CNAMEs is followed as far as it
// stays in the zone: where it leaves, the answer ends with a CNAME.
func (z *Zone) Answer(q dns.Question) (answer *dns.Answer, ok bool) {
	if !z.serves(q.Name, q.Type) {
		return nil, false
	}
	a := &dns.Answer{Question: q, Server: z.server()}
	name := q.Name
	for range maxChain {
		if name = z.extend(a, name); name == "" || !z.serves(name, q.Type) {
			break
		}
	}
	return a, true
}

func (z *Zone) server() string { return dns.ServerZoneFile + z.file }

// serves reports whether questions of this type about name are answered by
// this zone.
func (z *Zone) serves(name string, t dns.Type) bool {
	name = dns.Canonical(name)
	if !dns.Within(name, z.origin) {
		return false
	}
	if name == z.origin {
		hosted := (t == dns.TypeSOA || t == dns.TypeNS) && z.soa == nil && len(z.at(name, dns.TypeNS)) == 0
		return t != dns.TypeDS && !hosted // RFC 4035 §3.1.4.1: the DS is the parent's
	}
	for above := name; above != "" && above != z.origin; above = parent(above) {
		if z.cuts[above] {
			return above == name && t == dns.TypeDS
		}
	}
	return true
}

// extend adds what the zone has at name. It returns the target if that is a
// CNAME; else the answer is complete.
func (z *Zone) extend(a *dns.Answer, name string) (target string) {
	entries, exists := z.tree.Find(name)
	matching := ofType(entries, a.Question.Type)
	if len(matching) > 0 {
		a.Records = append(a.Records, matching...)
		return ""
	}
	if aliases := ofType(entries, dns.TypeCNAME); len(aliases) > 0 {
		a.Records = append(a.Records, aliases[0])
		return aliases[0].Data.(dns.CNAME).Target
	}
	if !exists {
		a.Rcode = dns.RcodeNXDomain // RFC 6604 §3: of the last name in the chain
	}
	a.Authority = z.soa
	return ""
}

func (z *Zone) at(name string, t dns.Type) []dns.Record {
	entries, _ := z.tree.Find(name)
	return ofType(entries, t)
}
