package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postmuster/postmuster/internal/verdict"
)

// A matrix is what the mailbox providers ask for: a row for each matter, a column
// for each provider.
type matrix struct {
	Providers []providerColumn
	Rows      []matrixRow
}

type providerColumn struct {
	verdict.Provider
	Source string // the page with its requirements
}

type matrixRow struct {
	Title string
	Cells []matrixCell // in the order of the providers
}

// A matrixCell is what one provider makes of a matter; without an ID it asks nothing.
type matrixCell struct {
	verdict.Requirement
	Class string
	Check string // the result on this page that decided it
}

// newMatrix puts requirements of the same matter beside each other: an ID is the
// provider's name and the matter's.
func newMatrix(providers []verdict.Provider, onPage map[string]bool) matrix {
	var m matrix
	row := map[string]int{}
	for column, p := range providers {
		c := providerColumn{Provider: p}
		for _, r := range p.Requirements {
			if c.Source == "" {
				c.Source = refURL(r.Source)
			}
			_, matter, _ := strings.Cut(r.ID, "-")
			at, known := row[matter]
			if !known {
				at = len(m.Rows)
				row[matter] = at
				m.Rows = append(m.Rows, matrixRow{Title: matterTitle(r.Title), Cells: make([]matrixCell, len(providers))})
			}
			m.Rows[at].Cells[column] = newMatrixCell(r, onPage)
		}
		m.Providers = append(m.Providers, c)
	}
	return m
}

func newMatrixCell(r verdict.Requirement, onPage map[string]bool) matrixCell {
	c := matrixCell{Requirement: r, Class: strings.ReplaceAll(r.State, " ", "-")}
	for _, check := range r.Checks {
		if onPage[check] && r.State != verdict.Met {
			c.Check = check
			break
		}
	}
	return c
}

// matterTitle is a requirement's title without for whom it is: that differs
// between the providers of a row.
func matterTitle(title string) string {
	title, _, _ = strings.Cut(title, ",")
	return capital(title)
}

// capital begins a text with a capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
