package bimi

import (
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

const discoverWorld = `
default._bimi.example.com.       TXT "v=BIMI1; l=https://example.com/default.svg"
news._bimi.example.com.          TXT "v=BIMI1; l=https://example.com/news.svg"
default._bimi.mail.example.com.  TXT "unrelated"
default._bimi.no.example.com.    TXT "v=BIMI1; l=; a=;"
default._bimi.two.example.com.   TXT "v=BIMI1; l=https://example.com/1.svg"
default._bimi.two.example.com.   TXT "v=BIMI1; l=https://example.com/2.svg"
default._bimi.bad.example.com.   TXT "v=BIMI1; l=ftp://example.com/1.svg"
default._bimi.long.example.com.  TXT "v=BIMI1; l=https://exam" "ple.com/long.svg"
default._bimi.alias.example.com. CNAME default._bimi.example.com.
_fail.default._bimi.down.example.com. TXT "SERVFAIL"

default._bimi.lps.example.  TXT "v=BIMI1; lps=news,ad; l=https://example.com/default.svg"
news-weekly._bimi.lps.example. TXT "v=BIMI1; l=https://example.com/weekly.svg"
ad._bimi.lps.example.       TXT "v=BIMI1; l=ftp://example.com/ad.svg"
other._bimi.lps.example.    TXT "v=BIMI1; l=https://example.com/other.svg"
_fail.newsdown._bimi.lps.example. TXT "SERVFAIL"
`

func TestDiscover(t *testing.T) {
	tests := []struct {
		name     string
		query    Query
		status   Status
		at       string
		location string
	}{
		{"the author domain's", Query{Author: "example.com"}, StatusFound, "default._bimi.example.com", "default.svg"},
		{"a selector of the message's", Query{Author: "example.com", Selector: "news"}, StatusFound, "news._bimi.example.com", "news.svg"},
		{"the organisational domain's", Query{Author: "www.example.com", Org: "example.com"}, StatusFound, "default._bimi.example.com", "default.svg"},
		{"the same selector there", Query{Author: "www.example.com", Org: "example.com", Selector: "news"}, StatusFound, "news._bimi.example.com", "news.svg"},
		{"unrelated text is no record", Query{Author: "mail.example.com", Org: "example.com"}, StatusFound, "default._bimi.example.com", "default.svg"},
		{"not the parent, unless it is the organisational domain", Query{Author: "www.example.com"}, StatusNone, "", ""},
		{"a selector without a record has no default", Query{Author: "example.com", Org: "example.com", Selector: "none"}, StatusNone, "", ""},
		{"declined, which leads to no other record", Query{Author: "no.example.com", Org: "example.com"}, StatusDeclined, "default._bimi.no.example.com", ""},
		{"two records", Query{Author: "two.example.com", Org: "example.com"}, StatusMultiple, "default._bimi.two.example.com", ""},
		{"a record that cannot be used", Query{Author: "bad.example.com", Org: "example.com"}, StatusInvalid, "default._bimi.bad.example.com", "1.svg"},
		{"strings are joined", Query{Author: "long.example.com"}, StatusFound, "default._bimi.long.example.com", "long.svg"},
		{"an alias", Query{Author: "alias.example.com"}, StatusFound, "default._bimi.alias.example.com", "default.svg"},
		{"a name that cannot be", Query{Author: "example..com", Org: "example.com"}, StatusFound, "default._bimi.example.com", "default.svg"},

		{"lps= makes a selector of the local part", Query{Author: "lps.example", LocalPart: "News_weekly+tag"}, StatusFound, "news-weekly._bimi.lps.example", "weekly.svg"},
		{"without a record of its own", Query{Author: "lps.example", LocalPart: "news-daily"}, StatusFound, "default._bimi.lps.example", "default.svg"},
		{"with one that cannot be used", Query{Author: "lps.example", LocalPart: "ad"}, StatusFound, "default._bimi.lps.example", "default.svg"},
		{"with a prefix that lps= does not list", Query{Author: "lps.example", LocalPart: "other"}, StatusFound, "default._bimi.lps.example", "default.svg"},
		{"without lps= the local part is nothing", Query{Author: "example.com", LocalPart: "news"}, StatusFound, "default._bimi.example.com", "default.svg"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := Discover(t.Context(), dnstest.New(t, discoverWorld), test.query)
			if err != nil {
				t.Fatal(err)
			}
			location := d.Record.Location[strings.LastIndex(d.Record.Location, "/")+1:]
			if d.Status != test.status || d.Name != test.at || test.status != StatusInvalid && location != test.location {
				t.Errorf("%s at %q with %q, want %s at %q with %q\n%+v", d.Status, d.Name, location, test.status, test.at, test.location, d.Issues)
			}
			if unusable := d.Status == StatusMultiple || d.Status == StatusInvalid; unusable == Usable(d.Issues) {
				t.Errorf("%s with %+v", d.Status, d.Issues)
			}
		})
	}
}

