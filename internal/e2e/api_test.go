package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAPIPage(t *testing.T) {
	s, b := newSink(t), newTab(t)
	b.open(s.url + "/")
	b.press("ga")
	b.wait("location.pathname === '/api' && document.querySelector('.operation')")
	b.ready()
	source := axe(t)
	for _, width := range []int64{1280, 360} {
		b.do(chromedp.EmulateViewport(width, 800))
		b.do(chromedp.Evaluate[chromedp.Void](`void document.querySelectorAll(".operation").forEach(e => e.open = true)`))
		b.judgeShown(source, "light", "/api")
		if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("the page is %d pixels wide on a screen of %d", wide, width)
		}
	}
	b.screenshot("api-phone")
	b.do(chromedp.EmulateViewport(1280, 1100))
	b.do(chromedp.Evaluate[chromedp.Void](`void document.getElementById("wait").scrollIntoView()`))
	b.screenshot("api")
}
