package extract

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

// A Code is what looks like a one-time code.
type Code struct {
	Code    string // without the spaces and hyphens it may be written with
	Written string
	Part    string // the path of the part it is in; empty for the subject
}

var (
	// A code is 4 to 10 digits, in groups or not, or as many capitals and digits mixed.
	codePattern = regexp.MustCompile(`\b(?:[0-9]{4,10}|[0-9]{2,4}(?:[ -][0-9]{2,4}){1,3}|[A-Z0-9]{4,10}(?:-[A-Z0-9]{3,6}){0,2})\b`)
	// codeWord stands near a code.
	codeWord = regexp.MustCompile(`(?i)\b(?:code|codes|otp|pin|passcode|one-time|password|verification|verify|confirm|confirmation|token|2fa|login|sign[- ]in|code:|c[oó]digo|kode|kod|kennwort|best[aä]tigung\w*|einmal\w*|sicherheitscode|best[aä]tigungscode)\b`)
	year     = regexp.MustCompile(`^(?:19|20)[0-9]{2}$`)
)

// nearBytes is how far a word may be from the code it announces.
const nearBytes = 120

type candidate struct {
	Code
	points int
}

// Codes looks for one-time codes, the likeliest first. Digits alone are many things: a code has a word for it
// near, or a line of its own.
func Codes(subject string, tree *message.Tree) []Code {
	left := maxMatches
	candidates := candidatesIn(subject, "", &left)
	for _, p := range readable(tree) {
		text := p.text
		if p.mediaType == "text/html" {
			text = textOf(text)
		}
		candidates = append(candidates, candidatesIn(text, p.path, &left)...)
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return b.points - a.points })
	var codes []Code
	for _, c := range candidates {
		if len(codes) < maxCodes && !slices.ContainsFunc(codes, func(have Code) bool { return have.Code == c.Code.Code }) {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

func candidatesIn(text, part string, left *int) []candidate {
	var found []candidate
	matches := codePattern.FindAllStringIndex(text, *left)
	*left -= len(matches)
	for _, at := range matches {
		written := text[at[0]:at[1]]
		code := strings.NewReplacer(" ", "", "-", "").Replace(written)
		digits := strings.IndexFunc(code, unicode.IsDigit) >= 0
		if !digits || len(code) < 4 || len(code) > 12 || insideWord(text, at) {
			continue
		}
		if points := pointsOf(text, at, code); points > 0 {
			found = append(found, candidate{Code{Code: code, Written: written, Part: part}, points})
		}
	}
	return found
}

// insideWord reports whether what was found is part of a URL, an amount, a
// date or a longer name.
func insideWord(text string, at []int) bool {
	before, after := text[:at[0]], text[at[1]:]
	if before != "" && strings.ContainsRune("/=&?#@.,_+%$€£:-", rune(before[len(before)-1])) {
		return true
	}
	if len(after) > 1 && strings.ContainsRune(".,/:-@_%", rune(after[0])) && !unicode.IsSpace(rune(after[1])) && after[1] != '<' {
		return true
	}
	return false
}

// pointsOf weighs a candidate; none for one that is most likely something else.
func pointsOf(text string, at []int, code string) int {
	points := 0
	from, to := max(0, at[0]-nearBytes), min(len(text), at[1]+nearBytes)
	if codeWord.MatchString(text[from:at[0]]) {
		points += 4
	} else if codeWord.MatchString(text[at[1]:to]) {
		points += 2
	}
	if aloneOnLine(text, at) {
		points += 3
	}
	if len(code) == 6 {
		points++
	}
	if year.MatchString(code) {
		points -= 3
	}
	if points < 2 {
		return 0
	}
	return points
}

func aloneOnLine(text string, at []int) bool {
	before := text[strings.LastIndexByte(text[:at[0]], '\n')+1 : at[0]]
	after, _, _ := strings.Cut(text[at[1]:], "\n")
	return strings.TrimSpace(before) == "" && strings.TrimSpace(after) == ""
}

// textOf is what a reader sees of HTML, a line for each block.
func textOf(source string) string {
	var b strings.Builder
	hidden := ""
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch tag := string(name); tag {
			case "style", "script", "title", "head":
				hidden = tag
			case "body":
				hidden = ""
			case "a", "b", "i", "em", "strong", "span", "font", "u", "code", "small", "big":
			default:
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch tag := string(name); tag {
			case hidden:
				hidden = ""
			case "p", "div", "td", "tr", "h1", "h2", "h3", "li":
				b.WriteByte('\n')
			}
		}
	}
}
