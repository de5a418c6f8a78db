package cmd

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/report"
)

const (
	defaultColumns = 80
	mostColumns    = 120 // longer lines are hard to read
)

// A page is text for a person, laid out for the width of their terminal. What is
// put on it may come from outside: it is made printable.
type page struct {
	strings.Builder
	width  int
	labels int // columns of the labels of fields
}

func newPage(width int) *page {
	if width <= 0 {
		width = defaultColumns
	}
	return &page{width: min(width, mostColumns), labels: 10}
}

// line writes a line as it is, however long: it may be meant to be copied.
func (p *page) line(format string, args ...any) {
	p.WriteString(strings.TrimRight(report.Printable(fmt.Sprintf(format, args...)), " ") + "\n")
}

func (p *page) blank() { p.WriteString("\n") }

// head begins a part of the page.
func (p *page) head(format string, args ...any) {
	p.blank()
	p.line(format, args...)
}

// para writes text wrapped at the width, indented.
func (p *page) para(indent int, format string, args ...any) {
	p.hang(strings.Repeat(" ", indent), fmt.Sprintf(format, args...))
}

// hang writes text wrapped beside what stands before its first line.
func (p *page) hang(before, text string) {
	before = report.Printable(before)
	indent := runewidth.StringWidth(before)
	for i, l := range report.Wrap(report.Printable(text), p.width-indent) {
		if i > 0 {
			before = strings.Repeat(" ", indent)
		}
		p.WriteString(before + l + "\n")
	}
}

// field writes "  label     text"; nothing if there is no text.
func (p *page) field(label, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text == "" {
		return
	}
	p.hang("  "+padRight(label, p.labels), text)
}

// verbatim writes "  label     text" without breaking the text.
func (p *page) verbatim(label, text string) {
	if text != "" {
		p.line("  %s%s", padRight(label, p.labels), text)
	}
}

func padRight(s string, columns int) string { return runewidth.FillRight(s, columns) + " " }

// An issue is something odd at a place in a text, whatever the protocol.
type issue struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Position int    `json:"position"`
}

// issuesOf reads the issues of a protocol.
func issuesOf[T any](theirs []T, read func(T) issue) []issue {
	ours := make([]issue, 0, len(theirs))
	for _, t := range theirs {
		ours = append(ours, read(t))
	}
	return ours
}

// usable reports whether no issue is an error.
func usable(issues []issue) bool {
	for _, i := range issues {
		if i.Severity == "error" {
			return false
		}
	}
	return true
}

// issues writes what is odd about a text, each with its place shown in it.
func (p *page) issues(issues []issue, text string) {
	for _, i := range issues {
		p.hang("  "+padRight(i.Severity, 8), i.Message)
		p.pointAt(text, i.Position)
	}
}

// notes writes issues without their places.
func (p *page) notes(issues []issue) { p.issues(issues, "") }

// pointAt shows the part of a text around a position, and a caret below it.
func (p *page) pointAt(text string, position int) {
	if text == "" || position < 0 || position > len(text) {
		return
	}
	const indent = "           "
	room := p.width - len(indent)
	before, after := lineAround(text, position)
	left := report.Printable(before)
	if most := room * 2 / 3; runewidth.StringWidth(left) > most {
		left = "…" + runewidth.TruncateLeft(left, runewidth.StringWidth(left)-most+1, "")
	}
	column := runewidth.StringWidth(left)
	right := runewidth.Truncate(report.Printable(after), room-column, "…")
	p.line("%s%s%s", indent, left, right)
	p.line("%s%s^", indent, strings.Repeat(" ", column))
}

// lineAround returns what stands before and after a position in its line.
func lineAround(text string, position int) (before, after string) {
	for position > 0 && position < len(text) && !utf8.RuneStart(text[position]) {
		position--
	}
	before, after = text[:position], text[position:]
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	if i := strings.IndexAny(after, "\r\n"); i >= 0 {
		after = after[:i]
	}
	// A line of 64 KB would be made printable in vain.
	const enough = 1 << 10
	return before[max(0, len(before)-enough):], after[:min(len(after), enough)]
}

// asked says a question and what came back.
func asked(name, qtype string, status dns.Status) string {
	if status == "" {
		status = "no answer"
	}
	return fmt.Sprintf("%s %s: %s", dns.Absolute(name), qtype, status)
}

// plural returns "1 address", "2 addresses".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// A leaf is a line of a drawn tree, and what hangs below it.
type leaf struct {
	text  string
	side  string   // beside the text, at the column of the tree
	notes []string // below the text, before the leaves
	below []leaf
}

// tree draws leaves. What stands beside them begins at a column that suits most.
func (p *page) tree(leaves []leaf) {
	column := min(widestLeaf(leaves, 0)+2, p.width*3/5)
	p.leaves(leaves, "", column)
}

func widestLeaf(leaves []leaf, depth int) int {
	widest := 0
	for _, l := range leaves {
		widest = max(widest, depth*3+3+runewidth.StringWidth(report.Printable(l.text)), widestLeaf(l.below, depth+1))
	}
	return widest
}

func (p *page) leaves(leaves []leaf, trunk string, column int) {
	for i, l := range leaves {
		branch, rest := "├─ ", "│  "
		if i == len(leaves)-1 {
			branch, rest = "└─ ", "   "
		}
		under := "   "
		if len(l.below) > 0 {
			under = "│  "
		}
		p.leaf(trunk+branch, trunk+rest+under, l, column)
		for _, note := range l.notes {
			for _, text := range report.Wrap(report.Printable(note), p.width-runewidth.StringWidth(trunk+rest+under)) {
				p.WriteString(trunk + rest + under + text + "\n")
			}
		}
		p.leaves(l.below, trunk+rest, column)
	}
}

// leaf writes a leaf's text, and beside it, or below where it is too long, its
// side, wrapped.
func (p *page) leaf(branch, under string, l leaf, column int) {
	head := branch + report.Printable(l.text)
	side := []string{}
	if l.side != "" {
		side = report.Wrap(report.Printable(l.side), p.width-column)
	}
	if len(side) == 0 {
		p.WriteString(head + "\n")
		return
	}
	if runewidth.StringWidth(head)+2 > column {
		p.WriteString(head + "\n")
		head = under
	}
	for _, text := range side {
		p.WriteString(runewidth.FillRight(head, column) + text + "\n")
		head = under
	}
}
