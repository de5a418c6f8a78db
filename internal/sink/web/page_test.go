package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/smtp"
	"github.com/postmuster/postmuster/internal/verdict"
)

// A site is a page over a store in memory.
type site struct {
	t     *testing.T
	store *store.Store
	mux   *http.ServeMux
}

func newSite(t *testing.T) *site { return newSiteWith(t, func(*Config) {}) }

func newSiteWith(t *testing.T, change func(*Config)) *site {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }
	quiet := slog.New(slog.DiscardHandler)
	s, err := store.Open(store.Config{Now: now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	c := Config{Store: s, SMTPAddr: "127.0.0.1:1025", Version: "test", Now: now, Logger: quiet}
	change(&c)
	New(c).Register(mux)
	return &site{t: t, store: s, mux: mux}
}

// receive stores a message and returns its ID.
func (s *site) receive(text string) string {
	s.t.Helper()
	return s.receiveFor(text, "ada@example.net")
}

// receiveFor stores a message with these recipients in its envelope.
func (s *site) receiveFor(text string, rcpt ...string) string {
	s.t.Helper()
	e := &message.Envelope{MailFrom: "shop@example.com"}
	for _, to := range rcpt {
		e.Rcpt = append(e.Rcpt, message.Rcpt{To: to})
	}
	m := &message.Message{Raw: []byte(strings.ReplaceAll(text, "\n", "\r\n")), Envelope: e}
	receipt, err := s.store.Add(s.t.Context(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.WaitSeq(s.t.Context(), receipt.Seq); err != nil {
		s.t.Fatal(err)
	}
	return receipt.ID
}

func (s *site) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, nil))
	return w
}

// setReport gives a message a report in which one check failed.
func (s *site) setReport(id string, result report.Result) {
	s.t.Helper()
	s.setReportFrom(id, 80, result)
}

