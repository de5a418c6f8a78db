package authres

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// written shows a field on one line: id/version; method/version=value{reason}
// ptype.name<value>. A question mark marks what is not registered.
func written(f Field) string {
	var b strings.Builder
	b.WriteString(f.AuthServID)
	if f.Version != "" {
		b.WriteString("/" + f.Version)
	}
	if f.None {
		b.WriteString("; none")
	}
	mark := map[bool]string{false: "?"}
	for _, r := range f.Results {
		b.WriteString("; " + r.Method + mark[r.MethodKnown])
		if r.Version != "" {
			b.WriteString("/" + r.Version)
		}
		b.WriteString("=" + r.Value + mark[r.ValueKnown])
		if r.Reason != "" {
			b.WriteString("{" + r.Reason + "}")
		}
		for _, p := range r.Properties {
			fmt.Fprintf(&b, " %s.%s%s<%s>", p.Type, p.Name, mark[p.Known], p.Value)
		}
	}
	return b.String()
}

// codes lists issues as CODE@POSITION.
func codes(issues []Issue) string {
	var list []string
	for _, i := range issues {
		list = append(list, fmt.Sprintf("%s@%d", i.Code, i.Position))
	}
	return strings.Join(list, " ")
}

func TestParse(t *testing.T) {
	tests := []struct{ name, value, want, issues string }{
		// The examples of RFC 8601, Appendix B.
		{"B.2: nothing was tried", " example.org 1; none", "example.org/1; none", ""},
		{"B.3: one service", " example.com;\r\n\tspf=pass smtp.mailfrom=example.net", "example.com; spf=pass smtp.mailfrom<example.net>", ""},
		{"B.4: comments", " example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net",
			"example.com; auth=pass smtp.auth<sender@example.net>; spf=pass smtp.mailfrom<example.net>", ""},
		{"B.6: a reason", ` example.com; dkim=pass reason="good signature" header.i=@mail-router.example.net; dkim=fail reason="bad signature" header.i=@newyork.example.com`,
			"example.com; dkim=pass{good signature} header.i<@mail-router.example.net>; dkim=fail{bad signature} header.i<@newyork.example.com>", ""},
		{"B.7: comments everywhere", " foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462",
			"foo.example.net/1; dkim/1=fail policy.expired?<1362471462>", "property-name@99"},

		// What the grammar allows besides.
		{"a quoted authserv-id", `"mx 1.example.org"; none`, "mx 1.example.org; none", ""},
		{"letter case does not matter", "mx.example.org; SPF=Pass SMTP.MailFrom=User@Example.COM", "mx.example.org; spf=pass smtp.mailfrom<User@Example.COM>", ""},
		{"a local part in quotes", `mx.example.org; spf=pass smtp.mailfrom="a b"@example.com`, `mx.example.org; spf=pass smtp.mailfrom<"a b"@example.com>`, ""},
		{"a local part of odd characters", "mx.example.org; spf=pass smtp.mailfrom=SRS0=a/b=c@example.com", "mx.example.org; spf=pass smtp.mailfrom<SRS0=a/b=c@example.com>", ""},
		{"a semicolon in quotes", `mx.example.org; dkim=fail reason="a; b=c"; spf=none`, "mx.example.org; dkim=fail{a; b=c}; spf=none", ""},
		{"a semicolon in a comment", `mx.example.org; dkim=fail (a; b=c) header.d=example.com`, "mx.example.org; dkim=fail header.d<example.com>", ""},
		{"a parenthesis behind a backslash", `mx.example.org; dkim=fail (\) (\() :-) header.d=example.com`, "mx.example.org; dkim=fail header.d<example.com>", ""},
		{"escapes in quotes", `mx.example.org; dkim=fail reason="\"no\" \\"`, `mx.example.org; dkim=fail{"no" \}`, ""},
		{"a folded quoted string", "mx.example.org; dkim=fail reason=\"bad\r\n\tluck\"", "mx.example.org; dkim=fail{bad\tluck}", ""},
		{"UTF-8", "mx.example.org; spf=pass smtp.mailfrom=ünal@bücher.example", "mx.example.org; spf=pass smtp.mailfrom<ünal@bücher.example>", ""},
		{"space around everything", "mx.example.org ; spf = pass smtp . mailfrom = example.com ", "mx.example.org; spf=pass smtp.mailfrom<example.com>", ""},
		{"the policy record of RFC 9989", "mx.example.org; dmarc=pass header.from=a.example.com polrec.p=reject polrec.domain=example.com",
			"mx.example.org; dmarc=pass header.from<a.example.com> polrec.p<reject> polrec.domain<example.com>", ""},
		{"private names", "mx.example.org; x-tls=pass x-tls.version=1.3", "mx.example.org; x-tls?=pass? x-tls.version?<1.3>", ""},

		// What the wild holds.
		{"a large provider's comments", "mx.example.org;\r\n       dkim=pass header.i=@example.com header.s=s1 header.b=\"AbC/d+e=\";\r\n       spf=pass (example.org: domain of a@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.com;\r\n       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com",
			"mx.example.org; dkim=pass header.i<@example.com> header.s<s1> header.b<AbC/d+e=>; spf=pass smtp.mailfrom<a@example.com>; dmarc=pass header.from<example.com>", ""},
		{"no authserv-id, and properties without a type", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=pass (signature was verified) header.d=example.com;dmarc=pass action=none header.from=example.com;compauth=pass reason=100",
			"; spf=pass smtp.mailfrom<example.com>; dkim=pass header.d<example.com>; dmarc=pass .action?<none> header.from<example.com>; compauth?=pass?{100}",
			"authserv-id@0 property@128 method@164"},
		{"a reason behind the properties", "mx.example.org; dkim=fail header.d=example.com reason=expired", "mx.example.org; dkim=fail{expired} header.d<example.com>", "reason@47"},
		{"a signature hash without quotes", "mx.example.org; dkim=pass header.b=AbC/d+e=", "mx.example.org; dkim=pass header.b<AbC/d+e=>", "quotes@35"},
		{"an IPv6 address without quotes", "mx.example.org; iprev=pass policy.iprev=2001:db8::1", "mx.example.org; iprev=pass policy.iprev<2001:db8::1>", "quotes@40"},
		{"a null reverse-path", "mx.example.org; spf=none smtp.mailfrom=; dkim=none", "mx.example.org; spf=none smtp.mailfrom<>; dkim=none", "property@39"},
		{"an address in angle brackets", "mx.example.org; spf=none smtp.mailfrom=<>", "mx.example.org; spf=none smtp.mailfrom<<>>", "quotes@39"},
		{"a reason of several words without quotes", "mx.example.org; dkim=fail reason=signature verification failed header.d=example.com", "mx.example.org; dkim=fail{signature} header.d<example.com>", "syntax@43"},
		{"an obsolete result", "mx.example.org; spf=hardfail", "mx.example.org; spf=hardfail?", "value@20"},
		{"an obsolete method", "mx.example.org; domainkeys=pass header.from=a@example.com", "mx.example.org; domainkeys=pass header.from<a@example.com>", "method@16"},
		{"an unknown method", "mx.example.org; bimi=pass header.d=example.com", "mx.example.org; bimi?=pass? header.d?<example.com>", "method@16"},
		{"a semicolon at the end", "mx.example.org; spf=pass;", "mx.example.org; spf=pass", "empty@24"},
		{"two semicolons", "mx.example.org;; spf=pass", "mx.example.org; spf=pass", "empty@14"},
		{"a property twice", "mx.example.org; spf=pass smtp.helo=a.example smtp.helo=b.example", "mx.example.org; spf=pass smtp.helo<a.example> smtp.helo<b.example>", "property@45"},
		{"none beside a result", "mx.example.org; none; spf=pass", "mx.example.org; none; spf=pass", "none@0"},

		// What is wrong, and must not hide the rest.
		{"version 2", "mx.example.org 2; spf=pass", "mx.example.org/2; spf=pass", "version@15"},
		{"text behind the authserv-id", "mx.example.org is great; spf=pass", "mx.example.org; spf=pass", "syntax@15"},
		{"text behind the version", "mx.example.org 1 is great; spf=pass", "mx.example.org/1; spf=pass", "syntax@17"},
		{"a method without a result", "mx.example.org; spf; dkim=pass", "mx.example.org; dkim=pass", "syntax@16"},
		{"a result that is missing", "mx.example.org; spf=; dkim=pass", "mx.example.org; spf=?; dkim=pass", "syntax@20"},
		{"a property without its value", "mx.example.org; spf=pass smtp.mailfrom; dkim=pass", "mx.example.org; spf=pass; dkim=pass", "syntax@25"},
		{"a comment without an end", "mx.example.org; spf=fail (oops; dkim=pass header.d=example.com", "mx.example.org; spf=fail; dkim=pass header.d<example.com>", "comment@25"},
		{"a quoted string without an end", `mx.example.org; dkim=fail reason="oops; spf=pass`, `mx.example.org; dkim=fail{"oops}; spf=pass`, "quotes@33 quotes@33"},
		{"only the authserv-id", "mx.example.org", "mx.example.org", "no-results@14"},
		{"nothing", "", "", "authserv-id@0 no-results@0"},
		{"no authserv-id", "; spf=pass", "; spf=pass", "authserv-id@0"},
		{"an authserv-id that needs quotes", "mx@example.org; spf=pass", "mx@example.org; spf=pass", "authserv-id@0"},
		{"a NUL", "mx.example.org; spf=pass (\x00) smtp.helo=a.example", "mx.example.org; spf=pass smtp.helo<a.example>", "character@26"},
		{"invalid UTF-8", "mx.example.org; spf=pass (\xff) smtp.helo=a.example", "mx.example.org; spf=pass smtp.helo<a.example>", "character@26"},
		{"no field at all", "<html>", "<html>", "authserv-id@0 no-results@6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, issues := Parse(tt.value)
			if got := written(f); got != tt.want {
				t.Errorf("Parse(%q) = %s, want %s", tt.value, got, tt.want)
			}
			if got := codes(issues); got != tt.issues {
				t.Errorf("issues of %q: %s, want %s\n%+v", tt.value, got, tt.issues, issues)
			}
			places(t, f, issues)
		})
	}
}

