package icalendar

import "strings"

// A line is a content line: NAME;PARAM=VALUE:value (RFC 5545 §3.1).
type line struct {
	name   string // in upper case
	params map[string]string
	value  string
}

// unfold returns the content lines of a text: a line that begins with white
// space goes on with the one before it.
func unfold(text string) []string {
	var lines []string
	var current []byte
	end := func() {
		if len(current) > 0 {
			lines = append(lines, string(current))
		}
		current = current[:0]
	}
	for physical := range strings.Lines(text) {
		physical = strings.TrimRight(physical, "\r\n")
		switch {
		case physical == "":
		case physical[0] != ' ' && physical[0] != '\t':
			if end(); len(lines) == maxLines {
				return lines
			}
			current = append(current, physical[:min(len(physical), maxLine)]...)
		case len(current) > 0 && len(current) < maxLine:
			current = append(current, physical[1:min(len(physical), maxLine)]...)
		}
	}
	end()
	return lines
}

// parseLine reads a content line; ok is false for what is none.
func parseLine(text string) (l line, ok bool) {
	end := strings.IndexAny(text, ";:")
	if end <= 0 {
		return line{}, false
	}
	l.name, l.params = strings.ToUpper(text[:end]), map[string]string{}
	rest := text[end:]
	for strings.HasPrefix(rest, ";") {
		name, after, found := strings.Cut(rest[1:], "=")
		if !found {
			return line{}, false
		}
		value, tail := paramValue(after)
		if len(l.params) < maxParams {
			l.params[strings.ToUpper(name)] = value
		}
		rest = tail
	}
	l.value, ok = strings.CutPrefix(rest, ":")
	return l, ok
}

// paramValue reads the value of a parameter, up to the ; or : behind it. Of a list
// of values it returns the whole text.
func paramValue(text string) (value, rest string) {
	inQuotes := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			inQuotes = !inQuotes
		case !inQuotes && (c == ';' || c == ':'):
			return unquoted(text[:i]), text[i:]
		}
	}
	return unquoted(text), ""
}

// unquoted takes the quotation marks away, and undoes RFC 6868.
func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return strings.NewReplacer("^n", "\n", "^'", `"`, "^^", "^").Replace(s)
}

// plain undoes the escapes of a TEXT value (RFC 5545 §3.3.11).
var plain = strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n", `\N`, "\n")
