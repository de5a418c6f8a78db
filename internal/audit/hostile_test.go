package audit

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

const (
	ordinary = "From: a@example.com\r\nTo: b@example.net\r\nSubject: x\r\nDate: Sun, 29 Nov 2026 20:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"
	mixed    = ordinary + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	html     = ordinary + "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
)

// hostile are messages that are one thing again and again.
var hostile = []struct{ name, before, again, after string }{
	{"Received", "", "Received: from a (b [192.0.2.1]) by c with ESMTP id 1; Sun, 29 Nov 2026 20:00:00 +0000\r\n", ordinary + "\r\nx\r\n"},
	{"signatures", "", "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n", ordinary + "\r\nx\r\n"},
	{"tags of a signature", "DKIM-Signature: v=1; ", "x=1; ", "\r\n" + ordinary + "\r\nx\r\n"},
	{"signed fields", "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=", "from:", "; bh=AAAA; b=AAAA\r\n" + ordinary + "\r\nx\r\n"},
	{"seals", "", "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.com; s=s; b=AA\r\n", ordinary + "\r\nx\r\n"},
	{"results", "", "Authentication-Results: x; spf=pass smtp.mailfrom=a\r\n", ordinary + "\r\nx\r\n"},
	{"unsubscribing", "List-Unsubscribe: ", "<https://example.com/a>, ", "\r\n" + ordinary + "\r\nx\r\n"},
	{"addresses", "From: ", "a@example.com, ", "\r\n\r\nx\r\n"},
	{"groups", "From: ", "a:b@example.com;, ", "\r\n\r\nx\r\n"},
	{"comments", "Date: ", "(", "\r\nFrom: a@example.com\r\n\r\nx\r\n"},
	{"quoted words", "From: ", `"a\"`, "\r\n\r\nx\r\n"},
	{"references", ordinary + "References: ", "<a@b> ", "\r\n\r\nx\r\n"},
	{"folds", ordinary + "X: a", "\r\n a", "\r\n\r\nx\r\n"},
	{"encoded words", "From: a@example.com\r\nSubject: ", "=?utf-8?q?a?= ", "\r\n\r\nx\r\n"},
	{"encoded words that begin", "From: a@example.com\r\nSubject: ", "=?utf-8?q?", "\r\n\r\nx\r\n"},
	{"parameters", ordinary + "Content-Type: text/plain", "; a=b", "\r\n\r\nx\r\n"},
	{"parts", mixed, "--b\r\n\r\nx\r\n", ""},
	{"nested parts", "", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", ""},
	{"nested messages", "", "Content-Type: message/rfc822\r\n\r\n", ""},
	{"boundaries that are none", mixed, "--bx\r\n", ""},
	{"quoted-printable", ordinary + "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=3D=", ""},
	{"soft breaks", ordinary + "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\n", ""},
	{"base64", ordinary + "Content-Transfer-Encoding: base64\r\n\r\n", "A=A", ""},
	{"addresses in text", ordinary + "\r\n", "https://example.com/a ", ""},
	{"placeholders", ordinary + "\r\n", "{{", ""},
	{"links", html, "<a href=https://example.com/>x</a>", ""},
	{"elements", html, "<div>", ""},
	{"elements that cross", html, "<b><i></b>", ""},
	{"tables", html, "<table><tr><td>", ""},
	{"text in tables", html + "<table>", "<a>x", ""},
	{"attributes", html + "<p ", "a=1 ", ">x"},
	{"styles", html, "<p style='a:b'>", ""},
	{"a style sheet", html + "<style>", "a{b:c}", ""},
	{"style sheets that do not end", html + "<style>", "a{b:url(", ""},
	{"what is no element", html, "<", ""},
	{"references to characters", html, "&amp;", ""},
}

// Four times as much costs about four times as much: nobody keeps a processor
// busy with a message that is short to send. What is allocated stands for it.
func TestHostileMessagesCostWhatTheyWeigh(t *testing.T) {
	a := &Auditor{Suite: all.Checks(), Net: fact.Net{DNS: dnstest.New(t, ""), Now: func() time.Time { return time.Date(2026, 11, 29, 20, 0, 0, 0, time.UTC) }}}
	const size = 64 << 10
	for _, m := range hostile {
		cost := func(bytes int) uint64 {
			raw := []byte(m.before + strings.Repeat(m.again, bytes/len(m.again)) + m.after)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a.Message(t.Context(), &message.Message{Raw: raw}, "")
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		cost(size) // what is found out once
		small, large := cost(size), cost(4*size)
		if large > 7*small {
			t.Errorf("%s: %d bytes are allocated for %d of them, %d for four times as many", m.name, small, size/len(m.again), large)
		}
	}
}