// setReportFrom gives it one whose score may be as low as that.
func (s *site) setReportFrom(id string, low int, result report.Result) {
	s.t.Helper()
	score := verdict.Score{Value: 80, Low: low, High: 80, Grade: "B", Categories: []verdict.Category{{Name: "headers", Cap: 20, Off: 20}}}
	text, err := json.Marshal(report.Report{Score: score, Results: []report.Result{result}})
	if err != nil {
		s.t.Fatal(err)
	}
	stored := &store.Report{JSON: text, Failed: []string{result.Check}, Score: store.Score{Value: 80, Low: low, High: 80, Grade: "B"}}
	if err := s.store.SetReport(s.t.Context(), id, stored); err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.WaitCommitted(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// evil tries, wherever a text of a message is shown, to be more than text.
const evil = `"><script>owned()</script><img src=//example.org/x onerror=owned()> javascript:owned()`

// TestPagesRunNothingOfMail looks at every page for what a strict policy would
// stop, and for whatever leads elsewhere by itself.
func TestPagesRunNothingOfMail(t *testing.T) {
	s := newSite(t)
	id := s.receive("From: " + evil + " <evil@example.com>\nTo: ada@example.net\nSubject: " + evil + "\nX-A: " + evil +
		"\nX-Postmuster-Inbox: " + evil + "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + evil +
		"\n--b\nContent-Type: text/html\nContent-ID: <" + evil + ">\n\n<p title='" + evil + "'><a href='javascript:owned()'>" + evil + "</a><img src=//example.org/a.gif>" +
		"\n--b\nContent-Type: application/x-" + evil + "\nContent-Disposition: attachment; filename=\"../../" + strings.ReplaceAll(evil, `"`, `\"`) + "\"\n\nx\n--b--\n")
	s.setReport(id, report.Result{
		Check: "header-x", Title: evil, Outcome: checks.OutcomeFail, Severity: checks.High, Points: 20, Why: evil, Fix: evil, Refs: []string{evil, "javascript:owned()"},
		Findings: []checks.Finding{{Where: "header:X-A", Message: evil, Evidence: checks.Seen(evil, evil), Record: evil}},
	})
	other := s.receive("Subject: other\n\nother\n")
	paths := []string{"/", "/?q=" + url.QueryEscape(evil), "/?q=score:" + url.QueryEscape(evil), "/sessions", "/delete?q=" + url.QueryEscape(`"<script>`), "/compare?a=" + id, "/compare?a=" + id + "&b=" + other, "/messages/none"}
	for _, tab := range tabs {
		paths = append(paths, "/messages/"+id+"/"+tab.Name+"?q="+url.QueryEscape(evil))
	}
	for _, path := range paths {
		w := s.get(path)
		if w.Code >= 500 {
			t.Errorf("%s: status %d", path, w.Code)
		}
		if got := w.Header().Get("Content-Security-Policy"); got != pagePolicy {
			t.Errorf("%s: policy %q", path, got)
		}
		checkNode(t, path, parsePage(t, w.Body.String()))
	}
}

func parsePage(t *testing.T, text string) *nethtml.Node {
	t.Helper()
	doc, err := nethtml.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// textOf returns the text of the first element of a class, its space folded.
func textOf(t *testing.T, page, class string) string {
	t.Helper()
	for n := range parsePage(t, page).Descendants() {
		if n.Type != nethtml.ElementNode || attribute(nethtml.Token{Attr: n.Attr}, "class") != class {
			continue
		}
		var b strings.Builder
		for d := range n.Descendants() {
			if d.Type == nethtml.TextNode {
				b.WriteString(d.Data + " ")
			}
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	t.Errorf("no element of class %q", class)
	return ""
}

// checkNode reports scripts and styles that stand in a page, and addresses that
// are fetched from elsewhere.
func checkNode(t *testing.T, path string, doc *nethtml.Node) {
	t.Helper()
	for n := range doc.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		if (n.Data == "script" || n.Data == "style") && n.FirstChild != nil {
			t.Errorf("%s: a %s in the page: %s", path, n.Data, n.FirstChild.Data)
		}
		for _, a := range n.Attr {
			fetched := a.Key == "src" || a.Key == "action" || n.Data == "link" && a.Key == "href"
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("%s: %s=%q on a %s", path, a.Key, a.Val, n.Data)
			case fetched && (!strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//")):
				t.Errorf("%s: a %s fetches %s", path, n.Data, a.Val)
			case a.Key == "href" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
				t.Errorf("%s: a link runs %s", path, a.Val)
			case n.Data == "iframe" && a.Key == "sandbox" && a.Val != "":
				t.Errorf("%s: the sandbox allows %s", path, a.Val)
			}
		}
	}
}

func TestAFileIsNamedByUs(t *testing.T) {
	s := newSite(t)
	id := s.receive("Content-Type: text/html; name=\"../../evil.html\"\nContent-Disposition: attachment; filename=\"../../evil.html\"\n\n<script>owned()</script>\n")
	w := s.get("/messages/" + id + "/parts/1")
	if got, want := w.Header().Get("Content-Disposition"), `attachment; filename="part-1.bin"`; got != want {
		t.Errorf("the file is %s, want %s", got, want)
	}
	if got := w.Header().Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("it is sent as %s", got)
	}
}

func TestAMarkedLineShowsNoLineEnd(t *testing.T) {
	const raw = "To: a\r\nSubject: b\r\n"
	for name, m := range map[string]mark{"to the LF": {0, 6}, "to the CR": {0, 5}, "with its end": {0, 7}, "and the next line": {0, 12}} {
		for _, l := range rawLines([]byte(raw), 0, len(raw), m, len(raw)) {
			for _, s := range l.Spans {
				if s.Class == "ctl" {
					t.Errorf("marked %s: line %d shows its end as %q", name, l.Number, s.Text)
				}
			}
		}
	}
	lines := rawLines([]byte(raw), 0, len(raw), mark{5, 6}, len(raw))
	if spans := lines[0].Spans; len(spans) < 2 || !spans[1].Mark || spans[1].Class != "ctl" {
		t.Errorf("a CR that is meant itself is not shown: %+v", spans)
	}
}

func TestSourceShowsNoLineEnds(t *testing.T) {
	s := newSite(t)
	id := s.receive("Content-Type: text/html\n\n<p>a</p>\n<p>b</p>\n")
	if body := s.get("/messages/" + id + "/source").Body.String(); strings.Contains(body, "\u240d") {
		t.Error("the CR of a CR LF is shown as if it stood alone")
	}
}

func TestAFormLeadsNowhereElse(t *testing.T) {
	s := newSite(t)
	id := s.receive("Subject: x\n\nx\n")
	for back, want := range map[string]string{
		"/?q=a":                "/?q=a",
		"//example.org/":       "/messages/" + id,
		`/\example.org`:        "/messages/" + id,
		"/\t/example.org/":     "/messages/" + id,
		"/\n/example.org/":     "/messages/" + id,
		"https://example.org/": "/messages/" + id,
		"javascript:owned()":   "/messages/" + id,
		"":                     "/messages/" + id,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/messages/"+id+"/read", strings.NewReader(url.Values{"back": {back}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("back to %q leads to %q, want %q", back, got, want)
		}
	}
}

func TestAMessageOfManyPartsAndLinesIsShown(t *testing.T) {
	s := newSite(t)
	var nested strings.Builder
	for i := range 200 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	ids := map[string]string{
		"nested parts":    s.receive(nested.String() + "\ntext\n"),
		"nested elements": s.receive("Content-Type: text/html\n\n" + strings.Repeat("<div>", 50_000)),
		"one long line":   s.receive("Subject: x\n\n" + strings.Repeat("x", 1_000_000)),
		"many fields":     s.receive(strings.Repeat("X-A: b\n", 20_000) + "\nx\n"),
		"nothing":         s.receive(""),
	}
	for name, id := range ids {
		for _, tab := range tabs {
			if w := s.get("/messages/" + id + "/" + tab.Name); w.Code != http.StatusOK || w.Body.Len() > 4<<20 {
				t.Errorf("%s, %s: status %d, %d bytes", name, tab.Name, w.Code, w.Body.Len())
			}
		}
	}
}

func TestLedgerAddsUp(t *testing.T) {
	for name, s := range map[string]verdict.Score{
		"nothing off":         {Value: 100, Categories: []verdict.Category{{Name: "a", Cap: 20}}},
		"two categories":      {Value: 67, Categories: []verdict.Category{{Name: "a", Cap: 20, Off: 13}, {Name: "b", Cap: 45, Off: 20}}},
		"capped by a blocker": {Value: 40, Categories: []verdict.Category{{Name: "a", Cap: 45, Off: 30}}},
		"below zero":          {Value: 0, Categories: []verdict.Category{{Name: "a", Cap: 60, Off: 60}, {Name: "b", Cap: 60, Off: 60}}},
	} {
		rows, adjustment := ledger(s)
		left := 100
		for _, row := range rows {
			if left += change(t, row); left != row.Left {
				t.Errorf("%s: %d are left after %s, want %d", name, row.Left, row.Name, left)
			}
		}
		if adjustment != nil {
			left += change(t, *adjustment)
		}
		if left != s.Value {
			t.Errorf("%s: the ledger ends at %d, want %d", name, left, s.Value)
		}
	}
}

// change reads what a row shows.
func change(t *testing.T, r ledgerRow) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(r.Change(), "−", "-"))
	if err != nil {
		t.Errorf("the row %s shows %q", r.Name, r.Change())
	}
	return n
}

