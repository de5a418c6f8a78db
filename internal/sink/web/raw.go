package web

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
)

// The raw tab shows a window of the message: what a browser scrolls through with ease.
const (
	rawWindow  = 64 << 10
	rawLongest = 8 << 10 // of one line
)

// rawView is a window of a message's bytes.
type rawView struct {
	Lines          []line
	From, To, Size int
	Earlier, Later string // paths of the windows beside it
	Download       string
}

func (v *view) raw(query url.Values) (any, error) {
	raw := v.tree.Raw
	m := mark{Start: number(query.Get("at"), -1)}
	m.End = m.Start + min(number(query.Get("len"), 1), rawWindow)
	from := number(query.Get("from"), 0)
	if m.Start >= 0 && m.Start < len(raw) {
		from = 0
		if m.Start > rawWindow/2 {
			from = m.Start - rawWindow/4
		}
	} else {
		m = mark{}
	}
	from = lineStart(raw, min(from, len(raw)))
	to := windowEnd(raw, from)
	r := rawView{
		Lines: rawLines(raw, from, to, m, rawLongest), From: from, To: to, Size: len(raw),
		Download: v.page.paths.at("/api/postmuster/v1/messages/" + url.PathEscape(v.id) + "/raw"),
	}
	if i := slices.IndexFunc(r.Lines, func(l line) bool { return l.Mark }); i >= 0 {
		r.Lines[i].ID = "at"
	}
	search := query.Get("q")
	if from > 0 {
		r.Earlier = withFrom(v.page.paths.message(v.id, "raw", search), max(0, from-rawWindow))
	}
	if to < len(raw) {
		r.Later = withFrom(v.page.paths.message(v.id, "raw", search), to)
	}
	return r, nil
}

// lineStart returns where the line begins that holds offset; of an endless line
// it is offset itself.
func lineStart(raw []byte, offset int) int {
	earliest := max(0, offset-rawWindow/4)
	if i := bytes.LastIndexByte(raw[earliest:offset], '\n'); i >= 0 {
		return earliest + i + 1
	}
	if earliest == 0 {
		return 0
	}
	return offset
}

// windowEnd returns where the window that begins at from ends: behind a line if it can.
func windowEnd(raw []byte, from int) int {
	to := min(len(raw), from+rawWindow)
	if to == len(raw) {
		return to
	}
	if i := bytes.LastIndexByte(raw[from:to], '\n'); i > rawWindow/2 {
		return from + i + 1
	}
	return to
}

func withFrom(path string, from int) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	query := u.Query()
	query.Set("from", strconv.Itoa(from))
	u.RawQuery = query.Encode()
	return u.String()
}

func number(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}
