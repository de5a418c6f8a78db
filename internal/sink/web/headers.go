package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/message"
)

// The bounds of the headers tab; the raw tab has the rest.
const (
	maxFieldsShown = 500
	maxFieldShown  = 8 << 10
)

type headersView struct {
	Fields []fieldView
	More   int // fields left out
	Stray  []strayLine
}

// A strayLine stands in the header section, but is no field.
type strayLine struct {
	message.Defect
	RawPath string
}

// stray returns what is wrong with the header section outside of its fields.
func (v *view) stray() []strayLine {
	var lines []strayLine
	for _, d := range v.tree.Defects {
		if d.Offset < v.tree.Parts[0].BodyOffset && !strings.HasPrefix(d.Where, "header:") && len(lines) < maxFieldsShown {
			lines = append(lines, strayLine{d, v.rawPath(mark{d.Offset, d.Offset + max(1, len(d.Detail))})})
		}
	}
	return lines
}

// A fieldView is a header field: what it says, and what is written.
type fieldView struct {
	ID      string // of its element
	Name    string
	Text    string // decoded, on one line
	Differs bool   // what is written is not what it says
	Lines   []line
	Defects []message.Defect
	RawPath string
}

func (v *view) headers(query url.Values) (any, error) {
	h := v.tree.Header()
	defects := map[string][]message.Defect{}
	for _, d := range v.tree.Defects {
		defects[d.Where] = append(defects[d.Where], d)
	}
	at := mark{Start: number(query.Get("at"), -1)}
	at.End = at.Start + number(query.Get("len"), 0)
	shownFields := h.Fields[:min(len(h.Fields), maxFieldsShown)]
	view := headersView{More: len(h.Fields) - len(shownFields), Stray: v.stray()}
	for i := range shownFields {
		f := &shownFields[i]
		text, cut := clip(f.Text(), maxFieldShown)
		if cut > 0 {
			text += " …"
		}
		end := f.Offset + min(len(f.Raw), maxFieldShown)
		view.Fields = append(view.Fields, fieldView{
			ID: fieldID(i), Name: shown(f.Name), Text: shown(text), Differs: text != f.Unfolded(),
			Lines: rawLines(v.tree.Raw, f.Offset, end, at, maxFieldShown), Defects: defects[f.Where()],
			RawPath: v.rawPath(mark{f.Offset, f.Offset + len(f.Raw)}),
		})
	}
	return view, nil
}

// fieldID names the element of the field at an index of the header section.
func fieldID(index int) string { return "field-" + strconv.Itoa(index+1) }

// rawPath returns the path of the raw tab with a place marked.
func (v *view) rawPath(m mark) string {
	query := url.Values{"at": {strconv.Itoa(m.Start)}, "len": {strconv.Itoa(m.End - m.Start)}}
	return v.page.paths.message(v.id, "raw", "") + "?" + query.Encode() + "#at"
}
