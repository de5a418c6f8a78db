package httpd

import "testing"

func TestParsePrefix(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "/": "", "/mail": "/mail", "/mail/": "/mail", "/tools/mail-7_x.test": "/tools/mail-7_x.test",
	} {
		if got, err := ParsePrefix(text); got != want || err != nil {
			t.Errorf("ParsePrefix(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"mail", "//mail", "/a//b", "/..", "/a/../b", "/./a", "/a?b", "/a#b", "/a b", "/a\\b", "/%2e", "/ä", "https://example.com/mail", "/api", "/api/v1"} {
		if got, err := ParsePrefix(text); err == nil {
			t.Errorf("ParsePrefix(%q) = %q, want an error", text, got)
		}
	}
}
