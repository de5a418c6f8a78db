package mtasts

import (
	"context"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		valid      bool
		code       Code // of the first issue
	}{
		{"as RFC 8461 §3.1 has it", "v=STSv1; id=20160831085700Z;", true, ""},
		{"without the last semicolon", "v=STSv1; id=1", true, ""},
		{"an unknown field is allowed", "v=STSv1; id=1; x=y", true, ""},
		{"the version comes first", "id=1; v=STSv1", false, CodeVersion},
		{"the version is case-sensitive", "v=stsv1; id=1", false, CodeVersion},
		{"no id", "v=STSv1;", false, CodeID},
		{"two ids", "v=STSv1; id=1; id=2", false, CodeID},
		{"an id with a hyphen", "v=STSv1; id=2026-11-23", false, CodeID},
		{"an id of 33 characters", "v=STSv1; id=" + strings.Repeat("1", 33), false, CodeID},
		{"a field without a value", "v=STSv1; id=1; x", false, CodeSyntax},
		{"empty", "", false, CodeVersion},
		{"64 KB and more", "v=STSv1; id=1;" + strings.Repeat(" ", maxRecord), false, CodeTooLong},
	}
	for _, tt := range tests {
		r, issues := Parse(tt.text)
		if r.Valid != tt.valid || (tt.code == "") != (len(issues) == 0) || tt.code != "" && issues[0].Code != tt.code {
			t.Errorf("%s: valid %t, issues %+v, want %t and %q first", tt.name, r.Valid, issues, tt.valid, tt.code)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	const good = "version: STSv1\nmode: enforce\nmx: mx1.example.com\nmx: *.example.net\nmax_age: 604800\n"
	tests := []struct {
		name, text string
		valid      bool
		code       Code
	}{
		{"LF", good, true, ""},
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), true, ""},
		{"none needs no hosts", "version: STSv1\nmode: none\nmax_age: 86400\n", true, ""},
		{"an unknown field", good + "x: y\n", true, CodeUnknown},
		{"a mode twice: the first counts", good + "mode: none\n", true, CodeDuplicate},
		{"short", strings.Replace(good, "604800", "3600", 1), true, CodeMaxAge},
		{"longer than a year", strings.Replace(good, "604800", "31557601", 1), false, CodeMaxAge},
		{"a negative age", strings.Replace(good, "604800", "-1", 1), false, CodeMaxAge},
		{"an unknown mode", strings.Replace(good, "enforce", "strict", 1), false, CodeMode},
		{"no host", "version: STSv1\nmode: enforce\nmax_age: 604800\n", false, CodeMX},
		{"a wildcard inside", strings.Replace(good, "*.example.net", "mx.*.example.net", 1), false, CodeMX},
		{"a web page", "<html>\n<body>\n", false, CodeSyntax},
		{"65 KB", good + strings.Repeat("x: y\n", 13<<10), false, CodeTooLong},
	}
	for _, tt := range tests {
		p, issues := ParsePolicy([]byte(tt.text))
		if p.Valid != tt.valid || (tt.code == "") != (len(issues) == 0) || tt.code != "" && issues[0].Code != tt.code {
			t.Errorf("%s: valid %t, issues %+v, want %t and %q first", tt.name, p.Valid, issues, tt.valid, tt.code)
		}
	}
	p, _ := ParsePolicy([]byte(good + "mode: none\n"))
	if p.Mode != ModeEnforce || p.MaxAge != 604800 || len(p.MX) != 2 || p.MX[1].Position != strings.Index(good, "*.example.net") {
		t.Errorf("the policy reads as %+v", p)
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, host string
		want          bool
	}{
		{"mx.example.com", "MX.example.com.", true},
		{"*.example.com", "mx.example.com", true},
		{"*.example.com", "example.com", false},      // RFC 8461 §4.1: one label
		{"*.example.com", "a.mx.example.com", false}, // and not two
		{"*.example.com", ".example.com", false},
		{"mx.example.com", "mx.example.com.evil.test", false},
	} {
		m := MX{Pattern: tt.pattern, Valid: validPattern(tt.pattern)}
		if got := m.Matches(tt.host); got != tt.want {
			t.Errorf("%q matches %q: %t, want %t", tt.pattern, tt.host, got, tt.want)
		}
	}
}

func TestDiscover(t *testing.T) {
	const record = `_mta-sts.example.com. TXT "v=STSv1; id=1"` + "\n"
	good := Response{Status: 200, ContentType: "text/plain; charset=utf-8", Body: []byte("version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n")}
	web := good
	web.ContentType = "text/html"
	tests := []struct {
		name, world string
		response    Response
		want        State
		issue       bool
	}{
		{"record and policy", record, good, StateValid, false},
		{"no record", "example.com. A 192.0.2.1\n", good, StateNone, false},
		{"two records", record + `_mta-sts.example.com. TXT "v=STSv1; id=2"` + "\n", good, StateInvalid, false},
		{"SERVFAIL is not none", `_fail._mta-sts.example.com. TXT "SERVFAIL"` + "\n", good, StateUnknown, false},
		{"a redirect is not followed", record, Response{Status: 301, Location: "https://www.example.com/"}, StateInvalid, false},
		{"not found", record, Response{Status: 404}, StateInvalid, false},
		{"the certificate is for another name", record, Response{Problem: ProblemCertificate, Detail: "valid for www.example.com"}, StateInvalid, false},
		{"the host is silent", record, Response{Problem: ProblemUnknown, Detail: "timeout"}, StateUnknown, false},
		{"another media type", record, web, StateValid, true},
		{"a policy that cannot be used", record, Response{Status: 200, ContentType: "text/plain", Body: []byte("hello")}, StateInvalid, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fetch := func(_ context.Context, url string) Response {
				if url != "https://mta-sts.example.com/.well-known/mta-sts.txt" {
					t.Errorf("the policy is fetched from %s", url)
				}
				return tt.response
			}
			d := Discover(t.Context(), dnstest.New(t, tt.world), fetch, "example.com")
			if d.State != tt.want || (d.Reason != "") != (tt.want != StateValid) || (len(d.PolicyIssues) > 0) != tt.issue {
				t.Errorf("state %q, reason %q, issues %+v, want %q", d.State, d.Reason, d.PolicyIssues, tt.want)
			}
		})
	}
}

func positions(t *testing.T, text string, fields []Field, issues []Issue) {
	for _, i := range issues {
		if i.Position < 0 || i.Position > len(text) {
			t.Errorf("%q: the issue %+v stands outside of the text", text, i)
		}
	}
	for _, f := range fields {
		if !strings.HasPrefix(text[f.Position:], f.Name) || !strings.HasPrefix(text[f.ValueAt:], f.Value) {
			t.Errorf("%q: the field %+v does not stand where it says", text, f)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"v=STSv1; id=1;", "v=STSv1;;id=", " = ;", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, issues := Parse(text)
		positions(t, text, r.Fields, issues)
	})
}

func FuzzParsePolicy(f *testing.F) {
	for _, seed := range []string{"version: STSv1\r\nmode: none\nmax_age: 1\n", "mx:*.\n:\n", "\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, issues := ParsePolicy([]byte(text))
		positions(t, text, p.Fields, issues)
		if p.Valid && p.Mode != ModeNone && len(p.MX) == 0 {
			t.Errorf("%q is valid without a host", text)
		}
	})
}

func BenchmarkParsePolicy(b *testing.B) {
	body := []byte("version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n")
	for b.Loop() {
		ParsePolicy(body)
	}
}
