package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/internal/message"
)

func (a *API) registerExtracts(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "list-links", Method: http.MethodGet, Path: prefix + "/messages/{id}/links", Tags: []string{"messages"},
		Summary: "The links of a message; nothing is fetched",
	}, a.links)
	register(a, api, huma.Operation{
		OperationID: "list-codes", Method: http.MethodGet, Path: prefix + "/messages/{id}/codes", Tags: []string{"messages"},
		Summary: "What looks like a one-time code in a message, the likeliest first",
	}, a.codes)
}

// What is extracted from one message at most.
const (
	maxLinks     = 1000
	maxCodes     = 20
	maxExtracted = 1 << 20 // bytes of all parts that are looked at
	maxMatches   = 2000    // that look like codes at first
)

// A Link is a link of a message.
type Link struct {
	URL  string `json:"url"`
	Text string `json:"text" doc:"What a reader sees of it, in HTML"`
	Part string `json:"part" doc:"The path of the part it is in"`
}

// Links are the links of a message.
type Links struct {
	Links []Link `json:"links"`
}

func (a *API) links(ctx context.Context, in *ContentInput) (*Tagged[Links], error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	return unchanging(in.IfNoneMatch, fixed(r), Links{linksIn(tree)}), nil
}

// linksIn returns the links of all parts that are read, each once per part.
func linksIn(tree *message.Tree) []Link {
	links := []Link{}
	seen := map[[2]string]bool{}
	for _, p := range readable(tree) {
		found := textLinks(p)
		if p.mediaType == "text/html" {
			found = htmlLinks(p)
		}
		for _, l := range found {
			if key := [2]string{l.Part, l.URL}; !seen[key] && len(links) < maxLinks {
				seen[key] = true
				links = append(links, l)
			}
		}
	}
	return links
}

// A page is a text part that a reader is shown.
type page struct{ path, mediaType, text string }

// readable are the text parts that are no attachments, as far as we look.
func readable(tree *message.Tree) []page {
	var out []page
	left := maxExtracted
	for _, p := range tree.Parts {
		if p.IsText() && !p.IsAttachment() && left > 0 {
			text := p.Text[:min(len(p.Text), left)]
			left -= len(text)
			out = append(out, page{p.Path, p.MediaType, text})
		}
	}
	return out
}

var urlInText = regexp.MustCompile(`(?i)\b(?:https?://|mailto:)[^\s<>"]+`)

func textLinks(p page) []Link {
	var links []Link
	for _, url := range urlInText.FindAllString(p.text, maxLinks) {
		links = append(links, Link{URL: trimURL(url), Part: p.path})
	}
	return links
}

// trimURL takes away the punctuation of the sentence that an address ends.
func trimURL(url string) string {
	for {
		trimmed := strings.TrimRight(url, ".,;:!?'*")
		if n := len(trimmed); n > 0 && (trimmed[n-1] == ')' && strings.Count(trimmed, "(") < strings.Count(trimmed, ")") ||
			trimmed[n-1] == ']' && strings.Count(trimmed, "[") < strings.Count(trimmed, "]")) {
			trimmed = trimmed[:n-1]
		}
		if trimmed == url {
			return url
		}
		url = trimmed
	}
}

// htmlLinks returns where a reader may click.
func htmlLinks(p page) (links []Link) {
	open := -1 // the link whose text is being read
	z := html.NewTokenizer(strings.NewReader(p.text))
	defer func() {
		for i := range links {
			links[i].Text = clip(strings.Join(strings.Fields(links[i].Text), " "), clippedValue)
		}
	}()
	for len(links) < maxLinks {
		switch z.Next() {
		case html.ErrorToken:
			return links
		case html.TextToken:
			if open >= 0 && len(links[open].Text) < 2*clippedValue {
				links[open].Text += string(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			if tag := string(name); tag == "a" || tag == "area" {
				if url := attribute(z, more, "href"); url != "" {
					links = append(links, Link{URL: url, Part: p.path})
					open = len(links) - 1
				}
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" {
				open = -1
			}
		}
	}
	return links
}

func attribute(z *html.Tokenizer, more bool, name string) string {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if string(key) == name {
			return strings.TrimSpace(string(value))
		}
	}
	return ""
}

// A Code is what looks like a one-time code.
type Code struct {
	Code    string `json:"code" doc:"Without the spaces and hyphens it may be written with"`
	Written string `json:"written"`
	Part    string `json:"part" doc:"The path of the part it is in; empty for the subject"`
}

// Codes are the one-time codes of a message.
type Codes struct {
	Codes []Code `json:"codes"`
}

func (a *API) codes(ctx context.Context, in *ContentInput) (*Tagged[Codes], error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	return unchanging(in.IfNoneMatch, fixed(r), Codes{codesIn(r.Subject, tree)}), nil
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

// codesIn looks for codes. Digits alone are many things: a code has a word for it
// near, or a line of its own.
func codesIn(subject string, tree *message.Tree) []Code {
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
	codes := []Code{}
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
