package dnsbl_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/dnsbl"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

func subject(t testing.TB, s string) dnsbl.Subject {
	t.Helper()
	subject, err := dnsbl.ParseSubject(s)
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func named(t testing.TB, name string) dnsbl.Zone {
	t.Helper()
	z, ok := dnsbl.ZoneNamed(name)
	if !ok {
		t.Fatalf("no zone is named %s", name)
	}
	return z
}

func TestParseSubject(t *testing.T) {
	tests := []struct{ rule, text, kind, want string }{
		{"IPv4", "192.0.2.1", "ipv4", "192.0.2.1"},
		{"an address literal", "[192.0.2.1]", "ipv4", "192.0.2.1"},
		{"IPv6", "2001:DB8::1", "ipv6", "2001:db8::1"},
		{"an IPv6 address literal", "[IPv6:2001:db8::1]", "ipv6", "2001:db8::1"},
		{"an IPv4 address in IPv6 clothes", "::ffff:192.0.2.1", "ipv4", "192.0.2.1"},
		{"a domain", "Example.COM.", "domain", "example.com"},
		{"U-labels", "bücher.example", "domain", "xn--bcher-kva.example"},
		{"an underscore", "_spf.example.com", "domain", "_spf.example.com"},
		{"white space around it", " example.com\n", "domain", "example.com"},
		{"an address gone wrong", "192.0.2.300", "", ""},
		{"a network", "192.0.2.0/24", "", ""},
		{"an address with a zone", "fe80::1%eth0", "", ""},
		{"an e-mail address", "user@example.com", "", ""},
		{"an empty label", "example..com", "", ""},
		{"a label too long", strings.Repeat("a", 64) + ".example", "", ""},
		{"nothing", "", "", ""},
		{"the root", ".", "", ""},
		{"64 KB", strings.Repeat("a.", 1<<15), "", ""},
		{"not UTF-8", "\xff\xfe.example", "", ""},
		{"NUL", "a\x00.example", "", ""},
	}
	for _, tt := range tests {
		got, err := dnsbl.ParseSubject(tt.text)
		if tt.want == "" {
			if err == nil {
				t.Errorf("%s: ParseSubject(%.40q) = %v, want an error", tt.rule, tt.text, got)
			}
			continue
		}
		if err != nil || got.String() != tt.want || string(got.Kind()) != tt.kind {
			t.Errorf("%s: ParseSubject(%q) = %v (%s), %v; want %s (%s)", tt.rule, tt.text, got, got.Kind(), err, tt.want, tt.kind)
		}
	}
}

func TestQueryName(t *testing.T) {
	tests := []struct{ rule, subject, zone, want string }{
		{"RFC 5782 §2.1", "192.0.2.99", "bad.example.net", "99.2.0.192.bad.example.net"},
		{"RFC 5782 §2.4", "2001:db8:1:2:3:4:567:89ab", "ugly.example.com", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com"},
		{"RFC 5782 §3", "invalid.edu", "doms.example.net", "invalid.edu.doms.example.net"},
		{"a final dot of the zone", "192.0.2.99", "bad.example.net.", "99.2.0.192.bad.example.net"},
	}
	for _, tt := range tests {
		if got := subject(t, tt.subject).QueryName(tt.zone); got != tt.want {
			t.Errorf("%s: QueryName(%q) of %s = %s, want %s", tt.rule, tt.zone, tt.subject, got, tt.want)
		}
	}
}

// describe writes a listing as "listed block: meaning=code, …".
func describe(l dnsbl.Listing) string {
	s := string(l.State)
	if l.Cause != "" {
		s += " (" + string(l.Cause) + "): " + l.Reason
	}
	if l.Effect != "" {
		s += " " + string(l.Effect)
	}
	for _, m := range l.Matches {
		s += fmt.Sprintf(", %s=%s %s", m.Code, m.Meaning, m.Effect)
	}
	if len(l.TXT) > 0 {
		s += fmt.Sprintf(" %q", l.TXT)
	}
	return s
}

const outside = "outside of 127.0.0.0/8 (RFC 5782 §2.1): the list is gone, or the resolver rewrites answers"

func TestCheck(t *testing.T) {
	tests := []struct{ rule, zone, subject, records, want string }{
		{"no record", "zen.spamhaus.org", "192.0.2.1", ``, "not listed"},
		{"a TXT alone is no listing", "zen.spamhaus.org", "192.0.2.1", `1.2.0.192.zen.spamhaus.org. TXT "x"`, "not listed"},
		{"a listing and its words", "zen.spamhaus.org", "192.0.2.1", "1.2.0.192.zen.spamhaus.org. A 127.0.0.2\n" + `1.2.0.192.zen.spamhaus.org. TXT "why"`,
			`listed block, 127.0.0.2=SBL: spam source or its support block ["why"]`},
		{"words that cannot be had", "bl.spamcop.net", "192.0.2.1", "1.2.0.192.bl.spamcop.net. A 127.0.0.2\n" + `_fail.1.2.0.192.bl.spamcop.net. TXT "TXT SERVFAIL"`,
			"listed block, 127.0.0.2=reported by users block"},
		{"several sublists, sorted", "zen.spamhaus.org", "192.0.2.1", "1.2.0.192.zen.spamhaus.org. A 127.0.0.10\n1.2.0.192.zen.spamhaus.org. A 127.0.0.4",
			"listed block, 127.0.0.4=XBL: infected or abused host block, 127.0.0.10=PBL: its provider says that it sends no mail directly block"},
		{"an unknown code is a listing", "zen.spamhaus.org", "192.0.2.1", `1.2.0.192.zen.spamhaus.org. A 127.0.0.77`, "listed block, 127.0.0.77= block"},
		{"IPv6", "zen.spamhaus.org", "2001:db8::1", `1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org. A 127.0.0.3`,
			"listed block, 127.0.0.3=CSS: low-reputation sender block"},
		{"IPv6 at a list of IPv4 addresses", "bl.spamcop.net", "2001:db8::1", ``, "not applicable"},
		{"a domain at a list of addresses", "zen.spamhaus.org", "example.com", ``, "not applicable"},

		{"through a public resolver", "zen.spamhaus.org", "192.0.2.1", `*.zen.spamhaus.org. A 127.255.255.254`,
			"unknown (blocked query): it answered 127.255.255.254: the query came through a public resolver, or one that cannot be attributed"},
		{"too many queries", "dbl.spamhaus.org", "example.com", `*.dbl.spamhaus.org. A 127.255.255.255`, "unknown (blocked query): it answered 127.255.255.255: too many queries, or not registered"},
		{"an error code without a name", "zen.spamhaus.org", "192.0.2.1", `*.zen.spamhaus.org. A 127.255.255.9`, "unknown (blocked query): it answered 127.255.255.9: the query was refused"},
		{"127.0.0.1", "bl.spamcop.net", "192.0.2.1", `1.2.0.192.bl.spamcop.net. A 127.0.0.1`, "unknown (blocked query): it answered 127.0.0.1: the query was refused, or the list is closing"},
		{"a refusal among listings", "zen.spamhaus.org", "192.0.2.1", "1.2.0.192.zen.spamhaus.org. A 127.0.0.2\n1.2.0.192.zen.spamhaus.org. A 127.255.255.255",
			"unknown (blocked query): it answered 127.255.255.255: too many queries, or not registered"},
		{"outside of 127.0.0.0/8", "bl.spamcop.net", "192.0.2.1", `*.bl.spamcop.net. A 198.51.100.9`, "unknown (zone broken): it answered 198.51.100.9, which is " + outside},
		{"outside beside a listing", "bl.spamcop.net", "192.0.2.1", "1.2.0.192.bl.spamcop.net. A 127.0.0.2\n1.2.0.192.bl.spamcop.net. A 198.51.100.9",
			"unknown (zone broken): it answered 198.51.100.9, which is " + outside},
		{"SERVFAIL", "bl.spamcop.net", "192.0.2.1", `_fail.*.bl.spamcop.net. TXT "SERVFAIL"`, "unknown (dns error): SERVFAIL"},
		{"a closed list", "dnsbl.sorbs.net", "192.0.2.1", `1.2.0.192.dnsbl.sorbs.net. A 127.0.0.2`, "unknown (dead zone): the list is not asked any more: closed on 2024-06-05 and emptied"},
		{"without its key", "zrd.dq.spamhaus.net", "example.com", ``, "unknown (blocked query): the list answers only with a customer's key"},
		{"a name too long to be listed", "dbl.spamhaus.org", strings.Repeat("a.", 120) + "example.com", ``, "not listed"},

		{"DBL: abused domain", "dbl.spamhaus.org", "example.com", `example.com.dbl.spamhaus.org. A 127.0.1.102`, "listed block, 127.0.1.102=legitimate domain, abused for spam block"},
		{"DBL: an error of its own", "dbl.spamhaus.org", "example.com", `example.com.dbl.spamhaus.org. A 127.0.1.255`, "unknown (blocked query): it answered 127.0.1.255: it lists no addresses"},
		{"SURBL: bits", "multi.surbl.org", "example.com", `example.com.multi.surbl.org. A 127.0.0.80`, "listed block, 127.0.0.80=MW: malware block, 127.0.0.80=ABUSE: spam block"},
		{"SURBL: bit 1", "multi.surbl.org", "example.com", `example.com.multi.surbl.org. A 127.0.0.1`, "unknown (blocked query): it answered 127.0.0.1: the query was refused"},
		{"URIBL: the worst effect counts", "multi.uribl.com", "example.com", `example.com.multi.uribl.com. A 127.0.0.6`, "listed block, 127.0.0.6=black: spam domain block, 127.0.0.6=grey: bulk sender info"},
		{"URIBL: grey alone", "multi.uribl.com", "example.com", `example.com.multi.uribl.com. A 127.0.0.4`, "listed info, 127.0.0.4=grey: bulk sender info"},
		{"URIBL: 127.255.255.255 is no set of bits", "multi.uribl.com", "example.com", `example.com.multi.uribl.com. A 127.255.255.254`,
			"unknown (blocked query): it answered 127.255.255.254: the query came through a public resolver, or one that cannot be attributed"},
		{"DNSWL: any category", "list.dnswl.org", "192.0.2.1", `1.2.0.192.list.dnswl.org. A 127.0.15.2`, "listed allow, 127.0.15.2=medium trust allow"},
		{"DNSWL: over-use", "list.dnswl.org", "192.0.2.1", `1.2.0.192.list.dnswl.org. A 127.0.10.3`, "unknown (blocked query): it answered 127.0.10.3: too many queries"},
		{"DNSWL: refused", "list.dnswl.org", "192.0.2.1", `1.2.0.192.list.dnswl.org. A 127.0.0.255`, "unknown (blocked query): it answered 127.0.0.255: the query was refused"},
		{"127.0.0.1 where it has a meaning", "hostkarma.junkemailfilter.com", "192.0.2.1", `1.2.0.192.hostkarma.junkemailfilter.com. A 127.0.0.1`, "listed allow, 127.0.0.1=white allow"},
		{"a range of codes", "rep.mailspike.net", "192.0.2.1", `1.2.0.192.rep.mailspike.net. A 127.0.0.14`, "listed info, 127.0.0.14=neutral reputation info"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			zone, known := dnsbl.ZoneNamed(tt.zone)
			if !known {
				zone = dnsbl.Zone{Name: tt.zone, Kinds: []dnsbl.Kind{dnsbl.KindIPv4}}
			}
			l := dnsbl.Check(t.Context(), dnstest.New(t, tt.records), zone, subject(t, tt.subject))
			if got := describe(l); got != tt.want {
				t.Errorf("Check(%s, %s) = %s, want %s", tt.zone, tt.subject, got, tt.want)
			}
			if (l.Cause == dnsbl.CauseDNS) != (l.Err != nil) {
				t.Errorf("Cause = %q, Err = %v", l.Cause, l.Err)
			}
		})
	}
}

func TestProve(t *testing.T) {
	const v6 = "0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org. "
	tests := []struct {
		rule, zone string
		kind       dnsbl.Kind
		records    string
		want       string // empty: usable
	}{
		{"IPv4", "bl.spamcop.net", dnsbl.KindIPv4, `2.0.0.127.bl.spamcop.net. A 127.0.0.2`, ""},
		{"the test entry may have any code", "bl.suomispam.net", dnsbl.KindIPv4, `2.0.0.127.bl.suomispam.net. A 127.0.0.99`, ""},
		{"IPv6", "zen.spamhaus.org", dnsbl.KindIPv6, "2.0.0.0." + v6 + "A 127.0.0.2", ""},
		{"IPv6 is not proved by IPv4", "zen.spamhaus.org", dnsbl.KindIPv6, "2.0.0.127.zen.spamhaus.org. A 127.0.0.2",
			"zone broken: its test entry ::ffff:7f00:2 is missing (RFC 5782 §5)"},
		{"domains", "rhsbl.scientificspam.net", dnsbl.KindDomain, "test.rhsbl.scientificspam.net. A 127.0.1.2", ""},
		{"a test domain of its own", "dbl.spamhaus.org", dnsbl.KindDomain, "dbltest.com.dbl.spamhaus.org. A 127.0.1.2", ""},
		{"no test entry by design", "uribl.swinog.ch", dnsbl.KindDomain, "", ""},
		{"empty", "bl.spamcop.net", dnsbl.KindIPv4, "", "zone broken: its test entry 127.0.0.2 is missing (RFC 5782 §5)"},
		{"lists the world", "bl.spamcop.net", dnsbl.KindIPv4, "*.bl.spamcop.net. A 127.0.0.2",
			"zone broken: it lists 127.0.0.1, which no list may (RFC 5782 §5): it answers 127.0.0.2 to everything"},
		{"lists every domain", "uribl.swinog.ch", dnsbl.KindDomain, "*.uribl.swinog.ch. A 127.0.0.2",
			"zone broken: it lists INVALID, which no list may (RFC 5782 §5): it answers 127.0.0.2 to everything"},
		{"a missing domain of its own", "uribl.spameatingmonkey.net", dnsbl.KindDomain, "*.uribl.spameatingmonkey.net. A 127.0.0.2",
			"zone broken: it lists _DNSBLNEG_.test, which no list may (RFC 5782 §5): it answers 127.0.0.2 to everything"},
		{"sold", "bl.spamcop.net", dnsbl.KindIPv4, "*.bl.spamcop.net. A 198.51.100.9", "zone broken: it answered 198.51.100.9, which is " + outside},
		{"the resolver rewrites NXDOMAIN", "bl.spamcop.net", dnsbl.KindIPv4, "2.0.0.127.bl.spamcop.net. A 127.0.0.2\n1.0.0.127.bl.spamcop.net. A 198.51.100.9",
			"zone broken: it answered 198.51.100.9, which is " + outside},
		{"refused", "zen.spamhaus.org", dnsbl.KindIPv4, "*.zen.spamhaus.org. A 127.255.255.254",
			"blocked query: it answered 127.255.255.254: the query came through a public resolver, or one that cannot be attributed"},
		{"refused by a bit", "multi.surbl.org", dnsbl.KindDomain, "*.multi.surbl.org. A 127.0.0.1", "blocked query: it answered 127.0.0.1: the query was refused"},
		{"SERVFAIL", "bl.spamcop.net", dnsbl.KindIPv4, `_fail.2.0.0.127.bl.spamcop.net. TXT "SERVFAIL"`, "dns error: asking for its test entry 127.0.0.2: SERVFAIL"},
		{"SERVFAIL for what must be missing", "bl.spamcop.net", dnsbl.KindIPv4, "2.0.0.127.bl.spamcop.net. A 127.0.0.2\n" + `_fail.1.0.0.127.bl.spamcop.net. TXT "TIMEOUT"`,
			"dns error: asking for its test entry 127.0.0.1: timeout: no answer"},
		{"closed", "spam.dnsbl.sorbs.net", dnsbl.KindIPv4, "2.0.0.127.spam.dnsbl.sorbs.net. A 127.0.0.2", "dead zone: the list is not asked any more: closed on 2024-06-05 and emptied"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			zone, known := dnsbl.ZoneNamed(tt.zone)
			if !known {
				zone = dnsbl.Zone{Name: tt.zone, Kinds: []dnsbl.Kind{tt.kind}}
			}
			p := dnsbl.Prove(t.Context(), dnstest.New(t, tt.records), zone, tt.kind)
			got := ""
			if !p.Usable {
				got = string(p.Cause) + ": " + p.Reason
			}
			if got != tt.want {
				t.Errorf("Prove(%s, %s) = %s, want %s", tt.zone, tt.kind, got, tt.want)
			}
		})
	}
}