// places demands that everything stands where the field says.
func places(t *testing.T, f Field, issues []Issue) {
	t.Helper()
	at := func(what, text string, position int) {
		if position < 0 || position > len(f.Text) || !strings.HasPrefix(lower(f.Text[position:]), lower(text)) {
			t.Errorf("%q: %s %q does not stand at %d", f.Text, what, text, position)
		}
	}
	for _, i := range issues {
		at("the issue", "", i.Position)
	}
	if !strings.HasPrefix(f.Text[f.Position:], `"`) {
		at("the authserv-id", f.AuthServID, f.Position)
	}
	comments := f.Comments
	for _, r := range f.Results {
		at("the method", r.Method, r.Position)
		if !strings.HasPrefix(f.Text[r.ValueAt:], `"`) {
			at("the result", r.Value, r.ValueAt)
		}
		if !strings.HasPrefix(f.Text[r.ReasonAt:], `"`) {
			at("the reason", r.Reason, r.ReasonAt)
		}
		for _, p := range r.Properties {
			at("the property", p.Type, p.Position)
			if !strings.HasPrefix(f.Text[p.ValueAt:], `"`) {
				at("the value", p.Value, p.ValueAt)
			}
		}
		comments = append(comments, r.Comments...)
	}
	for _, c := range comments {
		at("the comment", "("+c.Text, c.Position)
	}
}

