package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"

	whole "github.com/postmuster/postmuster/internal/sink"
)

func TestReadOnly(t *testing.T) {
	s, b := newSinkWith(t, whole.Config{Token: "all", ReadToken: "look"}), newTab(t)
	id := s.send("robot@example.com", "team@example.net", plainMessage(1))
	b.open(s.url + "/?token=look")
	b.press("j")
	b.wait("document.querySelector('article')")
	b.sees("Read only")
	if shown := eval[string](b, "[...document.querySelectorAll('form[method=post] button')].filter(e => e.offsetParent).map(e => e.textContent).join()"); shown != "" {
		t.Errorf("who may read only is offered %s", shown)
	}
	b.press("d")
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.press("delete")
	b.wait("document.getElementById('palette-list').textContent === 'Search for delete'")
	b.press("\x1b")
	b.do(chromedp.Reload())
	b.wait("document.querySelector('#m-" + id + ".new')") // neither deleted nor marked
	b.judge(axe(t), "light", s.url+"/messages/"+id)
}
