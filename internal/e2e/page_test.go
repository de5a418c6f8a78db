package e2e

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	whole "github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
	"github.com/postmuster/postmuster/internal/testkit/peers"
	"github.com/postmuster/postmuster/internal/verdict"
)

const order = `From: "Example Shop" <orders@shop.example.com>
To: Ada Customer <ada+ci-7@example.net>
Subject: Your order 4711 is on its way
Date: Wed, 25 Nov 2026 10:00:00 +0000
Message-ID: <4711@shop.example.com>
List-Unsubscribe: <https://shop.example.com/u/1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8

Dear Ada,

your order 4711 left our warehouse today and should be with you on Friday.

Track it: https://shop.example.com/track/4711
--inner
Content-Type: text/html; charset=utf-8

<!doctype html><html><head><style>
body{font:16px/1.6 Georgia,serif;color:#222;margin:0;background:#f4f1ec}
.card{max-width:560px;margin:32px auto;background:#fff;padding:32px;border-radius:8px}
.b{display:inline-block;background:#1f5f4a;color:#fff;padding:12px 22px;border-radius:6px;text-decoration:none}
@media (prefers-color-scheme: dark){body{background:#111;color:#eee}.card{background:#1d1d1d}}
</style></head><body><div class="card"><h1>On its way</h1><p>Dear Ada,</p><p>your order <b>4711</b> left our warehouse
today and should be with you on <b>Friday</b>.</p><p><a class="b" href="https://shop.example.com/track/4711">Track the parcel</a></p>
<img src="https://shop.example.com/open.gif" width="1" height="1" alt=""><p style="color:#777">Example Shop, 1 Example Street</p></div></body></html>
--inner--
--outer
Content-Type: application/pdf; name="invoice.pdf"
Content-Disposition: attachment; filename="invoice.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQKJUVPRgo=
--outer--
`

func plainMessage(n int) string {
	return fmt.Sprintf("From: Robot %d <robot@example.com>\nTo: team@example.net\nSubject: Nightly build %d\nMessage-ID: <%d@example.com>\n\nBuild %d finished. All is well.\n", n, n, n, n)
}

var orderScore = verdict.Score{
	Value: 71, Low: 63, High: 71, Grade: "C", Evaluated: 58, Applicable: 61,
	Categories: []verdict.Category{{Name: "authentication", Cap: 45, Off: 20}, {Name: "headers", Cap: 20, Off: 4}, {Name: "content", Cap: 20, Off: 5}, {Name: "links", Cap: 20}, {Name: "structure", Cap: 20}},
}

var orderResults = []report.Result{
	{
		Check: "header-date-stale", Category: "headers", Title: "The Date field is close to the time of receipt", Outcome: checks.OutcomeFail, Severity: checks.Low, Points: 4,
		Findings: []checks.Finding{{Where: "header:Date", Message: "the date is 3 hours before the receipt", Evidence: checks.Seen("Date", "10:00:00 +0000")}},
		Why:      "Filters count a wrong clock against the sender.", Fix: "Set the clock of the host that writes the message.", Refs: []string{"RFC 5322 §3.6.1"},
	},
	{
		Check: "dkim-missing", Category: "authentication", Title: "The message is signed with DKIM", Outcome: checks.OutcomeFail, Severity: checks.High, Points: 20,
		Findings: []checks.Finding{{Where: "header:DKIM-Signature", Message: "there is no signature"}},
		Why:      "Gmail and Yahoo refuse bulk mail without one.", Fix: "Sign with a key of the domain in From.", Refs: []string{"RFC 6376 §3.5"},
	},
	{
		Check: "html-tracking-pixel", Category: "content", Title: "No image is there only to be fetched", Outcome: checks.OutcomeFail, Severity: checks.Medium, Points: 5,
		Findings: []checks.Finding{{Where: "part:1.1.2@0", Message: "an image of 1 by 1 pixel", Evidence: checks.Seen("part 1.1.2", "https://shop.example.com/open.gif")}},
		Why:      "Filters know what such images are for.", Fix: "Leave it out.", Refs: nil,
	},
	{Check: "spf-pass", Category: "authentication", Title: "SPF passes", Outcome: checks.OutcomeInconclusive, Severity: checks.High, Reason: "example.com. TXT: i/o timeout"},
	{Check: "message-id-present", Category: "headers", Title: "The message has a Message-ID", Outcome: checks.OutcomePass, Severity: checks.Medium},
}

