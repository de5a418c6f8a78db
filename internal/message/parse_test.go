package message

import (
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// crlf writes a message as it stands in a test, with the line ends of the wire.
func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// outline shows the defects of a tree, a line each.
func outline(defects []Defect) []string {
	var lines []string
	for _, d := range defects {
		lines = append(lines, fmt.Sprintf("%s %s", d.Where, d.Kind))
	}
	return lines
}

func TestParseDefects(t *testing.T) {
	const alternative = "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
	cases := []struct {
		rule string
		raw  string
		want []string
	}{
		{"a good message has none", "From: a@example.com\nSubject: hi\n\nhello\n", nil},
		{"a header section alone is a message", "From: a@example.com\n", nil},
		{"an empty message is one", "", nil},
		{"a body alone is one", "\nhello\n", nil},
		{"a folded field is one field", "Subject: a\n b\n\tc\n\nx\n", nil},
		{"a line without colon between fields", "Subject: a\nworld\nFrom: a@example.com\n\nx\n", []string{"part:1@12 no-colon"}},
		{"a line without colon before the body begins it", "Subject: a\nhello\nyou\n\nx\n", []string{"part:1@12 missing-separator"}},
		{"prose with a colon does not make a field", "Subject: a\nhello you: see\n\nx\n", []string{"part:1@12 missing-separator"}},
		{"white space before the colon", "Subject : a\n\nx\n", []string{"header:Subject space-before-colon"}},
		{"a fold before any field", " x\nSubject: a\n\nx\n", []string{"part:1@0 fold-without-field"}},
		{"a fold of white space alone", "Subject: a\n \n b\n\nx\n", []string{"header:Subject blank-fold"}},
		{"raw UTF-8 in a field", "Subject: é\n\nx\n", []string{"header:Subject header-8bit"}},
		{"raw Latin-1 in a field", "Subject: \xe9\n\nx\n", []string{"header:Subject header-8bit", "header:Subject header-not-utf8"}},
		{"NUL in a field", "Subject: a\x00b\n\nx\n", []string{"header:Subject header-control"}},
		{"a tab is no control character", "Subject: a\tb\n\nx\n", nil},
		{"a field line of 999 octets", "X: " + strings.Repeat("a", 996) + "\n\nx\n", []string{"header:X header-line-too-long"}},
		{"a field line of 998 octets", "X: " + strings.Repeat("a", 995) + "\n\nx\n", nil},
		{"the second of two fields is named", "A: 1\nDKIM-Signature: a\nDKIM-Signature: \xc3\xa9\n\nx\n", []string{"header:DKIM-Signature[2] header-8bit"}},
		{"an mbox's From line", "From a@example.com Thu Jan  1 00:00:00 2026\nSubject: a\n\nx\n", []string{"part:1@0 mbox-from-line"}},
		{"a body line of 999 octets", "A: b\n\n" + strings.Repeat("a", 999) + "\n", []string{"part:1@8 line-too-long"}},
		{"8-bit in undeclared 7bit", "Content-Type: text/plain; charset=utf-8\n\né\n", []string{"part:1@43 7bit-violated"}},
		{"8-bit declared", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\né\n", nil},
		{"8-bit without a charset", "Content-Transfer-Encoding: 8bit\n\né\n", []string{"part:1@35 charset-missing"}},
		{"not valid in its charset", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xe9\n", []string{"part:1@76 charset-mismatch"}},
		{"an unknown charset", "Content-Type: text/plain; charset=klingon\n\nx\n", []string{"part:1@45 charset-unknown"}},
		{"an unknown transfer encoding", "Content-Transfer-Encoding: 8-bit\n\nx\n", []string{"header:Content-Transfer-Encoding encoding-unknown"}},
		{"NUL in the body", "A: b\n\nx\x00\n", []string{"part:1@9 nul-in-body"}},
		{"base64 with a foreign character", "Content-Transfer-Encoding: base64\n\naGV*sbG8=\n", []string{"part:1@40 base64-invalid"}},
		{"base64 without its padding", "Content-Transfer-Encoding: base64\n\naGVsbG8\n", []string{"part:1@46 base64-invalid"}},
		{"base64 and a mailing list's footer", "Content-Transfer-Encoding: base64\n\naGVsbG8=\n-- \nlist\n", []string{"part:1@44 base64-invalid"}},
		{"base64 on a line of 80", "Content-Transfer-Encoding: base64\n\n" + strings.Repeat("YWFh", 20) + "\n", []string{"part:1@37 base64-line-too-long"}},
		{"a broken escape", "Content-Transfer-Encoding: quoted-printable\n\na=ZZ\n", []string{"part:1@48 qp-invalid"}},
		{"an escaped character and a soft line break", "Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc\n", nil},
		{"multipart without a boundary", "Content-Type: multipart/mixed\n\nx\n", []string{"header:Content-Type boundary-missing"}},
		{"no delimiter in the body", alternative + "x\n", []string{"part:1@70 boundary-unused"}},
		{"no closing delimiter", alternative + "--b\n\nx\n", []string{"part:1@80 boundary-unclosed"}},
		{"all delimiters", alternative + "preamble\n--b\n\nx\n--b\n\ny\n--b--\nepilogue\n", nil},
		{"white space behind delimiters", alternative + "--b \n\nx\n--b-- \n", nil},
		{"a part without an empty line", alternative + "--b\nhello\n--b--\n", []string{"part:1.1@75 missing-separator"}},
		{"a part of header fields alone", alternative + "--b\nA: b\n--b--\n", nil},
		{"a boundary of 71", "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 71) + "\n\n--" + strings.Repeat("b", 71) + "--\n", []string{"header:Content-Type boundary-invalid"}},
		{"a boundary with an underscore and question mark", "Content-Type: multipart/mixed; boundary=\"=_?b\"\n\n--=_?b--\n", nil},
		{"an unquoted equals sign", "Content-Type: multipart/mixed; boundary==_b\n\n--=_b--\n", []string{"header:Content-Type param-syntax"}},
		{"base64 on multipart", "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b--\n", []string{"header:Content-Transfer-Encoding encoding-on-composite"}},
		{"an unknown type", "Content-Type: text\n\nx\n", []string{"header:Content-Type content-type-syntax"}},
		{"a semicolon at the end", "Content-Type: text/plain;\n\nx\n", []string{"header:Content-Type trailing-semicolon"}},
		{
			"a boundary that another begins with", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--\n--b--\n",
			[]string{"part:1.1@50 boundary-prefix"},
		},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			if diff := cmp.Diff(c.want, outline(Parse(crlf(c.raw)).Defects)); diff != "" {
				t.Errorf("defects of %q (-want +got):\n%s", c.raw, diff)
			}
		})
	}
}

func TestParseLineEnds(t *testing.T) {
	cases := []struct {
		rule string
		raw  string
		want []string
	}{
		{"bare LF", "A: b\r\n\r\nx\ny\r\n", []string{"part:1@9 bare-lf"}},
		{"bare CR", "A: b\r\n\r\nx\ry\r\n", []string{"part:1@9 bare-cr"}},
		{"a stuffed dot alone on its line is content", "A: b\r\n\r\nx\r\n.\r\ny\r\n", nil},
		{"LF dot LF", "A: b\r\n\r\nx\n.\ny\r\n", []string{"part:1@9 bare-lf", "part:1@9 smuggling"}},
		{"LF dot CRLF", "A: b\r\n\r\nx\n.\r\ny\r\n", []string{"part:1@9 bare-lf", "part:1@9 smuggling"}},
		{"CRLF dot LF", "A: b\r\n\r\nx\r\n.\ny\r\n", []string{"part:1@9 smuggling", "part:1@12 bare-lf"}},
		{"CR dot CR", "A: b\r\n\r\nx\r.\ry\r\n", []string{"part:1@9 bare-cr", "part:1@9 smuggling"}},
		{"CR dot CRLF", "A: b\r\n\r\nx\r.\r\ny\r\n", []string{"part:1@9 bare-cr", "part:1@9 smuggling"}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			if diff := cmp.Diff(c.want, outline(Parse([]byte(c.raw)).Defects)); diff != "" {
				t.Errorf("defects of %q (-want +got):\n%s", c.raw, diff)
			}
		})
	}
}

const nested = `From: a@example.com
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PGI+aGk8L2I+
--inner--

--outer
Content-Type: message/rfc822

Subject: inside
Content-Type: text/plain

encapsulated
--outer
Content-Type: application/pdf; name="=?utf-8?Q?r=C3=A9sum=C3=A9.pdf?="
Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf
Content-ID: <one@example.com>

x
--outer--
epilogue
`

func TestParseTree(t *testing.T) {
	tree := Parse(crlf(nested))
	var got []string
	for _, p := range tree.Parts {
		got = append(got, fmt.Sprintf("%s %s %q %q", p.Path, p.MediaType, p.Filename, p.Body))
	}
	want := []string{
		`1 multipart/mixed "" ""`,
		`1.1 multipart/alternative "" ""`,
		`1.1.1 text/plain "" "caf\xe9"`,
		`1.1.2 text/html "" "<b>hi</b>"`,
		`1.2 message/rfc822 "" ""`,
		`1.2.1 text/plain "" "encapsulated"`,
		`1.3 application/pdf "résumé.pdf" "x"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if got, want := tree.Part("1.1.1").Text, "café"; got != want {
		t.Errorf("text of 1.1.1 = %q, want %q", got, want)
	}
	if got := outline(tree.Defects); got != nil {
		t.Errorf("defects = %q, want none", got)
	}
	pdf := tree.Part("1.3")
	if pdf.ContentID != "one@example.com" || !pdf.IsAttachment() || pdf.Parent != tree.Root {
		t.Errorf("part 1.3 = %+v", pdf)
	}
	if got := string(tree.Raw[pdf.Offset:pdf.End]); !strings.HasPrefix(got, "Content-Type: application/pdf") || !strings.HasSuffix(got, "\r\n\r\nx") {
		t.Errorf("bytes of part 1.3 = %q", got)
	}
	inner := tree.Part("1.2.1").Header.First("subject")
	if inner == nil || inner.Line != 24 || inner.Unfolded() != "inside" {
		t.Errorf("Subject of the message inside = %+v", inner)
	}
}

// Boundaries that are the beginnings of one another are kept apart.
func TestParsePrefixedBoundaries(t *testing.T) {
	var b strings.Builder
	boundary := ""
	for range 20 {
		boundary += "b"
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%s\n\n--%s\n", boundary, boundary)
	}
	b.WriteString("\nleaf\n")
	for ; boundary != ""; boundary = boundary[1:] {
		fmt.Fprintf(&b, "--%s--\n", boundary)
	}
	tree := Parse(crlf(b.String()))
	leaf := tree.Parts[len(tree.Parts)-1]
	if len(tree.Parts) != 21 || leaf.Text != "leaf" || Has(tree.Defects, BoundaryUnclosed) {
		t.Errorf("%d parts, leaf %q, defects %q; want 21, leaf, none unclosed", len(tree.Parts), leaf.Text, outline(tree.Defects))
	}
}

func TestParseLimits(t *testing.T) {
	deep := strings.Repeat("Content-Type: message/rfc822\n\n", 10_000)
	tree := Parse(crlf(deep))
	if len(tree.Parts) != MaxDepth || !Has(tree.Defects, TooDeep) {
		t.Errorf("10,000 messages inside each other: %d parts, want %d and too-deep", len(tree.Parts), MaxDepth)
	}
	many := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 5000) + "--b--\n"
	tree = Parse(crlf(many))
	if len(tree.Parts) != MaxParts || !Has(tree.Defects, TooManyParts) || Has(tree.Defects, BoundaryUnclosed) {
		t.Errorf("5,000 parts: %d parts and %q; want %d and too-many-parts", len(tree.Parts), outline(tree.Defects), MaxParts)
	}
	fields := strings.Repeat("A: b\n", MaxFields+10) + "\nx\n"
	tree = Parse(crlf(fields))
	if len(tree.Header().Fields) != MaxFields || !Has(tree.Defects, HeaderTooLarge) || tree.Root.Text != "x\r\n" {
		t.Errorf("%d fields, text %q; want %d, the body and header-too-large", len(tree.Header().Fields), tree.Root.Text, MaxFields)
	}
	tree = Parse(crlf(strings.Repeat("é: b\nA: b\n", 5000)))
	if len(tree.Defects) != MaxDefects || tree.MoreDefects != 4000 {
		t.Errorf("%d defects kept and %d not, want %d and 4000", len(tree.Defects), tree.MoreDefects, MaxDefects)
	}
}

func TestCanonical(t *testing.T) {
	cases := []struct {
		rule   string
		origin Origin
		raw    string
		want   string
	}{
		{"a file of LF lines", OriginFile, "A: b\n\nx\n", "A: b\r\n\r\nx\r\n"},
		{"a file of CRLF lines", OriginFile, "A: b\r\n\r\nx\r\n", "A: b\r\n\r\nx\r\n"},
		{"a file of mixed lines stays", OriginFile, "A: b\r\n\r\nx\n", "A: b\r\n\r\nx\n"},
		{"what came over SMTP stays", OriginSMTP, "A: b\n\nx\n", "A: b\n\nx\n"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			m := Message{Raw: []byte(c.raw), Origin: c.origin}
			if got := string(m.Canonical()); got != c.want {
				t.Errorf("Canonical of %q = %q, want %q", c.raw, got, c.want)
			}
		})
	}
}

// What net/mail reads of a good message, we read alike.
func TestParseAgreesWithNetMail(t *testing.T) {
	raw := crlf(nested)
	want, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range want.Header {
		if got := Parse(raw).Header().First(name); got == nil || got.Unfolded() != values[0] {
			t.Errorf("%s = %+v, net/mail has %q", name, got, values[0])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(nested))
	f.Add(crlf(nested))
	f.Add([]byte("Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree := Parse(raw)
		if len(tree.Parts) > MaxParts || len(tree.Defects) > MaxDefects {
			t.Fatalf("%d parts, %d defects", len(tree.Parts), len(tree.Defects))
		}
		for _, p := range tree.Parts {
			if p.Offset > p.BodyOffset || p.BodyOffset > p.End || p.End > len(raw) {
				t.Fatalf("part %s: offsets %d, %d, %d of %d", p.Path, p.Offset, p.BodyOffset, p.End, len(raw))
			}
			if tree.Part(p.Path) != p {
				t.Fatalf("two parts %s", p.Path)
			}
			for i := range p.Header.Fields {
				field := &p.Header.Fields[i]
				if string(raw[field.Offset:field.Offset+len(field.Raw)]) != string(field.Raw) {
					t.Fatalf("field %q is not at %d", field.Raw, field.Offset)
				}
				field.Text()
			}
		}
		for _, d := range tree.Defects {
			if d.Offset < 0 || d.Offset > len(raw) || d.Where == "" || d.Count < 1 {
				t.Fatalf("defect %+v", d)
			}
		}
	})
}

// benchmarkMail is a mail of about 100 KB: alternatives, and a picture.
func benchmarkMail() []byte {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "X-Header-%d: some value that is not very long\n", i)
	}
	b.WriteString("From: A <a@example.com>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n")
	b.WriteString("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n")
	b.WriteString(strings.Repeat("<p style=3D\"color:red\">caf=C3=A9 and a few more words to read</p>=20\n", 500))
	b.WriteString("--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n")
	b.WriteString(strings.Repeat(strings.Repeat("aGVs", 19)+"\n", 850))
	b.WriteString("--b--\n")
	return crlf(b.String())
}

func BenchmarkParse(b *testing.B) {
	raw := benchmarkMail()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(raw)
	}
}

// BenchmarkParseHostile shows that time per byte does not grow.
func BenchmarkParseHostile(b *testing.B) {
	inputs := map[string]string{
		"nesting":    strings.Repeat("Content-Type: message/rfc822\n\n", 10_000),
		"multiparts": hostileMultiparts(10_000),
		"no colons":  strings.Repeat("x\n", 100_000) + "A: b\n",
		"delimiters": "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--bb\n", 50_000),
		"words":      "Subject: " + strings.Repeat("=?utf-8?Q?", 30_000) + "\n\n",
	}
	for name, input := range inputs {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(input)))
			for b.Loop() {
				Parse([]byte(input)).Header().First("Subject").textOrNothing()
			}
		})
	}
}

func hostileMultiparts(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	return b.String()
}

func (f *Field) textOrNothing() string {
	if f == nil {
		return ""
	}
	return f.Text()
}

func mustTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}
