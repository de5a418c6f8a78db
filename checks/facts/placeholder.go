package facts

import "regexp"

// placeholder is what template engines leave of a merge field that they could
// not fill. Single braces and brackets are not among them: "[list]" and "{x}"
// are common in proper subjects.
var placeholder = regexp.MustCompile(`\{\{[^{}]{1,80}\}\}|\{%[^{}]{1,80}%\}|\$\{[\w.]{1,80}\}|\*\|[^|]{1,80}\|\*|%%[\w.]{1,80}%%|\[\[[\w. ]{1,80}\]\]|<%[^%<>]{1,80}%>|%7B%7B.{1,80}?%7D%7D`)

// Placeholder returns the first placeholder of a template in a text that should
// have none; empty without one.
func Placeholder(text string) string { return placeholder.FindString(text) }
