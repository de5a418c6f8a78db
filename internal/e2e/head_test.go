package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestHeadAndRowOfAMessage(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := s.send("robot@example.com", "team@example.net", "X-Tags: keep\n"+plainMessage(77))
	b.do(chromedp.EmulateViewport(1300, 900))
	b.open(s.url + "/messages/" + id)
	b.wait("document.querySelector('#list .row-link[aria-current] .tag')")
	b.screenshot("head")
	if narrow := eval[bool](b, "document.querySelector('.title').getBoundingClientRect().right < document.querySelector('.tags').getBoundingClientRect().right"); narrow {
		t.Error("the title has less than the width of the head")
	}
	if beside := eval[bool](b, "document.querySelector('.actions').getBoundingClientRect().top < document.querySelector('.title').getBoundingClientRect().bottom"); beside {
		t.Error("the actions stand beside the title")
	}
	if same := eval[bool](b, "getComputedStyle(document.querySelector('#list [aria-current] .tag')).backgroundColor === getComputedStyle(document.querySelector('#list [aria-current]')).backgroundColor"); same {
		t.Error("a tag cannot be told from the ground of the selected row")
	}
}
