package store

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSearch(t *testing.T) {
	modes(t, func(t *testing.T, config Config, c *clock) {
		s := mustOpen(t, config)
		ctx := t.Context()
		add := func(m string, from, to string) string {
			c.advance(time.Hour)
			return mustAdd(t, s, mail(from, to, m)).ID
		}
		a := add("Subject: Invoice 7\r\nFrom: Ann Example <ann@example.net>\r\nMessage-ID: <7@example.net>\r\n\r\nPlease pay the naïve amount, GBP 10.\r\n", "bounce+7@example.net", "bob+x@example.com")
		b := add("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: carl@example.org\r\nTo: \"Dora\" <dora@example.com>\r\n\r\nthe second letter, to pay later\r\n", "carl@example.org", "list@example.com")
		add("Subject: file\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n"+strings.Repeat("x", 3000), "", "bob@example.com")
		score(t, s, a, 90, "dkim-missing", "header-date")
		score(t, s, b, 55, "dkim-key-weak")
		if err := errors.Join(s.SetTags(ctx, []string{"to do", "red"}, a), s.SetRead(ctx, true, b)); err != nil {
			t.Fatal(err)
		}
		tests := []struct{ search, want string }{
			{"invoice", "Invoice 7"},
			{"INVOICE", "Invoice 7"},
			{"invoi", ""},
			{"invoi*", "Invoice 7"},
			{"pay", "Grüße|Invoice 7"},
			{`"the naive amount"`, "Invoice 7"},
			{`"amount the"`, ""},
			{"pay -invoice", "Grüße"},
			{"!pay", "file"},
			{"pay grüße", "Grüße"},
			{"gruße", "Grüße"},
			{"from:ann", "Invoice 7"},
			{"from:ann@example.net", "Invoice 7"},
			{"from:bounce+7@example.net", "Invoice 7"},
			{"from:bounce-7@example.net", ""},
			{`from:"Ann Ex"`, "Invoice 7"},
			{"-from:ann", "file|Grüße"},
			{"from:nn", ""},
			{"-from:nn", "file|Grüße|Invoice 7"},
			{"subject:voice", ""},
			{"-subject:voice", "file|Grüße|Invoice 7"},
			{"to:bob", "file|Invoice 7"},
			{"to:bob+x@example.com", "Invoice 7"},
			{"to:dora", "Grüße"},
			{"to:list@example.com", "Grüße"},
			{"to:list@ex", "Grüße"},
			{"to:list@", "Grüße"},
			{"to:ist@example.com", ""},
			{"to:list@example.co.uk", ""},
			{"to:@example.com", "file|Grüße|Invoice 7"},
			{"to:list@example.", "Grüße"},
			{"subject:grü", "Grüße"},
			{`subject:"invoice 7"`, "Invoice 7"},
			{"message-id:<7@example.net>", "Invoice 7"},
			{"has:attachment", "file"},
			{"-has:attachment", "Grüße|Invoice 7"},
			{"has:report", "Grüße|Invoice 7"},
			{"is:read", "Grüße"},
			{"is:unread", "file|Invoice 7"},
			{"before:2026-11-25T11:30:00Z", "Invoice 7"},
			{"after:2026-11-25T11:30", "file|Grüße"},
			{"after:2026-11-26", ""},
			{"before:2026-11-26", "file|Grüße|Invoice 7"},
			{"after:30m", "file"},
			{"before:1h after:1d", "Invoice 7"},
			{"larger:2K", "file"},
			{"smaller:2KB", "Grüße|Invoice 7"},
			{"score:<80", "Grüße"},
			{"score:>=55", "Grüße|Invoice 7"},
			{"score:>55", "Invoice 7"},
			{"score:90", "Invoice 7"},
			{"score:50..60", "Grüße"},
			{"-score:<80", "file|Invoice 7"},
			{"check:dkim-missing", "Invoice 7"},
			{"check:dkim-*", "Grüße|Invoice 7"},
			{"check:dkim", ""},
			{"-check:dkim-missing", "file|Grüße"},
			{"inbox:x", "Invoice 7"},
			{`tag:"to do"`, "Invoice 7"},
			{"tag:red -tag:blue", "Invoice 7"},
			{"tag:blue", ""},
			{"pay score:<80 to:dora is:read check:dkim-key-weak larger:1", "Grüße"},
			{`subject:"!!!"`, ""},
			{`from:"@example.net"`, "Invoice 7"},
		}
		for _, tt := range tests {
			if got := strings.Join(subjects(t, s, tt.search), "|"); got != tt.want {
				t.Errorf("%s finds %q, want %q", tt.search, got, tt.want)
			}
		}
	})
}