func TestParseARC(t *testing.T) {
	tests := []struct{ name, value, instance, want, issues string }{
		{"as RFC 8617 has it", " i=1; lists.example.org;\r\n  spf=pass smtp.mailfrom=example.com", "1", "lists.example.org; spf=pass smtp.mailfrom<example.com>", ""},
		{"comments around the instance", "(a) i (b) = (c) 2 (d) ; x.example; none", "2", "x.example; none", ""},
		{"no instance", "lists.example.org; spf=pass", "", "lists.example.org; spf=pass", "instance@0"},
		{"no semicolon", "i=1 lists.example.org; spf=pass", "", "; i?=1? .lists?<.example.org>; spf=pass", "*"},
	}
	for _, tt := range tests {
		f, issues := ParseARC(tt.value)
		if f.Instance != tt.instance || tt.issues != "*" && (written(f) != tt.want || codes(issues) != tt.issues) || len(issues) == 0 && tt.issues != "" {
			t.Errorf("%s: i=%q %s %s, want i=%q %s %s", tt.name, f.Instance, written(f), codes(issues), tt.instance, tt.want, tt.issues)
		}
		places(t, f, issues)
	}
	f, _ := ParseARC(" i=1; lists.example.org; none")
	if got := f.Text[f.PayloadAt:]; got != " lists.example.org; none" {
		t.Errorf("the payload is %q", got)
	}
}

