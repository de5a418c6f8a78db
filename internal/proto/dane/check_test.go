package dane

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

// A checkCase asks what one record says about a chain.
type checkCase struct {
	name   string
	chain  []*x509.Certificate
	host   string // mx.example.com when empty
	record dns.TLSA
	at     time.Time // now when zero
	want   Verdict
	index  int
	reason string // a part of it
}

func runCheckCases(t *testing.T, cases []checkCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.host == "" {
				c.host = "mx.example.com"
			}
			if c.at.IsZero() {
				c.at = now
			}
			result := Check(c.chain, []string{c.host}, []dns.TLSA{c.record}, c.at)
			m := result.Matches[0]
			if result.Verdict != c.want {
				t.Errorf("verdict = %q, want %q (%s)", result.Verdict, c.want, m.Reason)
			}
			if m.Certificate != c.index {
				t.Errorf("certificate = %d, want %d (%s)", m.Certificate, c.index, m.Reason)
			}
			if m.Valid != (c.want == VerdictValid) || m.Valid != (m.Reason == "") {
				t.Errorf("valid = %t with reason %q", m.Valid, m.Reason)
			}
			if c.reason == "" && m.Reason != "" || !strings.Contains(m.Reason, c.reason) {
				t.Errorf("reason = %q, want %q in it", m.Reason, c.reason)
			}
		})
	}
}

func TestDANEEE(t *testing.T) {
	p := newPKI(t)
	chain := p.chain()
	expired := issue(t, &x509.Certificate{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0), DNSNames: []string{"other.example.net"}}, nil)
	renewed := sign(t, leafTemplate(), p.leaf.key, &p.intermediate)
	flipped := Record(chain[0], 3, 1, 1)
	flipped.Association[31] ^= 1
	asKey := Record(chain[0], 3, 0, 1)
	asKey.Selector = 1
	runCheckCases(t, []checkCase{
		{name: "3 0 0", chain: chain, record: Record(chain[0], 3, 0, 0), want: VerdictValid},
		{name: "3 0 1", chain: chain, record: Record(chain[0], 3, 0, 1), want: VerdictValid},
		{name: "3 0 2", chain: chain, record: Record(chain[0], 3, 0, 2), want: VerdictValid},
		{name: "3 1 0", chain: chain, record: Record(chain[0], 3, 1, 0), want: VerdictValid},
		{name: "3 1 1", chain: chain, record: Record(chain[0], 3, 1, 1), want: VerdictValid},
		{name: "3 1 2", chain: chain, record: Record(chain[0], 3, 1, 2), want: VerdictValid},
		{name: "the leaf alone is enough", chain: chain[:1], record: Record(chain[0], 3, 1, 1), want: VerdictValid},
		{name: "expired, self-signed, for another host: none of it counts", chain: certs(expired), record: Record(expired.Certificate, 3, 1, 1), want: VerdictValid},
		{name: "a renewal with the same key keeps 3 1 1", chain: certs(renewed), record: Record(chain[0], 3, 1, 1), want: VerdictValid},
		{name: "a renewal with the same key breaks 3 0 1", chain: certs(renewed), record: Record(chain[0], 3, 0, 1), want: VerdictInvalid, index: NotPresented, reason: "matches no certificate"},
		{name: "one bit off", chain: chain, record: flipped, want: VerdictInvalid, index: NotPresented, reason: "matches no certificate"},
		{name: "an issuer's digest under usage 3", chain: chain, record: Record(chain[1], 3, 1, 1), want: VerdictInvalid, index: 1, reason: "the host's own certificate"},
		{name: "the certificate's digest under selector 1", chain: chain, record: asKey, want: VerdictInvalid, index: NotPresented, reason: "selector should be 0"},
		{name: "nothing presented", record: Record(chain[0], 3, 1, 1), want: VerdictInvalid, index: NotPresented, reason: "no certificate was presented"},
	})
}

