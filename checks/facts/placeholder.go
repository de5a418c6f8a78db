package facts

import (
	"regexp"
	"strings"
)

// placeholder is what template engines leave of a merge field that they could
// not fill. Single braces and brackets are not among them: "[list]" and "{x}"
// are common in proper subjects.
var placeholder = regexp.MustCompile(`\{\{[^{}]{1,80}\}\}|\{%[^{}]{1,80}%\}|\$\{[\w.]{1,80}\}|\*\|[^|]{1,80}\|\*|%%[\w.]{1,80}%%|\[\[[\w. ]{1,80}\]\]|<%[^%<>]{1,80}%>|%7B%7B.{1,80}?%7D%7D`)

// openings are what placeholders begin with. Looking for them first spares most
// texts the expression, which costs a hundred times as much.
var openings = []string{"{{", "{%", "${", "*|", "%%", "[[", "<%", "%7B%7B"}

// Placeholder returns the first placeholder of a template in a text that should
// have none; empty without one.
func Placeholder(text string) string {
	first := -1
	for _, opening := range openings {
		if at := strings.Index(text, opening); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	if first < 0 {
		return ""
	}
	return placeholder.FindString(text[first:])
}
