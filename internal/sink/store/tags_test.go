package store

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func mustRule(t *testing.T, text string) TagRule {
	t.Helper()
	rule, err := ParseTagRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return rule
}

func tagsOf(t *testing.T, s *Store, id string) []string {
	t.Helper()
	r, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r.Tags
}

// withoutIndex closes a store, and opens it so that its index is made anew.
func withoutIndex(t *testing.T, s *Store, config Config) *Store {
	t.Helper()
	if err := errors.Join(s.Close(), removeIndex(filepath.Join(config.Dir, indexName))); err != nil {
		t.Fatal(err)
	}
	return mustOpen(t, config)
}

func TestTagsAreThereFromTheFirstMoment(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		config.Tags = []TagRule{mustRule(t, "shop=from:orders@shop.example.com"), mustRule(t, "big = larger:1M")}
		s := mustOpen(t, config)
		news := s.Subscribe("")
		m := mail("orders@shop.example.com", "b@example.com", "X-Tags: spring, =?utf-8?q?gr=C3=BCn?=\r\nSubject: x\r\n\r\nx\r\n")
		if _, err := s.AddTagged(t.Context(), m, []string{"by hand", "spring"}); err != nil {
			t.Fatal(err)
		}
		event, err := news.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"by hand", "grün", "shop", "spring"}
		if event.Kind != Received || !cmp.Equal(event.Record.Tags, want) {
			t.Errorf("the first that is told is %s with the tags %q, want received with %q", event.Kind, event.Record.Tags, want)
		}
		if got := tagsOf(t, s, event.Record.ID); !cmp.Equal(got, want) {
			t.Errorf("it has the tags %q, want %q", got, want)
		}
		if got := subjects(t, s, "tag:shop tag:grün"); !cmp.Equal(got, []string{"x"}) {
			t.Errorf("its tags find %q, want it", got)
		}
		if _, err := s.AddTagged(t.Context(), m, []string{"a\nb"}); !errors.Is(err, ErrTag) {
			t.Errorf("AddTagged with a line end = %v, want ErrTag", err)
		}
	})
}

// What the rules said when a message came holds, whatever they are when its index
// is made anew; and so does what a person said later.
func TestTagsSurviveARebuild(t *testing.T) {
	config, _ := testConfig(t)
	config.Tags = []TagRule{mustRule(t, "old=subject:one"), mustRule(t, "text=text")}
	s := mustOpen(t, config)
	one, two := mustAdd(t, s, letter("one")), mustAdd(t, s, letter("two"))
	three := mustAdd(t, s, mail("", "b@example.com", "X-Tags: a, b\r\nSubject: three\r\n\r\nx\r\n"))
	if err := errors.Join(s.SetTags(t.Context(), []string{"mine"}, two.ID), s.SetTags(t.Context(), nil, three.ID)); err != nil {
		t.Fatal(err)
	}
	config.Tags = []TagRule{mustRule(t, "new=one"), mustRule(t, "new=two")}
	s = withoutIndex(t, s, config)
	for _, m := range []struct {
		id   string
		want []string
	}{{one.ID, []string{"old", "text"}}, {two.ID, []string{"mine"}}, {three.ID, nil}, {mustAdd(t, s, letter("one")).ID, []string{"new"}}} {
		if got := tagsOf(t, s, m.id); !cmp.Equal(got, m.want) {
			t.Errorf("%s has the tags %q, want %q", m.id, got, m.want)
		}
	}
}