func TestDeadZonesAreNotAsked(t *testing.T) {
	world := dnstest.New(t, "")
	z := dnsbl.Zone{Name: "ix.dnsbl.manitu.net", Kinds: []dnsbl.Kind{dnsbl.KindIPv4}}
	dnsbl.Prove(t.Context(), world, z, dnsbl.KindIPv4)
	dnsbl.Check(t.Context(), world, z, subject(t, "192.0.2.1"))
	if got := world.Queries(); len(got) > 0 {
		t.Errorf("asked %v", got)
	}
}

func TestIsDead(t *testing.T) {
	for zone, want := range map[string]bool{
		"sorbs.net": true, "WEB.dnsbl.Sorbs.net.": true, "notsorbs.net": false,
		"swl.spamhaus.org": true, "zen.spamhaus.org": false, "dnsrbl.swinog.ch": false,
	} {
		if dead, got := dnsbl.IsDead(zone); got != want || got && (dead.Reason == "" || dead.Source == "") {
			t.Errorf("IsDead(%q) = %+v, %v; want %v", zone, dead, got, want)
		}
	}
}

// With a key another zone is asked, and nothing that a report could hold shows
// the key.
func TestKeyIsNotShown(t *testing.T) {
	const key = "s3cr3tcustomerkey"
	zone, err := named(t, "zen.spamhaus.org").WithKey(key)
	if err != nil {
		t.Fatal(err)
	}
	world := dnstest.New(t, strings.ReplaceAll(`
2.0.0.127.KEY.zen.dq.spamhaus.net. A 127.0.0.2
1.2.0.192.KEY.zen.dq.spamhaus.net. A 127.0.0.2
1.2.0.192.KEY.zen.dq.spamhaus.net. TXT "asked with KEY"
_fail.9.2.0.192.KEY.zen.dq.spamhaus.net. TXT "REFUSED 18 no account KEY"
`, "KEY", key))
	proof := dnsbl.Prove(t.Context(), world, zone, dnsbl.KindIPv4)
	if !proof.Usable {
		t.Errorf("Prove = %+v", proof)
	}
	listed := dnsbl.Check(t.Context(), world, zone, subject(t, "192.0.2.1"))
	if got, want := describe(listed), `listed block, 127.0.0.2=SBL: spam source or its support block ["asked with KEY"]`; got != want {
		t.Errorf("Check = %s, want %s", got, want)
	}
	failed := dnsbl.Check(t.Context(), world, zone, subject(t, "192.0.2.9"))
	if failed.State != dnsbl.StateUnknown || failed.Err == nil {
		t.Errorf("Check of what is refused = %+v", failed)
	}
	shown, err := json.Marshal([]any{zone, proof, listed, failed, fmt.Sprint(failed.Err)})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown), key) {
		t.Errorf("the key is shown: %s", shown)
	}
	if !strings.Contains(string(shown), `"1.2.0.192.zen.spamhaus.org"`) {
		t.Errorf("the question is not shown under the list's name: %s", shown)
	}
}