// opinions are what spam filters say of every message.
var opinions = []report.Opinion{
	{Filter: "spamassassin", Score: 2.6, Required: 5, Symbols: []report.Symbol{
		{Name: "MISSING_DATE", Score: points(2.7), Description: "Missing Date: header"}, {Name: "DKIM_VALID", Score: points(-0.1)},
	}},
	{Filter: "rspamd", Error: "dial tcp 127.0.0.1:11333: connect: connection refused"},
}

func points(n float64) *float64 { return &n }

// withMail fills a sink with an order that is scored and some mail below it.
func withMail(t *testing.T, s *sink) (id string) {
	t.Helper()
	for n := range 8 {
		old := s.send("robot@example.com", "team@example.net", plainMessage(n))
		value := 99 - 9*n
		s.score(old, verdict.Score{Value: value, Low: value, High: value, Grade: verdict.Grade(value)})
	}
	id = s.send("orders@shop.example.com", "ada+ci-7@example.net", order)
	s.score(id, orderScore, fixed(t, s, id)...)
	return id
}

// fixed returns the results with the offset at which the image really stands.
func fixed(t *testing.T, s *sink, id string) []report.Result {
	t.Helper()
	m, err := s.store.Message(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(m.Raw), "<img src")
	results := append([]report.Result(nil), orderResults...)
	finding := results[2].Findings[0]
	finding.Where = fmt.Sprintf("part:1.1.2@%d", at)
	results[2].Findings = []checks.Finding{finding}
	return results
}

func TestFirstMessageArrivesWhileThePageIsOpen(t *testing.T) {
	s, b := newSink(t), newTab(t)
	b.do(chromedp.Navigate(s.url + "/"))
	b.sees("Waiting for the first message")
	b.sees("swaks --server " + s.smtp)
	b.screenshot("empty")
	b.ready()
	id := s.send("orders@shop.example.com", "ada@example.net", order)
	b.sees("Your order 4711 is on its way")
	b.wait("document.title.startsWith('(1) ')")
	s.score(id, orderScore, fixed(t, s, id)...)
	b.wait("document.querySelector('.rows .badge')?.textContent.includes('71')")
}

func TestReadScoreHighlight(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := withMail(t, s)
	b.open(s.url + "/")
	b.press("j") // the newest
	b.wait("document.querySelector('iframe[sandbox]')")
	b.wait("document.title.startsWith('71 C')")
	b.wait("!document.getElementById('m-" + id + "').classList.contains('new')")
	b.wait("document.getElementById('icon').href.endsWith('/icon/71-C.svg')")
	b.sees("1 remote item blocked")
	b.screenshot("html-light")

	b.press("3")
	b.sees("3 things to mend, worst first")
	if got, want := eval[[]string](b, "[...document.querySelectorAll('.mend .result')].map(e => e.id)"),
		"[dkim-missing html-tracking-pixel header-date-stale]"; fmt.Sprint(got) != want {
		t.Errorf("findings in the order %v, want %s", got, want)
	}
	if got := eval[string](b, "document.querySelector('.unanswered li')?.id"); got != "spf-pass" {
		t.Errorf("what could not be found out is %q, want spf-pass", got)
	}
	if got := eval[string](b, "document.querySelector('#header-date-stale mark').textContent"); got != "10:00:00 +0000" {
		t.Errorf("marked is %q, want the evidence", got)
	}
	b.screenshot("score-light")
	b.sees("SpamAssassin: no spam")
	b.click(".opinion summary")
	b.wait("document.querySelector('.rules').innerText.includes('Missing Date: header')")
	b.click("#html-tracking-pixel .found a")
	b.wait("document.querySelector('.raw mark')?.textContent === 'https://shop.example.com/open.gif'")
	b.wait("location.pathname.endsWith('/raw')")
	b.screenshot("raw-light")
	b.do(chromedp.NavigateBack())
	b.wait("document.querySelector('.ledger')")
	b.click("#header-date-stale .found a")
	b.wait("document.querySelector('.field .hit mark')?.textContent === '10:00:00 +0000'")
	b.screenshot("headers-light")
	b.press("5")
	b.wait("document.querySelector('.mime')?.innerText.includes('application/pdf')")
	b.screenshot("mime-light")
	b.press("6")
	b.wait("document.querySelector('.code .tag')")
	b.press("7")
	b.wait("document.querySelector('.transcript')?.innerText.includes('MAIL FROM:<orders@shop.example.com>')")
	b.screenshot("transcript-light")
	b.press("2")
	b.sees("your order 4711 left our warehouse today")
}

