package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestWriteATestMessage(t *testing.T) {
	source := axe(t)
	s, b := newSink(t), newTab(t)
	b.open(s.url + "/")
	b.press("w")
	b.wait("location.pathname === '/compose' && document.querySelector('.compose')")
	b.ready()
	b.judgeShown(source, "light", "/compose")
	b.screenshot("compose")
	b.do(chromedp.Evaluate[chromedp.Void](`void (document.getElementById("to").value = "nobody at home")`))
	b.click(".compose button")
	b.sees("the recipients cannot be read")
	b.wait("document.getElementById('to').value === 'nobody at home'")
	b.do(chromedp.Evaluate[chromedp.Void](`void (document.getElementById("to").value = "Ada <ada+ci-9@example.net>, bob@example.net")`))
	b.do(chromedp.Evaluate[chromedp.Void](`void (document.getElementById("html").value = "<p>Thank you <b>so much</b></p>")`))
	b.click(".compose button")
	b.wait("location.pathname.startsWith('/messages/') && document.querySelector('h1')?.textContent === 'Your order'")
	b.wait("document.querySelector('iframe[sandbox]')")
	b.sees("ada+ci-9@example.net")
	b.do(chromedp.EmulateViewport(360, 740))
	b.open(s.url + "/compose")
	if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 360 {
		t.Errorf("the form is %d pixels wide on a screen of 360", wide)
	}
	b.screenshot("phone-compose")
}
