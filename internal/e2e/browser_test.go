package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// patience bounds a whole test: a page that never comes must not hang the run.
const patience = 2 * time.Minute

// A tab is one tab of a browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab starts a browser with a fresh profile. It reaches nothing but loopback.
func newTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(peers.Program(t, "chromium", "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, // a container's root has no user namespaces
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		// Waits for the browser to end, so that its profile can be removed.
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log("browser:", err)
		}
		cancel()
	})
	b := &tab{t: t, ctx: ctx}
	b.do(chromedp.EmulateViewport(1280, 800))
	return b
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// wait waits until a script expression is true. A page that is left while it is
// asked is asked again as the page that follows.
func (b *tab) wait(expression string) {
	b.t.Helper()
	poll := chromedp.Poll[any](expression, chromedp.WithPollingTimeout(20*time.Second))
	var err error
	for range 10 {
		if _, err = chromedp.Run(b.ctx, poll); err == nil {
			return
		}
		if !strings.Contains(err.Error(), "context") || b.ctx.Err() != nil {
			break
		}
	}
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText.slice(0, 1000)"))
	b.t.Fatalf("wait for %s: %v\non the page:\n%s", expression, err, text)
}

// eval evaluates a script expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// press presses keys one after the other.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// sees fails the test unless the text is on the page soon.
func (b *tab) sees(text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// screenshot keeps a picture where POSTMUSTER_SCREENSHOTS names a directory.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("POSTMUSTER_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