// A zone that was named with a key in it is the list, asked with that key.
func TestKeyInTheNameOfAZone(t *testing.T) {
	zone, ok := dnsbl.ZoneNamed("S3cr3t.zen.dq.spamhaus.net.")
	if !ok || zone.Name != "zen.spamhaus.org" || !zone.Keyed() {
		t.Fatalf("ZoneNamed = %+v, %t", zone, ok)
	}
	world := dnstest.New(t, "1.2.0.192.s3cr3t.zen.dq.spamhaus.net. A 127.0.0.2")
	if l := dnsbl.Check(t.Context(), world, zone, subject(t, "192.0.2.1")); l.State != dnsbl.StateListed {
		t.Errorf("Check = %+v", l)
	}
	if zone, ok := dnsbl.ZoneNamed("a.b.zen.dq.spamhaus.net"); ok {
		t.Errorf("two labels are no key: %+v", zone)
	}
}

func TestHideKeys(t *testing.T) {
	for _, z := range dnsbl.Known() {
		if z.KeyZone == "" {
			continue
		}
		got := dnsbl.HideKeys("query 1.2.0.192.S3cr3t." + z.KeyZone + ". A at 192.0.2.53:53: REFUSED")
		if want := "query 1.2.0.192.KEY." + z.KeyZone + ". A at 192.0.2.53:53: REFUSED"; got != want {
			t.Errorf("HideKeys = %q, want %q", got, want)
		}
	}
	for _, text := range []string{"query example.com. TXT", "query 1.2.0.192.zen.spamhaus.org. A", ""} {
		if got := dnsbl.HideKeys(text); got != text {
			t.Errorf("HideKeys(%q) = %q", text, got)
		}
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	for zone, key := range map[string]string{"bl.spamcop.net": "abc", "zen.spamhaus.org": "", "dbl.spamhaus.org": "a.b", "zrd.dq.spamhaus.net": strings.Repeat("k", 64)} {
		if _, err := named(t, zone).WithKey(key); err == nil {
			t.Errorf("WithKey(%q) of %s: no error", key, zone)
		}
	}
	if zone, err := named(t, "zrd.dq.spamhaus.net").WithKey("ABC"); err != nil {
		t.Errorf("WithKey: %v", err)
	} else {
		world := dnstest.New(t, "example.com.abc.zrd.dq.spamhaus.net. A 127.0.2.7")
		l := dnsbl.Check(t.Context(), world, zone, subject(t, "example.com"))
		if got, want := describe(l), "listed block, 127.0.2.7=domain first seen within a day: the last octet, in hours block"; got != want {
			t.Errorf("Check = %s, want %s", got, want)
		}
	}
}

// The table is data that people edit: each zone says what it is.
func TestZones(t *testing.T) {
	seen := map[string]bool{}
	for _, z := range dnsbl.Known() {
		if seen[z.Name] || z.Name != dns.Canonical(z.Name) || z.Source == "" || z.Effect == "" || len(z.Kinds) == 0 {
			t.Errorf("zone %+v is twice there or incomplete", z)
		}
		seen[z.Name] = true
		if dead, is := dnsbl.IsDead(z.Name); is {
			t.Errorf("%s is asked, and dead: %s", z.Name, dead.Reason)
		}
		if len(z.Bits) > 0 && len(z.Codes) > 0 {
			t.Errorf("%s has codes and bits", z.Name)
		}
		if z.NeedsKey && z.KeyZone == "" {
			t.Errorf("%s needs a key for no zone", z.Name)
		}
		for _, c := range z.Codes {
			first := strings.NewReplacer("*", "9").Replace(c.Addr)
			first, _, _ = strings.Cut(first, "-")
			world := dnstest.New(t, "*."+z.Name+". A "+first)
			for _, k := range z.Kinds {
				s := dnsbl.Subject{Domain: "example.com"}
				if k != dnsbl.KindDomain {
					s = subject(t, map[dnsbl.Kind]string{dnsbl.KindIPv4: "192.0.2.1", dnsbl.KindIPv6: "2001:db8::1"}[k])
				}
				if l := dnsbl.Check(t.Context(), world, z, s); !z.NeedsKey && len(l.Matches) == 0 && l.State != dnsbl.StateUnknown {
					t.Errorf("%s: %s has no meaning: %+v", z.Name, c.Addr, l)
				}
			}
		}
	}
	for _, z := range dnsbl.Zones() {
		if z.NeedsKey || z.Registered {
			t.Errorf("%s cannot be asked by everybody", z.Name)
		}
	}
	if z, ok := dnsbl.ZoneNamed("B.BarracudaCentral.org."); !ok || !z.Registered {
		t.Errorf("ZoneNamed does not know what is not asked by default: %+v", z)
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "[IPv6:2001:db8::1]", "::ffff:192.0.2.1", "bücher.example", "a..b", "\xff", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := dnsbl.ParseSubject(text)
		if err != nil {
			return
		}
		again, err := dnsbl.ParseSubject(s.String())
		if err != nil || again != s {
			t.Fatalf("ParseSubject(%q) = %v, which reads as %v, %v", text, s, again, err)
		}
		if name := s.QueryName("bl.test"); !strings.HasSuffix(name, ".bl.test") || strings.HasPrefix(name, ".") {
			t.Fatalf("QueryName = %q", name)
		}
	})
}

