package web

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/htmlsupport"
	"github.com/postmuster/postmuster/internal/message"
)

const (
	// placesQuoted is how many places of a feature are shown with their lines.
	placesQuoted = 2
	// maxBadge is up to which size the HTML is judged for the badge on its tab, which
	// stands beside every side of the message.
	maxBadge = 256 << 10
)

// htmlCheckView is the HTML check tab.
type htmlCheckView struct {
	Updated              string
	Supported            int // per cent
	Pairs                int // of something that is used and a client
	Yes, Partial, No     int // of them
	Whole                int // clients that support all of it
	Clients              []htmlsupport.Tally
	Mend, Plainer        []htmlUse
	Everywhere           []string // titles of what all support
	YesWidth, PartialEnd float64  // of the bar, in per cent
	Cut                  int
}

// An htmlUse is a feature that not all clients support.
type htmlUse struct {
	*htmlsupport.Use
	Families []string
	Quoted   []htmlPlace
	Others   []htmlPlace
	More     int // places that are not kept
	Limits   []limit
}

// An htmlPlace is where a feature is used.
type htmlPlace struct {
	Line  int
	Lines []line
	Path  string // of the source tab
}

// A limit is what is said of some clients.
type limit struct {
	Support htmlsupport.Support
	Notes   [][]span
	Clients string
}

func (v *view) htmlCheck(url.Values) (any, error) {
	part := v.htmlPart()
	if part == nil {
		return (*htmlCheckView)(nil), nil
	}
	r := v.htmlSupport(part)
	view := &htmlCheckView{
		Updated: htmlsupport.Updated(), Supported: r.Supported(), Pairs: r.Yes + r.Partial + r.No, Yes: r.Yes, Partial: r.Partial, No: r.No, Clients: r.Clients, Cut: r.Cut,
		YesWidth: r.Percent(r.Yes), PartialEnd: r.Percent(r.Yes + r.Partial),
	}
	for _, c := range r.Clients {
		if c.No+c.Partial == 0 {
			view.Whole++
		}
	}
	text := []byte(part.Text)
	for _, u := range r.Uses {
		switch {
		case u.Hurt() == 0:
			view.Everywhere = append(view.Everywhere, u.Title)
		case u.Harmless:
			view.Plainer = append(view.Plainer, v.htmlUse(u, text))
		default:
			view.Mend = append(view.Mend, v.htmlUse(u, text))
		}
	}
	slices.Sort(view.Everywhere)
	return view, nil
}

func (v *view) htmlUse(u *htmlsupport.Use, text []byte) htmlUse {
	out := htmlUse{Use: u, More: u.Found - len(u.Places), Limits: limits(u)}
	for _, r := range u.Results {
		if r.Support != htmlsupport.Yes && !slices.Contains(out.Families, r.Client.Family) {
			out.Families = append(out.Families, r.Client.Family)
		}
	}
	for i, p := range u.Places {
		place := htmlPlace{Line: p.Line, Path: v.sourcePath(mark{p.Offset, p.End})}
		if i >= placesQuoted {
			out.Others = append(out.Others, place)
			continue
		}
		place.Lines = sourceLines(text, mark{p.Offset, min(p.End, p.Offset+placeWithoutIt)})
		out.Quoted = append(out.Quoted, place)
	}
	return out
}

// sourceLines shows the lines of a mark in decoded text, where nothing depends on
// how lines end.
func sourceLines(text []byte, m mark) []line {
	from := bytes.LastIndexByte(text[:m.Start], '\n') + 1
	to := len(text)
	if i := bytes.IndexByte(text[m.End:], '\n'); i >= 0 {
		to = m.End + i
	}
	var lines []line
	number := bytes.Count(text[:from], []byte("\n")) + 1
	for from < to && len(lines) < maxPlaceLines {
		end := to
		if i := bytes.IndexByte(text[from:to], '\n'); i >= 0 {
			end = from + i
		}
		shownEnd := from + len(bytes.TrimSuffix(text[from:end], []byte("\r")))
		lines = append(lines, rawLine(text, from, shownEnd, m, maxPlaceLine, number))
		from = end + 1
		number++
	}
	return lines
}

// sourcePath is the path of the source tab with a place marked.
func (v *view) sourcePath(m mark) string {
	query := url.Values{"at": {strconv.Itoa(m.Start)}, "len": {strconv.Itoa(m.End - m.Start)}}
	return v.page.paths.message(v.id, "source", "") + "?" + query.Encode()
}

// limits puts clients of which the same is said together, those that do not
// support the feature first.
func limits(u *htmlsupport.Use) []limit {
	var out []limit
	var keys []string
	clients := map[string][]string{}
	for _, r := range u.Results {
		if r.Support == htmlsupport.Yes {
			continue
		}
		key := string(r.Support) + " " + strings.Join(r.Notes, " ")
		if clients[key] == nil {
			keys = append(keys, key)
		}
		clients[key] = append(clients[key], r.Client.Name)
	}
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Compare(a[:2], b[:2]) }) // no, partial
	for _, key := range keys {
		support, notes, _ := strings.Cut(key, " ")
		l := limit{Support: htmlsupport.Support(support), Clients: strings.Join(clients[key], ", ")}
		for note := range strings.FieldsSeq(notes) {
			l.Notes = append(l.Notes, markdown(u.Notes[note]))
		}
		out = append(out, l)
	}
	return out
}

var markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// markdown shows the little Markdown that notes have: code is marked up, of links
// the text is left.
func markdown(text string) []span {
	var spans []span
	for i, piece := range strings.Split(markdownLink.ReplaceAllString(text, "$1"), "`") {
		class := ""
		if i%2 == 1 {
			class = "mono"
		}
		if piece != "" {
			spans = append(spans, span{Class: class, Text: shown(piece)})
		}
	}
	return spans
}

// htmlBadge is what stands on the tab; empty when there is nothing to say.
func (v *view) htmlBadge() string {
	part := v.htmlPart()
	if part == nil || len(part.Text) > maxBadge {
		return ""
	}
	return strconv.Itoa(v.htmlSupport(part).Supported()) + " %"
}

// htmlSupport judges the HTML once, for the tab and its badge.
func (v *view) htmlSupport(part *message.Part) *htmlsupport.Report {
	if v.support == nil {
		v.support = htmlsupport.Check(part.Text)
	}
	return v.support
}