// The commands of the empty page do what they say, as they stand there.
func TestTheCommandsShownSendTheFirstMessage(t *testing.T) {
	for _, program := range []string{"curl", "swaks"} {
		peers.Program(t, program, program)
		s, b := newSink(t), newTab(t)
		b.open(s.url + "/")
		command := eval[string](b, "document.getElementById('"+program+"').textContent")
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		b.wait("document.querySelector('.row-link .subject')?.textContent === 'Your order'")
		b.sees("Thank you.")
	}
}

// The page shows what came while it was cut off, without being loaded again.
func TestLiveAfterALostConnection(t *testing.T) {
	s, b := newSink(t), newTab(t)
	network := newLossy(t, s)
	b.open(network.url + "/")
	s.send("robot@example.com", "team@example.net", plainMessage(1))
	b.sees("Nightly build 1")
	network.refuseEvents(true)
	b.wait("!document.getElementById('offline').hidden")
	s.send("robot@example.com", "team@example.net", plainMessage(2))
	network.refuseEvents(false)
	b.sees("Nightly build 2")
	b.wait("document.getElementById('offline').hidden")
	s.send("robot@example.com", "team@example.net", plainMessage(3))
	b.sees("Nightly build 3")
}

// A browser opens six connections to a host: pages must not use them up.
func TestManyPagesStayLive(t *testing.T) {
	s, profile := newSink(t), newTab(t)
	var pages []*tab
	for range 7 {
		b := profile.another()
		b.open(s.url + "/")
		pages = append(pages, b)
	}
	s.send("robot@example.com", "team@example.net", plainMessage(1))
	for _, b := range pages {
		b.sees("Nightly build 1")
	}
	pages[0].close() // which listened for all of them
	s.send("robot@example.com", "team@example.net", plainMessage(2))
	for _, b := range pages[1:] {
		b.sees("Nightly build 2")
	}
}

func TestToldOfNewMail(t *testing.T) {
	s, b := newSink(t), newTab(t)
	b.open(s.url + "/")
	// A browser without a screen has nowhere to show it: this one remembers.
	b.do(chromedp.Evaluate[chromedp.Void](`void (() => {
		window.told = [];
		window.Notification = class extends EventTarget {
			static permission = "default";
			static async requestPermission() { return (Notification.permission = "granted"); }
			constructor(title) { super(); told.push(title); }
		};
		Object.defineProperty(document, "hidden", { value: true });
	})()`))
	s.send("robot@example.com", "team@example.net", plainMessage(1))
	b.sees("Nightly build 1")
	b.press("?")
	b.click("#notify")
	b.wait("document.getElementById('notify').textContent === 'Stop telling me of new mail'")
	s.send("robot@example.com", "team@example.net", plainMessage(2))
	b.wait("told.length > 0")
	if got := eval[string](b, "told.join()"); got != "Nightly build 2" {
		t.Errorf("told of %q, want only what came after the reader asked", got)
	}
}

