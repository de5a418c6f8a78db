package bimi

import "strings"

// space is white space within a tag-list; FWS of a folded field included.
const space = " \t\r\n"

// maxTagIssues is more than anyone reads; a record of semicolons would make
// thousands.
const maxTagIssues = 100

// A tag is one of a tag-list, with its place in it (RFC 6376 §3.2).
type tag struct {
	name, value       string
	position, valueAt int
}

// parseTags splits a tag-list. Of a tag that occurs twice the first is kept.
func parseTags(text string) ([]tag, []Issue) {
	if len(text) > MaxRecordSize {
		return nil, []Issue{{SeverityError, CodeTooLong, "the text is too long", MaxRecordSize}}
	}
	var tags []tag
	var issues []Issue
	report := func(code Code, message string, position int) {
		if len(issues) < maxTagIssues {
			issues = append(issues, Issue{SeverityError, code, message, position})
		}
	}
	for position := 0; position <= len(text); {
		spec, _, _ := strings.Cut(text[position:], ";")
		t, problem := parseTag(spec, position)
		_, seen := find(tags, t.name)
		last := position+len(spec) == len(text)
		switch {
		case strings.Trim(spec, space) == "" && last: // a semicolon may end the list
		case problem != "":
			report(CodeSyntax, problem, t.position)
		case seen:
			report(CodeDuplicateTag, "the tag "+t.name+"= is there twice", t.position)
		default:
			tags = append(tags, t)
		}
		position += len(spec) + 1
	}
	return tags, issues
}

func parseTag(spec string, offset int) (tag, string) {
	start := len(spec) - len(strings.TrimLeft(spec, space))
	t := tag{position: offset + start}
	name, value, hasValue := strings.Cut(spec[start:], "=")
	if !hasValue {
		return t, "there is no = between two semicolons"
	}
	t.name = strings.TrimRight(name, space)
	if !isTagName(t.name) {
		return t, "a tag's name is a letter, with letters, digits or _ after it"
	}
	t.value = strings.Trim(value, space)
	t.valueAt = t.position + len(name) + 1 + len(value) - len(strings.TrimLeft(value, space))
	for i := range len(value) {
		if c := value[i]; c < ' ' && !strings.ContainsRune(space, rune(c)) || c > '~' {
			return t, "the value of " + t.name + "= holds a character that is not printable ASCII"
		}
	}
	return t, ""
}

func isTagName(name string) bool {
	for i := range len(name) {
		c := name[i] | 0x20
		isAlpha := 'a' <= c && c <= 'z'
		if !isAlpha && (i == 0 || (name[i] < '0' || name[i] > '9') && name[i] != '_') {
			return false
		}
	}
	return name != ""
}

func find(tags []tag, name string) (tag, bool) {
	for _, t := range tags {
		if t.name == name {
			return t, true
		}
	}
	return tag{}, false
}
