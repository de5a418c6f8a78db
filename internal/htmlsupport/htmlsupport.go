// Package htmlsupport tells which mail clients support what the HTML and CSS of a
// message use, by what caniemail.com has tested.
//
// It reads text and finds features; it renders nothing, fetches nothing (style
// sheets that are linked to are not looked at), and knows nothing of clients but
// what is in its data. What is inside a conditional comment is not looked at.
package htmlsupport

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

const (
	// MaxBytes is how much of the HTML is read; Gmail shows 102 KB of it.
	MaxBytes = 1 << 20
	// maxPlaces is how many places of one feature are kept.
	maxPlaces = 20
)

// Support is whether a client supports a feature.
type Support string

// What is known of a client and a feature.
const (
	Yes     Support = "yes"
	Partial Support = "partial"
	No      Support = "no"
	Unknown Support = "unknown"
)

// A Client is a mail program on one platform, in its newest version that was tested.
type Client struct {
	ID     string `json:"id"`     // "gmail.ios"
	Family string `json:"family"` // "Gmail"
	Name   string `json:"name"`   // "Gmail iOS"
}

// A Feature is something of HTML or CSS that was tested.
type Feature struct {
	Slug        string            `json:"slug"` // "css-display-flex"
	Title       string            `json:"title"`
	Description string            `json:"description"` // Markdown; may be empty
	Category    string            `json:"category"`    // "html", "css", "image"
	Keywords    string            `json:"keywords"`
	Tags        []string          `json:"tags"`
	Notes       map[string]string `json:"notes_by_num"` // Markdown

	results []Result // of each client that was tested
}

// URL is where the tests of the feature are shown.
func (f *Feature) URL() string { return "https://www.caniemail.com/features/" + f.Slug + "/" }

// A Result is how a client supports a feature.
type Result struct {
	Client  *Client
	Support Support
	Notes   []string // numbers of the feature's notes
	Version string   // of the client, or the month of the test
}

// A Place is where a feature is used: bytes of the HTML.
type Place struct {
	Offset, End int
	Line        int // counted from 1
}

// A Use is a feature that the message uses.
type Use struct {
	*Feature
	Found            int     // how often
	Places           []Place // the first of them, those that are hurt before others
	Results          []Result
	Yes, Partial, No int // clients
	// Harmless says that who does not support it shows the message plainer, and
	// nothing else.
	Harmless bool
	Advice   string // what to do about it
}

// Hurt weighs how many clients do not support the feature: one that does in part
// counts half.
func (u *Use) Hurt() int { return 2*u.No + u.Partial }

// Tests is how many clients were tested.
func (u *Use) Tests() int { return u.Yes + u.Partial + u.No }

// A Tally is how much of what the message uses one client supports.
type Tally struct {
	*Client
	Yes, Partial, No int // features
}

// A Report is what came of a message.
type Report struct {
	Uses    []*Use  // those that hurt most clients first
	Clients []Tally // those that are hurt most first
	// Yes, Partial and No count the pairs of a feature that is used and a client that
	// was tested with it. All clients weigh the same: the data does not tell how
	// many people use each.
	Yes, Partial, No int
	Nodes            int // elements
	Cut              int // bytes that were not read
}

// Percent is the share that a number of pairs is of all; 100 when there are none.
func (r *Report) Percent(n int) float64 {
	all := r.Yes + r.Partial + r.No
	if all == 0 {
		return 100
	}
	return 100 * float64(n) / float64(all)
}

// Supported is the per cent to name in a word: rounded down, so that 100 means all of it.
func (r *Report) Supported() int {
	if r.Yes+r.Partial+r.No == 0 {
		return 100
	}
	return 100 * r.Yes / (r.Yes + r.Partial + r.No)
}

// Check reads the HTML of a message.
func Check(html string) *Report {
	s := &scan{html: html, found: map[string]*found{}}
	if len(html) > MaxBytes {
		s.html = html[:MaxBytes]
	}
	s.read()
	r := &Report{Nodes: s.nodes, Cut: len(html) - len(s.html)}
	lines := lineStarts(s.html)
	tallies := map[*Client]*Tally{}
	for slug, f := range s.found {
		if feature := data().features[slug]; feature != nil {
			r.add(f.use(feature, lines), tallies)
		}
	}
	slices.SortFunc(r.Uses, func(a, b *Use) int {
		return cmp.Or(cmp.Compare(b.Hurt(), a.Hurt()), cmp.Compare(a.Slug, b.Slug))
	})
	for _, t := range tallies {
		r.Clients = append(r.Clients, *t)
	}
	slices.SortFunc(r.Clients, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(2*b.No+b.Partial, 2*a.No+a.Partial), cmp.Compare(a.ID, b.ID))
	})
	return r
}

func (r *Report) add(u *Use, tallies map[*Client]*Tally) {
	r.Uses = append(r.Uses, u)
	for _, result := range u.Results {
		t := tallies[result.Client]
		if t == nil {
			t = &Tally{Client: result.Client}
			tallies[result.Client] = t
		}
		switch result.Support {
		case Yes:
			u.Yes, t.Yes, r.Yes = u.Yes+1, t.Yes+1, r.Yes+1
		case Partial:
			u.Partial, t.Partial, r.Partial = u.Partial+1, t.Partial+1, r.Partial+1
		case No:
			u.No, t.No, r.No = u.No+1, t.No+1, r.No+1
		}
	}
}

// found is what was found of one feature.
type found struct {
	count int
	hurt  []Place         // where a note applies that depends on how it is used
	plain []Place         // other places
	notes map[string]bool // those notes
}

// see notes a place.
func (s *scan) see(slug string, from, to int, o occurrence) {
	f := s.found[slug]
	if f == nil {
		f = &found{notes: map[string]bool{}}
		s.found[slug] = f
	}
	f.count++
	applies := false
	for note, when := range depends[slug] {
		if when(o) {
			f.notes[note], applies = true, true
		}
	}
	places := &f.plain
	if applies {
		places = &f.hurt
	}
	if len(*places) < maxPlaces {
		*places = append(*places, Place{Offset: from, End: to})
	}
}

func (f *found) use(feature *Feature, lines []int) *Use {
	u := &Use{Feature: feature, Found: f.count, Results: slices.Clone(feature.results), Harmless: harmless[feature.Slug], Advice: adviceOn(feature)}
	for i := range u.Results {
		r := &u.Results[i]
		if r.Support != Yes && len(r.Notes) > 0 && !f.applies(feature.Slug, r.Notes) {
			r.Support, r.Notes = Yes, nil // all that is wanting is not used here
		}
	}
	places := slices.Concat(f.hurt, f.plain)
	u.Places = places[:min(len(places), maxPlaces)]
	for i := range u.Places {
		u.Places[i].Line = sort.SearchInts(lines, u.Places[i].Offset+1)
	}
	return u
}

// applies reports whether one of the notes is about how the feature is used here.
func (f *found) applies(slug string, notes []string) bool {
	return slices.ContainsFunc(notes, func(note string) bool {
		_, some := depends[slug][note]
		return !some || f.notes[note]
	})
}

// lineStarts are the offsets at which lines begin.
func lineStarts(text string) []int {
	starts := []int{0}
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return starts
		}
		at += i + 1
		starts = append(starts, at)
	}
}