func TestScoreComesToTheOpenMessage(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := s.send("orders@shop.example.com", "ada@example.net", order)
	b.do(chromedp.Navigate(s.url + "/messages/" + id + "/score"))
	b.sees("The message is being scored")
	b.ready()
	s.score(id, orderScore, fixed(t, s, id)...)
	b.sees("3 things to mend")
}

func TestSearchFiltersKeysPalette(t *testing.T) {
	s, b := newSink(t), newTab(t)
	withMail(t, s)
	b.open(s.url + "/")
	b.wait("document.querySelectorAll('.row-link').length === 9")
	b.press("/")
	b.wait("document.activeElement.id === 'q'")
	b.press("-is:unr")
	b.wait("document.querySelector('#search-hints option')?.value === '-is:unread'")
	b.do(chromedp.Evaluate[chromedp.Void]("void (document.getElementById('q').value = '')"))
	b.press("subject:order\r")
	b.wait("document.querySelectorAll('.row-link').length === 1")

	b.do(chromedp.Navigate(s.url + "/?q=score:abc"))
	b.wait("document.querySelector('.search-error mark')")
	b.screenshot("search-error")

	b.open(s.url + "/")
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.wait("document.getElementById('palette').open")
	b.press("inbox ci-7")
	b.wait("document.querySelector('#palette-list [aria-selected=true]')?.textContent === 'Inbox ci-7'")
	b.screenshot("palette")
	b.press("\r")
	b.wait("location.search === '?q=inbox%3Aci-7' && document.querySelectorAll('.row-link').length === 1")
	b.ready()
	b.press("gi")
	b.wait("location.search === '' && document.querySelectorAll('.row-link').length === 9")
	b.ready()
	b.press("?")
	b.wait("document.getElementById('help').open")
	b.screenshot("help")
	b.press("\x1b")
	b.wait("!document.getElementById('help').open")
	b.press("jj")
	b.wait("document.querySelector('h1')?.textContent === 'Nightly build 7'")
	b.press("k")
	b.wait("document.querySelector('h1')?.textContent.startsWith('Your order')")
	b.press("u")
	b.wait("document.querySelector('.rows li:first-child .row-link').classList.contains('new')")
	b.press("d")
	b.wait("document.querySelectorAll('.row-link').length === 8")
	b.wait("document.querySelector('h1')?.textContent === 'Nightly build 7'")
}

// What mail clients lack is shown in the source, too.
func TestHTMLCheck(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := withMail(t, s)
	b.open(s.url + "/messages/" + id)
	b.wait("/HTML check\\s*\\d\\d %/.test(document.querySelector('.tabs').innerText)")
	b.press("9")
	b.sees("mail clients support all that the HTML uses")
	b.wait("document.querySelector('#css-at-media mark')?.textContent === '@media (prefers-color-scheme: dark)'")
	if first := eval[string](b, "document.querySelector('.mend .result').id"); first != "html-body" {
		t.Errorf("the first thing to look at is %s, want that which hurts most clients", first)
	}
	b.screenshot("html-check-light")
	b.click("#css-at-media .found a")
	b.wait("location.pathname.endsWith('/source') && [...document.querySelectorAll('.source mark')].map(m => m.textContent).join('') === '@media (prefers-color-scheme: dark)'")
	b.screenshot("source-marked-light")
}

