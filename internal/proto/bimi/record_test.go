package bimi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const l, a = "https://example.com/logo.svg", "https://example.com/logo.pem"
	tests := []struct {
		name, text string
		want       Record
	}{
		{"indicator and evidence", "v=BIMI1; l=" + l + "; a=" + a, Record{Location: l, Evidence: a, Avatar: AvatarBrand}},
		{"white space is free, and so is the order after v", " v = BIMI1 ;\ta=" + a + "; l = " + l + " ;", Record{Location: l, Evidence: a, Avatar: AvatarBrand}},
		{"empty l= and a= ask for no logo", "v=BIMI1; l=; a=;", Record{Avatar: AvatarBrand, Declined: true}},
		{"empty l= alone does too", "v=BIMI1; l=;", Record{Avatar: AvatarBrand, Declined: true}},
		{"avp", "v=BIMI1; avp=personal; l=" + l, Record{Location: l, Avatar: AvatarPersonal}},
		{"another avp stands for the default", "v=BIMI1; avp=none; l=" + l, Record{Location: l, Avatar: AvatarBrand}},
		{"lps", "v=BIMI1; lps=news, Brand-a ; l=" + l,
			Record{Location: l, Avatar: AvatarBrand, LocalPartSelector: true, Prefixes: []string{"news", "brand-a"}}},
		{"an empty lps stands for every local part", "v=BIMI1; lps=; l=" + l, Record{Location: l, Avatar: AvatarBrand, LocalPartSelector: true}},
		{"an lps of nothing that could match stands for none", "v=BIMI1; lps=a.b,c+d; l=" + l, Record{Location: l, Avatar: AvatarBrand}},
		{"unknown tags are ignored", "v=BIMI1; l=" + l + "; x_new=1", Record{Location: l, Avatar: AvatarBrand}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, issues := Parse(test.text)
			if diff := cmp.Diff(test.want, got); diff != "" || !Usable(issues) {
				t.Errorf("Parse(%q) with %v (-want +got):\n%s", test.text, issues, diff)
			}
		})
	}
}

// shorthand lists issues as "error uri@12".
func shorthand(issues []Issue) string {
	var list []string
	for _, i := range issues {
		list = append(list, fmt.Sprintf("%s %s@%d", i.Severity, i.Code, i.Position))
	}
	return strings.Join(list, ", ")
}

func TestParseIssues(t *testing.T) {
	const good = "v=BIMI1; l=https://example.com/l.svg; a=https://example.com/l.pem"
	tests := []struct{ name, text, want string }{
		{"as it should be", good, ""},
		{"nothing", "", "error version@0, error no-location@0"},
		{"text that is no record", "google-site-verification=abc def", "error syntax@0, error version@0, error no-location@0"},
		{"v= is not the first tag", "l=; v=BIMI1", "error version@0"},
		{"the version has one spelling", "v=bimi1; l=", "error version@0"},
		{"no l=", "v=BIMI1; a=https://example.com/l.pem", "error no-location@0"},
		{"no evidence", "v=BIMI1; l=https://example.com/l.svg", "info no-evidence@9"},
		{"a= without l=", "v=BIMI1; l=; a=https://example.com/l.pem", "warning no-location@9"},
		{"http", "v=BIMI1; l=http://example.com/l.svg; a=https://example.com/l.pem", "error uri@11"},
		{"relative", "v=BIMI1; l=/l.svg; a=https://example.com/l.pem", "error uri@11"},
		{"two URIs", "v=BIMI1; l=https://example.com/l.svg,https://example.com/m.svg; a=https://example.com/l.pem", "error uri@11"},
		{"an address for a host", "v=BIMI1; l=https://192.0.2.1/l.svg; a=https://example.com/l.pem", "error uri@11"},
		{"one label", "v=BIMI1; l=https://localhost/l.svg; a=https://example.com/l.pem", "error uri@11"},
		{"a user", "v=BIMI1; l=https://u:p@example.com/l.svg; a=https://example.com/l.pem", "error uri@11"},
		{"no URI at all", "v=BIMI1; l=https://exa mple.com/%zz; a=https://example.com/l.pem", "error uri@11"},
		{"a PNG", "v=BIMI1; l=https://example.com/l.PNG?x=.svg; a=https://example.com/l.pem", "error format@11"},
		{"the tags mixed up", "v=BIMI1; l=https://example.com/l.pem; a=https://example.com/l.svg", "error format@11, info format@40"},
		{"avp", good + "; avp=both", "warning avatar@71"},
		{"lps", good + "; lps=ok, a.b", "warning prefix@75"},
		{"a tag twice", good + "; l=", "error duplicate-tag@67"},
		{"capital tags are other tags", good + "; AVP=brand", "info unknown-tag@67"},
		{"no =", good + "; avp", "error syntax@67"},
		{"an empty tag within", "v=BIMI1;; l=https://example.com/l.svg; a=https://example.com/l.pem", "error syntax@8"},
		{"NUL", "v=BIMI1; l=\x00; a=", "error syntax@9, error no-location@0"},
		{"invalid UTF-8", "v=BIMI1; l=https://example.com/\xff.svg", "error syntax@9, error no-location@0"},
		{"64 KB", good + strings.Repeat(" ", 64<<10), "error too-long@4096"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, issues := Parse(test.text)
			if got := shorthand(issues); got != test.want {
				t.Errorf("Parse(%q): %s, want %s\n%v", test.text, got, test.want, issues)
			}
		})
	}
}

