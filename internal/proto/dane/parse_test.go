package dane

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

func TestParse(t *testing.T) {
	full := strings.Repeat("ab", 32)
	want := dns.TLSA{Usage: 3, Selector: 1, MatchingType: 1, Association: bytes.Repeat([]byte{0xab}, 32)}
	for _, c := range []struct{ name, text string }{
		{"plain", "3 1 1 " + full},
		{"upper case", "3 1 1 " + strings.ToUpper(full)},
		{"white space within the data", " 3\t1  1 " + full[:10] + " " + full[10:30] + "\r\n\t" + full[30:] + " "},
		{"leading zeros", "03 001 1 " + full},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, issues := Parse(c.text)
			if diff := cmp.Diff(want, got); diff != "" || len(issues) > 0 {
				t.Errorf("Parse(%q): %v\n%s", c.text, issues, diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		position   int
		message    string
	}{
		{"empty", "", 0, "certificate usage"},
		{"only white space", "   ", 3, "certificate usage"},
		{"no selector", "3", 1, "selector"},
		{"no matching type", "3 1 ", 4, "matching type"},
		{"no data", "3 1 1", 5, "missing"},
		{"usage over 255", "256 1 1 ab", 0, "certificate usage"},
		{"usage by acronym", "DANE-EE 1 1 ab", 0, "certificate usage"},
		{"negative", "3 -1 1 ab", 2, "selector"},
		{"sign", "3 +1 1 ab", 2, "selector"},
		{"hexadecimal parameter", "3 0x1 1 ab", 2, "selector"},
		{"not a digit", "3 1 1 abXd", 8, `'X' is no such digit`},
		{"digits with colons", "3 1 1 ab:cd", 8, `':' is no such digit`},
		{"odd", "3 1 1 abc", 9, "odd number"},
		{"NUL", "3 1 1 ab\x00cd", 8, `'\x00' is no such digit`},
		{"too long", "3 1 1 " + strings.Repeat("ab", 70_000), maxTextSize, "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := Parse(c.text)
			if len(issues) != 1 || issues[0].Position != c.position || issues[0].Severity != SeverityError || !strings.Contains(issues[0].Message, c.message) {
				t.Errorf("Parse(%.40q) = %+v, want %q at %d", c.text, issues, c.message, c.position)
			}
		})
	}
}

func TestParseList(t *testing.T) {
	entries, issues := ParseList("3 1 1 ab, 2 1 1 cd,3 1 x ef,3 0 1 01")
	var got []string
	var positions []int
	for _, e := range entries {
		got, positions = append(got, e.Record.String()), append(positions, e.Position)
	}
	if diff := cmp.Diff([]string{"3 1 1 ab", "2 1 1 cd", "3 0 1 01"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{0, 10, 28}, positions); diff != "" {
		t.Error(diff)
	}
	if len(issues) != 1 || issues[0].Position != 23 {
		t.Errorf("issues = %+v, want one at 23", issues)
	}
	entries, issues = ParseList(strings.Repeat("3 1 1 ab,", 5000))
	if len(entries) != MaxRecords || issues[len(issues)-1].Code != CodeTooMany {
		t.Errorf("%d entries, last issue %+v; want %d and too many", len(entries), issues[len(issues)-1], MaxRecords)
	}
}

func TestCheckText(t *testing.T) {
	p, next := newPKI(t), newPKI(t)
	current := Record(p.leaf.Certificate, 3, 1, 1).String()
	other := Record(next.leaf.Certificate, 3, 1, 1).String()
	hex512 := hex.EncodeToString(bytes.Repeat([]byte{1}, 64))
	type summary struct {
		Severity Severity
		Code     Code
		Position int
	}
	for _, c := range []struct {
		name, text string
		want       Verdict
		issues     []summary
	}{
		{"satisfied", current, VerdictValid, nil},
		{"rollover", current + "," + other, VerdictValid, []summary{{SeverityInfo, CodeMismatch, len(current) + 1}}},
		{"not satisfied", other, VerdictInvalid, []summary{{SeverityError, CodeMismatch, 0}}},
		{"unusable beside one that matches", "1 1 1 ab," + current, VerdictValid, []summary{{SeverityWarning, CodeUnusable, 0}}},
		{"nothing usable", "1 1 1 ab", VerdictNoUsable, []summary{{SeverityWarning, CodeUnusable, 0}, {SeverityError, CodeUnusable, 0}}},
		{"superseded", current + ",3 1 2 " + hex512, VerdictInvalid, []summary{{SeverityError, CodeAgility, 0}, {SeverityError, CodeMismatch, len(current) + 1}}},
		{"no record", "", VerdictNoUsable, []summary{{SeverityError, CodeSyntax, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, issues := CheckText(c.text, p.chain(), []string{"mx.example.com"}, now)
			var got []summary
			for _, i := range issues {
				got = append(got, summary{i.Severity, i.Code, i.Position})
			}
			if diff := cmp.Diff(c.issues, got); diff != "" || result.Verdict != c.want {
				t.Errorf("verdict = %q, want %q\n%s", result.Verdict, c.want, diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"3 1 1 ab", "2 0 0 30 82", " 255 255 255 ff ", "3 1 1 ab,2 1 1 cd", "\x00", "3\t1\n1\r00"} {
		f.Add(seed)
	}
	p := newPKI(f)
	f.Fuzz(func(t *testing.T, text string) {
		record, issues := Parse(text)
		if len(issues) == 0 {
			again, bad := Parse(record.String())
			if diff := cmp.Diff(record, again); diff != "" || len(bad) > 0 {
				t.Errorf("Parse(%q) does not read what it wrote: %v\n%s", text, bad, diff)
			}
		}
		entries, issues := ParseList(text)
		records := make([]dns.TLSA, len(entries))
		for i, e := range entries {
			records[i] = e.Record
		}
		for _, issue := range issues {
			if issue.Position < 0 || issue.Position > len(text) {
				t.Errorf("position %d outside of %q", issue.Position, text)
			}
		}
		Advise(records)
		if got := Check(p.chain(), []string{"mx.example.com"}, records, now); got.Verdict == VerdictValid {
			t.Errorf("%q authenticates a certificate it has never seen", text)
		}
		CheckText(text, []*x509.Certificate{p.leaf.Certificate}, nil, now)
	})
}
