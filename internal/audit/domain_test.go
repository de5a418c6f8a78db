package audit

import (
	"strings"
	"testing"
)

func TestParseDomain(t *testing.T) {
	tests := []struct{ name, text, want, err string }{
		{"as it is", "example.com", "example.com", ""},
		{"case and final dot", "Example.COM.", "example.com", ""},
		{"spaces around it", "  example.com\t", "example.com", ""},
		{"U-labels", "bücher.example.com", "xn--bcher-kva.example.com", ""},
		{"ß stays apart from ss", "straße.example.com", "xn--strae-oqa.example.com", ""},
		{"an ideographic full stop", "例え。example.com", "xn--r8jz45g.example.com", ""},
		{"a zero-width space from a web page", "exam\u200bple.com", "example.com", ""},
		{"empty", "", "", "empty where a domain"},
		{"only a dot", ".", "", "empty where a domain"},
		{"an address", "192.0.2.1", "", "an address where a domain was expected"},
		{"an IPv6 address in brackets", "[2001:db8::1]", "", "an address where a domain was expected"},
		{"a URL", "https://www.example.com/x", "", "its domain is www.example.com"},
		{"a mailbox", "someone@example.com", "", "its domain is example.com"},
		{"one label", "localhost", "", "one label only"},
		{"an empty label", "example..com", "", "not a domain"},
		{"a label of 64 octets", strings.Repeat("a", 64) + ".example.com", "", "63"},
		{"254 octets", strings.Repeat("abcdefg.", 31) + "abc.com", "", "253"},
		{"very long", strings.Repeat("a", 100_000), "", "too long"},
		{"an underscore", "_dmarc.example.com", "", `is not a domain: '_' may not stand in one`},
		{"a space inside", "example .com", "", `is not a domain: ' ' may not stand in one`},
		{"a NUL", "example\x00.com", "", "not a domain"},
		{"invalid UTF-8", "ex\xff.com", "", "not a domain"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseDomain(test.text)
			if got != test.want || (err == nil) != (test.err == "") {
				t.Fatalf("ParseDomain(%.60q) = %q, %v, want %q and an error with %q", test.text, got, err, test.want, test.err)
			}
			if err == nil {
				return
			}
			if !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
				t.Errorf("the error is %q, want one short line with %q", err, test.err)
			}
		})
	}
}

func FuzzParseDomain(f *testing.F) {
	for _, seed := range []string{"example.com", "bücher.example", "a@b.example", "http://x.test", "xn--a", "[::1]", "\u200b.", "0.0..", "example.com\u3002"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		domain, err := ParseDomain(text)
		if err != nil {
			return
		}
		again, err := ParseDomain(domain)
		if err != nil || again != domain {
			t.Errorf("ParseDomain(%q) = %q, which reads as %q, %v", text, domain, again, err)
		}
		if len(domain) > maxDomainOctets {
			t.Errorf("ParseDomain(%q) has %d octets", text, len(domain))
		}
	})
}
