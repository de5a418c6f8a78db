package e2e

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	whole "github.com/postmuster/postmuster/internal/sink"
)

// A canary counts connections: not even one that asks for nothing may be made.
type canary struct {
	addr        string
	connections atomic.Int64
	reached     chan struct{} // receives when there was one
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &canary{addr: l.Addr().String(), reached: make(chan struct{}, 1)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.connections.Add(1)
			conn.Close()
			select {
			case c.reached <- struct{}{}:
			default:
			}
		}
	}()
	return c
}

// hostile tries, where CANARY stands, whatever mail has ever tried.
const hostile = `From: "<script>top.owned=1</script>" <evil@example.com>
To: ada@example.net
Subject: =?utf-8?q?=3Cimg_src=3Dx_onerror=3Dtop.owned=3D1=3E_=E2=80=AEfdp.exe?=
X-Postmuster-Inbox: "><script>top.owned=1</script>
Content-Type: text/html; charset=utf-8

<!doctype html><html><head>
<base href="http://CANARY/base/" target="_top">
<meta http-equiv="refresh" content="0; url=http://CANARY/refresh">
<meta http-equiv="Content-Security-Policy" content="default-src * 'unsafe-inline'">
<link rel="stylesheet" href="http://CANARY/style.css">
<link rel="preconnect" href="http://CANARY"><link rel="dns-prefetch" href="//CANARY"><link rel="prefetch" href="http://CANARY/prefetch"><link rel="icon" href="http://CANARY/icon.ico">
<noscript><link rel="preconnect" href="http://CANARY/noscript"><img src="http://CANARY/noscript.gif"></noscript>
<style>@import "http://CANARY/import.css"; @font-face{font-family:x;src:url(http://CANARY/font.woff)} body{font-family:x;background:url(http://CANARY/background.png)}</style>
<script src="http://CANARY/script.js"></script><script>top.owned=1; parent.document.title='owned'; fetch('http://CANARY/fetch'); location='http://CANARY/location'</script>
<script type="speculationrules">{"prefetch":[{"source":"list","urls":["http://CANARY/speculation"]}]}</script>
</head><body onload="top.owned=1" background="http://CANARY/body.png">
<p id="here">hostile</p>
<img src="http://CANARY/image.gif" srcset="http://CANARY/2x.gif 2x" onerror="top.owned=1"><picture><source srcset="http://CANARY/source.webp"><img src="http://CANARY/picture.gif"></picture>
<svg xmlns="http://www.w3.org/2000/svg"><script>top.owned=1</script><image href="http://CANARY/svg.png"/><use href="http://CANARY/use.svg#a"/><style><p><link rel="preconnect" href="http://CANARY/svg-link"></style></svg>
<form id="f" action="http://CANARY/form" method="post"><input name="a" autofocus onfocus="top.owned=1"><button id="submit">Send</button></form>
<iframe src="http://CANARY/iframe"></iframe><iframe srcdoc="<script>top.owned=1</script><img src=http://CANARY/srcdoc.gif>"></iframe>
<object data="http://CANARY/object"></object><embed src="http://CANARY/embed"><video src="http://CANARY/video" poster="http://CANARY/poster.png" autoplay></video><audio src="http://CANARY/audio" autoplay></audio>
<a id="top" target="_top" href="http://CANARY/top" ping="http://CANARY/ping">top</a> <a id="self" target="_self" href="http://CANARY/self">self</a>
<a id="script" href="javascript:top.owned=1">script</a> <a id="delete" target="_self" href="/delete">ours</a>
<div style="position:fixed;inset:0;background:url('http://CANARY/inline.png')"></div>
<!--><link rel="preconnect" href="http://CANARY/comment">--><!-- x --!><img src="http://CANARY/comment.gif">
</body></html>
`

func TestHostileMessageAchievesNothing(t *testing.T) {
	s, b, c := newSink(t), newTab(t), newCanary(t)
	id := s.send("evil@example.com", "ada@example.net", strings.ReplaceAll(hostile, "CANARY", c.addr))
	b.do(chromedp.Navigate(s.url + "/"))
	b.wait("document.querySelector('.row-link')")
	for _, tab := range []string{"html", "text", "score", "headers", "mime", "source", "transcript", "raw", "html?images=1&scheme=dark", "html?scheme=inverted"} {
		b.open(s.url + "/messages/" + id + "/" + tab)
		if eval[bool](b, "'owned' in window || document.title === 'owned'") {
			t.Errorf("a script of the message ran on the tab %s", tab)
		}
	}
	b.screenshot("hostile")

	// The frame by itself, where nothing but its own policy protects it.
	b.do(chromedp.Navigate(s.url + "/messages/" + id + "/frame"))
	b.wait("document.readyState === 'complete' && document.getElementById('here')")
	before := eval[string](b, "location.href")
	for _, link := range []string{"top", "self", "script", "delete", "submit"} {
		b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("` + link + `").click()`))
	}
	if got := eval[string](b, "location.href"); got != before {
		t.Errorf("a click led to %s", got)
	}
	if got := eval[string](b, "self.origin"); got != "null" {
		t.Errorf("the frame's origin is %s, want an opaque one", got)
	}
	if n := c.connections.Load(); n != 0 {
		t.Errorf("the message reached the canary %d times", n)
	}
}

func TestClickInThePreviewOpensNothing(t *testing.T) {
	s, b, c := newSink(t), newTab(t), newCanary(t)
	id := s.send("evil@example.com", "ada@example.net", "Subject: click\nContent-Type: text/html\n\n"+
		`<base target="_self"><a target="_top" href="http://`+c.addr+`/" style="position:fixed;inset:0;background:#fde">everywhere</a>`)
	b.open(s.url + "/messages/" + id + "/html")
	middle := eval[[]float64](b, "(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector('iframe').getBoundingClientRect())")
	b.clickAt(middle[0], middle[1])
	b.wait("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
	if got := eval[string](b, "location.pathname"); got != "/messages/"+id+"/html" {
		t.Errorf("the click led to %s", got)
	}
	if n := c.connections.Load(); n != 0 {
		t.Errorf("the click reached the canary %d times", n)
	}
}

func TestRemoteImagesComeOnlyWhenAskedFor(t *testing.T) {
	c := newCanary(t)
	s, b := newSinkWith(t, whole.Config{RemoteImages: true}), newTab(t)
	id := s.send("shop@example.com", "ada@example.net", "Subject: image\nContent-Type: text/html\n\n<img src=\"http://"+c.addr+"/a.gif\">")
	b.open(s.url + "/messages/" + id + "/html")
	b.sees("1 remote item blocked")
	if n := c.connections.Load(); n != 0 {
		t.Errorf("the image was fetched %d times before anybody asked", n)
	}
	b.click(".toolbar > a.button")
	b.sees("1 remote item allowed")
	select {
	case <-c.reached:
	case <-b.ctx.Done():
		t.Error("the image was not fetched although it was asked for")
	}
}