func TestDANETA(t *testing.T) {
	p := newPKI(t)
	chain := p.chain()
	other := newPKI(t)
	selfSigned := issue(t, leafTemplate(), nil)
	expiredLeaf := leafTemplate()
	expiredLeaf.NotAfter = now.Add(-time.Minute)
	expired := issue(t, expiredLeaf, &p.intermediate)
	clientLeaf := leafTemplate()
	clientLeaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	client := issue(t, clientLeaf, &p.intermediate)
	oldTemplate := caTemplate("old")
	oldTemplate.NotAfter = now.Add(-time.Minute)
	oldIntermediate := issue(t, oldTemplate, &p.root)
	underOld := issue(t, leafTemplate(), &oldIntermediate)
	rootSigned := issue(t, leafTemplate(), &p.root)
	runCheckCases(t, []checkCase{
		{name: "2 0 1 root", chain: chain, record: Record(chain[2], 2, 0, 1), want: VerdictValid, index: 2},
		{name: "2 1 1 root", chain: chain, record: Record(chain[2], 2, 1, 1), want: VerdictValid, index: 2},
		{name: "2 1 2 root", chain: chain, record: Record(chain[2], 2, 1, 2), want: VerdictValid, index: 2},
		{name: "2 0 1 intermediate, root not presented", chain: chain[:2], record: Record(chain[1], 2, 0, 1), want: VerdictValid, index: 1},
		{name: "2 1 1 intermediate", chain: chain, record: Record(chain[1], 2, 1, 1), want: VerdictValid, index: 1},
		{name: "out of order", chain: []*x509.Certificate{chain[0], chain[2], chain[1]}, record: Record(chain[2], 2, 1, 1), want: VerdictValid, index: 1},
		{name: "root digest, root not presented", chain: chain[:2], record: Record(chain[2], 2, 1, 1), want: VerdictInvalid, index: NotPresented, reason: "must present the issuer"},
		{name: "2 0 0 root, not presented", chain: chain[:2], record: Record(chain[2], 2, 0, 0), want: VerdictValid, index: NotPresented},
		{name: "2 1 0 root key, not presented", chain: chain[:2], record: Record(chain[2], 2, 1, 0), want: VerdictValid, index: NotPresented},
		{name: "2 1 0 signs the leaf itself", chain: certs(rootSigned), record: Record(chain[2], 2, 1, 0), want: VerdictValid, index: NotPresented},
		{name: "2 1 0 presented", chain: chain, record: Record(chain[2], 2, 1, 0), want: VerdictValid, index: 2},
		{name: "2 0 0 of an issuer of others", chain: chain, record: Record(other.root.Certificate, 2, 0, 0), want: VerdictInvalid, index: NotPresented, reason: "no path leads"},
		{name: "2 1 0 of an issuer of others", chain: chain, record: Record(other.root.Certificate, 2, 1, 0), want: VerdictInvalid, index: NotPresented, reason: "signed by this key"},
		{name: "intermediate missing", chain: []*x509.Certificate{chain[0], chain[2]}, record: Record(chain[2], 2, 1, 1), want: VerdictInvalid, index: 1, reason: "intermediate certificate is missing"},
		{name: "an unrelated issuer presented beside the chain", chain: append(p.chain(), other.root.Certificate), record: Record(other.root.Certificate, 2, 1, 1), want: VerdictInvalid, index: 3, reason: "no path leads"},
		{name: "the leaf under usage 2", chain: chain, record: Record(chain[0], 2, 1, 1), want: VerdictInvalid, index: 0, reason: "about an issuer"},
		{name: "self-signed leaf under 2 0 1", chain: certs(selfSigned), record: Record(selfSigned.Certificate, 2, 0, 1), want: VerdictInvalid, index: 0, reason: "about an issuer"},
		{name: "self-signed leaf under 2 0 0", chain: certs(selfSigned), record: Record(selfSigned.Certificate, 2, 0, 0), want: VerdictInvalid, index: 0, reason: "about an issuer"},
		{name: "self-signed leaf presented twice", chain: certs(selfSigned, selfSigned), record: Record(selfSigned.Certificate, 2, 0, 1), want: VerdictInvalid, index: 0, reason: "about an issuer"},
		{name: "expired leaf", chain: certs(expired, p.intermediate), record: Record(chain[1], 2, 1, 1), want: VerdictInvalid, index: 1, reason: "is valid from"},
		{name: "the same when it was valid", chain: certs(expired, p.intermediate), at: now.Add(-time.Hour), record: Record(chain[1], 2, 1, 1), want: VerdictValid, index: 1},
		{name: "not yet valid", chain: chain, at: now.AddDate(0, -2, 0), record: Record(chain[1], 2, 1, 1), want: VerdictInvalid, index: 1, reason: "is valid from"},
		{name: "expired intermediate on the path", chain: certs(underOld, oldIntermediate, p.root), record: Record(chain[2], 2, 1, 1), want: VerdictInvalid, index: 2, reason: `"CN=old" is valid`},
		{name: "expired anchor", chain: certs(underOld, oldIntermediate), record: Record(oldIntermediate.Certificate, 2, 1, 1), want: VerdictInvalid, index: 1, reason: `"CN=old" is valid`},
		{name: "for TLS clients only", chain: certs(client, p.intermediate), record: Record(chain[1], 2, 1, 1), want: VerdictInvalid, index: 1, reason: "not for TLS servers"},
		{name: "for TLS clients only, under a bare key", chain: certs(client), record: Record(chain[1], 2, 1, 0), want: VerdictInvalid, index: NotPresented, reason: "not for TLS servers"},
		{name: "another host's certificate", chain: chain, host: "mx.example.net", record: Record(chain[1], 2, 1, 1), want: VerdictInvalid, index: 1, reason: `for "mx.example.com", not for "mx.example.net"`},
		{name: "another host's certificate, 2 0 0", chain: chain, host: "mx.example.net", record: Record(chain[1], 2, 0, 0), want: VerdictInvalid, index: 1, reason: `not for "mx.example.net"`},
		{name: "an empty clock is not today's", chain: chain, at: time.Unix(0, 0), record: Record(chain[1], 2, 1, 1), want: VerdictInvalid, index: 1, reason: "is valid from"},
	})
}