func TestAGradeThatMayTurnOutLowerIsMarked(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct {
		low  int
		want string
	}{{80, "B"}, {40, "B?"}} {
		id := s.receive("Subject: hello\n\nhello\n")
		s.setReportFrom(id, tt.low, report.Result{Check: "subject-url", Outcome: checks.OutcomeFail})
		for _, path := range []string{"/", "/messages/" + id, "/messages/" + id + "/score"} {
			if body := s.get(path).Body.String(); !strings.Contains(body, `<span class="letter">`+tt.want+`</span>`) {
				t.Errorf("%s does not show the grade %q of a score from %d to 80", path, tt.want, tt.low)
			}
		}
	}
}

func TestSessionsThatBroughtNothingSayWhy(t *testing.T) {
	s := newSite(t)
	session := &message.Session{HELO: "client.example.com", Transcript: []smtp.Line{{From: smtp.FromServer, Text: "554 5.7.1 go away"}}}
	if err := s.store.AddSession(t.Context(), session, "the client left after a refusal"); err != nil {
		t.Fatal(err)
	}
	if err := s.store.WaitCommitted(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := s.get("/sessions").Body.String()
	for _, want := range []string{"the client left after a refusal", "<b>554</b> 5.7.1 go away"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestHeadersShowLinesThatAreNoField(t *testing.T) {
	s := newSite(t)
	id := s.receive("this is <b>no</b> field\nnor this\nSubject: x\n\nhello\n")
	got := textOf(t, s.get("/messages/"+id+"/headers").Body.String(), "stray")
	if want := "no-colon this is <b>no</b> field no-colon nor this"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if page := s.get("/messages/" + s.receive("Subject: x\n\nhello\n") + "/headers").Body.String(); strings.Contains(page, `class="stray"`) {
		t.Error("a header section without such lines has some")
	}
}

// Whoever comes while the index is made sees how far it is, and the page when it is there.
func TestIndexIsBeingMade(t *testing.T) {
	s := newSite(t)
	page := New(Config{Store: s.store, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	w := httptest.NewRecorder()
	page.handle(func(http.ResponseWriter, *http.Request) error {
		return caughtUp(store.Stats{CatchingUp: true, IndexedSeq: 12_000, Seq: 100_000})
	})(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Refresh") == "" || !strings.Contains(w.Body.String(), "it has 12,000 of 100,000 so far") {
		t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
	if err := caughtUp(store.Stats{Seq: 1}); err != nil {
		t.Errorf("%v, want nothing when the index is whole", err)
	}
}
