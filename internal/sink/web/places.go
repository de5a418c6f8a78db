package web

import (
	"bytes"
	"regexp"
	"strconv"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
)

// How much of a message is shown beside a finding.
const (
	linesAround    = 1
	maxPlaceLines  = 8
	maxPlaceLine   = 400
	leastEvidence  = 4 // shorter text is found anywhere
	mostEvidence   = 2000
	placeWithoutIt = 200 // bytes marked when only a beginning is known
)

var (
	headerPlace = regexp.MustCompile(`^header:([^\[\]@]+)(?:\[(\d+)\])?$`)
	partPlace   = regexp.MustCompile(`^part:([\d.]+)(?:@(\d+))?$`)
	dialogue    = regexp.MustCompile(`^(session|smtp|envelope)(:|$)`)
)

// A place is a finding with its place in the message.
type place struct {
	checks.Finding
	Lines []line
	Path  string // of the tab that shows it
	Tab   string // its label
}

func (v *view) place(f checks.Finding) place {
	p := place{Finding: f}
	if dialogue.MatchString(f.Where) {
		p.Path, p.Tab = v.page.paths.message(v.id, "transcript", ""), "transcript"
		return p
	}
	m, field := v.locate(f)
	if m.empty() {
		return p
	}
	raw := v.tree.Raw
	from, to := around(raw, m)
	p.Lines = rawLines(raw, from, to, m, maxPlaceLine)
	p.Path, p.Tab = v.rawPath(m), "raw"
	if field >= 0 && field < maxFieldsShown {
		query := "?at=" + strconv.Itoa(m.Start) + "&len=" + strconv.Itoa(m.End-m.Start)
		p.Path, p.Tab = v.page.paths.message(v.id, "headers", "")+query+"#"+fieldID(field), "headers"
	}
	return p
}

// locate returns the bytes that a finding is about, and the index of the header
// field that they are in, or -1.
func (v *view) locate(f checks.Finding) (mark, int) {
	if m := headerPlace.FindStringSubmatch(f.Where); m != nil {
		nth := max(number(m[2], 1), 1)
		fields := v.tree.Header().Fields
		for i := range fields {
			if equalName(&fields[i], m[1]) && fields[i].N == nth {
				whole := mark{fields[i].Offset, fields[i].Offset + len(fields[i].Raw)}
				return v.narrow(f, whole), i
			}
		}
		return mark{}, -1
	}
	if m := partPlace.FindStringSubmatch(f.Where); m != nil {
		return v.locatePart(f, m[1], number(m[2], -1)), -1
	}
	return mark{}, -1
}

func equalName(f *message.Field, name string) bool {
	return len(f.Name) == len(name) && bytes.EqualFold([]byte(f.Name), []byte(name))
}

func (v *view) locatePart(f checks.Finding, path string, offset int) mark {
	part := v.tree.Part(path)
	switch {
	case offset >= 0 && offset < len(v.tree.Raw):
		end := len(v.tree.Raw)
		if i := bytes.IndexByte(v.tree.Raw[offset:], '\n'); i > 0 {
			end = offset + i
		}
		m := v.narrow(f, mark{offset, end})
		m.End = min(m.End, max(offset+1, min(end, m.Start+placeWithoutIt)))
		return m
	case part != nil:
		whole := mark{part.Offset, part.End}
		if m := v.narrow(f, whole); m != whole {
			return m
		}
		return mark{part.Offset, min(part.End, part.Offset+placeWithoutIt)}
	}
	return mark{}
}

// narrow marks the evidence inside the bytes that hold it, if it is there as written.
func (v *view) narrow(f checks.Finding, m mark) mark {
	within := v.tree.Raw[m.Start:m.End]
	for _, e := range f.Evidence {
		if len(e.Text) < leastEvidence || len(e.Text) > mostEvidence {
			continue
		}
		if i := bytes.Index(within, []byte(e.Text)); i >= 0 {
			return mark{m.Start + i, m.Start + i + len(e.Text)}
		}
	}
	return m
}

// around returns the lines that hold a mark and those beside them.
func around(raw []byte, m mark) (from, to int) {
	from = m.Start
	for range linesAround + 1 {
		if from = bytes.LastIndexByte(raw[:max(from, 0)], '\n'); from < 0 {
			break
		}
	}
	from++
	to = from
	for n := 0; n < maxPlaceLines && to < len(raw); n++ {
		i := bytes.IndexByte(raw[to:], '\n')
		if i < 0 {
			return from, len(raw)
		}
		to += i + 1
		if to > m.End+1 && n > linesAround {
			break
		}
	}
	return from, to
}