func TestParseBoundsPrefixes(t *testing.T) {
	r, issues := Parse("v=BIMI1; l=; lps=" + strings.Repeat("a,", 1000))
	if len(r.Prefixes) != maxPrefixes || !slices.ContainsFunc(issues, func(i Issue) bool { return i.Code == CodePrefix }) {
		t.Errorf("%d prefixes and %v, want %d and an issue", len(r.Prefixes), issues, maxPrefixes)
	}
}

func TestIsRecord(t *testing.T) {
	for text, want := range map[string]bool{
		"v=BIMI1": true, "v=BIMI1; l=": true, " v = BIMI1;": true, "v=BIMI1;garbage": true,
		"v=BIMI10; l=": false, "v=bimi1; l=": false, "V=BIMI1; l=": false, "l=; v=BIMI1": false, "v=spf1 -all": false, "": false,
		"v=BIMI1 l=https://example.com/logo.svg": false,
	} {
		if got := IsRecord(text); got != want {
			t.Errorf("IsRecord(%q) = %t, want %t", text, got, want)
		}
	}
}

func TestDMARCIssues(t *testing.T) {
	tests := []struct{ name, p, sp, pct, want string }{
		{"reject", "reject", "", "", ""},
		{"quarantine", "Quarantine", "reject", "100", ""},
		{"none", "none", "", "", "error dmarc@0"},
		{"no policy", "", "", "", "error dmarc@0"},
		{"subdomains without one", "reject", "none", "", "error dmarc@0"},
		{"quarantine for half", "quarantine", "", "50", "error dmarc@0"},
		{"reject for half", "reject", "", "50", "warning dmarc@0"},
		{"no number", "reject", "", "all", "warning dmarc@0"},
		{"a number too large", "reject", "", "999999999999999999999", "warning dmarc@0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := shorthand(DMARCIssues(test.p, test.sp, test.pct)); got != test.want {
				t.Errorf("DMARCIssues(%q, %q, %q): %s, want %s", test.p, test.sp, test.pct, got, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/logo.pem; lps=news,a-b; avp=personal", "a.b+c")
	f.Add("v=BIMI1;l=;a=", "")
	f.Add("v=BIMI1;;l==;a=https://[::1]/;lps=,,;avp", "-._-")
	f.Add("v=BIMI1; s=brand.a", "\xff\x00")
	f.Fuzz(func(t *testing.T, text, local string) {
		r, issues := Parse(text)
		for _, i := range issues {
			if i.Position < 0 || i.Position > len(text) {
				t.Errorf("%+v points outside", i)
			}
		}
		if Usable(issues) && !IsRecord(text) {
			t.Errorf("%q can be used and is no record", text)
		}
		if Usable(issues) && r.Declined != (r.Location == "" && r.Evidence == "") {
			t.Errorf("Parse(%q) = %+v", text, r)
		}
		if Usable(issues) {
			rewritten := fmt.Sprintf("v=BIMI1; l=%s; a=%s; avp=%s", r.Location, r.Evidence, r.Avatar)
			if r.LocalPartSelector {
				rewritten += "; lps=" + strings.Join(r.Prefixes, ",")
			}
			if again, more := Parse(rewritten); len(rewritten) <= MaxRecordSize && (!cmp.Equal(again, r) || !Usable(more)) {
				t.Errorf("Parse(%q) = %+v, again %+v with %v", text, r, again, more)
			}
		}
		if s, issues := ParseSelectorField(text); !isSelector(s) || !Usable(issues) && s != DefaultSelector {
			t.Errorf("ParseSelectorField(%q) = %q", text, s)
		}
		if s, ok := NormalizeLocalPart(local); ok {
			if again, _ := NormalizeLocalPart(s); again != s || !isLabel(s) {
				t.Errorf("NormalizeLocalPart(%q) = %q, again %q", local, s, again)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Parse("v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/logo.pem; lps=news,brand; avp=brand")
	}
}
