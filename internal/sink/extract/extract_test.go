package extract

import (
	"slices"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
)

func TestImages(t *testing.T) {
	tree := message.Parse([]byte("Content-Type: text/html\r\n\r\n<td background='https://example.com/b.png'><img src=' http://example.com/a.gif '>" +
		"<img src=cid:logo><img src='data:image/png;base64,AA'><img src='https://example.com/b.png'><video src='https://example.com/v.mp4'>"))
	var got []string
	for _, l := range Images(tree) {
		got = append(got, l.URL)
	}
	if want := []string{"https://example.com/b.png", "http://example.com/a.gif"}; !slices.Equal(got, want) {
		t.Errorf("the images are %q, want %q", got, want)
	}
}

func TestWhereAnAddressEnds(t *testing.T) {
	long := strings.Repeat("a", 1000)
	for text, want := range map[string]string{
		"See https://example.com/a.":                    "https://example.com/a",
		"(https://example.com/a)":                       "https://example.com/a",
		"https://example.com/a_(b)":                     "https://example.com/a_(b)",
		"(see https://example.com/a_(b)), or":           "https://example.com/a_(b)",
		"[1]: https://example.com/a].":                  "https://example.com/a",
		"https://example.com/?q[]=1!":                   "https://example.com/?q[]=1",
		"https://example.com/(.).":                      "https://example.com/(.)",
		"https://example.com/" + long + "?":             "https://example.com/" + long,
		"http://a" + strings.Repeat(")].", 1<<18):       "http://a", // takes half a minute where all is counted again for each
		"http://(" + strings.Repeat("('", 9) + ")')))'": "http://(" + strings.Repeat("('", 9) + ")')))",
	} {
		links := Links(message.Parse([]byte("Content-Type: text/plain\r\n\r\n" + text)))
		if len(links) != 1 || links[0].URL != want {
			t.Errorf("the links in %.60q are %.200q, want %.60q", text, links, want)
		}
	}
}

func TestWhatIsACode(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Your verification code is 481920.", "481920"},
		{"Enter\n\n  7391  \n\nto sign in", "7391"},
		{"Use code 123-456 to log in. It expires in 10 minutes.", "123456"},
		{"PIN: 0042", "0042"},
		{"Ihr Bestätigungscode lautet 55 12 90", "551290"},
		{"Your one-time password: A1B2C3", "A1B2C3"},
		{"482913 is your Example login code", "482913"},
		{"Order 20261125 was sent on 25.11.2026 for 1234.50 EUR", ""},
		{"Copyright 2026 Example. Your code is 771122", "771122"},
		{"https://example.com/verify?code=123456", ""},
		{"Call us: +49 30 1234567", ""},
		{"no digits here, CODE", ""},
		{"", ""},
	} {
		tree := message.Parse([]byte("Content-Type: text/plain; charset=utf-8\r\n\r\n" + test.text))
		got := ""
		if codes := Codes("", tree); len(codes) > 0 {
			got = codes[0].Code
		}
		if got != test.want {
			t.Errorf("the code in %q is %q, want %q", test.text, got, test.want)
		}
	}
	if codes := Codes("998877 is your code", message.Parse(nil)); len(codes) != 1 || codes[0].Code != "998877" {
		t.Errorf("the code in a subject: %+v", codes)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("Content-Type: text/html\r\n\r\n<a href=x>y</a><area href=y><a href='cid:z'>\x00</a> code: 12-34"))
	f.Add([]byte("\r\nhttps://example.com/(a). Your code is 123456"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree := message.Parse(raw)
		if links := Links(tree); len(links) > MaxLinks {
			t.Errorf("%d links", len(links))
		}
		for _, c := range Codes("", tree) {
			if len(c.Code) < 4 || len(c.Code) > 12 {
				t.Errorf("code %q", c.Code)
			}
		}
	})
}