func TestMisusedIssuers(t *testing.T) {
	root := issue(t, caTemplate("root"), nil)
	noCA := issue(t, leafTemplate("mx.example.com"), &root)
	underNoCA := issue(t, leafTemplate(), &noCA)

	shortTemplate := caTemplate("pathlen 0")
	shortTemplate.MaxPathLen, shortTemplate.MaxPathLenZero = 0, true
	short := issue(t, shortTemplate, &root)
	below := issue(t, caTemplate("below"), &short)
	tooDeep := issue(t, leafTemplate(), &below)
	deepEnough := issue(t, leafTemplate(), &short)

	constrained := caTemplate("constrained")
	constrained.PermittedDNSDomains = []string{"example.net"}
	constrained.PermittedDNSDomainsCritical = true
	netOnly := issue(t, constrained, &root)
	outside := issue(t, leafTemplate(), &netOnly)

	emailTemplate := caTemplate("email only")
	emailTemplate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	email := issue(t, emailTemplate, &root)
	underEmail := issue(t, leafTemplate(), &email)

	runCheckCases(t, []checkCase{
		{name: "CA:false on the path", chain: certs(underNoCA, noCA, root), record: Record(root.Certificate, 2, 1, 1), want: VerdictInvalid, index: 2, reason: "is no CA"},
		{name: "CA:false as the anchor", chain: certs(underNoCA, noCA), record: Record(noCA.Certificate, 2, 1, 1), want: VerdictInvalid, index: 1, reason: "is no CA"},
		{name: "CA:false under a bare key", chain: certs(underNoCA, noCA), record: Record(root.Certificate, 2, 1, 0), want: VerdictInvalid, index: NotPresented, reason: "is no CA"},
		{name: "pathlen exceeded", chain: certs(tooDeep, below, short), record: Record(root.Certificate, 2, 0, 0), want: VerdictInvalid, index: NotPresented, reason: "longer than"},
		{name: "pathlen of the anchor exceeded", chain: certs(tooDeep, below, short), record: Record(short.Certificate, 2, 0, 1), want: VerdictInvalid, index: 2, reason: "longer than"},
		{name: "pathlen kept", chain: certs(deepEnough, short), record: Record(short.Certificate, 2, 0, 1), want: VerdictValid, index: 1},
		{name: "name constraints", chain: certs(outside, netOnly), record: Record(netOnly.Certificate, 2, 0, 1), want: VerdictInvalid, index: 1, reason: "constrain"},
		{name: "an issuer that is not for TLS servers", chain: certs(underEmail, email), record: Record(email.Certificate, 2, 0, 1), want: VerdictInvalid, index: 1, reason: "not for TLS servers"},
	})
}

