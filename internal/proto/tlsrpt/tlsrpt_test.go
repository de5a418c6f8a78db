package tlsrpt

import (
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		valid      bool
		code       Code // of the first issue
		at         int
		rua        string
	}{
		{"a mailbox", "v=TLSRPTv1; rua=mailto:tls@example.com", true, "", 0, "tls@example.com"},
		{"a web server", "v=TLSRPTv1;rua=https://tls.example.com/v1", true, "", 0, "tls.example.com"},
		{"a semicolon at the end", "v=TLSRPTv1; rua=mailto:tls@example.com;", true, "", 0, "tls@example.com"},
		{"two destinations", "v=TLSRPTv1; rua=mailto:a@example.com, https://example.net/", true, "", 0, "a@example.com example.net"},
		{"an unknown tag is ignored", "v=TLSRPTv1; rua=mailto:a@example.com; x=1", true, CodeUnknownField, 38, "a@example.com"},
		{"parameters of mailto", "v=TLSRPTv1; rua=mailto:a@example.com?subject=tls", true, "", 0, "a@example.com"},
		{"an encoded address", "v=TLSRPTv1; rua=mailto:a%2Bb%21c@example.com", true, "", 0, "a+b!c@example.com"},
		{"a scheme in upper case", "v=TLSRPTv1; rua=HTTPS://example.com:8443/v1?a#b", true, "", 0, "example.com"},
		{"one destination of two can be used", "v=TLSRPTv1; rua=ftp://example.com,mailto:a@example.com", true, CodeURI, 16, "a@example.com"},
		{"a comma at the end", "v=TLSRPTv1; rua=mailto:a@example.com,", true, CodeURI, 37, "a@example.com"},
		{"rua twice, which the grammar allows", "v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com", true, CodeDuplicate, 38, "a@example.com b@example.com"},
		{"white space before the first semicolon", "v=TLSRPTv1 ; rua=mailto:a@example.com", true, CodeVersion, 10, "a@example.com"},
		{"white space beside the equals sign", "v=TLSRPTv1; rua = mailto:a@example.com", true, CodeSpace, 12, "a@example.com"},
		{"two semicolons", "v=TLSRPTv1;; rua=mailto:a@example.com", true, CodeSyntax, 11, "a@example.com"},
		{"an unknown tag that the grammar forbids", "v=TLSRPTv1; rua=mailto:a@example.com; -x=1", true, CodeSyntax, 38, "a@example.com"},
		{"an exclamation mark", "v=TLSRPTv1; rua=mailto:a!b@example.com", true, CodeURI, 24, "a!b@example.com"},
		{"a size, as DMARC once had", "v=TLSRPTv1; rua=mailto:a@example.com!10m", false, CodeURI, 16, ""},
		{"an address in another script", "v=TLSRPTv1; rua=mailto:a@bücher.example", false, CodeURI, 16, ""},
		{"an address with a name", "v=TLSRPTv1; rua=mailto:A%20%3Ca@example.com%3E", false, CodeURI, 16, ""},
		{"https without a host", "v=TLSRPTv1; rua=https:///v1", false, CodeURI, 16, ""},
		{"the version is case-sensitive", "v=tlsrptv1; rua=mailto:a@example.com", false, CodeVersion, 0, "a@example.com"},
		{"the version of a later protocol", "v=TLSRPTv10; rua=mailto:a@example.com", false, CodeVersion, 0, "a@example.com"},
		{"the version comes first", "rua=mailto:a@example.com; v=TLSRPTv1", false, CodeVersion, 0, "a@example.com"},
		{"the version alone", "v=TLSRPTv1", false, CodeVersion, 0, ""},
		{"no destination", "v=TLSRPTv1;", false, CodeNoRUA, 11, ""},
		{"rua is case-sensitive", "v=TLSRPTv1; RUA=mailto:a@example.com", false, CodeUnknownField, 12, ""},
		{"an empty rua", "v=TLSRPTv1; rua=", false, CodeURI, 16, ""},
		{"an address without its scheme", "v=TLSRPTv1; rua=a@example.com", false, CodeURI, 16, ""},
		{"http is not enough", "v=TLSRPTv1; rua=http://example.com/", false, CodeURI, 16, ""},
		{"a tag without a value", "v=TLSRPTv1; rua", false, CodeSyntax, 12, ""},
		{"text that is not a record", "hello", false, CodeVersion, 0, ""},
		{"64 KB and more", "v=TLSRPTv1; rua=mailto:a@example.com" + strings.Repeat(" ", maxRecord), false, CodeTooLong, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, issues := Parse(tt.text)
			if r.Valid != tt.valid {
				t.Errorf("valid is %t, want %t (%+v)", r.Valid, tt.valid, issues)
			}
			if (tt.code == "") != (len(issues) == 0) || tt.code != "" && (issues[0].Code != tt.code || issues[0].Position != tt.at) {
				t.Errorf("issues %+v, want %q at %d first", issues, tt.code, tt.at)
			}
			var rua []string
			for _, u := range r.RUA {
				if u.Valid {
					rua = append(rua, map[bool]string{true: u.Address, false: u.Host}[u.Address != ""])
				}
			}
			if got := strings.Join(rua, " "); got != tt.rua {
				t.Errorf("destinations %q, want %q", got, tt.rua)
			}
		})
	}
}

func TestDiscover(t *testing.T) {
	const good = `_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:a@example.com"` + "\n"
	tests := []struct {
		name, world string
		want        State
	}{
		{"a record", good, StateValid},
		{"none", "example.com. A 192.0.2.1\n", StateNone},
		{"only other texts", `_smtp._tls.example.com. TXT "hello"` + "\n", StateNone},
		{"a record beside other texts", good + `_smtp._tls.example.com. TXT "hello"` + "\n", StateValid},
		{"two records count as none", good + `_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:b@example.com"` + "\n", StateInvalid},
		{"a record that cannot be used", `_smtp._tls.example.com. TXT "v=TLSRPTv1;"` + "\n", StateInvalid},
		{"a record in two strings", `_smtp._tls.example.com. TXT "v=TLSRPTv1; ru" "a=mailto:a@example.com"` + "\n", StateValid},
		{"SERVFAIL is not none", `_fail._smtp._tls.example.com. TXT "SERVFAIL"` + "\n", StateUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := Discover(t.Context(), dnstest.New(t, tt.world), "example.com"); d.State != tt.want {
				t.Errorf("state %q (%s), want %q", d.State, d.Reason, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1;rua=https://x/,mailto:%40", ";;=", "v"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, issues := Parse(text)
		if r.Valid && !r.Candidate {
			t.Errorf("%q is valid, and does not count", text)
		}
		for _, i := range issues {
			if i.Position < 0 || i.Position > len(text) {
				t.Errorf("%q: the issue %+v stands outside of the text", text, i)
			}
		}
		for _, tag := range r.Tags {
			if !strings.HasPrefix(text[tag.Position:], tag.Name) || !strings.HasPrefix(text[tag.ValueAt:], tag.Value) {
				t.Errorf("%q: the tag %+v does not stand where it says", text, tag)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse("v=TLSRPTv1; rua=mailto:tls@example.com,https://tls.example.com/v1")
	}
}
