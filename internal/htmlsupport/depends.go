package htmlsupport

import (
	"regexp"
	"slices"
	"strings"
)

// depends says of notes on partial support when they are about how a feature is
// used: "negative values are not supported" is nothing to somebody who uses none.
// By slug and the number of the note in the data; a note that is not here always
// applies.
var depends = map[string]map[string]func(occurrence) bool{
	"css-background": {
		"1": severalValues, "2": slash, "3": drawn, "4": unquotedURL, "5": severalValues, "6": slash, "7": hasURL,
	},
	"css-background-image": {"3": severalValues, "4": unquotedURL, "6": hasURL},
	"css-border-radius":    {"2": slash},
	"css-clear":            {"1": words("inline-start", "inline-end")},
	"css-comments":         {"2": inSheet, "3": inAttribute, "4": inSheet, "5": inSheet},
	"css-cursor":           {"1": hasURL, "5": hasURL},
	"css-display":          {"1": words(newDisplays...), "2": words(newDisplays...), "3": severalWords, "6": words("flow-root", "inline", "contents", "revert"), "7": severalWords},
	"css-float":            {"2": words("inline-start", "inline-end")},
	"css-font-size":        {"1": has("rem"), "2": matching(`%|larger|smaller`)},
	"css-font-weight":      {"1": oddWeight, "2": unusualWeight},
	"css-important":        {"1": notLower, "2": inSheet, "3": unspaced, "4": unspaced, "5": inAttribute, "6": inSheet, "7": unspaced, "8": notLower, "9": allLower},
	"css-line-height":      {"1": matching(`em|px`), "2": words("normal")},
	"css-list-style":       {"1": hasURL, "2": words("url", "inside", "outside"), "3": hasURL, "4": hasURL},
	"css-margin":           {"1": negative, "2": on("span", "body"), "4": words("auto")},
	"css-overflow":         {"1": words("auto", "scroll"), "3": called("overflow-block", "overflow-inline"), "4": called("overflow-block", "overflow-inline")},
	"css-padding":          {"1": notOn("td", "th")},
	"css-position":         {"1": words("sticky", "fixed"), "2": words("relative", "absolute", "fixed"), "3": words("absolute", "sticky", "fixed"), "4": words("absolute", "fixed"), "5": words("fixed"), "6": words("fixed")},
	"css-rgb":              {"1": newColour, "2": alpha, "3": newColour},
	"css-rgba":             {"1": newColour, "2": newColour},
	"css-sytem-ui":         {"1": has("ui-"), "2": has("ui-")},
	"css-text-align":       {"1": words("start", "end"), "2": words("start", "end"), "3": has("match-parent"), "4": has("match-parent"), "5": has("match-parent")},
	"css-text-decoration":  {"2": severalWords, "3": words("overline"), "4": severalWords, "5": severalWords},
	"css-text-indent":      {"1": negative, "2": negative},
	"css-white-space":      {"2": matching(`^pre$`)},
	"css-width":            {"1": notOn("table", "td", "th", "tr", "a", "hr")},
	"css-word-spacing":     {"1": matching(`rem|ch`)},
	"css-at-media":         {"1": nested, "2": otherQuery, "7": has("height"), "8": has("landscape"), "10": nested},
	"html-dir":             {"2": on("table", "td"), "3": on("a")},
	"html-lang":            {"1": on("td")},
	"html-lists":           {"1": has(" reversed"), "2": matching(`^<li\s.*value=`)},
	"html-mailto-links":    {"1": matching(`[?&;](cc|bcc)=`), "3": matching(`[?&;]bcc=`)},
	"html-role":            {"2": notOn("table")},
	"html-style":           {"1": inBody, "4": inBody, "6": func(o occurrence) bool { return len(o.text) > 16<<10 }},
}

var newDisplays = []string{
	"flex", "grid", "inline-flex", "inline-grid", "flow-root", "contents", "initial", "revert", "unset",
}