// Two certificates of one CA key: self-signed, and signed by another CA.
func TestCrossCertificates(t *testing.T) {
	key := newKey(t)
	selfSigned := sign(t, caTemplate("ca"), key, nil)
	otherRoot := issue(t, caTemplate("other root"), nil)
	cross := sign(t, caTemplate("ca"), key, &otherRoot)
	leaf := issue(t, leafTemplate(), &selfSigned)
	chain := certs(leaf, cross)
	runCheckCases(t, []checkCase{
		{name: "2 1 1 matches either", chain: chain, record: Record(selfSigned.Certificate, 2, 1, 1), want: VerdictValid, index: 1},
		{name: "2 0 1 matches one of them only", chain: chain, record: Record(selfSigned.Certificate, 2, 0, 1), want: VerdictInvalid, index: NotPresented, reason: "matches no certificate"},
		{name: "2 0 1 of the cross certificate", chain: chain, record: Record(cross.Certificate, 2, 0, 1), want: VerdictValid, index: 1},
		{name: "2 0 0 of the one not presented", chain: chain, record: Record(selfSigned.Certificate, 2, 0, 0), want: VerdictValid, index: NotPresented},
		{name: "2 1 1 of the other root over the cross certificate", chain: certs(leaf, cross, otherRoot), record: Record(otherRoot.Certificate, 2, 1, 1), want: VerdictValid, index: 2},
		{name: "other root over the self-signed one", chain: certs(leaf, selfSigned, otherRoot), record: Record(otherRoot.Certificate, 2, 1, 1), want: VerdictInvalid, index: 2, reason: "no path leads"},
	})
	expiredTemplate := caTemplate("ca")
	expiredTemplate.NotAfter = now.Add(-time.Hour)
	expiredTwin := sign(t, expiredTemplate, key, nil)
	runCheckCases(t, []checkCase{
		{name: "2 1 1 matches an expired twin first", chain: certs(leaf, expiredTwin, selfSigned), record: Record(selfSigned.Certificate, 2, 1, 1), want: VerdictValid, index: 2},
	})
}

func TestNames(t *testing.T) {
	root := issue(t, caTemplate("root"), nil)
	withCN := func(cn string, names ...string) issued {
		template := leafTemplate()
		template.Subject.CommonName, template.DNSNames = cn, names
		return issue(t, template, &root)
	}
	cases := []struct {
		name  string
		leaf  issued
		hosts []string
		want  bool
	}{
		{"exact", withCN("", "mx.example.com"), []string{"mx.example.com"}, true},
		{"without regard to case and final dot", withCN("", "MX.Example.COM"), []string{"mx.EXAMPLE.com."}, true},
		{"the next-hop domain counts", withCN("", "example.com"), []string{"mx.example.net", "example.com"}, true},
		{"wildcard for one label", withCN("", "*.example.com"), []string{"mx.example.com"}, true},
		{"wildcard not for two labels", withCN("", "*.example.com"), []string{"a.mx.example.com"}, false},
		{"wildcard not for the domain itself", withCN("", "*.example.com"), []string{"example.com"}, false},
		{"wildcard is the whole label: prefix", withCN("", "mx*.example.com"), []string{"mx1.example.com"}, false},
		{"wildcard is the whole label: suffix", withCN("", "*mx.example.com"), []string{"1mx.example.com"}, false},
		{"wildcard in the second label", withCN("", "mx.*.com"), []string{"mx.example.com"}, false},
		{"wildcard below a top-level domain", withCN("", "*.test"), []string{"mx.test"}, false},
		{"wildcard alone", withCN("", "*"), []string{"mx"}, false},
		{"U-label host, A-label certificate", withCN("", "mx.xn--bcher-kva.example"), []string{"mx.bücher.example"}, true},
		{"A-label host, A-label certificate", withCN("", "mx.xn--bcher-kva.example"), []string{"mx.xn--bcher-kva.example"}, true},
		{"wildcard for an A-label", withCN("", "*.example.com"), []string{"xn--bcher-kva.example.com"}, true},
		{"underscore host", withCN("", "mx_1.example.com"), []string{"mx_1.example.com"}, true},
		{"common name when there is no dNSName", withCN("mx.example.com"), []string{"mx.example.com"}, true},
		{"wildcard common name", withCN("*.example.com"), []string{"mx.example.com"}, true},
		{"common name ignored beside a dNSName", withCN("mx.example.com", "other.example.com"), []string{"mx.example.com"}, false},
		{"no name at all", withCN(""), []string{"mx.example.com"}, false},
		{"no host to compare with", withCN("", "mx.example.com"), nil, false},
		{"empty host", withCN("", "mx.example.com"), []string{""}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			record := Record(root.Certificate, 2, 1, 1)
			got := Check(certs(c.leaf, root), c.hosts, []dns.TLSA{record}, now)
			if (got.Verdict == VerdictValid) != c.want {
				t.Errorf("verdict = %q (%s), want valid: %t", got.Verdict, got.Matches[0].Reason, c.want)
			}
		})
	}
}