// FuzzAnswer feeds a zone's answers: whatever an address, it is a listing, an
// unknown, and never both.
func FuzzAnswer(f *testing.F) {
	f.Add(uint8(127), uint8(0), uint8(0), uint8(2), 0)
	f.Add(uint8(127), uint8(255), uint8(255), uint8(254), 1)
	f.Add(uint8(198), uint8(51), uint8(100), uint8(9), 2)
	zones := dnsbl.Known()
	f.Fuzz(func(t *testing.T, a, b, c, d uint8, i int) {
		z := zones[uint(i)%uint(len(zones))]
		s := dnsbl.Subject{Domain: "example.com"}
		if z.Lists(dnsbl.KindIPv4) {
			s = subject(t, "192.0.2.1")
		}
		l := dnsbl.Check(t.Context(), dnstest.New(t, fmt.Sprintf("*.%s. A %d.%d.%d.%d", z.Name, a, b, c, d)), z, s)
		switch l.State {
		case dnsbl.StateListed:
			if a != 127 || len(l.Matches) == 0 || l.Effect == "" || l.Effect == dnsbl.EffectError {
				t.Fatalf("%d.%d.%d.%d: %+v", a, b, c, d, l)
			}
		case dnsbl.StateUnknown:
			if l.Reason == "" || l.Cause == "" || len(l.Matches) > 0 {
				t.Fatalf("%d.%d.%d.%d: %+v", a, b, c, d, l)
			}
		default:
			t.Fatalf("%d.%d.%d.%d is neither listed nor unknown: %+v", a, b, c, d, l)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	world := dnstest.New(b, "1.2.0.192.zen.spamhaus.org. A 127.0.0.4\n1.2.0.192.zen.spamhaus.org. A 127.0.0.10")
	zone, s := named(b, "zen.spamhaus.org"), subject(b, "192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		if l := dnsbl.Check(b.Context(), world, zone, s); l.State != dnsbl.StateListed {
			b.Fatal(l)
		}
	}
}