// A server that does not answer is no missing record.
func TestDiscoverKeepsFailuresApart(t *testing.T) {
	for _, q := range []Query{
		{Author: "down.example.com", Org: "example.com"},
		{Author: "www.example.com", Org: "down.example.com"},
		{Author: "lps.example", LocalPart: "newsdown"},
	} {
		if d, err := Discover(t.Context(), dnstest.New(t, discoverWorld), q); err == nil {
			t.Errorf("Discover(%+v) = %+v, want an error", q, d)
		}
	}
}

func TestDiscoverAsksLittle(t *testing.T) {
	w := dnstest.New(t, discoverWorld)
	if _, err := Discover(t.Context(), w, Query{Author: "Example.com", Org: "example.com.", LocalPart: "news"}); err != nil {
		t.Fatal(err)
	}
	if got := w.Queries(); len(got) != 1 {
		t.Errorf("asked %v, want one question", got)
	}
}

func TestNormalizeLocalPart(t *testing.T) {
	for local, want := range map[string]string{
		"news": "news", "News": "news", "news+tag": "news", "first.last": "first-last", "a_b.c-d": "a-b-c-d",
		"a--b": "a-b", "a._b": "a-b", ".news.": "news", "": "", "+tag": "", "...": "", "münchen": "", `"a b"`: "",
		"x\x00": "", strings.Repeat("a", 64): "", strings.Repeat("a", 63): strings.Repeat("a", 63), strings.Repeat(".", 300): "",
	} {
		got, ok := NormalizeLocalPart(local)
		if ok != (want != "") || ok && got != want {
			t.Errorf("NormalizeLocalPart(%q) = %q, %t, want %q", local, got, ok, want)
		}
	}
}

func TestParseSelectorField(t *testing.T) {
	tests := []struct{ name, value, want, issues string }{
		{"as it should be", "v=BIMI1; s=brand", "brand", ""},
		{"folded", "v=BIMI1;\r\n\ts=brand;", "brand", ""},
		{"several labels", "v=BIMI1; s=brand.a", "brand.a", ""},
		{"no version", "s=brand", DefaultSelector, "error version@0"},
		{"no selector", "v=BIMI1", DefaultSelector, "error selector@0"},
		{"an empty one", "v=BIMI1; s=", DefaultSelector, "error selector@11"},
		{"one that is no name", "v=BIMI1; s=a b", DefaultSelector, "error selector@11"},
		{"one that is no name either", "v=BIMI1; s=a..b", DefaultSelector, "error selector@11"},
		{"two", "v=BIMI1; s=a; s=b", DefaultSelector, "error duplicate-tag@14"},
		{"text", "hello", DefaultSelector, "error syntax@0, error version@0, error selector@0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, issues := ParseSelectorField(test.value)
			if got != test.want || shorthand(issues) != test.issues {
				t.Errorf("ParseSelectorField(%q) = %q with %s, want %q with %s", test.value, got, shorthand(issues), test.want, test.issues)
			}
		})
	}
}
