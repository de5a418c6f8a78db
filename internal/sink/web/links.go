package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/postmuster/postmuster/internal/sink/linkcheck"
)

// linksView is the links tab.
type linksView struct {
	ID      string
	Allowed bool      // they may be asked for
	At      time.Time // when they were; zero if not, or not lately
	Limit   int
	More    int // links beyond that
	Groups  []linkGroup
}

// A linkGroup are links of which the same is known, the worst first.
type linkGroup struct {
	Title string
	Links []shownLink
}

// A shownLink is a link or an image, and what came of it.
type shownLink struct {
	linkcheck.Answer
	Open bool // a browser may be sent there
}

func (v *view) links(url.Values) (any, error) {
	view := &linksView{ID: v.id, Allowed: v.page.config.Links != nil, Limit: linkcheck.MaxLinks}
	if r := v.page.config.Links.Last(v.id); r != nil {
		view.At, view.More = r.At, r.More
		for _, state := range []linkcheck.State{linkcheck.Broken, linkcheck.Unknown, linkcheck.NotAsked, linkcheck.Works} {
			view.add(state, r.Answers)
		}
		return view, nil
	}
	targets := linkcheck.Targets(v.tree)
	view.More = max(0, len(targets)-linkcheck.MaxLinks)
	var answers []linkcheck.Answer
	for _, t := range targets[:len(targets)-view.More] {
		answers = append(answers, linkcheck.Answer{Target: t})
	}
	view.add("", answers)
	return view, nil
}

// titles are what links of a state are called.
var titles = map[linkcheck.State]string{
	linkcheck.Broken: "Broken", linkcheck.Unknown: "Could not be found out", linkcheck.NotAsked: "Not asked for", linkcheck.Works: "Work",
	"": "In the message",
}

// add adds the answers of a state, if there are any.
func (l *linksView) add(state linkcheck.State, answers []linkcheck.Answer) {
	g := linkGroup{Title: titles[state]}
	for _, a := range answers {
		if a.State == state {
			g.Links = append(g.Links, newShownLink(a))
		}
	}
	if len(g.Links) > 0 {
		l.Groups = append(l.Groups, g)
	}
}

func newShownLink(a linkcheck.Answer) shownLink {
	address, cut := clip(a.URL, maxLinkBytes)
	u, err := url.Parse(a.URL)
	a.URL = address
	return shownLink{Answer: a, Open: cut == 0 && err == nil && u.Host != "" && u.User == nil}
}

// linksBadge is how many links are broken, or else work; empty when nobody asked
// or nothing was found out.
func (v *view) linksBadge() string {
	r := v.page.config.Links.Last(v.id)
	if r == nil {
		return ""
	}
	if n := r.Count(linkcheck.Broken); n > 0 {
		return strconv.Itoa(n) + " broken"
	}
	if n := r.Count(linkcheck.Works); n > 0 {
		return strconv.Itoa(n) + " work"
	}
	return ""
}

// checkLinks asks for the links of a message, and shows what came of it.
func (p *Page) checkLinks(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id := r.PathValue("id")
	_, tree, done, err := p.open(r.Context(), id)
	if err != nil {
		return err
	}
	done() // others are not to wait while hosts are asked
	if _, err := p.config.Links.Check(r.Context(), id, tree, true); err != nil {
		if errors.Is(err, linkcheck.ErrOff) {
			return &statusError{http.StatusForbidden, capital(err.Error()) + "."}
		}
		return err
	}
	return p.done(w, r, p.paths.message(id, "links", ""))
}