// Nothing is asked for because a page is opened; the button asks.
func TestLinkCheck(t *testing.T) {
	asked := make(chan string, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.Path
		if r.URL.Path != "/open.gif" {
			http.NotFound(w, r)
		}
	}))
	defer shop.Close()
	links := linkcheck.New(linkcheck.Config{Now: time.Now, Roots: x509.NewCertPool(), Dialer: &egress.Public{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
		Allow: func(netip.Addr) bool { return true },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, shop.Listener.Addr().String())
		},
	}})
	s, b := newSinkWith(t, whole.Config{Links: links}), newTab(t)
	id := s.send("orders@shop.example.com", "ada@example.net", strings.ReplaceAll(order, "https://", "http://"))
	b.open(s.url + "/messages/" + id)
	b.press("0")
	b.sees("Nobody asked yet where these lead")
	b.screenshot("links-before-light")
	if n := len(asked); n > 0 {
		t.Errorf("%d links were asked for before the reader wanted it", n)
	}
	b.click(".side form button")
	b.sees("1 broken, 1 work.")
	b.wait("document.querySelector('.asked li')?.innerText.includes('It answers 404 Not Found')")
	b.wait("document.querySelector('.tabs').innerText.includes('1 broken')")
	b.screenshot("links-light")
	b.do(chromedp.EmulateViewport(360, 740))
	b.open(s.url + "/messages/" + id + "/links")
	if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 360 {
		t.Errorf("the links are %d pixels wide on a screen of 360", wide)
	}
	b.screenshot("phone-links")
	source := axe(t)
	for _, theme := range []string{"light", "dark"} {
		b.do(chromedp.Evaluate[chromedp.Void](`void (document.cookie = "theme=` + theme + `; path=/")`))
		b.judge(source, theme, s.url+"/messages/"+id+"/links")
	}
}

func TestDarkModeAndPhone(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := withMail(t, s)
	b.open(s.url + "/messages/" + id)
	light := eval[string](b, "getComputedStyle(document.body).backgroundColor")
	b.press("t")
	b.wait(fmt.Sprintf("getComputedStyle(document.body).backgroundColor !== %q", light))
	b.do(chromedp.Reload())
	b.wait("document.documentElement.dataset.theme === 'dark'") // as the server sent it
	b.screenshot("html-dark")
	b.do(chromedp.Navigate(s.url + "/messages/" + id + "/html?scheme=dark&w=phone"))
	b.wait("document.querySelector('.stage.phone iframe.dark')")
	b.screenshot("html-dark-phone-preview")
	b.do(chromedp.Navigate(s.url + "/messages/" + id + "/score"))
	b.screenshot("score-dark")

	b.do(chromedp.EmulateViewport(360, 740))
	for _, path := range []string{"/", "/messages/" + id, "/messages/" + id + "/score", "/messages/" + id + "/html-check", "/messages/" + id + "/links", "/messages/" + id + "/headers", "/messages/" + id + "/mime", "/messages/" + id + "/raw", "/messages/" + id + "/transcript", "/sessions", "/api"} {
		b.open(s.url + path)
		if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 360 {
			t.Errorf("%s is %d pixels wide on a screen of 360", path, wide)
		}
		b.screenshot("phone-dark" + strings.NewReplacer("/messages/"+id, "-message", "/", "-").Replace(path))
	}
	b.open(s.url + "/")
	b.press("t")
	b.wait("document.documentElement.dataset.theme === 'light'")
	b.screenshot("phone-light-list")
	b.click(".row-link")
	b.wait("document.querySelector('article')?.offsetParent && !document.getElementById('list').offsetParent")
	b.screenshot("phone-light-message")
	b.press("\x1b")
	b.wait("document.getElementById('list').offsetParent")
}

func TestCompare(t *testing.T) {
	s, b := newSink(t), newTab(t)
	first := withMail(t, s)
	second := s.send("orders@shop.example.com", "ada@example.net", strings.ReplaceAll(order, "Friday", "Monday"))
	s.score(second, orderScore, fixed(t, s, second)[:1]...)
	b.open(s.url + "/messages/" + second)
	b.press("c")
	b.sees("Compare with …")
	b.click(".rows a") // the same subject comes first
	b.wait("document.querySelector('.diff del')?.textContent.includes('Monday')")
	b.wait("document.querySelector('.diff ins')?.textContent.includes('Friday')")
	b.sees("Only in the second")
	b.screenshot("compare")
	if got := eval[string](b, "new URL(location).searchParams.get('b')"); got != first {
		t.Errorf("compared with %s, want %s", got, first)
	}
}