func TestSearchErrors(t *testing.T) {
	tests := []struct {
		search  string
		offset  int
		message string
	}{
		{"a form:x", 2, "there is no form: in a search; put text with a colon into quotes"},
		{`a "b`, 2, "the quote is not closed"},
		{`"a"b`, 3, "a space is missing behind the closing quote"},
		{"from:", 0, "nothing to search for"},
		{"a - b", 2, "nothing to search for"},
		{"***", 0, "no letter or digit to search for"},
		{"is:new", 3, `"new" is not read, unread, tagged or untagged`},
		{"a header:", 2, "nothing to search for"},
		{`x header:": spring"`, 9, `the name of a field is missing, as in header:"X-Campaign: spring"`},
		{"header:Received:by", 7, "the values of Received, of ARC and of signatures are not searched"},
		{`header:"X-Campaign: !"`, 7, "no letter or digit to search for"},
		{"x score:high", 8, `"high" is not a score like 80, <80, >=90 or 70..80`},
		{"score:<200", 6, `"<200" is not a score like 80, <80, >=90 or 70..80`},
		{"larger:big", 7, `"big" is not a size like 200, 10K or 1M`},
		{"before:soon", 7, `"soon" is neither a time like 2026-11-25, 2026-11-25T10:00:00Z nor an age like 2h, 3d`},
		{"check:a_b", 6, `"a_b" is not the ID of a check`},
		{"a \xff", 2, "not UTF-8"},
		{numbered("a%d ", 51), 190, "more than 50 terms"},
		{numbered("a%02d* ", 11), 50, "more than 10 terms like word*, from:, subject: and header:"},
		{"header:x " + numbered("-header:x:%02d ", 11), 139, "more than 10 terms like word*, from:, subject: and header:"},
		{"to:x -from:y " + numbered("subject:%02d ", 10), 112, "more than 10 terms like word*, from:, subject: and header:"},
	}
	for _, tt := range tests {
		_, err := ParseSearch(tt.search)
		var got *SyntaxError
		if !errors.As(err, &got) || got.Offset != tt.offset || got.Message != tt.message {
			t.Errorf("ParseSearch(%q) = %v, want at %d: %s", tt.search, err, tt.offset, tt.message)
		}
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// What is asked for twice is looked for once.
func TestSearchLooksForATermOnce(t *testing.T) {
	if got := mustSearch(t, strings.Repeat("from:a b* ", 100)).canonical(); got != `from:"a" b*` {
		t.Errorf("canonical() = %s", got)
	}
}

func TestSlowSearchIsEnded(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	mustAdd(t, s, letter("one"))
	subjects(t, s, "text")
	s.longest = 0
	_, err := s.List(t.Context(), Query{Search: mustSearch(t, "text")})
	var got *SyntaxError
	if !errors.As(err, &got) || got.Message != errSlow.Message {
		t.Errorf("List = %v, want that it takes too long", err)
	}
	s.longest = longestSearch
	if got := subjects(t, s, "text"); !cmp.Equal(got, []string{"one"}) {
		t.Errorf("afterwards, the search finds %v", got)
	}
}

func FuzzParseSearch(f *testing.F) {
	for _, seed := range []string{`from:a -"b \" c" wor* score:<80`, "before:2h larger:1M check:dkim-*", "tag:é !x", `a"b\`} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSearch(text)
		if err != nil {
			var e *SyntaxError
			if !errors.As(err, &e) || e.Offset > len(text) {
				t.Fatalf("ParseSearch(%q): %v", text, err)
			}
			return
		}
		s.conditions(now)
		canonical := s.canonical()
		again, err := ParseSearch(canonical)
		if err != nil && len(canonical) <= maxSearchBytes {
			t.Fatalf("ParseSearch(%q), of %q: %v", canonical, text, err)
		}
		if err == nil && again.canonical() != canonical {
			t.Fatalf("%q re-formats to %q, of %q", canonical, again.canonical(), text)
		}
	})
}

// FuzzSearch asks the index what the parser lets through.
func FuzzSearch(f *testing.F) {
	for _, seed := range []string{`from:a -"b \" c" wor* score:<80`, `"a * NEAR(b)" AND`, "subject:\"\x00x\" tag:x", "a:b", "check:x-*", `header:"X-é y: z* \" :"`, "-header:a cc:b bcc:c@d file:e.f reply-to:g has:link is:tagged"} {
		f.Add(seed)
	}
	s, err := Open(Config{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	if err := s.Receive(f.Context(), letter("one")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		search, err := ParseSearch(text)
		if err != nil {
			return
		}
		if _, err := s.List(t.Context(), Query{Search: search, MinSeq: 1}); err != nil {
			t.Fatalf("List(%q): %v", text, err)
		}
	})
}

// A page of a large list must not take reading all of it.
func TestPagesAreReadInOrder(t *testing.T) {
	config, c := testConfig(t)
	s := mustOpen(t, config)
	mustAdd(t, s, letter("one"))
	subjects(t, s, "")
	for _, text := range []string{"text", "from:a", "inbox:x", "tag:x", "check:x", "is:unread", "has:attachment", "before:2026-11-26", "is:read", "score:<50", "larger:1"} {
		conditions := mustSearch(t, text).conditions(c.now())
		by := -1
		if conditions[0].source != "" {
			by = 0
		}
		if conditions[0].ordered != "" {
			conditions[0].source = conditions[0].ordered
		}
		sel := selectBy(conditions, by, false)
		rows, err := s.index.reader.Query("EXPLAIN QUERY PLAN SELECT "+sel.order+" "+sel.from+" ORDER BY "+sel.order+" DESC LIMIT 50", sel.args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var a, b, n any
			var detail string
			if err := rows.Scan(&a, &b, &n, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(detail, "TEMP B-TREE FOR ORDER") {
				t.Errorf("%s is sorted: %s", text, detail)
			}
		}
		rows.Close()
	}
}

func TestID(t *testing.T) {
	ids := []string{formatID(1, 0), formatID(2, 0), formatID(1, int64(time.Millisecond)), formatID(1, begin.UnixNano()), formatID(1<<40, begin.UnixNano())}
	for i, id := range ids[1:4] {
		if id <= ids[i] {
			t.Errorf("%s sorts before %s", id, ids[i])
		}
	}
	var got []uint64
	for _, id := range ids {
		seq, _ := parseID(id)
		got = append(got, seq)
	}
	if want := []uint64{1, 2, 1, 1, 1 << 40}; !cmp.Equal(got, want) {
		t.Errorf("parseID = %v, want %v", got, want)
	}
}

// However many messages a search finds, and by whatever way, its pages hold each of
// them once and in order.
func TestPagesOfManyMatches(t *testing.T) {
	config, _ := testConfig(t)
	config.Dir = ""
	s := mustOpen(t, config)
	const n = fewMatches + 50
	for i := range n {
		r := mustAdd(t, s, letter(fmt.Sprint("m", i)))
		if err := s.SetReport(t.Context(), r.ID, &Report{JSON: []byte("{}"), Score: Score{Value: i % 2 * 60}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.waitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	searches := map[string]int{
		"larger:1": n, "smaller:1G larger:2": n, "score:<=100": n, "score:<50": n / 2, "text": n, "from:a@example.net": n,
		"from:a@example.net score:<50": n / 2, "to:b@exam": n, "subject:m7 is:unread": 11, "-subject:m7 larger:1": n - 11, "subject:m34": 11,
	}
	for text, want := range searches {
		for _, oldest := range []bool{false, true} {
			q := Query{Search: mustSearch(t, text), Limit: 40, CountTo: -1, OldestFirst: oldest}
			var seqs []uint64
			for page := 0; page == 0 || q.Cursor != ""; page++ {
				p, err := s.List(t.Context(), q)
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				if p.Total != want || p.More {
					t.Errorf("%s, page %d: Total = %d, %t, want %d", text, page, p.Total, p.More, want)
				}
				for _, r := range p.Records {
					seqs = append(seqs, r.Seq)
				}
				q.Cursor = p.Next
			}
			ordered := slices.IsSorted(seqs)
			if !oldest {
				ordered = slices.IsSortedFunc(seqs, func(a, b uint64) int { return int(b) - int(a) })
			}
			if len(seqs) != want || len(slices.Compact(seqs)) != want || !ordered {
				t.Errorf("%s: pages with %d messages, want %d in order", text, len(seqs), want)
			}
		}
	}
	p, err := s.List(t.Context(), Query{Search: mustSearch(t, "text"), Limit: 10, Offset: n - 5, CountTo: 20})
	if err != nil || len(p.Records) != 5 || p.Total != 20 || !p.More || p.Next != "" {
		t.Errorf("the last page = %+v, %v", p, err)
	}
}

// What most messages meet is found among the newest, and is the same as what an
// index finds.
func TestFrequentWords(t *testing.T) {
	config, _ := testConfig(t)
	config.Dir = ""
	s := mustOpen(t, config)
	const n = lookedAt + 100
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := s.Add(t.Context(), letter(fmt.Sprint("order ", i%2))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.waitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	pages := func(q Query) (seqs []uint64, totals []int) {
		for page := 0; page == 0 || q.Cursor != ""; page++ {
			p, err := s.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			totals = append(totals, p.Total)
			for _, r := range p.Records {
				seqs = append(seqs, r.Seq)
			}
			q.Cursor = p.Next
		}
		return seqs, slices.Compact(totals)
	}
	for text, want := range map[string]int{"subject:ord": n, `subject:"order 1"`: n / 2, "from:a@example.net -subject:rder": n, `-subject:"order 1" to:b`: n / 2} {
		found, totals := pages(Query{Search: mustSearch(t, text), Limit: MaxLimit, CountTo: 500})
		if !cmp.Equal(totals, []int{500}) {
			t.Errorf("%s: Total = %d, want 500", text, totals)
		}
		backwards, totals := pages(Query{Search: mustSearch(t, text), Limit: MaxLimit, CountTo: -1, OldestFirst: true})
		slices.Reverse(backwards)
		if len(found) != want || !cmp.Equal(totals, []int{want}) || !cmp.Equal(found, backwards) {
			t.Errorf("%s finds %d messages, and %d from the oldest, want %d", text, len(found), len(backwards), want)
		}
	}
}
