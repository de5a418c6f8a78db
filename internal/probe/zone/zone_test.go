package zone_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/zone"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

const file = `$ORIGIN example.com.
$TTL 300
@        IN SOA ns.example.com. hostmaster.example.com. (
             1 7200 3600 1209600
             60 ) ; minimum
         IN NS  ns
; the mail
@           MX  10 mx
            TXT "v=spf1 mx " "-all"
mx          A   192.0.2.1
*.wild      TXT "any"
exact.wild  A   192.0.2.2
a.b.deep    A   192.0.2.3
www         CNAME mx
out         CNAME host.example.net.
loop        CNAME loop2
loop2       CNAME loop
*.alias     CNAME mx
sub         NS  ns.sub
sub         DS  1 8 2 00ff
ns.sub      A   192.0.2.4
$GENERATE 1-3 host$ 300 A 192.0.2.1$
dangling    CNAME nothing
back        CNAME away.example.net.
`

func parse(t *testing.T, text, name, origin string) *zone.Zone {
	t.Helper()
	z, err := zone.Parse(strings.NewReader(text), name, origin)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func describe(a *dns.Answer) []string {
	lines := []string{string(a.Status())}
	for _, r := range a.Records {
		lines = append(lines, r.String())
	}
	return lines
}

func TestAnswer(t *testing.T) {
	tests := []struct {
		rule string
		name string
		typ  dns.Type
		want []string // status and records; nil: not the zone's
	}{
		{"a record", "example.com", dns.TypeMX, []string{"NOERROR", "example.com. 300 MX 10 mx.example.com."}},
		{"capitals", "EXAMPLE.COM.", dns.TypeTXT, []string{"NOERROR", `example.com. 300 TXT "v=spf1 mx " "-all"`}},
		{"NODATA", "mx.example.com", dns.TypeTXT, []string{"NODATA"}},
		{"NXDOMAIN", "no.example.com", dns.TypeTXT, []string{"NXDOMAIN"}},
		{"an empty non-terminal", "b.deep.example.com", dns.TypeA, []string{"NODATA"}},
		{"a wildcard", "x.y.wild.example.com", dns.TypeTXT, []string{"NOERROR", `x.y.wild.example.com. 300 TXT "any"`}},
		{"a wildcard of another type", "x.wild.example.com", dns.TypeA, []string{"NODATA"}},
		{"a wildcard does not stand for what exists", "exact.wild.example.com", dns.TypeTXT, []string{"NODATA"}},
		{"nor for what is below what exists", "x.exact.wild.example.com", dns.TypeTXT, []string{"NXDOMAIN"}},
		{"the asterisk itself", "*.wild.example.com", dns.TypeTXT, []string{"NOERROR", `*.wild.example.com. 300 TXT "any"`}},
		{"a wildcard CNAME", "x.alias.example.com", dns.TypeA, []string{"NOERROR", "x.alias.example.com. 300 CNAME mx.example.com.", "mx.example.com. 300 A 192.0.2.1"}},
		{"a CNAME", "www.example.com", dns.TypeA, []string{"NOERROR", "www.example.com. 300 CNAME mx.example.com.", "mx.example.com. 300 A 192.0.2.1"}},
		{"a CNAME to NODATA", "www.example.com", dns.TypeMX, []string{"NODATA", "www.example.com. 300 CNAME mx.example.com."}},
		{"a CNAME to NXDOMAIN", "dangling.example.com", dns.TypeA, []string{"NXDOMAIN", "dangling.example.com. 300 CNAME nothing.example.com."}},
		{"a CNAME asked for", "www.example.com", dns.TypeCNAME, []string{"NOERROR", "www.example.com. 300 CNAME mx.example.com."}},
		{"a CNAME out of the zone", "out.example.com", dns.TypeA, []string{"NODATA", "out.example.com. 300 CNAME host.example.net."}},
		{"$GENERATE", "host2.example.com", dns.TypeA, []string{"NOERROR", "host2.example.com. 300 A 192.0.2.12"}},
		{"DS at the cut", "sub.example.com", dns.TypeDS, []string{"NOERROR", "sub.example.com. 300 DS 1 8 2 00ff"}},
		{"a delegated name", "sub.example.com", dns.TypeMX, nil},
		{"a name below a delegation, glue too", "ns.sub.example.com", dns.TypeA, nil},
		{"the DS of the zone is its parent's", "example.com", dns.TypeDS, nil},
		{"another zone", "example.net", dns.TypeMX, nil},
		{"a name that ends alike", "notexample.com", dns.TypeMX, nil},
	}
	z := parse(t, file, "db", "")
	for _, tt := range tests {
		answer, ok := z.Answer(dns.Question{Name: tt.name, Type: tt.typ})
		if ok != (tt.want != nil) {
			t.Errorf("%s: Answer(%s %s) ok = %v", tt.rule, tt.name, tt.typ, ok)
			continue
		}
		if !ok {
			continue
		}
		if diff := cmp.Diff(tt.want, describe(answer)); diff != "" {
			t.Errorf("%s: Answer(%s %s) differs (-want +got):\n%s", tt.rule, tt.name, tt.typ, diff)
		}
		if negative := answer.Status() != dns.StatusData && !strings.HasPrefix(tt.rule, "a CNAME out"); negative && len(answer.Authority) != 1 {
			t.Errorf("%s: authority = %v, want the SOA", tt.rule, answer.Authority)
		}
	}
}

func TestLines(t *testing.T) {
	want := []string{
		"3-5 SOA", "6-6 NS", "8-8 MX", "9-9 TXT", "10-10 A", "11-11 TXT", "12-12 A", "13-13 A", "14-14 CNAME", "15-15 CNAME",
		"16-16 CNAME", "17-17 CNAME", "18-18 CNAME", "19-19 NS", "20-20 DS", "21-21 A", "22-22 A", "22-22 A", "22-22 A", "23-23 CNAME", "24-24 CNAME",
	}
	var got []string
	for _, e := range parse(t, file, "db", "").Entries() {
		got = append(got, fmt.Sprintf("%d-%d %s", e.FirstLine, e.LastLine, e.Record.Type()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
}

func TestOrigin(t *testing.T) {
	tests := []struct {
		rule, text, argument, want string
	}{
		{"the SOA's owner", "$ORIGIN com.\nexample SOA . . 1 2 3 4 5\n", "", "example.com"},
		{"the first $ORIGIN", "$ORIGIN Example.com.\nmx A 192.0.2.1\n", "", "example.com"},
		{"the argument", "@ TXT a\nmx A 192.0.2.1\n", "example.com.", "example.com"},
		{"the name above all others", "_dmarc.example.com. TXT a\nexample.com. TXT b", "", "example.com"},
		{"a single name", "_dmarc.example.com. TXT a", "", "_dmarc.example.com"},
	}
	for _, tt := range tests {
		if got := parse(t, tt.text, "db", tt.argument).Origin(); got != tt.want {
			t.Errorf("%s: origin of %q = %s, want %s", tt.rule, tt.text, got, tt.want)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct {
		rule, text, argument, want string
	}{
		{"an unknown type", "example.com. TXT a\nexample.com. TXTT b\n", "", "db:2:18: "},
		{"a bad address", "example.com. A 192.0.2.256\n", "", "db:1:26: bad A A"},
		{"a quote that does not end", "example.com. TXT \"a\n", "", "db:1"},
		{"a parenthesis that does not end", "example.com. TXT ( a\n", "", "db:"},
		{"a relative name without an origin", "mx A 192.0.2.1\n", "", "db:1:3: a name that is too long, or not absolute"},
		{"$INCLUDE", "$INCLUDE /etc/passwd\n", "", "db:1:20: $INCLUDE directive not allowed"},
		{"class CHAOS", "example.com. CH TXT a\n", "", "db:1: class CH is not IN"},
		{"an error in $GENERATE", "example.com. TXT a\n\n$GENERATE 1-2 h$.example.com. A 192.0.2.$$$\n", "", "db:3: "},
		{"a record outside", "@ TXT a\nexample.net. TXT b\n", "example.com", "db:2: example.net. is outside the zone example.com."},
		{"a CNAME with others", "@ TXT a\nwww CNAME a\nwww TXT b\n", "example.com", "db:2: www.example.com. has a CNAME record and others beside it (RFC 2181 §10.1)"},
		{"two SOA records", "@ SOA . . 1 2 3 4 5\n@ SOA . . 2 2 3 4 5\n", "example.com", "db:2: a second SOA record"},
		{"the SOA of another zone", "example.net. SOA . . 1 2 3 4 5\n", "example.com", "db:1: the SOA record is of example.net., not of example.com."},
		{"no name for the zone", "a.example. TXT a\nb.example. TXT b\n", "", "db:2: the name of the zone cannot be told"},
		{"nothing", "; nothing\n", "", "db: no records"},
		{"too much $GENERATE", strings.Repeat("$GENERATE 1-65535 h$ A 192.0.2.1\n", 4), "example.com", "db:4: more than 200000 records"},
		{"a long $GENERATE", "$GENERATE 1-2 h$ TXT " + strings.Repeat("a ", 4000), "example.com", "db:1: a $GENERATE has more than 4096 octets"},
		{"a long $GENERATE in parentheses", "$GENERATE 1-2 h$ TXT (" + strings.Repeat("a\n", 4000), "example.com", "a $GENERATE has more than 4096 octets"},
		{"too many names in few octets", "$GENERATE 1-65535 " + strings.Repeat("a.", 110) + "$ A 192.0.2.1\n", "example.com", "more than 1000000 names"},
	}
	for _, tt := range tests {
		_, err := zone.Parse(strings.NewReader(tt.text), "db", tt.argument)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s", tt.rule, err, tt.want)
		}
	}
}

// A CNAME at the apex is what some providers export and resolve themselves.
func TestApexAlias(t *testing.T) {
	z := parse(t, "@ CNAME www.example.net.\n@ MX 10 mx\n", "db", "example.com")
	answer, _ := z.Answer(dns.Question{Name: "example.com", Type: dns.TypeMX})
	if len(answer.MXs()) != 1 {
		t.Errorf("MX of the apex = %v", describe(answer))
	}
}

const published = `
example.com.       TXT "published"
host.example.net.  A 192.0.2.9
away.example.net.  CNAME mx.example.com.
mx.example.com.    A 192.0.2.99
in.example.net.    CNAME between.example.net.
between.example.net. CNAME www.example.com.
www.example.com.   A 192.0.2.99
sub.example.com.   MX 10 mx.example.net.
bad.example.net.   A 192.0.2.8
_fail.bad.example.net. TXT "SERVFAIL"
hosted.example.org. SOA ns.example.org. hostmaster.example.org. 9 9 9 9 9
`

func TestOverlay(t *testing.T) {
	tests := []struct {
		rule, name string
		typ        dns.Type
		server     string
		want       []string
	}{
		{"a name of the zone", "example.com", dns.TypeTXT, "zone file db", []string{"NOERROR", `example.com. 300 TXT "v=spf1 mx " "-all"`}},
		{"a name of nobody's", "host.example.net", dns.TypeA, "world", []string{"NOERROR", "host.example.net. 3600 A 192.0.2.9"}},
		{"a delegation", "sub.example.com", dns.TypeMX, "world", []string{"NOERROR", "sub.example.com. 3600 MX 10 mx.example.net."}},
		{"a CNAME that leaves", "out.example.com", dns.TypeA, "zone file db",
			[]string{"NOERROR", "out.example.com. 300 CNAME host.example.net.", "host.example.net. 3600 A 192.0.2.9"}},
		{"a CNAME that leaves and comes back", "back.example.com", dns.TypeA, "zone file db",
			[]string{"NOERROR", "back.example.com. 300 CNAME away.example.net.", "away.example.net. 3600 CNAME mx.example.com.", "mx.example.com. 300 A 192.0.2.1"}},
		{"a CNAME that comes in", "in.example.net", dns.TypeA, "world", []string{"NOERROR", "in.example.net. 3600 CNAME between.example.net.",
			"between.example.net. 3600 CNAME www.example.com.", "www.example.com. 300 CNAME mx.example.com.", "mx.example.com. 300 A 192.0.2.1"}},
		{"SOA where the file has none", "hosted.example.org", dns.TypeSOA, "world",
			[]string{"NOERROR", "hosted.example.org. 3600 SOA ns.example.org. hostmaster.example.org. 9 9 9 9 9"}},
		{"the smaller of two zones", "deep.hosted.example.org", dns.TypeTXT, "zone file deep", []string{"NOERROR", `deep.hosted.example.org. 3600 TXT "smaller"`}},
		{"U-labels", "bücher.hosted.example.org", dns.TypeTXT, "zone file hosted", []string{"NOERROR", `xn--bcher-kva.hosted.example.org. 3600 TXT "books"`}},
	}
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	overlay := &zone.Overlay{
		Zones: []*zone.Zone{
			parse(t, file, "db", ""),
			parse(t, "deep TXT larger\nxn--bcher-kva TXT books\n", "hosted", "hosted.example.org"),
			parse(t, "deep.hosted.example.org. TXT smaller\n", "deep", ""),
		},
		Next: dnstest.New(t, published),
		Now:  func() time.Time { return at },
	}
	for _, tt := range tests {
		answer, err := overlay.Resolve(t.Context(), dns.Question{Name: tt.name, Type: tt.typ})
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		if answer.Server != tt.server || answer.AuthenticData {
			t.Errorf("%s: server = %q, AD %v, want %q, unvalidated", tt.rule, answer.Server, answer.AuthenticData, tt.server)
		}
		if diff := cmp.Diff(tt.want, describe(answer)); diff != "" {
			t.Errorf("%s: answer differs (-want +got):\n%s", tt.rule, diff)
		}
	}
}

func TestOverlayFailures(t *testing.T) {
	overlay := &zone.Overlay{
		Zones: []*zone.Zone{parse(t, file+"bad CNAME bad.example.net.\n", "db", "")},
		Next:  dnstest.New(t, published),
		Now:   time.Now,
	}
	for name, want := range map[string]dns.Cause{
		"loop.example.com":         dns.CauseLoop,
		"bad.example.com":          dns.CauseRcode,
		"bad.example.net":          dns.CauseRcode,
		"empty..label.example.com": dns.CauseBadName,
	} {
		_, err := overlay.Resolve(context.Background(), dns.Question{Name: name, Type: dns.TypeA})
		var e *dns.Error
		if !errors.As(err, &e) || e.Cause != want {
			t.Errorf("error of %s = %v, want %s", name, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file, "")
	f.Add("@ TXT a\nmx A 192.0.2.1\n", "example.com")
	f.Add("$GENERATE 1-3/2 h${1,2,x} TXT \"\\255\"\n", "example.com")
	f.Add("a\\.b.example.com. TXT \\\"", "")
	f.Add("@ TYPE65280 \\# 2 0102", "example.com")
	f.Fuzz(func(t *testing.T, text, origin string) {
		z, err := zone.Parse(strings.NewReader(text), "db", origin)
		if err != nil {
			return
		}
		lines := strings.Count(text, "\n") + 1
		entries := z.Entries()
		for _, e := range entries[:min(len(entries), 100)] { // $GENERATE makes many
			if e.FirstLine < 1 || e.FirstLine > e.LastLine || e.LastLine > lines {
				t.Errorf("%s stands on lines %d to %d of %d", e.Record, e.FirstLine, e.LastLine, lines)
			}
			answer, ok := z.Answer(dns.Question{Name: e.Record.Name, Type: e.Record.Type()})
			if ok && len(answer.Matching()) == 0 {
				t.Errorf("%s is in the zone, but its answer is %v", e.Record, describe(answer))
			}
		}
	})
}
