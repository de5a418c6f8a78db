package e2e

import (
	"fmt"
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

// In the dark only the colours differ.
var rules = map[string]string{
	"light": "",
	"dark":  `, runOnly: ["color-contrast", "link-in-text-block"]`,
}

// The list beside a message is judged where it stands alone.
const runAxe = `axe.run(document.querySelector("article[data-id]") ? {exclude: ["#list"]} : document, {iframes: false, resultTypes: ["violations"]%s}).then(r => r.violations
	.filter(v => v.impact === "serious" || v.impact === "critical")
	.map(v => ({id: v.id, impact: v.impact, help: v.help, targets: v.nodes.slice(0, 4).map(n => n.target.join(" ") + ": " + n.failureSummary)})))`

func TestAccessible(t *testing.T) {
	source := axe(t)
	s, b := newSink(t), newTab(t)
	b.judge(source, "light", s.url+"/")
	id := withMail(t, s)
	second := s.send("orders@shop.example.com", "ada@example.net", order)
	if err := s.store.SetTags(t.Context(), []string{"keep"}, id); err != nil {
		t.Fatal(err)
	}
	m := "/messages/" + id
	colourful := []string{"/", "/?q=score:abc", m + "/html", m + "/score", m + "/html-check", m + "/headers", m + "/source?at=0&len=20", m + "/transcript", "/api", "/compare?a=" + id + "&b=" + second}
	plain := []string{
		"/?q=nothingatall", "/?q=inbox:ci-7", m + "/text", m + "/mime", m + "/raw?at=40&len=20", "/messages/" + second + "/score",
		"/compare?a=" + id, "/sessions", "/delete", m + "/nosuchside", "/messages/none",
	}
	for theme, pages := range map[string][]string{"light": append(plain, colourful...), "dark": colourful} {
		b.do(chromedp.Navigate(s.url + "/"))
		b.do(chromedp.Evaluate[chromedp.Void](`void (document.cookie = "theme=` + theme + `; path=/")`))
		for _, page := range pages {
			b.judge(source, theme, s.url+page)
		}
	}
}

// judge opens a page and reports its faults.
func (b *tab) judge(source, theme, url string) {
	b.t.Helper()
	b.open(url)
	b.judgeShown(source, theme, url)
}

// judgeShown reports the faults of the page that is open.
func (b *tab) judgeShown(source, theme, url string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void]("void " + "(() => {" + source + "})()"))
	faults, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]fault](fmt.Sprintf(runAxe, rules[theme]), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	for _, f := range faults {
		b.t.Errorf("%s, %s: %s (%s): %s\n%q", url, theme, f.Help, f.ID, f.Impact, f.Targets)
	}
}