func TestProperty(t *testing.T) {
	f, _ := Parse("mx.example.org; dkim=pass header.d=example.com header.d=example.net")
	if value, ok := f.Results[0].Property("Header", "D"); !ok || value != "example.com" {
		t.Errorf("header.d is %q, %t", value, ok)
	}
	if _, ok := f.Results[0].Property("header", "i"); ok {
		t.Error("there is a header.i")
	}
}

func TestComments(t *testing.T) {
	f, _ := Parse("(a) mx.example.org (b); spf=pass (c (d)) smtp.helo=x.example (e)")
	want := []Comment{{"a", 0}, {"b", 19}}
	if diff := cmp.Diff(want, f.Comments); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Comment{{"c (d)", 33}, {"e", 61}}, f.Results[0].Comments); diff != "" {
		t.Error(diff)
	}
}

// A hostile field costs no more than the limits, and is answered.
func TestHostile(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	for name, value := range map[string]string{
		"64 KB of one word":           many("a", MaxSize),
		"64 KB of semicolons":         many(";", MaxSize),
		"more than is read":           "mx.example.org; spf=pass" + many(" ", 1<<20) + "; dkim=pass",
		"a million comments":          "mx.example.org; spf=pass " + many("(a)", 1<<20),
		"comments in comments":        "mx.example.org; spf=pass " + many("(", 1000) + many(")", 1000),
		"comments without an end":     "mx.example.org; spf=pass " + many("(;", MaxSize/2),
		"quotes without an end":       `mx.example.org; spf=pass reason="` + many(`\"`, MaxSize/2),
		"thousands of results":        "mx.example.org" + many("; spf=pass", 5000),
		"thousands of properties":     "mx.example.org; dkim=pass" + many(" header.d=a", 5000),
		"thousands of words":          "mx.example.org; dkim=pass" + many(" a", 5000),
		"64 KB of backslashes":        `"` + many(`\`, MaxSize),
		"NULs":                        many("\x00", 1000),
		"invalid UTF-8":               many("\xff", 1000),
		"a number of equals signs":    "a; b" + many("=", 5000),
		"a number of dots":            "a; b=c " + many(".", 5000),
		"instances and nothing other": many("i=1;", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, issues := Parse(value)
			runtime.ReadMemStats(&after)
			if octets := after.TotalAlloc - before.TotalAlloc; octets > 64*MaxSize {
				t.Errorf("%d octets were allocated", octets)
			}
			if len(issues) == 0 || len(issues) > 2*maxIssues {
				t.Errorf("%d issues", len(issues))
			}
			if len(f.Results) > MaxResults {
				t.Errorf("%d results", len(f.Results))
			}
			for _, r := range f.Results {
				if len(r.Properties) > MaxProperties || len(r.Comments) > maxComments {
					t.Errorf("%d properties, %d comments", len(r.Properties), len(r.Comments))
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"mx.example.org 1; spf=pass (c) smtp.mailfrom=\"a b\"@example.com; dkim/1=fail reason=\"x\\\"y\" header.b=a/b=",
		" i=1; example.org; arc=none", "; none", "a;b=(", `a;b="`, "(;\"", "spf=pass smtp.mailfrom=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, parse := range []func(string) (Field, []Issue){Parse, ParseARC} {
			field, issues := parse(value)
			places(t, field, issues)
			text, err := Format(field)
			if err != nil {
				continue
			}
			again, _ := Parse(text)
			if got, want := written(normal(again)), written(normal(field)); got != want {
				t.Errorf("%q is written as %q, which reads as %s, want %s", value, text, got, want)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const value = "mx.example.org;\r\n\tdkim=pass header.i=@example.com header.s=s1 header.b=\"AbC/d+e=\";\r\n\tspf=pass (example.org: domain of a@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.com;\r\n\tdmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com"
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(value)
	}
}