func TestUnusable(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf.Certificate
	short := Record(leaf, 3, 1, 1)
	short.Association = short.Association[:31]
	sha256As512 := Record(leaf, 3, 1, 1)
	sha256As512.MatchingType = 2
	certAsKey := Record(leaf, 3, 0, 0)
	certAsKey.Selector = 1
	trailing := Record(leaf, 2, 0, 0)
	trailing.Association = append(append([]byte{}, trailing.Association...), 0)
	keyTrailing := Record(leaf, 2, 1, 0)
	keyTrailing.Association = append(append([]byte{}, keyTrailing.Association...), 0)
	cases := []struct {
		name   string
		record dns.TLSA
		reason string
	}{
		{"PKIX-TA", Record(leaf, 0, 1, 1), "PKIX-TA"},
		{"PKIX-EE", Record(leaf, 1, 1, 1), "PKIX-EE"},
		{"unknown usage", Record(leaf, 4, 1, 1), "usage 4"},
		{"private usage", Record(leaf, 255, 1, 1), "usage 255"},
		{"unknown selector", Record(leaf, 3, 2, 1), "selector 2"},
		{"unknown matching type", Record(leaf, 3, 1, 3), "matching type 3"},
		{"short digest", short, "31 octets"},
		{"SHA-256 digest as SHA-512", sha256As512, "SHA-512"},
		{"empty digest", dns.TLSA{Usage: 3, Selector: 1, MatchingType: 1}, "0 octets"},
		{"empty certificate", dns.TLSA{Usage: 2}, "not a certificate"},
		{"empty key", dns.TLSA{Usage: 2, Selector: 1}, "not a public key"},
		{"a certificate as a key", certAsKey, "not a public key"},
		{"octets after the certificate", trailing, "not a certificate"},
		{"octets after the key", keyTrailing, "not a public key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Check(p.chain(), []string{"mx.example.com"}, []dns.TLSA{c.record}, now)
			m := got.Matches[0]
			if got.Verdict != VerdictNoUsable || m.Usable || m.Valid || !strings.Contains(m.Reason, c.reason) {
				t.Errorf("Check = %q, %+v; want no usable records because of %q", got.Verdict, m, c.reason)
			}
		})
	}
}

