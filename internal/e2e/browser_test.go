package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// patience bounds a whole test, and waitPatience one wait in it: a page that never
// comes must not hang the run. A busy machine makes a page slow, but not that slow.
const (
	patience     = 4 * time.Minute
	waitPatience = time.Minute
)

// A tab is one tab of a browser.
type tab struct {
	t     *testing.T
	ctx   context.Context
	close func()
}

// browser is the one that all tests share. A cancelled context ends it.
var browser struct {
	sync.Once
	ctx   context.Context
	close func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.close != nil {
		browser.close()
	}
	os.Exit(code)
}

// startBrowser starts the browser with a fresh profile. It reaches nothing but loopback.
func startBrowser(program string) {
	profile, err := os.MkdirTemp("", "postmuster-e2e-")
	if err != nil {
		panic(err) // without a directory for temporary files nothing works
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(profile),
		chromedp.NoSandbox, // a container's root has no user namespaces
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, free := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	browser.ctx = ctx
	browser.close = func() {
		_ = chromedp.Cancel(ctx) // waits for the browser to end, so that its profile can be removed
		cancel()
		free()
		os.RemoveAll(profile)
	}
	if err := chromedp.Do(ctx); err != nil { // which starts it
		panic(err)
	}
}

// newTab opens a tab that shares nothing with those of other tests.
func newTab(t *testing.T) *tab {
	t.Helper()
	program := peers.Program(t, "chromium", "chromium")
	browser.Do(func() { startBrowser(program) })
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, close: cancel}
	b.do(chromedp.EmulateViewport(1280, 800))
	return b
}

// another opens a tab beside this one, in the same profile.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	return &tab{t: b.t, ctx: ctx, close: cancel}
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
	err := b.again(func(ctx context.Context) error {
		_, err := chromedp.Run(ctx, chromedp.Poll[any](expression, chromedp.WithPollingTimeout(waitPatience)))
		return err
	})
	if err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText.slice(0, 1000)"))
		b.t.Fatalf("wait for %s: %v\non the page:\n%s", expression, err, text)
	}
}

// ready waits until the page's scripts listen.
func (b *tab) ready() {
	b.t.Helper()
	b.wait("document.documentElement.classList.contains('scripted')")
}

// open navigates, and waits until the page's scripts listen.
func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	b.ready()
}

// eval evaluates a script expression that changes nothing.
func eval[T any](b *tab, expression string) (value T) {
	b.t.Helper()
	err := b.again(func(ctx context.Context) (err error) {
		value, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression))
		return err
	})
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// again repeats what fails because the page was left meanwhile.
func (b *tab) again(ask func(context.Context) error) (err error) {
	for range 20 {
		if err = ask(b.ctx); err == nil || b.ctx.Err() != nil || !leftMeanwhile(err) {
			return err
		}
	}
	return err
}

// leftMeanwhile reports whether an error is the browser's way to say that the page
// that was asked is no more.
func leftMeanwhile(err error) bool {
	return strings.Contains(err.Error(), "navigated or closed") || strings.Contains(err.Error(), "context")
}

// click clicks the first element that a selector finds, once there is one. It is
// the element that is clicked, wherever it moves while the page changes.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.querySelector(%q)", selector))
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("void document.querySelector(%q).click()", selector)))
}

// clickAt clicks into a frame with the mouse until the frame has the focus. The
// browser does not always say that what it passed to the frame's process arrived.
func (b *tab) clickAt(x, y float64) {
	b.t.Helper()
	b.wait("document.hasFocus() && document.activeElement.tagName === 'BODY'")
	for range 5 {
		for _, event := range []chromedp.Action[chromedp.Void]{
			chromedp.MouseEvent(chromedp.MouseMoved, x, y),
			chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
			chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		} {
			ctx, cancel := context.WithTimeout(b.ctx, 4*time.Second)
			if err := chromedp.Do(ctx, event); err != nil {
				b.t.Log("click:", err)
			}
			cancel()
		}
		if eval[bool](b, "document.activeElement.tagName === 'IFRAME' || !document.hasFocus()") {
			return
		}
	}
	b.t.Fatal("the click did not arrive")
}

// press presses keys one after the other.
func (b *tab) press(keys string, modifiers ...chromedp.KeyOption) {
	b.t.Helper()
	for _, key := range keys {
		b.do(pressed(key, modifiers...))
	}
}

// pressed presses and lets go a key. The character comes with the key that is
// pressed, as from a keyboard, not after it, so that a page can keep it away.
func pressed(key rune, modifiers ...chromedp.KeyOption) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		events := kb.Encode(key)
		down, up := events[0], events[len(events)-1]
		for _, m := range modifiers {
			m(down)
			m(up)
		}
		if len(events) == 3 && len(modifiers) == 0 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		for _, event := range []*input.DispatchKeyEventParams{down, up} {
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *event); err != nil {
				return err
			}
		}
		return nil
	})
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
