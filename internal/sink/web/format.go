package web

import (
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/verdict"
)

func (p *Page) functions() template.FuncMap {
	return template.FuncMap{
		"include": p.include,
		"size":    sizeOf, "count": count, "when": p.when, "stamp": stamp, "mailbox": mailbox, "shown": shown,
		"at": p.paths.at, "messagePath": p.paths.message, "listPath": p.paths.list, "refURL": refURL, "lower": strings.ToLower, "grade": grade, "gradeMark": gradeMark, "comparePath": p.paths.compare,
		"tagPath": p.paths.tag,
		"row":     func(l *listView, r *store.Record) rowView { return rowView{r, l.Search, r.ID == l.Selected} },
		"capital": capital, "points": points, "hits": hits, "brief": brief, "people": newPeople, "answer": answer, "problem": problem,
	}
}

// include runs the template that data names, where {{template}} wants its name
// written out.
func (p *Page) include(name string, data any) (template.HTML, error) {
	var b strings.Builder
	err := p.templates.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err
}

// size writes a number of bytes for a reader.
func size[T int | int64](n T) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
}

// sizeOf is size for templates, which know no type parameters.
func sizeOf(n any) string {
	switch n := n.(type) {
	case int:
		return size(n)
	case int64:
		return size(n)
	default:
		return fmt.Sprint(n)
	}
}

// count writes a number, a large one in groups of three digits.
func count(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// when writes a time of receipt briefly; the element that it stands in has all of it.
func (p *Page) when(t time.Time) string {
	now := p.config.Now()
	t = t.In(now.Location())
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("2 Jan")
	default:
		return t.Format("2 Jan 2006")
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// mailbox writes an address of a header field as a list shows it.
func mailbox(m store.Mailbox) string {
	if m.Name != "" {
		return shown(m.Name)
	}
	return shown(m.Address)
}

// shown makes what cannot be seen visible: control characters, and those that
// turn the writing direction and so make text read as what it is not.
func shown(s string) string {
	if strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unseen(r) {
			b.WriteString(visible(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unseen(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r == 0x200e || r == 0x200f || r == 0x061c
}

// visible returns what stands for a character that is not seen.
func visible(r rune) string {
	if r < 0x20 {
		return string(rune(0x2400) + r) // the block of control pictures: NUL is U+2400
	}
	return fmt.Sprintf(`\u{%04x}`, r)
}

// grade returns the class of a score.
func grade(s *store.Score) string {
	if s == nil || len(s.Grade) != 1 || s.Grade[0] < 'A' || s.Grade[0] > 'F' {
		return "none"
	}
	return strings.ToLower(s.Grade)
}

// gradeMark is the grade, with a question mark while it may turn out to be a lower
// one: what is not known yet is not shown as good.
func gradeMark(grade string, low int) string {
	if verdict.Grade(low) != grade {
		return grade + "?"
	}
	return grade
}

var rfcReference = regexp.MustCompile(`^RFC (\d{1,5})(?: §([\d.]*\d))?$`)

// refURL returns where a reference can be read; empty when it is not known.
func refURL(ref string) string {
	if m := rfcReference.FindStringSubmatch(ref); m != nil {
		u := "https://www.rfc-editor.org/rfc/rfc" + m[1]
		if m[2] != "" {
			u += "#section-" + m[2]
		}
		return u
	}
	if u, err := url.Parse(ref); err == nil && u.Scheme == "https" && u.Host != "" {
		return ref
	}
	return ""
}

// hits reports whether a mark is in the lines.
func hits(lines []line) bool { return slices.ContainsFunc(lines, func(l line) bool { return l.Mark }) }

// maxEvidence is how much of one piece of evidence is shown; the report has all.
const maxEvidence = 1000

func brief(s string) string {
	text, cut := clip(s, maxEvidence)
	if cut > 0 {
		text += fmt.Sprintf(" … (%s more)", size(cut))
	}
	return text
}