func TestSeveralRecords(t *testing.T) {
	p, next := newPKI(t), newPKI(t)
	leaf, root := p.leaf.Certificate, p.root.Certificate
	nextLeaf := next.leaf.Certificate
	weak := func(r dns.TLSA) dns.TLSA { r.Association[0] ^= 0xff; return r }
	cases := []struct {
		name    string
		records []dns.TLSA
		want    Verdict
		valid   []bool
	}{
		{"none", nil, VerdictNoUsable, nil},
		{"rollover: current and next", []dns.TLSA{Record(leaf, 3, 1, 1), Record(nextLeaf, 3, 1, 1)}, VerdictValid, []bool{true, false}},
		{"rollover: the issuer saves a new key", []dns.TLSA{Record(nextLeaf, 3, 1, 1), Record(root, 2, 1, 1)}, VerdictValid, []bool{false, true}},
		{"unusable ones are left out", []dns.TLSA{Record(leaf, 1, 1, 1), Record(leaf, 3, 1, 1)}, VerdictValid, []bool{false, true}},
		{"unusable ones do not save", []dns.TLSA{Record(leaf, 1, 1, 1), Record(nextLeaf, 3, 1, 1)}, VerdictInvalid, []bool{false, false}},
		{"agility: SHA-512 decides", []dns.TLSA{Record(leaf, 3, 1, 1), weak(Record(leaf, 3, 1, 2))}, VerdictInvalid, []bool{true, false}},
		{"agility: SHA-512 matches", []dns.TLSA{weak(Record(leaf, 3, 1, 1)), Record(leaf, 3, 1, 2)}, VerdictValid, []bool{false, true}},
		{"agility: another selector is another matter", []dns.TLSA{Record(leaf, 3, 1, 1), weak(Record(leaf, 3, 0, 2))}, VerdictValid, []bool{true, false}},
		{"agility: another usage is another matter", []dns.TLSA{Record(leaf, 3, 1, 1), weak(Record(root, 2, 1, 2))}, VerdictValid, []bool{true, false}},
		{"agility: whole keys always count", []dns.TLSA{Record(leaf, 3, 1, 0), weak(Record(leaf, 3, 1, 2))}, VerdictValid, []bool{true, false}},
		{"agility: a malformed SHA-512 does not count", []dns.TLSA{Record(leaf, 3, 1, 1), {Usage: 3, Selector: 1, MatchingType: 2, Association: []byte{1}}}, VerdictValid, []bool{true, false}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Check(p.chain(), []string{"mx.example.com"}, c.records, now)
			if got.Verdict != c.want {
				t.Errorf("verdict = %q, want %q", got.Verdict, c.want)
			}
			var valid []bool
			for _, m := range got.Matches {
				valid = append(valid, m.Valid)
			}
			if diff := cmp.Diff(c.valid, valid); diff != "" {
				t.Errorf("which records match (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	p := newPKI(t)
	many := make([]dns.TLSA, 500)
	for i := range many {
		many[i] = Record(newRoot(t, i), 2, uint8(i%2), 0)
	}
	many = append(many, Record(p.leaf.Certificate, 3, 1, 1))
	got := Check(p.chain(), []string{"mx.example.com"}, many, now)
	if got.Verdict != VerdictInvalid || len(got.Matches) != len(many) || got.Matches[len(many)-1].Usable {
		t.Errorf("a record after the first %d was looked at: %+v", MaxRecords, got.Matches[len(many)-1])
	}
	long := []*x509.Certificate{p.leaf.Certificate}
	for range 200 {
		long = append(long, p.root.Certificate)
	}
	long = append(long, p.intermediate.Certificate)
	got = Check(long, []string{"mx.example.com"}, []dns.TLSA{Record(p.root.Certificate, 2, 1, 1)}, now)
	if got.Verdict != VerdictInvalid {
		t.Errorf("a certificate after the first %d was looked at", MaxCertificates)
	}
}

var roots = map[int]*x509.Certificate{} // few keys, many records

func newRoot(t *testing.T, i int) *x509.Certificate {
	i %= 4
	if roots[i] == nil {
		roots[i] = issue(t, caTemplate("many"), nil).Certificate
	}
	return roots[i]
}

// A key of 16384 bits takes long to verify with; it is not tried.
func TestHugeKey(t *testing.T) {
	p := newPKI(t)
	modulus := new(big.Int).Lsh(big.NewInt(1), 16383)
	huge := &rsa.PublicKey{N: modulus.Add(modulus, big.NewInt(1)), E: 65537}
	template := caTemplate("huge")
	template.SerialNumber = big.NewInt(1)
	template.Subject = pkix.Name{CommonName: "intermediate"}
	der, err := x509.CreateCertificate(rand.Reader, template, p.root.Certificate, huge, p.root.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	runCheckCases(t, []checkCase{
		{name: "2 0 0", chain: certs(p.leaf), record: Record(cert, 2, 0, 0), want: VerdictInvalid, index: NotPresented, reason: "too large"},
		{name: "2 1 0", chain: certs(p.leaf), record: Record(cert, 2, 1, 0), want: VerdictInvalid, index: NotPresented, reason: "too large"},
		{name: "presented", chain: []*x509.Certificate{p.leaf.Certificate, cert}, record: Record(cert, 2, 1, 1), want: VerdictInvalid, index: 1, reason: "too large"},
	})
}

func TestName(t *testing.T) {
	if got, want := Name("MX.example.com.", SMTPPort), "_25._tcp.mx.example.com"; got != want {
		t.Errorf("Name = %q, want %q", got, want)
	}
}