func inSheet(o occurrence) bool      { return o.element == "" }
func inAttribute(o occurrence) bool  { return o.element != "" }
func inBody(o occurrence) bool       { return o.inBody }
func nested(o occurrence) bool       { return o.nested }
func slash(o occurrence) bool        { return strings.Contains(insideURL.ReplaceAllString(o.text, ""), "/") }
func hasURL(o occurrence) bool       { return strings.Contains(o.text, "url(") }
func unspaced(o occurrence) bool     { return !strings.HasPrefix(o.text, " ") }
func notLower(o occurrence) bool     { return o.text != strings.ToLower(o.text) }
func allLower(o occurrence) bool     { return !notLower(o) }
func severalWords(o occurrence) bool { return len(strings.Fields(plainValue(o))) > 1 }

var (
	insideURL = regexp.MustCompile(`url\([^)]*\)|"[^"]*"|'[^']*'`)
	unquoted  = regexp.MustCompile(`url\(\s*[^"'\s]`)
	wordsIn   = regexp.MustCompile(`[a-z-]+`)
	digits    = regexp.MustCompile(`^\d+$`)
	asked     = regexp.MustCompile(`\(\s*([a-z-]+)`)
)

// drawn is more than a colour.
func drawn(o occurrence) bool { return hasURL(o) || strings.Contains(o.text, "-gradient(") }

func plainValue(o occurrence) string {
	value, _, _ := strings.Cut(o.text, "!")
	return strings.TrimSpace(value)
}

// severalValues tells of a comma outside of brackets.
func severalValues(o occurrence) bool {
	depth := 0
	for _, r := range insideURL.ReplaceAllString(o.text, "") {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			return true
		}
	}
	return false
}

func unquotedURL(o occurrence) bool { return unquoted.MatchString(o.text) }

// negative is a length with a minus, in or out of a function.
var negative = matching(`(^|[\s(])-\.?\d`)

// oddWeight is a number that is no hundred.
func oddWeight(o occurrence) bool {
	value := plainValue(o)
	return digits.MatchString(value) && !(len(value) == 3 && strings.HasSuffix(value, "00"))
}

// unusualWeight is a number that is neither normal nor bold.
func unusualWeight(o occurrence) bool {
	value := plainValue(o)
	return digits.MatchString(value) && value != "400" && value != "700"
}

// newColour is rgb(0 128 0) rather than rgb(0, 128, 0).
func newColour(o occurrence) bool { return !strings.Contains(o.text, ",") }

func alpha(o occurrence) bool { return strings.Count(o.text, ",") > 2 || strings.Contains(o.text, "/") }

// otherQuery asks about something else than width and height.
func otherQuery(o occurrence) bool {
	for _, m := range asked.FindAllStringSubmatch(o.text, -1) {
		if !slices.Contains([]string{"min-width", "max-width", "min-height", "max-height"}, m[1]) {
			return true
		}
	}
	return false
}

func has(part string) func(occurrence) bool {
	return func(o occurrence) bool { return strings.Contains(o.text, part) }
}

func words(list ...string) func(occurrence) bool {
	return func(o occurrence) bool {
		return slices.ContainsFunc(wordsIn.FindAllString(o.text, -1), func(w string) bool { return slices.Contains(list, w) })
	}
}

func matching(pattern string) func(occurrence) bool {
	re := regexp.MustCompile(pattern)
	return func(o occurrence) bool { return re.MatchString(o.text) }
}

// called is for a property of one of the names.
func called(names ...string) func(occurrence) bool {
	return func(o occurrence) bool { return slices.Contains(names, o.name) }
}

// on is for an element of one of the names; a style sheet may be for any.
func on(names ...string) func(occurrence) bool {
	return func(o occurrence) bool { return slices.Contains(names, where(o)) }
}

// notOn is for one that is none of them.
func notOn(names ...string) func(occurrence) bool {
	return func(o occurrence) bool { return !slices.Contains(names, where(o)) }
}

// where is the element of a style attribute, or that which an attribute stands in.
func where(o occurrence) string {
	if strings.HasPrefix(o.text, "<") {
		return o.name
	}
	return o.element
}