func TestTagsOfStrangers(t *testing.T) {
	many := make([]string, 2*maxTags)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	config, _ := testConfig(t)
	config.Dir = ""
	config.Tags = []TagRule{mustRule(t, "zz rule=subject:x")}
	s := mustOpen(t, config)
	tests := []struct {
		name, fields string
		want         []string
	}{
		{"separated by commas", "X-Tags: a , b,,\r\n", []string{"a", "b"}},
		{"several fields, in any case", "x-tags: b\r\nX-TAGS: a, b\r\n", []string{"a", "b"}},
		{"folded, with spaces", "X-Tags: two\r\n\twords,\r\n c\r\n", []string{"c", "two words"}},
		{"a line end in an encoded word", "X-Tags: =?utf-8?q?a=0D=0AX:_y?=, ok\r\n", []string{"a X: y", "ok"}},
		{"a control character", "X-Tags: =?utf-8?q?a=00b?=, =?utf-8?q?=1B[31m?=, ok\r\n", []string{"ok"}},
		{"too long", "X-Tags: " + strings.Repeat("a", maxName+1) + ", ok\r\n", []string{"ok"}},
		{"no UTF-8", "X-Tags: \xff\xfe, ok\r\n", []string{"ok"}},
		{"nothing", "X-Tags:\r\n", nil},
		{"not in a part", "X-Other: a\r\n", nil},
	}
	for _, tt := range tests {
		r := mustAdd(t, s, mail("", "b@example.com", tt.fields+"Subject: x\r\n\r\nX-Tags: body\r\n"))
		want := append(slices.Clone(tt.want), "zz rule")
		if got := tagsOf(t, s, r.ID); !cmp.Equal(got, want) {
			t.Errorf("%s: tags %q, want %q", tt.name, got, want)
		}
	}
	r := mustAdd(t, s, mail("", "b@example.com", "X-Tags: "+strings.Join(many, ", ")+"\r\nSubject: x\r\n\r\n"))
	if got := tagsOf(t, s, r.ID); len(got) != maxTags || !slices.Contains(got, "zz rule") {
		t.Errorf("%d tags, want %d with that of the rule: %q", len(got), maxTags, got)
	}
}

func TestTagRuleErrors(t *testing.T) {
	tests := []struct{ rule, want string }{
		{"news", "a rule is written NAME=SEARCH"},
		{"=from:a", `a tag is 1 to 100 bytes without control characters: ""`},
		{"news=", "search, character 6: nothing to search for"},
		{"news=  form:a", "search, character 8: there is no form: in a search; put text with a colon into quotes"},
		{"news=a score:<80", "search, character 8: score:<80 is not known when a message is received"},
		{"news=is:unread", "search, character 6: is:unread is not known when a message is received"},
		{"news=has:report", "search, character 6: has:report is not known when a message is received"},
		{"news=-tag:a", "search, character 6: tag:a is not known when a message is received"},
		{"news=after:2h", "search, character 6: an age says nothing when a message is received"},
	}
	for _, tt := range tests {
		if _, err := ParseTagRule(tt.rule); err == nil || err.Error() != tt.want {
			t.Errorf("ParseTagRule(%q) = %v, want %s", tt.rule, err, tt.want)
		}
	}
	config, _ := testConfig(t)
	config.Tags = slices.Repeat([]TagRule{mustRule(t, "a=b")}, maxRules+1)
	if _, err := Open(config); !errors.Is(err, ErrRules) {
		t.Errorf("Open with %d rules = %v, want ErrRules", len(config.Tags), err)
	}
}

