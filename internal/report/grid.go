package report

import (
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// What the outer columns of a table need at least before their words are broken:
// the last holds IDs of checks, of which almost all are shorter.
const (
	leastFirst = 20
	leastLast  = 24
)

// Table writes a table for people that fits the width of the style: the last
// column gives way, and then the first.
func Table(w io.Writer, style Style, header []string, rows [][]string) error {
	symbols := tw.NewSymbols(tw.StyleASCII)
	if style.Color {
		symbols = tw.NewSymbols(tw.StyleRounded)
	}
	if style.Width == 0 {
		style.Width = defaultWidth
	}
	table := tablewriter.NewTable(w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{Symbols: symbols})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone), // the library shares the width out evenly; the last column needs most of it
	)
	table.Header(header)
	first, last := outerWidths(style.Width, header, rows)
	for _, row := range rows {
		row[0] = strings.Join(Wrap(row[0], first), "\n")
		row[len(row)-1] = strings.Join(Wrap(row[len(row)-1], last), "\n")
		if err := table.Append(row); err != nil {
			return err
		}
	}
	return table.Render()
}

// outerWidths shares out between the first and the last column what the others
// leave of a table's width.
func outerWidths(width int, header []string, rows [][]string) (first, last int) {
	room := width - len("|")
	for i := range header {
		room -= len("|  ")
		if i > 0 && i < len(header)-1 {
			room -= columnWidth(i, header, rows)
		}
	}
	first = columnWidth(0, header, rows)
	if least := min(leastLast, columnWidth(len(header)-1, header, rows)); room-first < least {
		first = min(first, max(leastFirst, room-least))
	}
	return first, room - first
}

func columnWidth(i int, header []string, rows [][]string) int {
	width := runewidth.StringWidth(header[i])
	for _, row := range rows {
		width = max(width, runewidth.StringWidth(row[i]))
	}
	return width
}
