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
		{"an unknown field is allowed", "v=STSv1; id=1; x=y", true, CodeUnknown},
		{"white space around semicolons", "v=STSv1;\tid=1 ; x_1.y-z=a:b ;", true, CodeUnknown},
		{"white space before the first semicolon", "v=STSv1 ; id=1", true, CodeVersion}, // erratum 6285
		{"two ids: the first counts", "v=STSv1; id=1; id=2", true, CodeDuplicate},
		{"an id of 32 characters", "v=STSv1; id=" + strings.Repeat("a1", 16), true, ""},
		{"the version comes first", "id=1; v=STSv1", false, CodeVersion},
		{"the version is case-sensitive", "v=stsv1; id=1", false, CodeVersion},
		{"the version of a later protocol", "v=STSv10; id=1", false, CodeVersion},
		{"white space before the version", " v=STSv1; id=1", false, CodeVersion},
		{"white space in the version", "v= STSv1; id=1", false, CodeVersion},
		{"the version without its semicolon", "v=STSv1", false, CodeVersion},
		{"quotes from a zone file", `"v=STSv1; id=1"`, false, CodeVersion},
		{"no id", "v=STSv1;", false, CodeID},
		{"the name of the id in upper case", "v=STSv1; ID=1", false, CodeUnknown},
		{"an empty id", "v=STSv1; id=;", false, CodeID},
		{"an id with a hyphen", "v=STSv1; id=2026-11-23", false, CodeID},
		{"an id of 33 characters", "v=STSv1; id=" + strings.Repeat("1", 33), false, CodeID},
		{"white space beside the equals sign", "v=STSv1; id = 1", false, CodeSpace},
		{"a field without a value", "v=STSv1; id=1; x", false, CodeSyntax},
		{"a field with an empty value", "v=STSv1; id=1; x=", false, CodeSyntax},
		{"a field with white space in its value", "v=STSv1; id=1; x=a b", false, CodeSyntax},
		{"a field whose name begins with a hyphen", "v=STSv1; id=1; -x=a", false, CodeSyntax},
		{"commas instead of semicolons", "v=STSv1, id=1", false, CodeVersion},
		{"two semicolons", "v=STSv1;; id=1", false, CodeSyntax},
		{"two semicolons at the end", "v=STSv1; id=1;;", false, CodeSyntax},
		{"text that is not a record", "hello", false, CodeVersion},
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
		{"no line end at the end", strings.TrimSuffix(good, "\n"), true, ""},
		{"white space at the ends of lines", strings.ReplaceAll(good, "\n", " \t\n"), true, ""},
		{"no white space after the colons", strings.ReplaceAll(good, ": ", ":"), true, ""},
		{"white space before a name", " " + good, true, CodeSpace},
		{"white space before a colon", strings.Replace(good, "mode:", "mode :", 1), true, CodeSpace},
		{"an empty line", strings.Replace(good, "mode", "\nmode", 1), true, CodeSpace},
		{"fields in another order", "max_age: 604800\nmx: mx.example.com\nmode: testing\nversion: STSv1\n", true, ""},
		{"a short age before the mode", "version: STSv1\nmax_age: 60\nmode: none\n", true, ""},
		{"an unknown field in other letters", good + "x: größer als\n", true, CodeUnknown},
		{"a control character", good + "x: a\x00b\n", true, CodeSyntax},
		{"invalid UTF-8", good + "x: \xff\n", true, CodeSyntax},
		{"lines that end in CR", strings.ReplaceAll(good, "\n", "\r"), false, CodeVersion},
		{"a byte order mark", "\uFEFF" + good, false, CodeSyntax},
		{"the name of a field in upper case", strings.Replace(good, "mode", "Mode", 1), false, CodeUnknown},
		{"a mode in upper case", strings.Replace(good, "enforce", "Enforce", 1), false, CodeMode},
		{"version 2", strings.Replace(good, "STSv1", "STSv2", 1), false, CodeVersion},
		{"a year exactly", strings.Replace(good, "604800", "31557600", 1), true, ""},
		{"an age of 0", strings.Replace(good, "604800", "0", 1), true, CodeMaxAge},
		{"an age of 11 digits", strings.Replace(good, "604800", "00000604800", 1), false, CodeMaxAge},
		{"an age with a unit", strings.Replace(good, "604800", "1d", 1), false, CodeMaxAge},
		{"no age", strings.Replace(good, "max_age: 604800\n", "", 1), false, CodeSyntax},
		{"a host in other letters", strings.Replace(good, "mx1", "büro", 1), false, CodeMX},
		{"a host with its final dot", strings.Replace(good, "mx1.example.com", "mx1.example.com.", 1), false, CodeMX},
		{"a host of one label", strings.Replace(good, "mx1.example.com", "mail", 1), true, CodeMX},
		{"an address", strings.Replace(good, "mx1.example.com", "[192.0.2.1]", 1), false, CodeMX},
		{"two hosts on a line", strings.Replace(good, "mx1.example.com", "mx1.example.com mx2.example.com", 1), false, CodeMX},
		{"a wildcard for a part of a label", strings.Replace(good, "*.example.net", "mx*.example.net", 1), false, CodeMX},
		{"two wildcards", strings.Replace(good, "*.example.net", "*.*.example.net", 1), false, CodeMX},
		{"a wildcard for everything", strings.Replace(good, "*.example.net", "*", 1), false, CodeMX},
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
		{"*.example.com", "*.example.com", true},
		{"mx*.example.com", "mx1.example.com", false}, // a wildcard is a whole label
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
		{"another media type", record, web, StateInvalid, true}, // RFC 8461 §3.2
		{"no media type", record, Response{Status: 200, Body: good.Body}, StateInvalid, true},
		{"odd parameters of the media type", record, Response{Status: 200, ContentType: "Text/Plain;charset", Body: good.Body}, StateValid, false},
		{"no content", record, Response{Status: 204, ContentType: "text/plain"}, StateInvalid, false},
		{"too large", record, Response{Problem: ProblemTooLarge, Detail: "more than 65536 octets"}, StateInvalid, false},
		{"a text beside the record", record + `_mta-sts.example.com. TXT "v=STSv10; id=2"` + "\n", good, StateValid, false},
		{"a record in two strings", `_mta-sts.example.com. TXT "v=STSv1; i" "d=1"` + "\n", good, StateValid, false},
		{"a record that is not well-formed", `_mta-sts.example.com. TXT "v=STSv1; id = 1"` + "\n", good, StateInvalid, false},
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
