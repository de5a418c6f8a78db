package e2e

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe returns the accessibility checker of the npm package axe-core.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("POSTMUSTER_REQUIRE_PEERS") == "1" {
			t.Fatal("the npm package axe-core is missing: run npm ci in this directory")
		}
		t.Skip("needs the npm package axe-core: run npm ci in this directory")
	}
	return string(source)
}

// A fault is what axe calls a violation.
type fault struct {
	ID      string   `json:"id"`
	Impact  string   `json:"impact"`
	Help    string   `json:"help"`
	Targets []string `json:"targets"`
}

const runAxe = `axe.run(document, {iframes: false, resultTypes: ["violations"]}).then(r => r.violations
	.filter(v => v.impact === "serious" || v.impact === "critical")
	.map(v => ({id: v.id, impact: v.impact, help: v.help, targets: v.nodes.slice(0, 4).map(n => n.target.join(" ") + ": " + n.failureSummary)})))`

func TestAccessible(t *testing.T) {
	source := axe(t)
	s, b := newSink(t), newTab(t)
	b.judge(source, "empty", s.url+"/")
	id := withMail(t, s)
	second := s.send("orders@shop.example.com", "ada@example.net", order)
	if err := s.store.SetTags(t.Context(), []string{"keep"}, id); err != nil {
		t.Fatal(err)
	}
	m := "/messages/" + id
	pages := []string{
		"/", "/?q=score:abc", "/?q=nothingatall", "/?q=inbox:ci-7", m + "/html", m + "/text", m + "/score", m + "/headers", m + "/mime", m + "/source",
		m + "/transcript", m + "/raw?at=40&len=20", "/messages/" + second + "/score", "/compare?a=" + id, "/compare?a=" + id + "&b=" + second, "/sessions", "/delete", "/nowhere/else", "/messages/none",
	}
	for _, theme := range []string{"light", "dark"} {
		b.do(chromedp.Navigate(s.url + "/"))
		b.do(chromedp.Evaluate[chromedp.Void](`void (document.cookie = "theme=` + theme + `; path=/")`))
		for _, page := range pages {
			b.judge(source, theme+" "+page, s.url+page)
		}
	}
}

// judge opens a page and reports its faults.
func (b *tab) judge(source, name, url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	if eval[string](b, "document.contentType") != "text/html" {
		return // not a page of ours
	}
	b.do(chromedp.Evaluate[chromedp.Void]("void " + "(() => {" + source + "})()"))
	faults, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]fault](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	for _, f := range faults {
		b.t.Errorf("%s: %s (%s): %s\n%q", name, f.Help, f.ID, f.Impact, f.Targets)
	}
}
