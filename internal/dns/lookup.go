package dns

import (
	"context"
	"net/netip"
	"strconv"
)

// TXTs returns the text of each TXT record that matches, its strings joined.
func (a *Answer) TXTs() []string {
	var texts []string
	for _, r := range a.Matching() {
		if txt, ok := r.Data.(TXT); ok {
			texts = append(texts, txt.Text())
		}
	}
	return texts
}

// MXs returns the MX records that match, in the order received.
func (a *Answer) MXs() []MX {
	var mxs []MX
	for _, r := range a.Matching() {
		if mx, ok := r.Data.(MX); ok {
			mxs = append(mxs, mx)
		}
	}
	return mxs
}

// Addrs returns the addresses of the A or AAAA records that match; none of a nil
// Answer, as LookupAddrs returns for a query that failed.
func (a *Answer) Addrs() []netip.Addr {
	if a == nil {
		return nil
	}
	var addrs []netip.Addr
	for _, r := range a.Matching() {
		switch d := r.Data.(type) {
		case A:
			addrs = append(addrs, d.Addr)
		case AAAA:
			addrs = append(addrs, d.Addr)
		}
	}
	return addrs
}

// PTRs returns the names of the PTR records that match.
func (a *Answer) PTRs() []string {
	var names []string
	for _, r := range a.Matching() {
		if ptr, ok := r.Data.(PTR); ok {
			names = append(names, ptr.Host)
		}
	}
	return names
}

// TLSAs returns the TLSA records that match.
func (a *Answer) TLSAs() []TLSA {
	var tlsas []TLSA
	for _, r := range a.Matching() {
		if tlsa, ok := r.Data.(TLSA); ok {
			tlsas = append(tlsas, tlsa)
		}
	}
	return tlsas
}

// LookupTXT asks for the TXT records of name.
func LookupTXT(ctx context.Context, r Resolver, name string) (*Answer, error) {
	return r.Resolve(ctx, Question{Name: name, Type: TypeTXT})
}

// LookupMX asks for the MX records of name.
func LookupMX(ctx context.Context, r Resolver, name string) (*Answer, error) {
	return r.Resolve(ctx, Question{Name: name, Type: TypeMX})
}

// LookupAddrs asks for both the A and the AAAA records of name. Either answer
// is nil if its query failed; err is the first failure.
func LookupAddrs(ctx context.Context, r Resolver, name string) (a, aaaa *Answer, err error) {
	a, err = r.Resolve(ctx, Question{Name: name, Type: TypeA})
	aaaa, err6 := r.Resolve(ctx, Question{Name: name, Type: TypeAAAA})
	if err == nil {
		err = err6
	}
	return a, aaaa, err
}

// LookupPTR asks for the PTR records of an address.
func LookupPTR(ctx context.Context, r Resolver, addr netip.Addr) (*Answer, error) {
	return r.Resolve(ctx, Question{Name: ReverseName(addr), Type: TypePTR})
}

// ReverseName returns the name that holds the PTR records of an address, under
// in-addr.arpa (RFC 1035 §3.5) or ip6.arpa (RFC 3596 §2.5).
func ReverseName(addr netip.Addr) string {
	if addr.Unmap().Is4() {
		return ReversedLabels(addr) + ".in-addr.arpa"
	}
	return ReversedLabels(addr) + ".ip6.arpa"
}

// ReversedLabels returns the octets of an IPv4 address, or the nibbles of an
// IPv6 address, in reverse order and separated by dots (RFC 5782 §2.1, §2.4).
func ReversedLabels(addr netip.Addr) string {
	const hexDigits = "0123456789abcdef"
	var b []byte
	if addr = addr.Unmap(); addr.Is4() {
		octets := addr.As4()
		for i := len(octets) - 1; i >= 0; i-- {
			b = strconv.AppendUint(b, uint64(octets[i]), 10)
			b = append(b, '.')
		}
		return string(b[:len(b)-1])
	}
	octets := addr.As16()
	for i := len(octets) - 1; i >= 0; i-- {
		b = append(b, hexDigits[octets[i]&0xf], '.', hexDigits[octets[i]>>4], '.')
	}
	return string(b[:len(b)-1])
}
