package dmarc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// codes lists issues as "code@position".
func codes(issues []Issue) string {
	var list []string
	for _, i := range issues {
		list = append(list, fmt.Sprintf("%s@%d", i.Code, i.Position))
	}
	return strings.Join(list, " ")
}

func TestIsDMARC(t *testing.T) {
	tests := []struct {
		name   string
		text   string
		valid  bool
		issues string // when not valid: the first issue
	}{
		{"the version alone", "v=DMARC1", true, ""},
		{"a final semicolon", "v=DMARC1;", true, ""},
		{"white space around the sign", "v\t= DMARC1 ; p=none", true, ""},
		{"the name in capitals", "V=DMARC1; p=none", true, ""},
		{"the value in lower case", "v=dmarc1; p=none", false, "version@2"},
		{"another version", "v=DMARC2; p=none", false, "not-dmarc@0"},
		{"a longer version", "v=DMARC10; p=none", false, "version@2"},
		{"a missing semicolon", "v=DMARC1 p=none", false, "version@2"},
		{"a comma", "v=DMARC1, p=none", false, "version@2"},
		{"not first", "p=none; v=DMARC1", false, "version-first@8"},
		{"leading space", " v=DMARC1; p=none", false, "leading-space@0"},
		{"a leading quote", `"v=DMARC1; p=none"`, false, "leading-space@0"},
		{"a semicolon first", ";v=DMARC1; p=none", false, "version-first@1"},
		{"empty", "", false, "not-dmarc@0"},
		{"another protocol", "v=spf1 -all", false, "not-dmarc@0"},
		{"v without a value", "v", false, "not-dmarc@0"},
		{"NUL", "\x00v=DMARC1", false, "version-first@1"},
		{"not UTF-8", "\xff\xfe", false, "not-dmarc@0"},
		{"64 KB of nothing", strings.Repeat(" ", 1<<16), false, "too-long@65535"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record, issues := Parse(tt.text)
			first, _, _ := strings.Cut(codes(issues), " ")
			if record.Valid != tt.valid || !tt.valid && first != tt.issues {
				t.Errorf("Parse(%.40q): valid = %v, issues %s; want %v, %s", tt.text, record.Valid, codes(issues), tt.valid, tt.issues)
			}
			if record.Text != tt.text {
				t.Errorf("the text is not kept")
			}
		})
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name   string
		text   string
		want   string // what counts, as String of summary
		issues string
	}{
		{"a healthy record", "v=DMARC1; p=reject; rua=mailto:d@example.com", "p=reject rua=d@example.com", ""},
		{"all tags", "v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=s; psd=u; t=n; fo=d:s; rua=mailto:a@example.com; ruf=mailto:b@example.com",
			"p=reject sp=reject np=reject adkim=s aspf=s fo=d:s rua=a@example.com ruf=b@example.com", ""},
		{"p may come later", "v=DMARC1; rua=mailto:a@example.com; p=none", "p=none rua=a@example.com", "policy-order@36"},
		{"no p, but rua: none, a warning", "v=DMARC1; rua=mailto:a@example.com", "p= rua=a@example.com", "policy-missing@34"},
		{"no p, no rua", "v=DMARC1", "p=", "policy-missing@8 no-rua@8"},
		{"an unknown policy", "v=DMARC1; p=monitor; rua=mailto:a@example.com", "p= rua=a@example.com", "policy-invalid@12"},
		{"an empty policy", "v=DMARC1; p=; rua=mailto:a@example.com", "p= rua=a@example.com", "policy-invalid@12"},
		{"a missing semicolon", "v=DMARC1; p=none rua=mailto:a@example.com", "p=", "policy-invalid@12 no-rua@41"},
		{"a policy in capitals counts", "v=DMARC1; p=Reject; rua=mailto:a@example.com", "p=reject rua=a@example.com", "letter-case@12"},
		{"a tag in capitals counts", "v=DMARC1; P=reject; rua=mailto:a@example.com", "p=reject rua=a@example.com", "letter-case@10"},
		{"an invalid sp", "v=DMARC1; p=none; sp=all; rua=mailto:a@example.com", "p=none rua=a@example.com", "policy-invalid@21"},
		{"an invalid np", "v=DMARC1; p=none; np=x; rua=mailto:a@example.com", "p=none rua=a@example.com", "policy-invalid@21"},
		{"sp weaker than p", "v=DMARC1; p=reject; sp=none; rua=mailto:a@example.com", "p=reject sp=none rua=a@example.com", "policy-weaker@20"},
		{"np weaker than sp", "v=DMARC1; p=none; sp=reject; np=quarantine; rua=mailto:a@example.com", "p=none sp=reject np=quarantine rua=a@example.com", "policy-weaker@29"},
		{"np weaker than p", "v=DMARC1; p=reject; np=none; rua=mailto:a@example.com", "p=reject np=none rua=a@example.com", "policy-weaker@20"},
		{"sp stronger than p", "v=DMARC1; p=none; sp=reject; rua=mailto:a@example.com", "p=none sp=reject rua=a@example.com", ""},
		{"pct=100", "v=DMARC1; p=none; pct=100; rua=mailto:a@example.com", "p=none rua=a@example.com", "removed-tag@18"},
		{"pct=20", "v=DMARC1; p=none; pct=20; rua=mailto:a@example.com", "p=none pct=20 rua=a@example.com", "removed-tag@18"},
		{"pct=101", "v=DMARC1; p=none; pct=101; rua=mailto:a@example.com", "p=none rua=a@example.com", "removed-tag@18"},
		{"pct=300", "v=DMARC1; p=none; pct=300; rua=mailto:a@example.com", "p=none rua=a@example.com", "removed-tag@18"},
		{"rf and ri", "v=DMARC1; p=none; rf=afrf; ri=86400; rua=mailto:a@example.com", "p=none rua=a@example.com", "removed-tag@18 removed-tag@27"},
		{"an unknown tag", "v=DMARC1; p=none; foo=bar; rua=mailto:a@example.com", "p=none rua=a@example.com", "unknown-tag@18"},
		{"a tag of a later day", "v=DMARC1; p=none; x_2=bar; rua=mailto:a@example.com", "p=none rua=a@example.com", "unknown-tag@18"},
		{"the first of two counts", "v=DMARC1; p=none; p=reject; rua=mailto:a@example.com", "p=none rua=a@example.com", "duplicate-tag@18"},
		{"a second version", "v=DMARC1; p=none; v=DMARC1; rua=mailto:a@example.com", "p=none rua=a@example.com", "duplicate-tag@18"},
		{"no tag at all", "v=DMARC1; p=none; hello; rua=mailto:a@example.com", "p=none rua=a@example.com", "syntax@18"},
		{"a tag without a name", "v=DMARC1; p=none; =x; rua=mailto:a@example.com", "p=none rua=a@example.com", "syntax@18"},
		{"two semicolons", "v=DMARC1;; p=none; rua=mailto:a@example.com", "p=none rua=a@example.com", "empty-tag@9"},
		{"a control character", "v=DMARC1; p=no\x00ne; rua=mailto:a@example.com", "p= rua=a@example.com", "character@14 policy-invalid@12"},
		{"a line end", "v=DMARC1; p=none\n; rua=mailto:a@example.com", "p= rua=a@example.com", "character@16 policy-invalid@12"},
		{"not UTF-8", "v=DMARC1; p=\xff; rua=mailto:a@example.com", "p= rua=a@example.com", "character@12 policy-invalid@12"},
		{"adkim=strict", "v=DMARC1; p=none; adkim=strict; rua=mailto:a@example.com", "p=none rua=a@example.com", "value@24"},
		{"aspf in capitals", "v=DMARC1; p=none; aspf=S; rua=mailto:a@example.com", "p=none aspf=s rua=a@example.com", "letter-case@23"},
		{"t=y", "v=DMARC1; p=none; t=y; rua=mailto:a@example.com", "p=none t=y rua=a@example.com", "testing@18"},
		{"t=yes", "v=DMARC1; p=none; t=yes; rua=mailto:a@example.com", "p=none rua=a@example.com", "value@20"},
		{"psd=y", "v=DMARC1; p=none; psd=y; rua=mailto:a@example.com", "p=none psd=y rua=a@example.com", "psd@18"},
		{"psd=n", "v=DMARC1; p=none; psd=n; rua=mailto:a@example.com", "p=none psd=n rua=a@example.com", "psd@18"},
		{"psd=x", "v=DMARC1; p=none; psd=x; rua=mailto:a@example.com", "p=none rua=a@example.com", "value@22"},
		{"fo without ruf", "v=DMARC1; p=none; fo=1; rua=mailto:a@example.com", "p=none rua=a@example.com", "fo-without-ruf@18"},
		{"fo with 0 or 1 and others", "v=DMARC1; p=none; fo=1:d:s; rua=mailto:a@example.com; ruf=mailto:b@example.com", "p=none rua=a@example.com ruf=b@example.com", "value@21"},
		{"no rua", "v=DMARC1; p=reject", "p=reject", "no-rua@18"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record, issues := Parse(tt.text)
			if diff := cmp.Diff(tt.want, summary(record)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.text, diff)
			}
			if diff := cmp.Diff(tt.issues, codes(issues)); diff != "" {
				t.Errorf("issues of %q (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// summary writes what counts in a record, without the defaults.
func summary(r Record) string {
	parts := []string{"p=" + string(r.P)}
	add := func(name, value, byDefault string) {
		if value != byDefault {
			parts = append(parts, name+"="+value)
		}
	}
	add("sp", string(r.SP), "")
	add("np", string(r.NP), "")
	add("adkim", string(r.ADKIM), "r")
	add("aspf", string(r.ASPF), "r")
	add("psd", string(r.PSD), "u")
	add("t", map[bool]string{true: "y"}[r.Testing], "")
	add("fo", strings.Join(r.FO, ":"), "")
	add("pct", fmt.Sprint(r.Percent), "100")
	add("rua", addresses(r.RUA), "")
	add("ruf", addresses(r.RUF), "")
	return strings.Join(parts, " ")
}

func addresses(uris []URI) string {
	var list []string
	for _, u := range uris {
		if u.Valid {
			list = append(list, u.Address)
		}
	}
	return strings.Join(list, ",")
}

func TestParseURIs(t *testing.T) {
	tests := []struct {
		name   string
		rua    string
		want   string // scheme address host, of the valid ones
		issues string // positions count from the value
	}{
		{"one", "mailto:a@example.com", "mailto a@example.com example.com", ""},
		{"two, with white space", "mailto:a@example.com , mailto:b@example.net", "mailto a@example.com example.com|mailto b@example.net example.net", ""},
		{"three", "mailto:a@example.com,mailto:b@example.com,mailto:c@example.com",
			"mailto a@example.com example.com|mailto b@example.com example.com|mailto c@example.com example.com", "uri-count@42"},
		{"capitals", "MAILTO:a@EXAMPLE.com", "mailto a@EXAMPLE.com example.com", ""},
		{"a size", "mailto:a@example.com!10m", "mailto a@example.com example.com", "uri-size@20"},
		{"a size in octets", "mailto:a@example.com!5000", "mailto a@example.com example.com", "uri-size@20"},
		{"no scheme", "a@example.com", "", "uri@0"},
		{"a second address without a scheme", "mailto:a@example.com,b@example.com", "mailto a@example.com example.com", "uri@21"},
		{"no address", "mailto:", "", "uri@0"},
		{"no domain", "mailto:a", "", "uri@0"},
		{"no local part", "mailto:@example.com", "", "uri@0"},
		{"a space", "mailto:a b@example.com", "", "uri@0"},
		{"slashes", "mailto://a@example.com", "", "uri@0"},
		{"an exclamation mark", "mailto:a!b@example.com", "", "uri@0"},
		{"an encoded exclamation mark", "mailto:a%21b@example.com", "mailto a!b@example.com example.com", ""},
		{"a bad encoding", "mailto:a%2@example.com", "", "uri@0"},
		{"two addresses encoded", "mailto:a@example.com%2Cb@example.com", "", "uri@0"},
		{"header fields", "mailto:a@example.com?subject=x", "mailto a@example.com example.com", ""},
		{"https", "https://example.com/dmarc", "https  example.com", "uri-scheme@0"},
		{"https without a host", "https:///dmarc", "", "uri@0"},
		{"empty", "", "", "uri@0"},
		{"an empty one among others", "mailto:a@example.com,", "mailto a@example.com example.com", "uri@21"},
		{"not ASCII", "mailto:ä@example.com", "", "character@7 uri@0"},
		{"an address literal", "mailto:a@[192.0.2.1]", "", "uri@0"},
	}
	const head = "v=DMARC1;p=none;rua="
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record, issues := Parse(head + tt.rua)
			var got []string
			for _, u := range record.RUA {
				if u.Valid {
					got = append(got, u.Scheme+" "+u.Address+" "+u.Host)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "|")); diff != "" {
				t.Errorf("rua=%s (-want +got):\n%s", tt.rua, diff)
			}
			for i := range issues {
				issues[i].Position -= len(head)
			}
			if diff := cmp.Diff(tt.issues, codes(issues)); diff != "" {
				t.Errorf("issues of rua=%s (-want +got):\n%s", tt.rua, diff)
			}
		})
	}
}

