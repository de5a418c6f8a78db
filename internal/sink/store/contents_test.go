package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
)

// What is searched beside text, sender and recipients; a rule for tags finds the same.
func TestSearchHeaderAndContents(t *testing.T) {
	config, c := testConfig(t)
	config.Dir = ""
	s := mustOpen(t, config)
	messages := []*message.Message{
		mail("a@example.net", "hidden+x@example.com", "Subject: one\r\nTo: Dora <dora@example.com>\r\nCc: =?utf-8?q?Andr=C3=A9?= <andre@example.org>, eve@example.org\r\n"+
			"Reply-To: Help Desk <help@example.net>\r\nX-Campaign: spring, Sale=2026\r\nX-Mailer: Acme 2.0\r\n"+
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<a class=x href='/x'>go</a>\r\n"+
			"--b\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\nContent-Disposition: inline; filename=logo.png\r\n\r\nx\r\n"+
			"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"Annual Report-2026.pdf\"\r\n\r\nx\r\n--b--\r\n"),
		mail("a@example.net", "dora@example.com", "Subject: two\r\nTo: dora@example.com\r\nBcc: eve@example.org\r\nx-campaign: =?utf-8?q?Fr=C3=BChling?=\r\nX-Campaign: autumn\r\n"+
			"X-Empty:\r\n\r\nsee HTTPS://shop.example.com/\r\n"),
		mail("", "bob@example.com", "Subject: three\r\nX-Mailer-Campaign: spring\r\nContent-Type: text/html\r\n\r\n<a name=x>no ://link</a>\r\n"),
	}
	var docs []document
	for i, m := range messages {
		r := mustAdd(t, s, m)
		docs = append(docs, document{summary: summarize(m, m.Raw, int64(len(m.Raw))), received: c.now().UnixNano()})
		if i == 1 {
			if err := s.SetTags(t.Context(), []string{"x"}, r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct{ search, want string }{
		{"cc:eve", "one"}, {"cc:andré", "one"}, {"cc:eve@example.org", "one"}, {"cc:ve@example.org", ""}, {"cc:dora", ""}, {"-cc:eve", "three|two"},
		{"bcc:eve", "two"}, {"bcc:hidden", "one"}, {"bcc:hidden+x@example.com", "one"}, {"bcc:dora", ""}, {"bcc:bob", "three"},
		{"reply-to:help", "one"}, {`reply-to:"help desk"`, "one"}, {"reply-to:help@example.net", "one"}, {"-reply-to:help", "three|two"},
		{"file:report", "one"}, {`file:"annual report"`, "one"}, {"file:report-2026.pdf", "one"}, {"file:logo.png", "one"}, {"file:ogo.png", ""}, {"-file:pdf", "three|two"},
		{"report", "one"}, {"logo", "one"}, {"desk", "one"}, {"spring", ""},
		{"header:X-Campaign", "two|one"}, {"header:x-campaign:", "two|one"}, {"header:X-Empty", "two"}, {"header:X-Camp", ""}, {"-header:X-Campaign", "three"},
		{`header:"X-Campaign: spring"`, "one"}, {"header:X-Campaign:spring", "one"}, {`header:"x-campaign: SALE 2026 spr"`, "one"}, {`header:"X-Campaign: pring"`, ""},
		{`header:"X-Campaign: sale spring summer"`, ""}, {`header:"X-Campaign: fruhling"`, "two"}, {`header:"X-Campaign: frühling autumn"`, "two"},
		{`header:"X-Mailer: spring"`, ""}, {`header:"Subject: one"`, "one"}, {`header:"To: dora@example.com"`, "two|one"}, {"-header:X-Mailer:acme", "three|two"},
		{"has:inline", "one"}, {"-has:inline", "three|two"}, {"has:html", "three|one"}, {"has:link", "two|one"}, {"-has:link", "three"}, {"has:attachment has:html has:link has:inline", "one"},
		{"is:tagged", "two"}, {"is:untagged", "three|one"}, {"-is:tagged", "three|one"}, {"-is:untagged", "two"},
		{"cc:eve header:X-Campaign:spring has:link file:pdf is:untagged one", "one"},
	}
	for _, tt := range tests {
		if got := strings.Join(subjects(t, s, tt.search), "|"); got != tt.want {
			t.Errorf("%s finds %q, want %q", tt.search, got, tt.want)
		}
		search := mustSearch(t, tt.search)
		if search.atReceipt() != nil {
			continue
		}
		var matched []string
		for i := range docs {
			if search.matches(&docs[i]) {
				matched = append([]string{docs[i].subject}, matched...)
			}
		}
		if got := strings.Join(matched, "|"); got != tt.want {
			t.Errorf("a rule with %s matches %q, want %q", tt.search, got, tt.want)
		}
	}
	if _, err := s.Delete(t.Context(), string(formatID(1, c.now().UnixNano()))); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"header:X-Mailer", "file:pdf", "has:inline", "cc:eve"} {
		if got := subjects(t, s, text); len(got) != 0 {
			t.Errorf("%s finds %q, which was deleted", text, got)
		}
	}
}

// A header section that is made to be large costs no more than others.
func TestFieldWordsAreBounded(t *testing.T) {
	long := strings.Repeat("word ", 1000)
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "X-%d: %s\r\n", i, long)
	}
	for name, raw := range map[string]string{
		"many fields": many.String() + "\r\n", "a long name": strings.Repeat("x", 100_000) + ": y\r\n\r\n",
		"a long word": "X: " + strings.Repeat("y", 100_000) + " z\r\n\r\n", "no field": "\r\n", "no UTF-8": "X-\xff: \xfe\xff\r\n\r\n",
	} {
		got := fieldWords(message.Parse([]byte(raw)).Header())
		if len(got) > maxFieldBytes+maxFieldWord {
			t.Errorf("%s: %d bytes, want %d at most", name, len(got), maxFieldBytes)
		}
		for word := range strings.FieldsSeq(got) {
			if name, _, ok := strings.Cut(word, ":"); !ok || name != fieldName(name) {
				t.Errorf("%s: the word %.100q is of no field", name, word)
			}
		}
	}
}

func TestURLIn(t *testing.T) {
	for text, want := range map[string]bool{
		"see http://example.com/": true, "Https://x": true, "(HTTP://x)": true, "ftp://x http": false, "http:/x": false, "://": false, "a ://b https://c": true, "": false,
	} {
		if got := urlIn(text); got != want {
			t.Errorf("urlIn(%q) = %t, want %t", text, got, want)
		}
	}
}

// FuzzFieldWords: what stands in a field is found there.
func FuzzFieldWords(f *testing.F) {
	for _, seed := range []string{"X-Campaign: spring\r\n", "A: =?utf-8?q?=C3=BC?=\r\n b\r\n", "X-\xff: \x00\xfe\r\n", ": x\r\n", "x y: z\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := message.Parse([]byte(text + "\r\n")).Header()
		words := fieldWords(h)
		if len(words) > maxFieldBytes+maxFieldWord {
			t.Fatalf("%d bytes", len(words))
		}
		if len(h.Fields) == 0 || len(h.Fields[0].Name) > maxFieldBytes/2 {
			return
		}
		search, err := ParseSearch("header:" + `"` + fieldName(h.Fields[0].Name) + `"`)
		if err == nil && !search.terms[0].inFields(words) {
			t.Errorf("%q is not found in %q", search, words)
		}
	})
}
