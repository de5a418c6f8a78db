package htmlsupport

import (
	"strings"
	"testing"
)

// BenchmarkCheck reads a newsletter of the size at which Gmail clips.
func BenchmarkCheck(b *testing.B) {
	const row = `<tr><td style="padding:0 20px;font-family:Arial,sans-serif;font-size:16px;line-height:24px;color:#333333" align="left" valign="top">` +
		`<a href="https://example.com/a?b=1" style="color:#1155cc;text-decoration:none" target="_blank">Some text that is here</a></td></tr>` + "\n"
	text := "<!doctype html><style>" + strings.Repeat("@media (max-width:600px){.a{width:100%!important}}", 20) + "</style><table>" + strings.Repeat(row, 102_400/len(row))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Check(text)
	}
}