func TestUsable(t *testing.T) {
	tests := []struct {
		name              string
		text              string
		usable, asWritten bool
	}{
		{"as written", "v=DMARC1;p=reject", true, true},
		{"no p, a rua", "v=DMARC1;rua=mailto:a@example.com", true, false},
		{"no p, no rua", "v=DMARC1;sp=reject", false, false},
		{"invalid p, a rua", "v=DMARC1;p=x;rua=mailto:a@example.com", true, false},
		{"invalid p, no rua", "v=DMARC1;p=x", false, false},
		{"invalid p, only an invalid rua", "v=DMARC1;p=x;rua=a@example.com", false, false},
		{"invalid p, one valid rua of two", "v=DMARC1;p=x;rua=a@example.com,mailto:b@example.com", true, false},
		{"invalid sp, no rua", "v=DMARC1;p=reject;sp=x", false, false},
		{"invalid sp, a rua", "v=DMARC1;p=reject;sp=x;rua=mailto:a@example.com", true, false},
		{"invalid np, no rua", "v=DMARC1;p=reject;np=", false, false},
		{"invalid np, a rua", "v=DMARC1;p=reject;np=;rua=mailto:a@example.com", true, false},
		{"other faults do not matter", "v=DMARC1;p=reject;adkim=x;t=maybe;;;x", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record, _ := Parse(tt.text)
			if usable, asWritten := record.Usable(); usable != tt.usable || asWritten != tt.asWritten {
				t.Errorf("Usable() = %v, %v; want %v, %v", usable, asWritten, tt.usable, tt.asWritten)
			}
		})
	}
}

