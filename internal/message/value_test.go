package message

import (
	"fmt"
	"net/mail"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func kinds(defects []Defect) []Kind {
	var kinds []Kind
	for _, d := range defects {
		kinds = append(kinds, d.Kind)
	}
	return kinds
}

func TestDecodeWords(t *testing.T) {
	cases := []struct {
		rule string
		in   string
		want string
		bad  []Kind
	}{
		{"nothing to decode", "plain = text?", "plain = text?", nil},
		{"Q", "=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait", nil},
		{"B, in another charset", "=?iso-8859-1?B?Y2Fm6Q==?=", "café", nil},
		{"ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本", nil},
		{"a language is ignored", "=?utf-8*fr?Q?caf=C3=A9?=", "café", nil},
		{"white space between words goes", "=?utf-8?Q?=C3=A9?= =?utf-8?Q?=C3=A8?=", "éè", nil},
		{"white space beside text stays", "a =?utf-8?Q?=C3=A9?= b", "a é b", nil},
		{"a character divided between words", "=?utf-8?B?8J8=?= =?utf-8?B?jok=?=", "🎉", []Kind{EncodedWordSplitChar}},
		{"words of two charsets", "=?utf-8?Q?=C3=A9?= =?iso-8859-1?Q?=E8?=", "éè", nil},
		{"plain ASCII needs none", "=?utf-8?Q?hello?=", "hello", []Kind{EncodedWordUnneeded}},
		{"unknown encoding stays", "=?utf-8?X?hello?=", "=?utf-8?X?hello?=", []Kind{EncodedWordInvalid}},
		{"a space inside stays", "=?utf-8?Q?caf=C3=A9 au?=", "=?utf-8?Q?caf=C3=A9 au?=", []Kind{EncodedWordInvalid}},
		{"base64 without padding", "=?utf-8?B?w6k?=", "é", []Kind{EncodedWordInvalid}},
		{"unknown charset", "=?klingon?Q?=C3=A9?=", "é", []Kind{EncodedWordCharset}},
		{"bytes not of the charset", "=?utf-8?Q?caf=E9?=", "caf\uFFFD", []Kind{EncodedWordBytes}},
		{"too long", "=?utf-8?Q?" + strings.Repeat("=C3=A9", 11) + "?=", strings.Repeat("é", 11), []Kind{EncodedWordTooLong}},
		{"touching text", "a=?utf-8?Q?=C3=A9?=", "aé", []Kind{EncodedWordPlacement}},
		{"a line end inside", "=?utf-8?Q?a=0D=0ABcc:_b?=", "a\r\nBcc: b", []Kind{EncodedWordControl}},
		{"an open beginning", "=?utf-8?Q?abc", "=?utf-8?Q?abc", nil},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got, defects := DecodeWords(c.in)
			if got != c.want {
				t.Errorf("DecodeWords(%q) = %q, want %q", c.in, got, c.want)
			}
			if diff := cmp.Diff(c.bad, kinds(defects)); diff != "" {
				t.Errorf("defects of %q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

// A header section of nothing but encoded words is joined in one go.
func TestManyEncodedWordsTakeLittleMemory(t *testing.T) {
	s := strings.Repeat("=?utf-8?q?a?= ", 50_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text, _ := DecodeWords(s)
	runtime.ReadMemStats(&after)
	if text != strings.Repeat("a", 50_000)+" " {
		t.Errorf("they become %.50q, of %d bytes", text, len(text))
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 20*uint64(len(s)) {
		t.Errorf("%d bytes are allocated for %d", n, len(s))
	}
}

func FuzzDecodeWords(f *testing.F) {
	f.Add("=?utf-8?B?8J8=?= =?utf-8?B?jok=?=")
	f.Add("=?utf-8?Q?=?utf-8?Q??=")
	f.Fuzz(func(t *testing.T, s string) {
		text, defects := DecodeWords(s)
		if !strings.Contains(s, "=?") && text != s {
			t.Fatalf("DecodeWords(%q) = %q", s, text)
		}
		for _, d := range defects {
			if d.Offset < 0 || d.Offset > len(s) {
				t.Fatalf("defect %+v of %q", d, s)
			}
		}
	})
}

func TestParseAddresses(t *testing.T) {
	cases := []struct {
		rule string
		in   string
		want []string // name|local|domain|group
		bad  []Kind
	}{
		{"addr-spec", "a@example.com", []string{"|a|example.com|"}, nil},
		{"name-addr", "Alice Doe <a@example.com>", []string{"Alice Doe|a|example.com|"}, nil},
		{"a quoted name", `"Doe, \"A\"" <a@example.com>`, []string{`Doe, "A"|a|example.com|`}, nil},
		{"an encoded name", "=?utf-8?Q?Andr=C3=A9?= <a@example.com>", []string{"André|a|example.com|"}, nil},
		{"an encoded word in quotes", `"=?utf-8?Q?Andr=C3=A9?=" <a@example.com>`, []string{"André|a|example.com|"}, []Kind{EncodedWordPlacement}},
		{"two mailboxes, folded", "a@example.com,\r\n b@example.net", []string{"|a|example.com|", "|b|example.net|"}, nil},
		{"a comment for a name", "a@example.com (Alice)", []string{"Alice|a|example.com|"}, nil},
		{"a group", "Friends: a@example.com, B <b@example.net>;", []string{"|a|example.com|Friends", "B|b|example.net|Friends"}, nil},
		{"an empty group", "undisclosed-recipients:;", nil, nil},
		{"a group and a mailbox", "G: a@example.com;, b@example.net", []string{"|a|example.com|G", "|b|example.net|"}, nil},
		{"a group without its end", "G: a@example.com", []string{"|a|example.com|G"}, []Kind{AddressSyntax}},
		{"a quoted local part", `"a b"@example.com`, []string{`|"a b"|example.com|`}, nil},
		{"a domain literal", "a@[192.0.2.1]", []string{"|a|[192.0.2.1]|"}, nil},
		{"an IPv6 literal", "a@[IPv6:2001:db8::1]", []string{"|a|[IPv6:2001:db8::1]|"}, nil},
		{"SMTPUTF8", "é@éxample.com", []string{"|é|éxample.com|"}, []Kind{AddressEightBit}},
		{"a source route", "<@a.example,@b.example:c@example.com>", []string{"|c|example.com|"}, []Kind{AddressObsolete}},
		{"white space around dots", "a . b@example . com", []string{"|a.b|example.com|"}, []Kind{AddressObsolete, AddressObsolete, AddressObsolete, AddressObsolete}},
		{"empty elements", "a@example.com,,b@example.net", []string{"|a|example.com|", "|b|example.net|"}, []Kind{AddressObsolete}},
		{"a dot in a name", "A. Doe <a@example.com>", []string{"A. Doe|a|example.com|"}, []Kind{AddressUnquoted}},
		{"an address in a name", "b@example.net <a@example.com>", []string{"b@example.net|a|example.com|"}, []Kind{AddressUnquoted, AddressUnquoted}},
		{"no space before the bracket", "Alice<a@example.com>", []string{"Alice|a|example.com|"}, []Kind{AddressNoSpace}},
		{"no domain", "alice", []string{"|alice||"}, []Kind{AddressNoDomain}},
		{"no name and no address", "<>", []string{"|||"}, []Kind{AddressNoDomain}},
		{"an underscore in the domain", "a@ex_ample.com", []string{"|a|ex_ample.com|"}, []Kind{AddressDomainSyntax}},
		{"an empty label", "a@example..com", []string{"|a|example..com|"}, []Kind{AddressSyntax, AddressDomainSyntax}},
		{"two signs", "a@b@example.com", []string{"|a@b|example.com|"}, []Kind{AddressSyntax, AddressSyntax}},
		{"two words", "a b@example.com", []string{"|ab|example.com|"}, []Kind{AddressSyntax}},
		{"no closing bracket", "A <a@example.com", []string{"A|a|example.com|"}, []Kind{AddressSyntax}},
		{"text behind the bracket", "<a@example.com> b", []string{"|a|example.com|"}, []Kind{AddressSyntax}},
		{"a quote that does not end", `"A <a@example.com>`, []string{`|"A <a@example.com>"||`}, []Kind{AddressSyntax, AddressNoDomain}},
		{"nothing", "", nil, nil},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			parsed := ParseAddresses(c.in)
			var got []string
			for _, a := range parsed.List {
				got = append(got, strings.Join([]string{a.Name, a.Local, a.Domain, a.Group}, "|"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("ParseAddresses(%q) (-want +got):\n%s", c.in, diff)
			}
			if diff := cmp.Diff(c.bad, kinds(parsed.Defects)); diff != "" {
				t.Errorf("defects of %q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

func TestParseAddressesNamesGroups(t *testing.T) {
	got := ParseAddresses("undisclosed-recipients:;").Groups
	if diff := cmp.Diff([]string{"undisclosed-recipients"}, got); diff != "" {
		t.Error(diff)
	}
}

// What parses without a defect re-formats to itself, and is read alike by
// net/mail when that reads it.
func FuzzParseAddresses(f *testing.F) {
	f.Add(`"Doe, A" <a@example.com>, G: b@example.net, c@[192.0.2.1];, (x) d@example.org`)
	f.Add("<@a,@b:c@d.example>")
	f.Fuzz(func(t *testing.T, s string) {
		parsed := ParseAddresses(s)
		if len(parsed.Defects) > 0 || len(parsed.List) == 0 {
			return
		}
		for _, a := range parsed.List {
			again := ParseAddresses("<" + a.Addr() + ">")
			if len(again.Defects) > 0 || len(again.List) != 1 || again.List[0].Addr() != a.Addr() {
				t.Fatalf("%q of %q is read again as %+v", a.Addr(), s, again)
			}
		}
		theirs, err := mail.ParseAddressList(s)
		if err != nil || len(theirs) != len(parsed.List) {
			return // net/mail refuses much that RFC 5322 allows, and drops groups' members
		}
		for i, a := range theirs {
			local, domain, _ := strings.Cut(a.Address, "@")
			if strings.ContainsAny(a.Address, "\"\\ ") || strings.ContainsAny(parsed.List[i].Local, `"`) {
				continue
			}
			if parsed.List[i].Local != local || parsed.List[i].Domain != domain {
				t.Fatalf("%q: %q, net/mail %q", s, parsed.List[i].Addr(), a.Address)
			}
		}
	})
}

func TestParseDate(t *testing.T) {
	cases := []struct {
		rule string
		in   string
		want string // RFC 3339; empty when it is none
		bad  []Kind
	}{
		{"date-time", "Tue, 24 Nov 2026 03:04:05 +0100", "2026-11-24T03:04:05+01:00", nil},
		{"without the day of the week", "24 Nov 2026 03:04:05 -0800", "2026-11-24T03:04:05-08:00", nil},
		{"without seconds", "Tue, 24 Nov 2026 03:04 +0000", "2026-11-24T03:04:00Z", nil},
		{"a comment behind", "Tue, 24 Nov 2026 03:04:05 +0100 (CET)", "2026-11-24T03:04:05+01:00", nil},
		{"folded, one digit, lower case", "tue,\r\n 3 nov 2026 03:04:05 +0100", "2026-11-03T03:04:05+01:00", nil},
		{"comments everywhere (obsolete)", "Tue (x), 24 Nov 2026 03 : 04 : 05 +0100", "2026-11-24T03:04:05+01:00", nil},
		{"a named zone", "Tue, 24 Nov 2026 03:04:05 GMT", "2026-11-24T03:04:05Z", []Kind{DateObsolete}},
		{"an American zone", "Tue, 24 Nov 2026 03:04:05 PST", "2026-11-24T03:04:05-08:00", []Kind{DateObsolete}},
		{"a military zone means nothing", "Tue, 24 Nov 2026 03:04:05 B", "2026-11-24T03:04:05Z", []Kind{DateObsolete}},
		{"a year of two digits", "24 Nov 26 03:04:05 +0000", "2026-11-24T03:04:05Z", []Kind{DateObsolete}},
		{"a year of two digits in the last century", "24 Nov 97 03:04:05 +0000", "1997-11-24T03:04:05Z", []Kind{DateObsolete}},
		{"a leap second", "31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z", nil},
		{"another day of the week", "Mon, 24 Nov 2026 03:04:05 +0000", "2026-11-24T03:04:05Z", []Kind{DateWeekday}},
		{"an absurd zone", "24 Nov 2026 03:04:05 +2500", "2026-11-25T02:04:05+00:00", []Kind{DateZone}},
		{"no zone", "Tue, 24 Nov 2026 03:04:05", "", []Kind{DateSyntax}},
		{"ISO 8601", "2026-11-24T03:04:05Z", "", []Kind{DateSyntax}},
		{"asctime", "Tue Nov 24 03:04:05 2026", "", []Kind{DateSyntax}},
		{"a day that is not", "31 Jun 2026 03:04:05 +0000", "", []Kind{DateSyntax}},
		{"an hour that is not", "24 Nov 2026 24:04:05 +0000", "", []Kind{DateSyntax}},
		{"a long month", "24 November 2026 03:04:05 +0000", "", []Kind{DateSyntax}},
		{"nothing", "", "", []Kind{DateSyntax}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := ParseDate(c.in)
			if got.Valid != (c.want != "") {
				t.Fatalf("ParseDate(%q) = %+v, want %q", c.in, got, c.want)
			}
			if got.Valid && c.bad == nil && !got.Time.Equal(mustTime(c.want)) {
				t.Errorf("ParseDate(%q) = %s, want %s", c.in, got.Time, c.want)
			}
			if diff := cmp.Diff(c.bad, kinds(got.Defects)); diff != "" {
				t.Errorf("defects of %q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

// A date without a defect is written back and read as the same moment.
func FuzzParseDate(f *testing.F) {
	f.Add("Tue, 24 Nov 2026 03:04:05 +0100 (CET)")
	f.Add("24 Nov 97 03:04 EST")
	f.Fuzz(func(t *testing.T, s string) {
		d := ParseDate(s)
		if !d.Valid || len(d.Defects) > 0 || d.Time.Year() < 1900 || d.Time.Year() > 9999 {
			return
		}
		written := d.Time.Format(time.RFC1123Z)
		if again := ParseDate(written); !again.Valid || !again.Time.Equal(d.Time) {
			t.Fatalf("%q is written %q and read %+v", s, written, again)
		}
		if theirs, err := mail.ParseDate(s); err == nil && !theirs.Equal(d.Time) {
			t.Fatalf("%q: %s, net/mail %s", s, d.Time, theirs)
		}
	})
}

func TestParseMessageIDs(t *testing.T) {
	cases := []struct {
		rule string
		in   string
		want []string
		bad  int
	}{
		{"one", "<a.b@example.com>", []string{"a.b|example.com"}, 0},
		{"several, folded", "<a@example.com>\r\n <b@example.com>", []string{"a|example.com", "b|example.com"}, 0},
		{"a literal on the right", "<a@[192.0.2.1]>", []string{"a|[192.0.2.1]"}, 0},
		{"no brackets", "a@example.com", []string{"a|example.com"}, 1},
		{"no right side", "<a>", []string{"a|"}, 1},
		{"two signs", "<a@b@example.com>", []string{"a@b|example.com"}, 1},
		{"white space inside", "<a b@example.com>", []string{"a b|example.com"}, 1},
		{"an open bracket", "<a@example.com", []string{"a|example.com"}, 1},
		{"empty", "", nil, 0},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			ids, defects := ParseMessageIDs(c.in)
			var got []string
			for _, id := range ids {
				got = append(got, id.Left+"|"+id.Right)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || len(defects) != c.bad {
				t.Errorf("ParseMessageIDs(%q): %d defects, want %d; (-want +got):\n%s", c.in, len(defects), c.bad, diff)
			}
		})
	}
}

func TestParseMediaType(t *testing.T) {
	cases := []struct {
		rule string
		in   string
		want string
		bad  []Kind
	}{
		{"plain", "text/plain", "text/plain map[]", nil},
		{"case and comments", "Text/HTML (x); Charset=UTF-8 (y)", "text/html map[charset:UTF-8]", nil},
		{"quoted and folded", "multipart/mixed;\r\n\tboundary=\"a \\\"b\"", `multipart/mixed map[boundary:a "b]`, nil},
		{"continuations", "a/b; name*0=one; name*1=two", "a/b map[name:onetwo]", nil},
		{"encoded continuations", "a/b; name*0*=utf-8''caf%C3; name*1*=%A9; name*2=.pdf", "a/b map[name:café.pdf]", nil},
		{"an encoded value wins over a plain one", "a/b; name=cafe; name*=utf-8''caf%C3%A9", "a/b map[name:café]", nil},
		{"an encoded word", `a/b; name="=?utf-8?Q?caf=C3=A9?="`, "a/b map[name:café]", nil},
		{"a gap in the continuations", "a/b; name*0=one; name*2=two", "a/b map[name:one]", []Kind{ParamSyntax}},
		{"twice", "a/b; x=1; x=2", "a/b map[x:1]", []Kind{ParamSyntax}},
		{"a space that needs quotes", "a/b; name=one two", "a/b map[name:one two]", []Kind{ParamSyntax}},
		{"no equals sign", "a/b; name", "a/b map[]", []Kind{ParamSyntax}},
		{"an open quote", `a/b; name="one`, "a/b map[name:one]", []Kind{ParamSyntax}},
		{"no subtype", "text; x=1", " map[x:1]", []Kind{ContentTypeSyntax}},
		{"empty", "", " map[]", []Kind{ContentTypeSyntax}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := ParseMediaType(c.in)
			if s := fmt.Sprintf("%s %v", got.Type, got.Params); s != c.want {
				t.Errorf("ParseMediaType(%q) = %q, want %q", c.in, s, c.want)
			}
			if diff := cmp.Diff(c.bad, kinds(got.Defects)); diff != "" {
				t.Errorf("defects of %q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

func TestWithoutComments(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"none", "1.0", "1.0"},
		{"behind the value", "1.0 (Mail 16)", "1.0 "},
		{"nested", "a(b(c)d)e", "ae"},
		{"an escaped parenthesis", `a(b\)c)d`, "ad"},
		{"one that does not end", "a(b", "a"},
		{"a parenthesis that closes nothing", "a)b", "a)b"},
	} {
		if got := WithoutComments(test.value); got != test.want {
			t.Errorf("%s: WithoutComments(%q) = %q, want %q", test.name, test.value, got, test.want)
		}
	}
}