// A rule tags what its search finds.
func TestRulesMatchAsTheIndexDoes(t *testing.T) {
	config, c := testConfig(t)
	config.Dir = ""
	s := mustOpen(t, config)
	messages := []string{
		"Subject: Invoice 7\r\nFrom: Ann Example <ann@example.net>\r\nMessage-ID: <7@example.net>\r\n\r\nPlease pay the naïve amount, GBP 10.\r\n",
		"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: carl@example.org\r\nTo: \"Dora\" <dora@example.com>\r\n\r\nthe second letter, to pay later\r\n",
		"Subject: file\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n" + strings.Repeat("x", 3000),
		"Subject: ΌΔΟΣ ΙΣΤΑΝΒΟΥΛ\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<title>no</title><p>Straße, cafe\u0301 &amp; İstanbul; 日本語 x_y a.b</p>\r\n",
	}
	searches := strings.Split(`invoice|INVOICE|invoi|invoi*|"the naive amount"|"amount the"|pay -invoice|!pay|gruße|grüsse|strasse|straße|cafe|CAFÉ|istanbul|οδος|οδοσ|οδ*|日本語|日本|日*|x_y|x|y|no|"a b"|a-b|`+
		`from:ann|from:nn|from:ann@example.net|from:ann@ex|from:"Ann Ex"|-from:ann|-from:nn|from:carl|to:dora|to:list@|to:ist@example.com|to:@example.com|subject:grü|subject:gru|subject:rü|subject:"invoice 7"|subject:"!!!"|-subject:"!!!"|`+
		`message-id:<7@example.net>|-message-id:7@example.net|has:attachment|-has:attachment|inbox:x|-inbox:x|larger:2K|smaller:2K|before:2026-11-25T11:30:00Z|after:2026-11-25T11:30|-before:2026-11-26|pay to:dora -has:attachment larger:1`, "|")
	var docs []document
	for i, text := range messages {
		c.advance(time.Hour)
		m := mail([]string{"bounce@example.net", "carl@example.org", "", "a@example.net"}[i], []string{"bob+x@example.com", "list@example.com"}[i%2], text)
		mustAdd(t, s, m)
		docs = append(docs, document{summary: summarize(m, m.Raw, int64(len(m.Raw))), received: c.now().UnixNano()})
	}
	for _, text := range searches {
		search := mustSearch(t, text)
		if err := search.atReceipt(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range docs {
			if search.matches(&docs[i]) {
				got = append([]string{docs[i].subject}, got...)
			}
		}
		if want := subjects(t, s, text); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("a rule with %s matches %q, the search finds %q", text, got, want)
		}
	}
}

func TestWordsAreThoseOfTheIndex(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE VIRTUAL TABLE x USING fts5 (w, tokenize = "unicode61 remove_diacritics 2");
		CREATE VIRTUAL TABLE v USING fts5vocab(x, instance)`); err != nil {
		t.Fatal(err)
	}
	texts := []string{"Hello, World-wide_web 4.5", "e\u0301a \u0301b", "µſςϐIıİ", "a\x00b", "x\u00ady", "١٢ Ⅷ ½ ²", "ﬁ 日本 カ゛", "क्षि", "\U0001D400 👍 x"}
	for _, block := range []struct{ first, last rune }{{0xA0, 0x1BF}, {0x1E00, 0x1E99}, {0x388, 0x3FE}, {0x400, 0x481}, {0x5D0, 0x5EA}, {0x620, 0x64A}, {0x904, 0x97F}} {
		var b strings.Builder
		for r := block.first; r <= block.last; r++ {
			if unicode.IsPrint(r) {
				b.WriteString(" a" + string(r) + "z")
			}
		}
		texts = append(texts, b.String())
	}
	for _, text := range texts {
		if _, err := db.Exec("DELETE FROM x; INSERT INTO x (w) VALUES (?)", text); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query("SELECT term FROM v ORDER BY offset")
		if err != nil {
			t.Fatal(err)
		}
		want := " "
		for rows.Next() {
			var term string
			if err := rows.Scan(&term); err != nil {
				t.Fatal(err)
			}
			want += term + " "
		}
		if got := words(text); got != want {
			t.Errorf("words(%q) = %q, the index has %q", text, got, want)
		}
	}
}

func FuzzParseTagRule(f *testing.F) {
	for _, seed := range []string{"a=b", `news=from:"a b" -c*`, "a=b=c", "=x", "ü=larger:1M before:2026-11-25"} {
		f.Add(seed)
	}
	m := letter("one")
	doc := document{summary: summarize(m, m.Raw, int64(len(m.Raw)))}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := ParseTagRule(text)
		if err != nil {
			var syntax *SyntaxError
			if errors.As(err, &syntax) && (syntax.Offset < 0 || syntax.Offset > len(text)) {
				t.Errorf("ParseTagRule(%q): the place %d is outside", text, syntax.Offset)
			}
			return
		}
		again, err := ParseTagRule(rule.Tag + "=" + rule.Search.String())
		if err != nil || rule.Search.matches(&doc) != again.Search.matches(&doc) {
			t.Errorf("%q is not read again as itself: %v", text, err)
		}
	})
}
