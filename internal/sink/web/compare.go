package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// The bounds of a comparison.
const (
	maxCompared      = 30 // messages offered to compare with
	maxComparedLines = 1000
	maxComparedValue = 500
)

// comparison is two messages side by side.
type comparison struct {
	A, B    *store.Record
	Choices []*store.Record // when B is still to be chosen

	Fields   []fieldDiff
	Same     int // fields that are the same in both
	Text     []diffLine
	TextSame bool
	HTML     []diffLine
	HTMLSame bool

	OnlyA, OnlyB, Both []report.Result // findings
	Scored             bool
}

type fieldDiff struct{ Name, A, B string }

func (p *Page) showComparison(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	c := comparison{}
	a, err := p.side(r, query.Get("a"))
	if err != nil {
		return err
	}
	c.A = a.record
	if query.Get("b") == "" {
		if c.Choices, err = p.choices(r, a.record); err != nil {
			return err
		}
	} else {
		b, err := p.side(r, query.Get("b"))
		if err != nil {
			return err
		}
		c.B = b.record
		if err := c.compare(a, b); err != nil {
			return err
		}
	}
	return p.render(w, r, http.StatusOK, shell{Title: "Compare", View: "wide", Body: "compare", Wide: c})
}

// side reads one message; its slot is given back at once, so that two that are
// compared never wait for each other.
func (p *Page) side(r *http.Request, id string) (*view, error) {
	v, done, err := p.view(r, id)
	if err != nil {
		return nil, err
	}
	done()
	return v, nil
}

// choices returns the newest messages, those with the same subject first.
func (p *Page) choices(r *http.Request, a *store.Record) ([]*store.Record, error) {
	page, err := p.config.Store.List(r.Context(), store.Query{Limit: 10 * maxCompared})
	if err != nil {
		return nil, err
	}
	records := slices.DeleteFunc(slices.Clone(page.Records), func(b *store.Record) bool { return b.ID == a.ID })
	slices.SortStableFunc(records, func(x, y *store.Record) int {
		switch {
		case (x.Subject == a.Subject) == (y.Subject == a.Subject):
			return 0
		case x.Subject == a.Subject:
			return -1
		default:
			return 1
		}
	})
	return records[:min(len(records), maxCompared)], nil
}

func (c *comparison) compare(a, b *view) error {
	c.compareFields(a.tree.Header(), b.tree.Header())
	c.Text = diff(textLines(a.textParts()), textLines(b.textParts()))
	c.TextSame = same(c.Text)
	c.HTML = diff(htmlLines(a), htmlLines(b))
	c.HTMLSame = same(c.HTML)
	ra, err := a.reportRead()
	if err != nil {
		return err
	}
	rb, err := b.reportRead()
	if err != nil {
		return err
	}
	if c.Scored = ra != nil && rb != nil; c.Scored {
		c.compareFindings(ra, rb)
	}
	return nil
}

// compareFields pairs the fields of a name in their order.
func (c *comparison) compareFields(a, b *message.Header) {
	type key struct {
		name string
		n    int
	}
	of := map[key]*message.Field{}
	for i := range b.Fields {
		of[key{strings.ToLower(b.Fields[i].Name), b.Fields[i].N}] = &b.Fields[i]
	}
	add := func(name, x, y string) {
		if x == y {
			c.Same++
		} else if len(c.Fields) < maxFieldsShown {
			c.Fields = append(c.Fields, fieldDiff{shown(name), x, y})
		}
	}
	for i := range a.Fields {
		f := &a.Fields[i]
		k := key{strings.ToLower(f.Name), f.N}
		add(f.Name, fieldText(f), fieldText(of[k]))
		delete(of, k)
	}
	for i := range b.Fields {
		f := &b.Fields[i]
		if _, left := of[key{strings.ToLower(f.Name), f.N}]; left {
			add(f.Name, "", fieldText(f))
		}
	}
}

func fieldText(f *message.Field) string {
	if f == nil {
		return ""
	}
	text, cut := clip(f.Text(), maxComparedValue)
	if cut > 0 {
		text += " …"
	}
	return shown(text)
}

func (c *comparison) compareFindings(a, b *report.Report) {
	failed := map[string]bool{}
	for _, r := range b.Results {
		failed[r.Check] = r.Outcome == checks.OutcomeFail
	}
	for _, r := range a.Results {
		switch {
		case r.Outcome != checks.OutcomeFail:
		case failed[r.Check]:
			c.Both = append(c.Both, r)
			failed[r.Check] = false
		default:
			c.OnlyA = append(c.OnlyA, r)
		}
	}
	for _, r := range b.Results {
		if failed[r.Check] {
			c.OnlyB = append(c.OnlyB, r)
		}
	}
}

func textLines(parts []*message.Part) []string {
	var lines []string
	for _, part := range parts {
		lines = append(lines, splitLines(part.Text)...)
	}
	return lines
}

func htmlLines(v *view) []string {
	part := v.htmlPart()
	if part == nil {
		return nil
	}
	return splitLines(part.Text)
}

func splitLines(text string) []string {
	text, _ = clip(text, maxShown)
	return strings.Split(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
}
