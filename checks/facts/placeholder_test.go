package facts

import (
	"strings"
	"testing"
)

func TestPlaceholder(t *testing.T) {
	for text, want := range map[string]string{
		"Dear {{first_name}},":                    "{{first_name}}",
		"{% if x %}":                              "{% if x %}",
		"Total: ${order.total}":                   "${order.total}",
		"Hello *|FNAME|*":                         "*|FNAME|*",
		"Hello %%name%%":                          "%%name%%",
		"Hello [[first name]]":                    "[[first name]]",
		"<%= name %>":                             "<%= name %>",
		"https://example.com/?n=%7B%7Bname%7D%7D": "%7B%7Bname%7D%7D",
		"{{ never closed, %%name%% later":         "%%name%%",
		"[list] {x} 100 % $5 <b>":                 "",
		"{{" + strings.Repeat("x", 100) + "}}":    "",
	} {
		if got := Placeholder(text); got != want {
			t.Errorf("Placeholder(%q) = %q, want %q", text, got, want)
		}
	}
}
