package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	whole "github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

func (s *sink) tags(id string) string {
	s.t.Helper()
	r, err := s.store.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%q", r.Tags)
}

func TestTagsByHand(t *testing.T) {
	s, b := newSink(t), newTab(t)
	withMail(t, s)
	id := s.send("robot@example.com", "team@example.net", "X-Tags: from the app\n"+plainMessage(77))
	b.open(s.url + "/messages/" + id)
	b.press("l")
	b.wait("document.activeElement.id === 'tag'")
	b.press("keep, to \"do\"\r")
	b.wait("document.querySelectorAll('.tags .tag').length === 3")
	b.wait("document.activeElement.id === 'tag'") // for the next one
	b.press("keep\r")
	b.wait("document.activeElement.value === ''")
	if got, want := s.tags(id), `["from the app" "keep" "to \"do\""]`; got != want {
		t.Errorf("the tags are %s, want %s", got, want)
	}
	b.wait("document.querySelector('#list .row-link .tag')") // the list follows
	b.screenshot("tags")

	b.click("#list .row-link [data-go*=do]")
	b.wait("document.querySelectorAll('.row-link').length === 1 && document.querySelector('.chip.on')?.textContent.includes('to \"do\"')")
	b.ready()
	b.press("j")
	b.wait("document.querySelector('.tags .tag')")
	b.click(".tags .tag a[href*=keep]")
	b.wait("document.getElementById('q').value === 'tag:keep'")
	b.ready()
	b.press("j")
	b.wait("document.querySelector('.tags .tag')")
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.press("remove the tag keep")
	b.wait("document.querySelector('#palette-list [aria-selected=true]')?.textContent === 'Remove the tag keep'")
	b.press("\r")
	b.wait("document.querySelectorAll('.tags .tag').length === 2")
	if got, want := s.tags(id), `["from the app" "to \"do\""]`; got != want {
		t.Errorf("the tags are %s, want %s", got, want)
	}
}

// A score that comes does not take away what the reader writes.
func TestATagIsWrittenWhileTheScoreComes(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := s.send("orders@shop.example.com", "ada@example.net", order)
	b.open(s.url + "/messages/" + id)
	b.press("l")
	b.press("kee")
	s.score(id, orderScore, fixed(t, s, id)...)
	b.wait("document.querySelector('.rows .badge')?.textContent.includes('71')")
	b.press("p\r")
	b.wait("document.querySelector('.tags .tag')?.textContent.includes('keep')")
	b.wait("document.querySelector('.title .badge')?.textContent.includes('71')")
}

// relayed is a sink that may send on to a server, and that server.
func relayed(t *testing.T, c smtptest.Config) (*sink, *smtptest.Server) {
	t.Helper()
	server, err := smtptest.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return newSinkWith(t, whole.Config{Relays: []api.Relay{{Addr: server.Addr().String()}}}), server
}

func TestSendOn(t *testing.T) {
	s, server := relayed(t, smtptest.Config{Hostname: "mx.example.net", Replies: map[string]string{".": "250 2.0.0 <b>queued</b> as 77"}})
	b := newTab(t)
	id := withMail(t, s)
	b.open(s.url + "/messages/" + id)
	b.press("f")
	b.wait("document.getElementById('send-on').open")
	b.sees("The message was for ada+ci-7@example.net")
	if got := eval[string](b, "document.getElementById('send-on-to').value"); got != "" {
		t.Errorf("the recipients are filled in with %q; they are to be chosen", got)
	}
	b.screenshot("send-on")
	b.press("me@example.org, you@example.org\r")
	b.wait("document.querySelector('#send-on-result .sent')")
	b.sees("Sent to me@example.org, you@example.org")
	b.sees("250 2.0.0 <b>queued</b> as 77")
	b.screenshot("sent-on")
	if got := server.Messages(); len(got) != 1 || fmt.Sprint(got[0].To) != "[me@example.org you@example.org]" || got[0].From != "orders@shop.example.com" {
		t.Errorf("the server received %+v", got)
	}
	b.press("\x1b")
	b.wait("!document.getElementById('send-on').open")
	b.press("j")
	b.wait("document.querySelector('h1')?.textContent === 'Nightly build 7'")
	b.press("f")
	b.wait("document.getElementById('send-on').open && document.getElementById('send-on-to').value === 'me@example.org, you@example.org'")
	b.click("#send-on [data-close]")
	b.wait("!document.getElementById('send-on').open")
}

func TestSendOnIsRefused(t *testing.T) {
	s, server := relayed(t, smtptest.Config{Replies: map[string]string{"RCPT": "550 5.1.1 no <i>such</i> user"}})
	b := newTab(t)
	id := withMail(t, s)
	b.open(s.url + "/messages/" + id)
	b.press("f")
	b.wait("document.getElementById('send-on').open")
	b.press("me@example.org\r")
	b.sees("did not take the message: me@example.org: 550 5.1.1 no <i>such</i> user")
	if len(server.Messages()) != 0 {
		t.Error("it was sent all the same")
	}
}

func TestSendOnIsOfferedOnlyWhereItWorks(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := withMail(t, s)
	b.open(s.url + "/messages/" + id)
	if eval[bool](b, "Boolean(document.querySelector('[data-dialog], #send-on'))") {
		t.Error("the page offers to send on, and there is no server to send to")
	}
	b.do(chromedp.Navigate(s.url + "/messages/" + id + "/send-on"))
	b.sees("no server was named at start")
}

func TestTagsAndSendOnAreAccessible(t *testing.T) {
	source := axe(t)
	s, _ := relayed(t, smtptest.Config{})
	b := newTab(t)
	id := withMail(t, s)
	if err := s.store.SetTags(t.Context(), []string{"keep", "a tag that is so long that it would not fit on the screen of a telephone, and has no business there", "x"}, id); err != nil {
		t.Fatal(err)
	}
	path := s.url + "/messages/" + id
	for _, theme := range []string{"light", "dark"} {
		b.do(chromedp.Navigate(s.url + "/"))
		b.do(chromedp.Evaluate[chromedp.Void](`void (document.cookie = "theme=` + theme + `; path=/")`))
		b.judge(source, theme, path)
		b.press("f")
		b.wait("document.getElementById('send-on').open")
		b.press("me@example.org\r")
		b.wait("document.querySelector('#send-on-result .sent')")
		b.judgeShown(source, theme, path+" with the dialog")
		b.judge(source, theme, path+"/send-on")
	}
	b.do(chromedp.EmulateViewport(360, 740))
	for _, page := range []string{path, path + "/send-on"} {
		b.open(page)
		if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 360 {
			t.Errorf("%s is %d pixels wide on a screen of 360", page, wide)
		}
	}
	b.screenshot("phone-send-on-page")
	b.open(path)
	b.screenshot("phone-tags")
	b.press("f")
	b.wait("document.getElementById('send-on').open")
	if right := eval[float64](b, "document.getElementById('send-on').getBoundingClientRect().right"); right > 360 {
		t.Errorf("the dialog ends at %v pixels on a screen of 360", right)
	}
	b.screenshot("phone-send-on")
}