func TestPolicyFor(t *testing.T) {
	tests := []struct {
		name, text string
		of         Source
		want       Policy
		from       Source
	}{
		{"the domain itself", "v=DMARC1;p=none;sp=reject;np=reject", SourceP, PolicyNone, SourceP},
		{"a subdomain", "v=DMARC1;p=none;sp=quarantine;np=reject", SourceSP, PolicyQuarantine, SourceSP},
		{"a subdomain without sp, np is not for it", "v=DMARC1;p=none;np=reject", SourceSP, PolicyNone, SourceP},
		{"no such subdomain", "v=DMARC1;p=none;sp=quarantine;np=reject", SourceNP, PolicyReject, SourceNP},
		{"np falls back to sp", "v=DMARC1;p=none;sp=quarantine", SourceNP, PolicyQuarantine, SourceSP},
		{"np falls back to p", "v=DMARC1;p=reject", SourceNP, PolicyReject, SourceP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record, _ := Parse(tt.text)
			if got, from := record.PolicyFor(tt.of); got != tt.want || from != tt.from {
				t.Errorf("PolicyFor(%s) = %s, %s; want %s, %s", tt.of, got, from, tt.want, tt.from)
			}
		})
	}
}

func TestParseBoundsItsIssues(t *testing.T) {
	_, issues := Parse("v=DMARC1" + strings.Repeat(";", 60000))
	if len(issues) != maxIssues+1 { // and that there is no p
		t.Errorf("%d issues, want %d", len(issues), maxIssues+1)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=DMARC1; p=reject; sp=none; np=none; rua=mailto:a@example.com!10m,https://example.com; ruf=x; fo=1:d; pct=3; psd=y; t=y",
		"v=spf1", " v=DMARC1", "v=dmarc1;;p", "v\t=\tDMARC1;p=\x00;\xff=\xfe", "p=none; V=DMARC1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		record, issues := Parse(text)
		for _, i := range issues {
			if i.Position < 0 || i.Position > len(text) || i.Message == "" {
				t.Fatalf("issue outside of the text: %+v", i)
			}
		}
		for _, tag := range record.Tags {
			if text[tag.Position:][:len(tag.Name)] != tag.Name || text[tag.ValueAt:][:len(tag.Value)] != tag.Value {
				t.Fatalf("tag is not at its place: %+v", tag)
			}
		}
		if !record.Valid {
			return
		}
		again, _ := Parse(record.String())
		if summary(again) != summary(record) || again.String() != record.String() {
			t.Fatalf("%q became %q: %s, then %s", text, record, summary(record), summary(again))
		}
	})
}
